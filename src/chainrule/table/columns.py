"""A table as the rest of the room sees it: named columns, each an array of numbers and a word for what they mean.

| kind | values | a missing value |
|---|---|---|
| number | float64, or float32 (see `chainrule.table.gathering`) | NaN, and what is beyond its range |
| boolean | as a number, 0 or 1 | NaN |
| category | int32 codes into ``levels``, texts in sorted order | -1 |
| text | as category, but with too many different texts to keep them: ``levels`` is empty | -1 |
| date | float64 seconds since 1970-01-01 00:00 UTC | NaN |

A duration is a number of seconds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import TableError

Kind = Literal["number", "boolean", "category", "text", "date"]
Rows = NDArray[np.int64]

MOST_LEVELS = 100_000  # more different texts than this are not kept


@dataclass(frozen=True, eq=False)
class Column:
    """One named column; see the table at the top of this module."""

    name: str
    kind: Kind
    values: NDArray[Any]
    levels: tuple[str, ...] = ()

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows have no value, (n,)."""
        return self.values < 0 if self.kind in ("category", "text") else ~np.isfinite(self.values)

    def take(self, rows: Rows) -> "Column":
        """The column at the given rows."""
        return replace(self, values=self.values[rows])

    def as_kind(self, kind: Kind) -> "Column":
        """The same values read as another kind; a value that cannot be read so becomes missing.

        Examples
        --------
        >>> column_of("zip", [10115.0, 80331.0]).as_kind("category").levels
        ('10115', '80331')
        >>> column_of("age", ["31", "unknown"]).as_kind("number").values
        array([31., nan])
        """
        if kind == self.kind or (kind == "category" and self.kind == "text"):
            return self
        if kind in ("category", "text"):
            return _numbers_as_texts(self)
        if self.kind == "text":
            raise TableError(f"column {self.name!r} holds text; {kind}s were expected")
        if self.kind == "category":
            read = _date if kind == "date" else _number
            numbers = np.array([*map(read, self.levels), np.nan])  # the code -1 is the last
            return replace(self, kind=kind, values=numbers[self.values], levels=())
        return replace(self, kind=kind)


@dataclass(frozen=True, eq=False)
class Taken(Sequence[Column]):
    """Columns at some rows: each is gathered when it is asked for, so that parts of a table are no second table."""

    columns: Sequence[Column]
    rows: Rows

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, j: Any) -> Any:
        return replace(self, columns=self.columns[j]) if isinstance(j, slice) else self.columns[j].take(self.rows)


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, and where they came from.

    ``notes`` are sentences about what reading them took (an encoding guessed, names given), ``decimal`` the mark that
    a file's numbers were read with, where it was given or seen.
    """

    columns: Sequence[Column]
    n_rows: int
    source: str = "data"
    notes: tuple[str, ...] = ()
    decimal: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._places)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column.name: j for j, column in enumerate(self._whole)}

    @property
    def _whole(self) -> Sequence[Column]:
        """The columns at all rows, of which the table may have some."""
        return self.columns.columns if isinstance(self.columns, Taken) else self.columns

    def _with(self, whole: Iterable[Column]) -> "Table":
        columns: Sequence[Column] = tuple(whole)
        return replace(
            self, columns=replace(self.columns, columns=columns) if isinstance(self.columns, Taken) else columns
        )

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> Column:
        self.require(name)
        return self.columns[self._places[name]]

    def require(self, name: str) -> None:
        """TableError when there is no such column."""
        if name not in self._places:
            raise TableError(f"{self.source} has no column {name!r}; it has {listed(self.names)}")

    @property
    def most_levels(self) -> int:
        """Levels of the column that has the most."""
        return max((len(column.levels) for column in self._whole), default=0)

    def take(self, rows: Rows) -> "Table":
        """The table at the given rows; a column is gathered when it is asked for."""
        before = self.columns.rows if isinstance(self.columns, Taken) else None
        taken = Taken(self._whole, rows if before is None else before[rows])
        return replace(self, columns=taken, n_rows=len(rows))

    def without(self, names: Iterable[str]) -> "Table":
        """The table without some columns."""
        left_out = set(names)
        return self._with(column for column in self._whole if column.name not in left_out)

    def with_kinds(self, kinds: Mapping[str, Kind]) -> "Table":
        """The table with some columns read as the kinds given."""
        for name in kinds:
            self.require(name)
        return self._with(column.as_kind(kinds.get(column.name, column.kind)) for column in self._whole)


def column_of(name: str, values: Any) -> Column:
    """A column of any one-dimensional array or sequence, its kind taken from what it holds.

    Examples
    --------
    >>> column_of("colour", ["red", None, "blue"])
    Column(name='colour', kind='category', values=array([ 1, -1,  0], dtype=int32), levels=('blue', 'red'))
    >>> column_of("day", np.array(["1970-01-02", "NaT"], dtype="M8[D]")).values
    array([86400.,    nan])
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise TableError(f"column {name!r} holds sequences of different lengths; a cell has one value") from error
    if array.ndim != 1:
        raise TableError(f"column {name!r} has {array.ndim} dimensions; a column has one")
    if array.dtype.kind == "b":
        return Column(name, "boolean", array.astype(np.float64))
    if array.dtype.kind in "iuf":
        return Column(name, "number", array.astype(np.float64))
    if array.dtype.kind == "M":
        microseconds = array.astype("M8[us]")
        return Column(name, "date", np.where(np.isnat(microseconds), np.nan, microseconds.astype(np.int64) / 1e6))
    if array.dtype.kind == "m":
        microseconds = array.astype("m8[us]")
        return Column(name, "number", np.where(np.isnat(microseconds), np.nan, microseconds.astype(np.int64) / 1e6))
    if array.dtype.kind in "OUT":
        return _column_of_objects(name, array)
    if array.dtype.kind == "c":
        raise TableError(f"Complex data not supported: {name!r} holds {array.dtype}; give its parts as two columns")
    raise TableError(f"column {name!r} holds {array.dtype}; numbers, texts, booleans or dates were expected")


