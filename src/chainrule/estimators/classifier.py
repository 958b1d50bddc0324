"""MLPClassifier: scikit-learn's contract over the library's networks, losses, update rules and engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from chainrule.estimators import fitting, parameters, storing, using, weights
from chainrule.estimators.building import classifier_loss, classifier_network
from chainrule.estimators.fitting import Data
from chainrule.estimators.growing import grown
from chainrule.estimators.inputs import without_mask
from chainrule.estimators.labels import Labels, labels_of
from chainrule.estimators.partial_labels import labels_of_batch, same_labels
from chainrule.estimators.validation import accuracy
from chainrule.network.spec import Network
from chainrule.storage import Stored

__all__ = ["MLPClassifier"]

Array = NDArray[Any]


class MLPClassifier(ClassNamePrefixFeaturesOutMixin, ClassifierMixin, TransformerMixin, BaseEstimator):
    """Multi-layer perceptron classifier with the parameters, attributes and behaviour of scikit-learn's.

    The parameters up to `max_fun` are scikit-learn's, in its order, with its meaning and defaults; where they take more
    than there, it is said here. The others are new.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default (100,)
        Widths of the hidden layers.
    activation : str, Activation, or one of these for each hidden layer, default "relu"
        A name of ``cr.ACTIVATIONS``, parameters in brackets, as "leaky_relu(0.1)", or a `cr.Activation`.
        "logistic" is "sigmoid".
    solver : {"lbfgs", "sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad"} or update rule, default "adam"
        Or any update rule, as ``cr.AdamW(1e-3, weight_decay=0.1)``, or a `cr.LBFGS`.
    alpha : float, default 0.0001
        L2 penalty, divided by the sum of the mini-batch's weights.
    batch_size : int or "auto", default "auto"
        Samples in a mini-batch; "auto" is min(200, n_samples).
    learning_rate : {"constant", "invscaling", "adaptive"} or schedule, default "constant"
        The names are for solver="sgd"; a schedule of `cr.schedules` is for every solver. One that stretches over all
        training, as Cosine, ends with `max_iter` epochs of `fit`, or with as many calls of `partial_fit`.
    learning_rate_init, power_t : float, default 0.001, 0.5
        The first learning rate; the exponent of "invscaling".
    max_iter : int, default 200
        Most epochs, or iterations of lbfgs.
    shuffle : bool, default True
        Whether each epoch has a new order.
    random_state : int, RandomState or None, default None
        For weights, order, split and dropout; the first three are drawn as in scikit-learn.
    tol : float, default 1e-4
        What counts as an improvement.
    verbose, warm_start : bool, default False
        As in scikit-learn; `warm_start` and `partial_fit` also go on with the update rule's memory.
    momentum, nesterovs_momentum : float, bool, default 0.9, True
        For solver="sgd".
    early_stopping, validation_fraction : bool, float, default False, 0.1
        Stop by the score of a validation set: the one given to `fit`, else a part split off.
    beta_1, beta_2, epsilon : float, default 0.9, 0.999, 1e-8
        For solver="adam".
    n_iter_no_change : int or inf, default 10
        Epochs without improvement that are borne.
    max_fun : int, default 15000
        Most evaluations of lbfgs.
    loss : str or Loss, default "log_loss"
        "log_loss", with smoothed labels "log_loss(0.1)", a name of ``cr.LOSSES``, as "focal(2.0, 0.25)" or "hinge", or
        a `cr.Loss`.
    n_layers, width : int, optional
        Number and width of the hidden layers, in place of `hidden_layer_sizes`: numbers that a search can move.
    output_activation : str or Activation, optional
        By default softmax for several classes, else sigmoid; identity for a margin loss.
    dropout : float or sequence of float, default 0.0
        Rate for all hidden layers, or rates for the inputs and each hidden layer.
    l1 : float, default 0.0
        L1 penalty, divided like `alpha`.
    class_weight : dict, list of dict, "balanced" or None, default None
        As in scikit-learn's classifiers; multiplied with `sample_weight`.
    scoring : str, callable or None, default None
        What early stopping watches: accuracy, a scorer of scikit-learn by its name, a scorer, or "loss".
    callbacks : callable or sequence of callables, optional
        Each is called with a `cr.Epoch` after every epoch; one that returns True stops.
    time_limit : float, optional
        Seconds after which training stops.
    progress : bool, "auto" or rich Console, default False
        A progress bar.
    missing : {"error", "impute"}, default "error"
        "impute" fills NaN with the column's mean, and marks where it was in a column of its own.
    standardize : bool, default False
        Whether to bring the inputs to mean 0 and variance 1, with what the first fit saw.
    engine : {"auto", "native", "reference"}, default "auto"
        Who computes.

    Attributes
    ----------
    classes_ : array, or list of arrays for several multiclass outputs
    coefs_, intercepts_ : list of array
        W_l transposed, (n_{l-1}, n_l), and b_l. Views of `theta_`: what is written into them counts, and so do other
        arrays put in their place.
    loss_, best_loss_ : float
        `best_loss_` is None with early stopping.
    loss_curve_, validation_scores_, validation_loss_curve_ : list of float
        By epoch; the last two are None without a validation set.
    best_validation_score_ : float or None
    n_iter_, t_, n_layers_, n_outputs_, n_features_in_ : int
    feature_names_in_ : array of str, only where X has them
    out_activation_ : str
    converged_ : bool
        Whether training stopped by itself.
    network_ : Network
    theta_ : array (n_parameters,)
    history_ : History
        Every epoch's loss, validation, gradient norms, learning rate, seconds.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import chainrule as cr
    >>> X, y = load_iris(return_X_y=True)
    >>> model = cr.MLPClassifier(solver="lbfgs", random_state=0, standardize=True).fit(X, y)
    >>> print(model.network_, model.score(X, y))
    4-100:relu-3:softmax 1.0
    """

    _parameter_constraints = parameters.CLASSIFIER

    theta_ = property(weights.theta_of, doc="All parameters, one vector (n_parameters,).")
    history_ = property(using.history_of, doc="The epochs of all training so far.")

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        n_layers: int | None = None,
        width: int | None = None,
        output_activation: Any = None,
        dropout: Any = 0.0,
        l1: float = 0.0,
        class_weight: Any = None,
        scoring: Any = None,
        callbacks: Any = None,
        time_limit: float | None = None,
        progress: Any = False,
        missing: str = "error",
        standardize: bool = False,
        engine: Any = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.n_layers = n_layers
        self.width = width
        self.output_activation = output_activation
        self.dropout = dropout
        self.l1 = l1
        self.class_weight = class_weight
        self.scoring = scoring
        self.callbacks = callbacks
        self.time_limit = time_limit
        self.progress = progress
        self.missing = missing
        self.standardize = standardize
        self.engine = engine

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPClassifier:
        """Fit the model.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n_samples, n_features)
        y : array (n_samples,) or (n_samples, n_outputs)
            Labels, a 0/1 indicator for several labels at once, or a column of labels for each output.
        sample_weight : array (n_samples,), optional
        X_val, y_val, sample_weight_val : optional
            A validation set: scored after each epoch, and what early stopping watches.

        Returns
        -------
        MLPClassifier
            The model itself.

        Raises
        ------
        ValueError
            If data and parameters do not fit, or the parameters run into the infinite.
        """
        held = fitting.held_data(X_val, y_val, sample_weight_val)
        return fitting.train(self, Data(X, y, sample_weight), held)  # type: ignore[no-any-return]

    @available_if(parameters.is_stochastic)  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPClassifier:
        """Train for one epoch over a part of the data.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array of all classes, or a list of arrays for several outputs
            Needed in the first call, except for a 0/1 indicator. A later call may name more classes than before: the
            output layer grows, and what it has learned stays.
        X_val, y_val, sample_weight_val : optional
            With early stopping, `converged_` turns True and the best parameters come back when the score stands still.

        Returns
        -------
        MLPClassifier
            The model itself.
        """
        held = fitting.held_data(X_val, y_val, sample_weight_val)
        return fitting.train(self, Data(X, y, sample_weight), held, mode="partial", classes=classes)  # type: ignore[no-any-return]

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def initialize(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Build the network and its first weights without training: `fit` up to the first epoch.

        The weights can then be looked at, or set through `coefs_` and `intercepts_`; `partial_fit`, or `fit` with
        warm_start, goes on from them.
        """
        return fitting.train(self, Data(X, y, sample_weight), mode="initialize")  # type: ignore[no-any-return]

    def predict(self, X: Any) -> Any:
        """The labels, of the form that y had."""
        Y = using.outputs(self, X)
        return self._labels.decode(Y, self._threshold)

    @available_if(parameters.has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Probabilities, (n_samples, n_classes); for several multiclass outputs a list of such arrays."""
        Y = using.outputs(self, X)
        if self._labels.kind == "multiclass" and self.network_.activations[-1].name != "softmax":
            total = Y.sum(axis=1, keepdims=True)  # one against the rest; 0 where no output speaks for any class
            Y = np.where(total == 0, 1 / Y.shape[1], Y / np.where(total == 0, 1, total)).astype(Y.dtype, copy=False)
        return self._labels.probabilities(Y)

    @available_if(parameters.has_probabilities)  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of `predict_proba`."""
        found = self.predict_proba(X)
        return [np.log(p) for p in found] if isinstance(found, list) else np.log(found)

    @available_if(parameters.has_margins)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Array:
        """The outputs of a margin loss: (n_samples,) for two classes, else (n_samples, n_classes)."""
        Y = using.outputs(self, X)
        return Y[:, 0] if Y.shape[1] == 1 else Y

    def transform(self, X: Any) -> Array:
        """The activations of the last hidden layer, (n_samples, width): the features that the network has learned."""
        return using.hidden(self, X)

    def predictor(self) -> Callable[[Array], Array]:
        """A function for low latency, from X to the network's outputs, (N, n_L), without scikit-learn's checks.

        It takes a C-contiguous array (N, n_features) of `theta_`'s dtype, one row in microseconds, and keeps the
        parameters as they are now (see `cr.predictor`).
        """
        return using.predictor_of(self)

    def prepared(self, X: Any, y: Any = None) -> Any:
        """What `network_` and `theta_` go with: X as the network takes it, and with y also the targets T.

        Examples
        --------
        >>> import chainrule as cr
        >>> X, y = [[0.0, 1.0], [2.0, 3.0]], ["no", "yes"]
        >>> model = cr.MLPClassifier(solver="lbfgs", width=4, standardize=True, random_state=0).fit(X, y)
        >>> cr.check_gradient(model.network_, model.theta_, *model.prepared(X, y)).ok
        True
        """
        return using.prepared(self, X, y)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy; several outputs must all be right."""
        y = without_mask(y, "y")
        if getattr(self, "_labels", None) is None or self._labels.kind != "multioutput":
            return float(super().score(X, y, sample_weight))
        return accuracy((self.predict(X) == np.asarray(y)).all(axis=1), sample_weight)

    @property
    def _n_features_out(self) -> int:
        return int(self.network_.sizes[-2])

    @property
    def _threshold(self) -> float:
        return 0.0 if self.network_.loss.target_values else 0.5

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = fitting.validated(self, X, y, reset=reset, multi_output=True)
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_targets(self, y: Any, sample_weight: Array | None, *, mode: str, classes: Any) -> Array:
        known: Labels | None = getattr(self, "_labels", None)
        if mode == "partial":
            labels = labels_of_batch(y, classes, known)
        elif known is None or not self.warm_start:
            labels = labels_of(y)
        else:
            labels = same_labels(y, known)
        T = self._encoded(y, labels)
        self._labels_before: Labels = labels if known is None else known
        self._labels: Labels = labels
        self.classes_, self.n_outputs_ = labels.public, T.shape[1]
        return T

    def _encoded(self, y: Any, labels: Labels | None = None) -> Array:
        labels = labels or self._labels
        margin = classifier_loss(self.loss, labels).target_values
        return labels.encode(y, low=margin[0] if margin else 0.0)

    def _network_for(self, n_inputs: int) -> Network:
        return classifier_network(self, n_inputs, self._labels)

    def _class_weights(self, y: Any, mode: str) -> Array | None:
        if mode == "partial" and self.class_weight == "balanced":
            raise ValueError(
                'class_weight="balanced" needs all of y, and partial_fit sees a part of it: give a dictionary, such as '
                "dict(zip(classes, sklearn.utils.compute_class_weight('balanced', classes=classes, y=y)))"
            )
        return None if self.class_weight is None else np.asarray(compute_sample_weight(self.class_weight, y))

    def _own_score(self, Y: Array, T: Array, sample_weight: Array | None) -> float:
        return accuracy(self._labels.hits(Y, T, self._threshold), sample_weight)

    def _stratified(self) -> bool:
        """As scikit-learn's MLP: two classes are, several are not."""
        return self._labels.kind == "binary"

    def _constants(self, T: Array) -> None:
        return None

    def _grown(self, before: Network, network: Network) -> Array:
        """theta for more classes than before, and what the update rule remembers with it."""
        old, new = (before, self._labels_before), (network, self._labels)
        theta = grown(self.theta_, old, new)
        fitting.grow_memory(self, theta, lambda vector: grown(vector, old, new))
        return theta

    def to_stored(self) -> Stored:
        """What `cr.save` writes; `cr.load` gives the model back, with all that it predicts with."""
        check_is_fitted(self)
        return storing.stored(self)

    @classmethod
    def from_stored(cls, stored: Stored, custom: Iterable[Any] = ()) -> MLPClassifier:
        """The model of a file; activations and losses of one's own are handed in as `custom`."""
        return storing.unstored(cls, stored, custom)  # type: ignore[no-any-return]

    def __getstate__(self) -> dict[str, Any]:
        return weights.state_of(self, super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        weights.restore(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing == "impute"
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
