"""Numbers from a whole table, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin

from chainrule.storage import Stored

from .columns import column_of
from .features import Scaling
from .fitting import TARGET, fitted_model, learn_into, outputs_of, required, rows_to_score, settings_of, with_table_tags


class TabularRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers from a table of numbers, categories, booleans and dates, with gaps.

    Parameters
    ----------
    loss : str
        "auto" (half_squared_error, for counts poisson), or absolute_error, huber(1.0), log_cosh,
        quantile(0.1, 0.5, 0.9), gaussian_nll, poisson, gamma.
    hidden, epochs, ..., verbose
        As for `TabularClassifier`.

    Attributes
    ----------
    model_, network_, theta_, history_, left_out_, notes_
        As for `TabularClassifier`.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> x = np.linspace(0, 1, 200)
    >>> model = cr.TabularRegressor(hidden="16:tanh", epochs=100).fit({"x": x}, 1000 + x**2)
    >>> bool(abs(model.predict({"x": [0.5]})[0] - 1000.25) < 0.05)
    True
    """

    def __init__(
        self,
        loss: str = "auto",
        *,
        hidden: str = "128:silu",
        epochs: int | None = None,
        batch_size: int | None = None,
        optimizer: str = "adam",
        learning_rate: float = 5e-3,
        l2: float = 1e-3,
        dropout: float | None = None,
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
        self.loss = loss

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from a table and one number, or several, for each row.

        Parameters
        ----------
        X : data frame, mapping of name to sequence, or array (n, d)
        y : array (n,) or (n, targets)
            Rows without one (None or NaN) are left out.

        Raises
        ------
        TableError
            There is nothing to learn; the message says why.
        """
        y = required(self, y).astype(np.float64)
        names = [TARGET] if y.ndim == 1 else [f"{TARGET} {j}" for j in range(y.shape[1])]
        columns = [column_of(name, values) for name, values in zip(names, y.reshape(len(y), -1).T, strict=True)]
        learn_into(self, X, columns, replace(settings_of(self), kind="number", loss=self.loss))
        self._one = y.ndim == 1
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Numbers in their units, (n,) or (n, targets); with quantiles the one nearest the median."""
        model = fitted_model(self)
        values = model.target.values(outputs_of(self, X))
        return values[:, 0] if self._one else values

    def predict_quantiles(self, X: Any) -> NDArray[Any]:
        """The quantiles of the loss, (n, levels) or (n, targets, levels), in the order in which it names them."""
        model = fitted_model(self)
        if not model.target.levels:
            raise ValueError(f"the loss is {model.target.number_loss!r}; train with loss='quantile(0.1, 0.5, 0.9)'")
        quantiles = model.target.quantiles(outputs_of(self, X))
        return quantiles[:, 0] if self._one else quantiles

    def predict_interval(self, X: Any, level: float = 0.9) -> NDArray[Any]:
        """Lower and upper end of the interval that holds ``level`` of the values, (n, 2) or (n, targets, 2).

        For the loss gaussian_nll; of quantiles only those are known that were trained.
        """
        model = fitted_model(self).with_interval(level)
        quantiles = model.target.quantiles(outputs_of(self, X))
        return quantiles[:, 0] if self._one else quantiles

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R2 on the rows that have all targets."""
        return float(super().score(*rows_to_score(self, X, y, sample_weight)))

    def to_stored(self) -> Stored:
        """What a file holds: ``model_``, as for `TabularClassifier`; `cr.load` gives a `TableModel`."""
        return fitted_model(self).to_stored()

    def __sklearn_tags__(self) -> Any:
        tags = with_table_tags(super().__sklearn_tags__())
        tags.target_tags.multi_output = True
        return tags