def table_of(data: Any, source: str = "data") -> Table:
    """A table of what Python code holds: a mapping of columns, a data frame, or a two-dimensional array.

    Parameters
    ----------
    data : Table, mapping of name to sequence, pandas or polars DataFrame, or array (n, d)
        The columns of an array are called x0, x1, ...

    Examples
    --------
    >>> table = table_of({"age": [31, 47], "town": ["Oslo", "Bergen"]})
    >>> [(column.name, column.kind) for column in table.columns]
    [('age', 'number'), ('town', 'category')]
    """
    if isinstance(data, Table):
        return data
    if hasattr(data, "toarray"):
        raise TableError("sparse data are no table of columns: give X.toarray()")
    if type(data).__module__.partition(".")[0] == "polars":
        from .frames import table_of_frame

        return table_of_frame(data, source)
    if isinstance(data, Mapping) or hasattr(data, "columns"):
        names = list(data.keys())
        columns = tuple(column_of(str(name), data[name]) for name in names)
    else:
        matrix = np.asarray(data)
        if matrix.ndim != 2:
            raise TableError(
                f"the data have {matrix.ndim} dimensions; a table has two, rows and columns. Reshape your data, "
                "one row with X.reshape(1, -1)"
            )
        columns = tuple(column_of(f"x{j}", matrix[:, j]) for j in range(matrix.shape[1]))
    lengths = {len(column.values) for column in columns}
    if len(lengths) > 1:
        raise TableError(f"the columns have different lengths: {', '.join(map(str, sorted(lengths)))}")
    return Table(columns, lengths.pop() if lengths else 0, source)


def are_whole(values: NDArray[Any]) -> bool:
    """Whether all are whole numbers; the first ones tell of most columns that they are not."""
    return not (np.any(values[:1000] % 1) or np.any(values % 1))


def number_text(value: float) -> str:
    """A number as people write it: whole numbers without a point, others in the fewest digits that tell it.

    Examples
    --------
    >>> number_text(3.0), number_text(2.5), number_text(np.float32(0.1))
    ('3', '2.5', '0.1')
    """
    shortest = float(str(value)) if isinstance(value, np.float32) else float(value)
    return str(int(shortest)) if shortest.is_integer() else repr(shortest)


