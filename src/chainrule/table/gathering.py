"""A column whose rows come in blocks, held in few bytes: what it is shows only when all blocks were seen.

Numbers of a long column are held in float32 where that changes none of them, or where they are measurements whose
spread is far above float32's rounding: |x| 2^-24 < 10^-5 (x_3/4 - x_1/4) in a sample. Others stay in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .columns import MOST_LEVELS, Column, Kind
from .frames import column_of_series, require_polars

if TYPE_CHECKING:
    import polars

    Clean = Callable[[polars.Series], polars.Series]

Array = NDArray[Any]
TEXTS = ("category", "text")
NONE = np.uint64(0)  # where there is no text to hash

_SAMPLE = 512
_MEASURED = 100  # a sample with fewer different values is of labels or grades, which are kept to the last digit
_ROUNDING, _WANTED = 2.0**-24, 1e-5
_SMALLEST = 1e-30


class Gathering:
    """A column that grows. Memory: 4 or 8 bytes for a number, 4 for a category, 8 for one text of very many.

    Parameters
    ----------
    name : str
    clean : function of a series of texts, optional
        What the texts mean, such as the same without spaces around them.
    expected : int
        About how many rows will come; more are taken, too. With 0, for a short column, numbers stay in float64.

    Examples
    --------
    >>> import polars
    >>> town = Gathering("town")
    >>> [town.add(polars.Series(block)) for block in (["Oslo", None], ["Bergen", "Oslo"], [5.0])]
    [True, True, False]
    >>> town.column()
    Column(name='town', kind='category', values=array([ 1, -1,  0,  1], dtype=int32), levels=('Bergen', 'Oslo'))
    """

    def __init__(self, name: str, clean: Clean | None = None, expected: int = 0) -> None:
        self.name = name
        self.kind: Kind | None = None
        self._clean, self._expected = clean, expected
        self._n = 0
        self._values: Array = np.empty(0, np.float32)  # the first n of them are known
        self._places: dict[str, int] = {}

    def add(self, series: polars.Series) -> bool:
        """Take the next rows; False, and nothing is taken, when they are of another kind than those before."""
        if series.null_count() == len(series):
            self._put(self._missing(len(series)))
            return True
        column = None if _is_text(series) else column_of_series(series)
        kind: Kind = column.kind if column else "category"
        if self.kind is None:
            self.kind = kind
            self._values = self._missing(self._n)
        elif kind != ("category" if self.kind in TEXTS else self.kind):
            return False
        self._put(self._codes(series) if column is None else self._numbers(column))
        return True

    def column(self) -> Column:
        """All rows; a column without any value is one of numbers."""
        values = self._values[: self._n]
        if self.kind == "text":
            return Column(self.name, self.kind, _numbered(values))
        if self.kind != "category":
            return Column(self.name, self.kind or "number", values)
        levels = sorted(self._places)
        places = np.empty(len(levels) + 1, np.int32)  # the code -1 is the last
        places[[self._places[level] for level in levels]] = np.arange(len(levels))
        places[-1] = -1
        return Column(self.name, self.kind, places[values], tuple(levels))

    def _missing(self, n: int) -> Array:
        none: Any = {"category": np.int32(-1), "text": NONE}.get(self.kind or "", np.float32(np.nan))
        return np.full(n, none)

    def _put(self, values: Array) -> None:
        """Append; where there is no room, into a larger array, of which memory only takes what is written."""
        n, old = self._n, self._values
        dtype = np.result_type(old, values) if n else values.dtype
        self._n += len(values)
        if dtype != old.dtype or self._n > len(old):
            self._values = np.empty(max(self._expected, self._n + self._n // 2), dtype)
            self._values[:n] = old[:n]
        self._values[n : self._n] = values

    def _numbers(self, column: Column) -> Array:
        return narrowed(column.values) if self._expected and column.kind != "date" else column.values

    def _codes(self, texts: polars.Series) -> Array:
        polars = require_polars()
        texts = texts.cast(polars.String)
        raw = texts.drop_nulls().unique()
        codes = texts.cast(polars.Enum(raw)).to_physical().cast(polars.Int32).fill_null(-1).to_numpy()
        levels = self._clean(raw) if self._clean else raw
        if self.kind == "text":
            hashes = np.where(levels.is_null().to_numpy(), NONE, levels.hash().to_numpy())
            return np.asarray(np.append(hashes, NONE)[codes])
        places = self._places
        new = [-1 if level is None else places.setdefault(level, len(places)) for level in levels]
        found: Array = np.array([*new, -1], np.int32)[codes]
        return found if len(places) <= MOST_LEVELS else np.asarray(self._without_levels()[found])

    def _without_levels(self) -> Array:
        """From codes to hashes, of which there may be any number; the hash of each code, 0 for -1."""
        hashes = np.append(require_polars().Series(list(self._places)).hash().to_numpy(), NONE)
        self.kind = "text"
        self._places.clear()
        self._values = hashes[self._values[: self._n]]
        return hashes


def narrowed(values: Array) -> Array:
    """Numbers in float32 where that is as good; see the top of this module.

    Examples
    --------
    >>> [narrowed(np.array(x)).dtype.name for x in ([1.0, 2.0], [0.1, 0.2], [2.0**24 + 1, 0.0])]
    ['float32', 'float64', 'float64']
    >>> x = np.random.default_rng(0).normal(size=1000)
    >>> narrowed(x).dtype.name, narrowed(x + 1e6).dtype.name
    ('float32', 'float64')
    """
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype(np.float32)
    sample = values[:: len(values) // _SAMPLE + 1]
    if _are_measurements(sample) and not np.isinf(narrow).any():
        return narrow
    return narrow if np.array_equal(narrow, values, equal_nan=True) else values


def _are_measurements(sample: Array) -> bool:
    """Fractions with many values, in no need of more digits than float32 has."""
    rising = np.sort(sample[np.isfinite(sample)])
    n_distinct = np.count_nonzero(rising[1:] != rising[:-1])
    if n_distinct < _MEASURED or not np.any(rising % 1):
        return False
    low, high = rising[[len(rising) // 4, 3 * len(rising) // 4]]
    spread = high - low
    return bool(spread > _SMALLEST and max(abs(low), abs(high)) * _ROUNDING < _WANTED * spread)


def _is_text(series: polars.Series) -> bool:
    polars = require_polars()
    return series.dtype in (polars.String, polars.Categorical, polars.Enum)


def _numbered(hashes: Array) -> Array:
    """Codes in the order in which texts come first, -1 where there is none."""
    found, first, codes = np.unique(hashes, return_index=True, return_inverse=True)
    place = np.empty(len(found), np.int32)
    present = np.flatnonzero(found)
    place[present[np.argsort(first[present])]] = np.arange(len(present))
    place[found == 0] = -1
    return place[codes]
