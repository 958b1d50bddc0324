"""All columns that describe a row to the matrix X, in one frozen object."""

import os
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import MOST_LEVELS, Table, listed
from .errors import TableError
from .features import Category, Date, Feature, Hashed, LeftOut, Number, Scaling, learn_feature, n_outputs
from .records import from_json, to_json

_ROWS_AT_ONCE = 1 << 14
_WORTH_THREADS = 50_000  # rows
_FEATURES: dict[str, type[Feature]] = {"number": Number, "category": Category, "hashed": Hashed, "date": Date}


@dataclass(frozen=True)
class Encoder:
    """Columns used, in the order in which X has them, and columns left out.

    ``decimal`` is the mark of the file learned from, for numbers such as 1,234 in files that do not show theirs.
    """

    features: tuple[Feature, ...]
    left_out: tuple[LeftOut, ...] = ()
    decimal: str | None = None

    @property
    def n_outputs(self) -> int:
        """Columns of X."""
        return n_outputs(self.features)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        return tuple(name for feature in self.features for name in feature.outputs)

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that a table must have."""
        return tuple(feature.name for feature in self.features)

    def left_out_by_reason(self) -> dict[str, list[str]]:
        """Names of the columns left out, under the reason they share."""
        grouped: dict[str, list[str]] = {}
        for column in self.left_out:
            grouped.setdefault(column.reason, []).append(column.name)
        return grouped

    def transform(self, table: Table, dtype: Any = np.float64) -> NDArray[Any]:
        """X of a table, (n, n_outputs).

        Columns are found by name, in any order; others are ignored.

        Raises
        ------
        TableError
            Columns are missing; the message names them.
        """
        self.require(table.names, table.source)
        X = np.empty((table.n_rows, self.n_outputs), dtype)
        for rows in row_blocks(table):
            self._into(X[rows[0] : rows[-1] + 1], table.take(rows))
        return X

    def _into(self, X: NDArray[Any], table: Table) -> None:
        start = 0
        for feature in self.features:
            stop = start + len(feature.outputs)
            feature.transform(table[feature.name].as_kind(feature.kind), X[:, start:stop])
            start = stop

    def require(self, names: Collection[str], source: str) -> None:
        """Refuse a table that lacks columns, naming them."""
        here = set(names)
        absent = [name for name in self.names if name not in here]
        if absent:
            raise TableError(f"{source} lacks {listed(absent)}; the model needs {listed(self.names)}")

    def lost(self, table: Table) -> dict[str, int]:
        """How many values of each column are of another kind than in training, and so count as missing."""
        columns = [(feature, table[feature.name]) for feature in self.features]
        return {f.name: int((column.as_kind(f.kind).missing & ~column.missing).sum()) for f, column in columns}

    def told(self, lost: Mapping[str, int]) -> tuple[str, ...]:
        """Sentences about the values that count as missing."""
        kinds = {feature.name: feature.kind for feature in self.features}
        return tuple(
            f"{n} values of {name!r} are not {kinds[name]}s and count as missing" for name, n in lost.items() if n
        )

    def unreadable(self, table: Table) -> tuple[str, ...]:
        """Sentences about columns whose values cannot be told apart, or are of another kind than in training."""
        texts = [f.name for f in self.features if f.kind == "category" and table[f.name].kind == "text"]
        unseen = (f"{name!r} has over {MOST_LEVELS} different texts; all count as never seen" for name in texts)
        return (*unseen, *self.told(self.lost(table)))

    def to_json(self) -> dict[str, Any]:
        """For a model file."""
        tags = {kind: tag for tag, kind in _FEATURES.items()}
        return {
            "features": [{"type": tags[type(feature)], **to_json(feature)} for feature in self.features],
            "left_out": [to_json(column) for column in self.left_out],
            "decimal": self.decimal,
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Encoder":
        """From a model file; ValueError when it is not one."""
        features, left_out = fields.get("features"), fields.get("left_out", [])
        if not isinstance(features, list) or not isinstance(left_out, list):
            raise ValueError("the columns of the table are missing")
        decimal = fields.get("decimal")
        if decimal not in (None, ",", "."):
            raise ValueError(f"the decimal mark is {decimal!r}")
        left = tuple(from_json(LeftOut, column) for column in left_out)
        return cls(tuple(map(_feature, features)), left, decimal)


def row_blocks(table: Table) -> Iterator[NDArray[np.int64]]:
    """Row numbers in blocks that are quick to work on: they fit a cache, and no column has many more levels."""
    size = max(_ROWS_AT_ONCE, table.most_levels)
    return (np.arange(start, min(start + size, table.n_rows)) for start in range(0, table.n_rows, size))


def learn_encoder(table: Table, *, forced: Collection[str] = (), scaling: Scaling = "standard") -> Encoder:
    """How to use each column, learned from a table of training rows.

    Parameters
    ----------
    table : Table
        Training rows, without the target.
    forced : names
        Columns to use even if they look like identifiers.
    scaling : {"standard", "robust"}
        Of numbers, by mean and standard deviation or by median and interquartile range.

    Raises
    ------
    TableError
        No column is left.

    Examples
    --------
    >>> from chainrule.table.columns import table_of
    >>> encoder = learn_encoder(table_of({"age": [20, 40], "town": ["Oslo", "Bergen"], "planet": ["Earth"] * 2}))
    >>> encoder.outputs
    ('age', 'town = Bergen', 'town = Oslo')
    >>> encoder.left_out
    (LeftOut(name='planet', reason='every value is Earth'),)
    >>> encoder.transform(table_of({"town": ["Oslo", "Paris"], "age": [30, None]}))
    array([[0., 0., 1.],
           [0., 0., 0.]])
    """

    def learned_of(j: int) -> Feature | LeftOut:
        column = table.columns[j]
        return learn_feature(column, forced=column.name in forced, scaling=scaling)

    places = range(len(table.columns))
    if table.n_rows < _WORTH_THREADS:
        learned = list(map(learned_of, places))
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:  # NumPy sorts and sums without the interpreter's lock
            learned = list(threads.map(learned_of, places))
    features = tuple(feature for feature in learned if not isinstance(feature, LeftOut))
    left_out = tuple(feature for feature in learned if isinstance(feature, LeftOut))
    if not features:
        reasons = "; ".join(f"{column.name!r}: {column.reason}" for column in left_out)
        raise TableError(f"{table.source} has no column to predict from ({reasons or 'only the target'})")
    return Encoder(features, left_out, table.decimal)


def _feature(fields: Any) -> Feature:
    kind = _FEATURES.get(str(fields.get("type"))) if isinstance(fields, Mapping) else None
    if kind is None:
        raise ValueError("a column of the table has an unknown type")
    return from_json(kind, fields)
