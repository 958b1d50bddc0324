"""Classes from a whole table, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import column_or_1d

from chainrule.storage import Stored

from .columns import Column
from .errors import TableError
from .features import Scaling
from .fitting import (
    TARGET,
    fitted_model,
    learn_into,
    missing_targets,
    outputs_of,
    required,
    rows_to_score,
    settings_of,
    with_table_tags,
)


class TabularClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classes from a table of numbers, categories, booleans and dates, with gaps.

    Parameters
    ----------
    hidden : str
        Hidden layers, such as ``"64:relu-32:tanh"``, or "none".
    epochs, batch_size : int, optional
        By default by the number of rows.
    optimizer : str
        adam, adamw, nadam, sgd, momentum, nesterov, rmsprop, adagrad or lbfgs.
    learning_rate : float
        At the start; it falls to 0 along a cosine.
    l2, dropout, smoothing : float
        Penalty, share of hidden units dropped, label smoothing.
    class_weight : {None, "balanced"}
    patience : int
        Epochs without a better validation loss before training stops; 0 to train all.
    time_limit : float, optional
        Seconds.
    validation_fraction : float, optional
        Share of the rows that choose the best epoch. By default 0.1; of 20 to 1,000 rows none: parts of them take
        turns to choose the number of epochs, and then all are trained.
    scaling : {"standard", "robust"}
        Of numbers: by mean and standard deviation, or by median and interquartile range, which outliers do not move.
    drop, categories, numbers : names of columns
        To leave out, to read as categories, to use although they look like identifiers.
    random_state : int
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    classes_ : array (K,)
    network_, theta_ : Network, array
        Its mathematics.
    model_ : TableModel
        Columns, network and parameters in one; `cr.save` writes it, and `cr.load` gives it back.
    history_ : History
    left_out_ : dict of str to str
        Columns that are not used, and why.
    notes_ : tuple of str
        What was noticed about the table.

    Examples
    --------
    >>> import chainrule as cr
    >>> table = {"age": [25, 62, None, 41] * 20, "town": ["Oslo", "Bergen", "Oslo", None] * 20}
    >>> bought = ["yes", "no", "yes", "no"] * 20
    >>> model = cr.TabularClassifier(hidden="8", epochs=20).fit(table, bought)
    >>> model.predict({"town": ["Oslo", "Bergen"], "age": [30, 60]})
    array(['yes', 'no'], dtype='<U3')
    """

    def __init__(
        self,
        hidden: str = "128:silu",
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        optimizer: str = "adam",
        learning_rate: float = 5e-3,
        l2: float = 1e-3,
        dropout: float | None = None,
        smoothing: float = 0.02,
        class_weight: str | None = None,
        patience: int = 0,
        time_limit: float | None = None,
        validation_fraction: float | None = None,
        scaling: Scaling = "standard",
        drop: Iterable[str] = (),
        categories: Iterable[str] = (),
        numbers: Iterable[str] = (),
        random_state: int = 0,
        verbose: bool = False,
    ) -> None:
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.l2 = l2
        self.dropout = dropout
        self.patience = patience
        self.time_limit = time_limit
        self.validation_fraction = validation_fraction
        self.scaling = scaling
        self.drop = drop
        self.categories = categories
        self.numbers = numbers
        self.random_state = random_state
        self.verbose = verbose
        self.smoothing = smoothing
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from a table and one label for each row.

        Parameters
        ----------
        X : data frame, mapping of name to sequence, or array (n, d)
        y : array (n,)
            Texts, numbers or booleans. Rows without one (None or NaN) are left out.

        Raises
        ------
        TableError
            There is nothing to learn; the message says why.
        """
        y = column_or_1d(required(self, y), warn=True)
        known = ~missing_targets(y)
        classes, known_codes = np.unique(y[known], return_inverse=True)
        if y.dtype.kind == "f" and np.any(classes % 1) and len(classes) > max(2, np.count_nonzero(known) / 2):
            raise TableError(
                f"Unknown label type: y is continuous, {len(classes)} numbers; TabularRegressor learns these"
            )
        codes = np.full(len(y), -1, np.int32)
        codes[known] = known_codes
        labels = tuple(str(label) for label in classes.tolist())
        weight = "none" if self.class_weight is None else self.class_weight
        settings = replace(settings_of(self), kind="classes", smoothing=self.smoothing, class_weight=weight)
        learn_into(self, X, [Column(TARGET, "category", codes, labels)], settings)
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probabilities, (n, K), in the order of ``classes_``."""
        model = fitted_model(self)
        return np.asarray(model.target.probabilities(outputs_of(self, X)))

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest label of each row, (n,)."""
        chosen = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy on the rows that have a label."""
        return float(super().score(*rows_to_score(self, X, y, sample_weight)))

    def to_stored(self) -> Stored:
        """What a file holds: ``model_``, as the command writes it, and not this object.

        `cr.load` gives a `TableModel`, whose ``predict`` has named columns and labels as texts. The parameters and the
        history are not kept; pickle keeps everything.
        """
        return fitted_model(self).to_stored()

    def __sklearn_tags__(self) -> Any:
        return with_table_tags(super().__sklearn_tags__())