def shortened(text: str, most: int = 60) -> str:
    """A text for a sentence, its end cut off when it is long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def listed(names: Iterable[Any], most: int = 12) -> str:
    """Names for a sentence, the later ones counted when there are many.

    Examples
    --------
    >>> listed("abcde", most=3)
    "'a', 'b', 'c' and 2 more"
    """
    names = [repr(shortened(name)) if isinstance(name, str) else str(name) for name in names]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _column_of_objects(name: str, array: NDArray[Any]) -> Column:
    """Texts, or objects that are all numbers, booleans or dates; None, NaN, NaT and NA are missing."""
    objects = array.tolist()
    missing = np.fromiter(map(_is_missing, objects), bool, len(objects))
    present = [value for value in objects if not _is_missing(value)]
    kinds = set(map(type, present))
    for of_kind, kind, read in _OBJECTS:
        if kinds and all(issubclass(found, of_kind) for found in kinds):
            values = np.full(len(array), np.nan)
            values[~missing] = [read(value) for value in present]
            return Column(name, kind, values)
    several = [found.__name__ for found in kinds if issubclass(found, list | tuple | set | dict | np.ndarray)]
    if several:
        raise TableError(
            f"column {name!r} holds {listed(sorted(several))}; numbers, texts, booleans or dates were expected"
        )
    levels, codes = np.unique(np.array([str(value) for value in present], dtype=object), return_inverse=True)
    values = np.full(len(array), -1, np.int32)
    values[~missing] = codes
    if len(levels) > MOST_LEVELS:
        return Column(name, "text", values)
    return Column(name, "category", values, tuple(levels.tolist()))


def _is_missing(value: Any) -> bool:
    """None, NaN, and NaT and NA of pandas, of which only the names are known here."""
    if isinstance(value, float | np.floating | np.datetime64 | np.timedelta64 | Decimal):
        return value.is_nan() if isinstance(value, Decimal) else bool(value != value)  # noqa: PLR0124
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _float(value: Any) -> float:
    """A number of any size; one beyond the range of floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _seconds(value: date | np.datetime64) -> float:
    """Since 1970-01-01 00:00 UTC; a time without a zone is one of UTC."""
    if isinstance(value, np.datetime64):
        return int(value.astype("M8[us]").astype(np.int64)) / 1e6
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def _duration(value: timedelta | np.timedelta64) -> float:
    """In seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return int(value.astype("m8[us]").astype(np.int64)) / 1e6


# types of Python objects -> kind, and how one is read
_OBJECTS: tuple[tuple[Any, Kind, Callable[[Any], float]], ...] = (
    (bool | np.bool_, "boolean", float),
    (timedelta | np.timedelta64, "number", _duration),  # NumPy's is an integer to Python
    (Real | Decimal | np.bool_, "number", _float),
    (date | np.datetime64, "date", _seconds),
)


def _numbers_as_texts(column: Column) -> Column:
    distinct, codes = np.unique(column.values, return_inverse=True)
    distinct = distinct[~np.isnan(distinct)]
    if len(distinct) > MOST_LEVELS:
        raise TableError(f"column {column.name!r} has {len(distinct)} different values, too many for a category")
    if column.kind == "boolean":
        texts = ["true" if value else "false" for value in distinct]
    else:
        texts = [number_text(value) if np.isfinite(value) else str(value) for value in distinct]
    order = np.argsort(texts)
    place = np.empty(len(order) + 1, np.int32)
    place[order], place[-1] = np.arange(len(order)), -1
    codes = np.where(np.isnan(column.values), len(order), codes)
    return replace(column, kind="category", values=place[codes], levels=tuple(np.array(texts, object)[order].tolist()))


def _date(text: str) -> float:
    """Seconds since 1970 of a date as ISO 8601 writes it, without a zone or in UTC."""
    try:
        return float(np.datetime64(text.strip().removesuffix("Z"), "us").astype(np.int64)) / 1e6
    except ValueError:
        return np.nan


def _number(text: str) -> float:
    try:
        return {"true": 1.0, "false": 0.0}[text.strip().lower()] if text[:1].isalpha() else float(text)
    except (KeyError, ValueError):
        return np.nan
