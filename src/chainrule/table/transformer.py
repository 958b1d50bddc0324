"""The columns' half of a table model alone, as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .columns import Kind, table_of
from .encoder import learn_encoder
from .features import Scaling
from .preparing import CATEGORY, NUMBER


class TableTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Columns of mixed kinds to a matrix: imputed, standardised, one-hot, dates as cycles; for use in a Pipeline.

    Parameters
    ----------
    drop, categories, numbers : names of columns
        To leave out, to read as categories, to use although they look like identifiers.
    scaling : {"standard", "robust"}
        Of numbers: by mean and standard deviation, or by median and interquartile range, which outliers do not move.

    Attributes
    ----------
    encoder_ : Encoder
    left_out_ : dict of str to str

    Examples
    --------
    >>> import chainrule as cr
    >>> transformer = cr.TableTransformer().fit({"age": [20, None, 40], "town": ["Oslo", "Bergen", "Oslo"]})
    >>> transformer.get_feature_names_out().tolist()
    ['age', 'age is missing', 'town = Bergen', 'town = Oslo']
    """

    def __init__(
        self,
        *,
        drop: Iterable[str] = (),
        categories: Iterable[str] = (),
        numbers: Iterable[str] = (),
        scaling: Scaling = "standard",
    ) -> None:
        self.drop = drop
        self.categories = categories
        self.numbers = numbers
        self.scaling = scaling

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn medians, scales and levels from a table."""
        table = table_of(X)
        kinds: dict[str, Kind] = dict.fromkeys(self.categories, CATEGORY) | dict.fromkeys(self.numbers, NUMBER)
        forced = {*self.categories, *self.numbers}
        self.encoder_ = learn_encoder(table.without(self.drop).with_kinds(kinds), forced=forced, scaling=self.scaling)
        self.left_out_ = {column.name: column.reason for column in self.encoder_.left_out}
        self.n_features_in_ = len(table.columns)
        self.feature_names_in_ = np.array(table.names, object)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """The matrix of a table, (n, columns)."""
        check_is_fitted(self, "encoder_")
        return np.asarray(self.encoder_.transform(table_of(X)))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the columns of the matrix."""
        check_is_fitted(self, "encoder_")
        return np.array(self.encoder_.outputs, object)
