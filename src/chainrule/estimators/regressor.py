"""MLPRegressor: scikit-learn's contract over the library's networks, losses, update rules and engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from chainrule.estimators import fitting, parameters, storing, using, weights
from chainrule.estimators.building import regressor_network
from chainrule.estimators.fitting import Data
from chainrule.estimators.inputs import without_mask
from chainrule.estimators.numbers import Numbers, numbers_of
from chainrule.estimators.validation import r2
from chainrule.network.loss import Loss
from chainrule.network.loss import loss as find_loss
from chainrule.network.spec import Network
from chainrule.storage import Stored

__all__ = ["MLPRegressor"]

Array = NDArray[Any]


class MLPRegressor(ClassNamePrefixFeaturesOutMixin, RegressorMixin, TransformerMixin, BaseEstimator):
    """Multi-layer perceptron regressor with the parameters, attributes and behaviour of scikit-learn's.

    The parameters up to `max_fun` are scikit-learn's, in its order, with its meaning and defaults; where they take more
    than there, it is said here. The others are new.

    Parameters
    ----------
    loss : str or Loss, default "squared_error"
        "squared_error" (half of it, as in scikit-learn) and "poisson"; a name of ``cr.LOSSES``, as "huber(1.0)",
        "quantile(0.05, 0.5, 0.95)" or "gaussian_nll"; or a `cr.Loss`.
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
    n_layers, width : int, optional
        Number and width of the hidden layers, in place of `hidden_layer_sizes`: numbers that a search can move.
    output_activation : str or Activation, optional
        By default the one that suits the loss.
    dropout : float or sequence of float, default 0.0
        Rate for all hidden layers, or rates for the inputs and each hidden layer.
    l1 : float, default 0.0
        L1 penalty, divided like `alpha`.
    scoring : str, callable or None, default None
        What early stopping watches: R^2, a scorer of scikit-learn by its name, a scorer, or "loss".
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
    standardize_target : bool, default False
        The same for the targets; predictions are in the units of y.
    engine : {"auto", "native", "reference"}, default "auto"
        Who computes.

    Attributes
    ----------
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
    >>> import numpy as np
    >>> import chainrule as cr
    >>> X = np.linspace(-3, 3, 200)[:, None]
    >>> model = cr.MLPRegressor(solver="lbfgs", activation="tanh", width=20, random_state=0).fit(X, np.sin(X[:, 0]))
    >>> print(model.network_, round(model.score(X, np.sin(X[:, 0])), 2))
    1-20:tanh-1:identity 1.0
    """

    _parameter_constraints = parameters.REGRESSOR

    theta_ = property(weights.theta_of, doc="All parameters, one vector (n_parameters,).")
    history_ = property(using.history_of, doc="The epochs of all training so far.")

    def __init__(
        self,
        loss: Any = "squared_error",
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
        n_layers: int | None = None,
        width: int | None = None,
        output_activation: Any = None,
        dropout: Any = 0.0,
        l1: float = 0.0,
        scoring: Any = None,
        callbacks: Any = None,
        time_limit: float | None = None,
        progress: Any = False,
        missing: str = "error",
        standardize: bool = False,
        standardize_target: bool = False,
        engine: Any = "auto",
    ) -> None:
        self.loss = loss
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
        self.n_layers = n_layers
        self.width = width
        self.output_activation = output_activation
        self.dropout = dropout
        self.l1 = l1
        self.scoring = scoring
        self.callbacks = callbacks
        self.time_limit = time_limit
        self.progress = progress
        self.missing = missing
        self.standardize = standardize
        self.standardize_target = standardize_target
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
    ) -> MLPRegressor:
        """Fit the model.

        Parameters
        ----------
        X : array, data frame or sparse matrix (n_samples, n_features)
        y : array (n_samples,) or (n_samples, n_targets)
        sample_weight : array (n_samples,), optional
        X_val, y_val, sample_weight_val : optional
            A validation set: scored after each epoch, and what early stopping watches.

        Returns
        -------
        MLPRegressor
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
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPRegressor:
        """Train for one epoch over a part of the data.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        X_val, y_val, sample_weight_val : optional
            With early stopping, `converged_` turns True and the best parameters come back when the score stands still.

        Returns
        -------
        MLPRegressor
            The model itself.
        """
        held = fitting.held_data(X_val, y_val, sample_weight_val)
        return fitting.train(self, Data(X, y, sample_weight), held, mode="partial")  # type: ignore[no-any-return]

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def initialize(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Build the network and its first weights without training: `fit` up to the first epoch.

        The weights can then be looked at, or set through `coefs_` and `intercepts_`; `partial_fit`, or `fit` with
        warm_start, goes on from them.
        """
        return fitting.train(self, Data(X, y, sample_weight), mode="initialize")  # type: ignore[no-any-return]

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predictions, (n_samples,) or (n_samples, n_targets).

        Of a quantile loss it is the level nearest to the median, of a Gaussian one the mean.

        Parameters
        ----------
        X : (n_samples, n_features)
        return_std : bool, default False
            For loss="gaussian_nll": return the pair of means and standard deviations.
        """
        Y = using.outputs(self, X)
        if not return_std:
            return _flat(self._numbers.central(self.network_.loss, Y))
        if self.network_.loss.name != "gaussian_nll":
            raise ValueError(f'return_std needs loss="gaussian_nll"; this model has loss={self.loss!r}')
        return _flat(self._numbers.central(self.network_.loss, Y)), _flat(self._numbers.deviation(Y))

    @available_if(parameters.has_quantiles)  # type: ignore[untyped-decorator]
    def predict_quantiles(self, X: Any) -> Array:
        """The levels of a quantile loss, (n_samples, levels) or (n_samples, n_targets, levels), never crossing."""
        Y = using.outputs(self, X)
        quantiles = self._numbers.decode(self._numbers.by_level(self.network_.loss, Y))
        return quantiles[:, 0] if quantiles.shape[1] == 1 else quantiles

    @available_if(parameters.has_spread)  # type: ignore[untyped-decorator]
    def predict_interval(self, X: Any, coverage: float | None = None) -> Array:
        """Lower and upper bounds, (n_samples, 2) or (n_samples, n_targets, 2).

        Parameters
        ----------
        X : (n_samples, n_features)
        coverage : float, optional
            The share of cases that should lie within: by default 0.9 for a Gaussian output, and for quantiles what
            lies between the outermost levels. Of quantiles only what was trained can be asked for.

        Raises
        ------
        ValueError
            If the coverage is not between 0 and 1, or no pair of levels has it.
        """
        if coverage is not None and not 0 < coverage < 1:
            raise ValueError(f"coverage is {coverage!r}; give a share between 0 and 1")
        Y = using.outputs(self, X)
        network, numbers = self.network_, self._numbers
        if network.loss.name == "gaussian_nll":
            reach = NormalDist().inv_cdf(0.5 + (0.9 if coverage is None else coverage) / 2) * numbers.deviation(Y)
            mean = numbers.central(network.loss, Y)
            bounds = np.stack([mean - reach, mean + reach], axis=2)
        else:
            places = parameters.levels_of_interval(network.loss.parameters, coverage)
            bounds = numbers.decode(numbers.by_level(network.loss, Y))[:, :, places]
        return bounds[:, 0] if bounds.shape[1] == 1 else bounds

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
        >>> X, y = [[0.0, 1.0], [2.0, 3.0]], [1.0, 5.0]
        >>> model = cr.MLPRegressor(solver="lbfgs", width=4, standardize=True, random_state=0).fit(X, y)
        >>> cr.check_gradient(model.network_, model.theta_, *model.prepared(X, y)).ok
        True
        """
        return using.prepared(self, X, y)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2, the mean over targets."""
        return float(super().score(X, without_mask(y, "y"), sample_weight))

    @property
    def _n_features_out(self) -> int:
        return int(self.network_.sizes[-2])

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = fitting.validated(self, X, y, reset=reset, multi_output=True, y_numeric=True)
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _learn_targets(self, y: Any, sample_weight: Array | None, *, mode: str, classes: Any) -> Array:
        columns = _columns(y)
        known: Numbers | None = getattr(self, "_numbers", None)
        if known is None or (mode != "partial" and not self.warm_start):
            if self.standardize_target and self._loss.targets.low > -np.inf:
                raise ValueError(
                    f"standardize_target=True moves the targets below zero, and loss={self.loss!r} takes targets in "
                    f"{self._loss.targets} only"
                )
            self._numbers = numbers_of(columns, sample_weight, standardize=self.standardize_target)
        elif columns.shape[1] != known.n_targets:
            raise ValueError(f"y has {columns.shape[1]} target(s), but the model was begun with {known.n_targets}")
        self.n_outputs_ = columns.shape[1]
        return self._encoded(y)

    def _encoded(self, y: Any) -> Array:
        return self._numbers.encode(_columns(y))

    def _network_for(self, n_inputs: int) -> Network:
        return regressor_network(self, n_inputs, self._numbers.n_targets)

    def _class_weights(self, y: Any, mode: str) -> None:
        return None

    def _own_score(self, Y: Array, T: Array, sample_weight: Array | None) -> float:
        numbers = self._numbers
        return r2(numbers.central(self.network_.loss, Y), numbers.decode(T), sample_weight)

    def _stratified(self) -> bool:
        return False

    def _constants(self, T: Array) -> Array | None:
        """What scikit-learn's loss of each row has beyond ours: its Poisson is f - y log f + (y log y - y)."""
        return np.sum(T * np.log(np.where(T > 0, T, 1.0)) - T, axis=1) if self.loss == "poisson" else None

    def _grown(self, before: Network, network: Network) -> Array:
        raise ValueError(f"this model was begun as {before}, and its parameters now ask for {network}; clone the model")

    @property
    def _loss(self) -> Loss:
        return find_loss(self.loss)

    def to_stored(self) -> Stored:
        """What `cr.save` writes; `cr.load` gives the model back, with all that it predicts with."""
        check_is_fitted(self)
        return storing.stored(self)

    @classmethod
    def from_stored(cls, stored: Stored, custom: Iterable[Any] = ()) -> MLPRegressor:
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
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _columns(y: Any) -> Array:
    columns: Array = np.asarray(y)
    return columns[:, None] if columns.ndim == 1 else columns


def _flat(Y: Array) -> Array:
    return Y[:, 0] if Y.shape[1] == 1 else Y
