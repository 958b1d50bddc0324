"""One column of the table to some columns of X; everything is learned from the training rows.

A number x becomes (x - mean)/std, clipped to +-LIMIT; a missing one becomes the median and, where training saw any
missing, sets an indicator to 1. A boolean is a number. A category becomes one column per level; rare levels share
one, which unseen ones join. With more levels than columns each level has a place in several columns, by hashes of its
text. A date becomes the time elapsed, as a number, and its place in the day, the week and the year as points on a
circle, where it varies.

With robust scaling the median stands for the mean and IQR/1.349, which is the standard deviation of normal values,
for std: outliers move neither.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .columns import Column, Kind, are_whole, number_text, shortened
from .numerals import all_number_texts

LIMIT = 6.0  # standard deviations beyond which a value counts as an outlier
RARE = 10  # levels seen less often than this share one column
MOST_COLUMNS = 100  # of one category with a column for each level; more levels are hashed
BUCKETS = 128  # columns of a hashed category
HASHES = 16  # buckets of one level: with 1 or 4 of them levels that share some cost far more accuracy
IQR_OF_NORMAL = 1.3489795003921634  # in standard deviations
CYCLES = (("day", 86_400.0), ("week", 604_800.0), ("year", 31_556_952.0))  # seconds
_SECONDS_TO_MONDAY = 345_600.0  # 1970-01-01 was a Thursday

Array = NDArray[np.float64]
Scaling = Literal["standard", "robust"]


@dataclass(frozen=True)
class Number:
    """Standardised: (x - mean)/std. ``indicator``: a second column says where x was missing."""

    name: str
    kind: Kind
    median: float
    mean: float
    std: float
    indicator: bool

    def __post_init__(self) -> None:
        if not (np.isfinite([self.median, self.mean, self.std]).all() and self.std > 0):
            raise ValueError(f"median, mean and std of column {self.name!r} must be finite, and std positive")
        if self.kind in ("category", "text"):
            raise ValueError(f"column {self.name!r} cannot be a number of kind {self.kind!r}")

    @property
    def outputs(self) -> tuple[str, ...]:
        return (self.name, f"{self.name} is missing") if self.indicator else (self.name,)

    def transform(self, column: Column, out: NDArray[Any]) -> None:
        missing = column.missing
        x = np.where(missing, self.median, column.values.astype(np.float64, copy=False))  # or the mean is rounded
        with np.errstate(over="ignore"):
            out[:, 0] = np.clip((x - self.mean) / self.std, -LIMIT, LIMIT)
        if self.indicator:
            out[:, 1] = missing


@dataclass(frozen=True)
class Category:
    """One column per level in ``levels``, one for the rest if ``pooled``, one for missing if ``indicator``."""

    name: str
    kind: Kind
    levels: tuple[str, ...]
    pooled: bool
    indicator: bool

    def __post_init__(self) -> None:
        if self.kind != "category":
            raise ValueError(f"column {self.name!r} cannot be a category of kind {self.kind!r}")

    @property
    def numeric(self) -> bool:
        """Whether the levels are numbers, of which 01 and 1.0 are other spellings of 1."""
        return all_number_texts(self.levels)

    @property
    def outputs(self) -> tuple[str, ...]:
        others = (f"{self.name} is another",) if self.pooled else ()
        missing = (f"{self.name} is missing",) if self.indicator else ()
        return (*(f"{self.name} = {level}" for level in self.levels), *others, *missing)

    def transform(self, column: Column, out: NDArray[Any]) -> None:
        nowhere = len(self.outputs)
        place = {level: j for j, level in enumerate(self.levels)}
        other = len(self.levels) if self.pooled else nowhere
        missing = nowhere - 1 if self.indicator else nowhere
        places = np.array([*(place.get(level, other) for level in column.levels), other, missing])
        chosen = places[np.minimum(column.values, len(column.levels))]  # a text, whose levels were not kept, is another
        rows = np.flatnonzero(chosen < nowhere)
        out[...] = 0
        out[rows, chosen[rows]] = 1


@dataclass(frozen=True)
class Hashed:
    """HASHES of ``buckets`` columns are 1 for each level, seen or not; of ``distinct`` levels in the training rows.
    ``numeric``: all of them were numbers.

    Weinberger et al. 2009 (feature hashing), with several hashes as in a Bloom filter instead of one with a sign.
    """

    name: str
    kind: Kind
    buckets: int
    distinct: int
    numeric: bool
    indicator: bool

    def __post_init__(self) -> None:
        if self.kind != "category" or not HASHES <= self.buckets <= 32 * BUCKETS:
            raise ValueError(f"column {self.name!r} cannot be {self.buckets} buckets of kind {self.kind!r}")

    @property
    def outputs(self) -> tuple[str, ...]:
        missing = (f"{self.name} is missing",) if self.indicator else ()
        return (*(f"{self.name} in bucket {j}" for j in range(self.buckets)), *missing)

    def transform(self, column: Column, out: NDArray[Any]) -> None:
        places = _places(column.levels, self.buckets)
        rows = np.flatnonzero(~column.missing & (column.values < len(places)))  # a text's levels were not kept
        out[...] = 0
        out[rows[:, None], places[column.values[rows]]] = 1
        if self.indicator:
            out[:, -1] = column.missing


@dataclass(frozen=True)
class Date:
    """Elapsed time as a number, then cosine and sine of the place in each cycle."""

    name: str
    kind: Kind
    elapsed: Number
    cycles: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind != "date" or not set(self.cycles) <= dict(CYCLES).keys():
            raise ValueError(f"column {self.name!r} cannot be a date of kind {self.kind!r} with cycles {self.cycles}")

    @property
    def outputs(self) -> tuple[str, ...]:
        circles = (f"{part} of the {cycle} of {self.name}" for cycle in self.cycles for part in ("cosine", "sine"))
        return (*self.elapsed.outputs, *circles)

    def transform(self, column: Column, out: NDArray[Any]) -> None:
        first = len(self.elapsed.outputs)
        self.elapsed.transform(column, out[:, :first])
        for j, cycle in enumerate(self.cycles):
            angle = _angle(column.values, cycle)
            out[:, first + 2 * j] = np.nan_to_num(np.cos(angle))
            out[:, first + 2 * j + 1] = np.nan_to_num(np.sin(angle))


Feature = Number | Category | Hashed | Date


@dataclass(frozen=True)
class LeftOut:
    """A column that is not used, and why."""

    name: str
    reason: str


def learn_feature(column: Column, *, forced: bool = False, scaling: Scaling = "standard") -> Feature | LeftOut:
    """How to use a column, learned from its training rows.

    Parameters
    ----------
    column : Column
    forced : bool
        Use it even if it looks like an identifier.
    scaling : {"standard", "robust"}
        Of numbers, by mean and standard deviation or by median and interquartile range.

    Examples
    --------
    >>> from chainrule.table.columns import column_of
    >>> learn_feature(column_of("age", [20.0, 30.0, None]))
    Number(name='age', kind='number', median=25.0, mean=25.0, std=4.08..., indicator=True)
    >>> learn_feature(column_of("id", range(100)))
    LeftOut(name='id', reason='it numbers the rows')
    """
    reason = _useless(column) or ("" if forced else _identifying(column))
    if reason:
        return LeftOut(column.name, reason)
    if column.kind in ("number", "boolean"):
        return _learn_number(column, scaling)
    return _learn_date(column, scaling) if column.kind == "date" else _learn_category(column)


def _useless(column: Column) -> str:
    missing = column.missing
    if missing.all():
        return "it has no values"
    first = column.values[0]
    if missing.any() or np.any(column.values != first):
        return ""
    value = column.levels[int(first)] if column.levels else number_text(first)
    return f"every value is {shortened(value)}"


def _identifying(column: Column) -> str:
    """Why a column seems to name rows instead of describing them, or nothing."""
    missing = column.missing
    present = column.values[~missing] if missing.any() else column.values
    n = len(present)
    if column.kind in ("category", "text"):
        distinct = np.count_nonzero(np.bincount(present))
        if column.kind == "text":
            return f"it is text with {distinct} different values"
        if distinct <= max(20, n / 2):
            return ""
        told = f"{distinct} of its {n} values are different"
        first = column.levels[int(present[0])]
        return f"{told} texts; if {shortened(first)!r} is a number, write it as one" if _is_almost(first) else told
    if column.kind != "number" or n < 20 or not are_whole(present) or np.ptp(present) < n - 1:
        return ""
    if len(np.unique(present)) < n:
        return ""
    if n > (present.max() - present.min() + 1) / 2:  # the training rows are a part of the rows
        return "it numbers the rows"
    if re.search(r"(^|[^a-z])(id|uuid|guid|key|index|nr|no)$", column.name, re.IGNORECASE) or column.name.endswith(
        "Id"
    ):
        return "every value is different, and its name is that of an identifier"
    return ""


def _is_almost(text: str) -> bool:
    """Whether a text seems to be a number with marks or a unit."""
    return re.fullmatch(r"\D{0,3}\d[\d.,'’\s]*\D{0,3}", text) is not None


def _learn_number(column: Column, scaling: Scaling) -> Number:
    """Median, and mean and standard deviation after imputing; a wild value does not spoil the scale of the others."""
    missing = column.missing
    present = column.values[~missing] if missing.any() else column.values
    if len(present) < len(missing) or len(present) < 1000:
        median = float(np.median(present))
        x = np.where(missing, column.values.dtype.type(median), column.values)
        low, high = np.quantile(x, (0.001, 0.999)) if len(x) >= 1000 else (x.min(), x.max())
    else:
        x = present
        low, median, high = map(float, np.quantile(x, (0.001, 0.5, 0.999)))  # one pass for all
    x = np.clip(x, low, high) if low < high else x
    largest = float(np.abs(x).max()) or 1.0  # squares of numbers up to 1 do not overflow
    mean, std = (largest * float(f(x / largest, dtype=np.float64)) for f in (np.mean, np.std))
    if std <= 1e-12 * abs(mean):  # constant up to rounding
        std = float(np.abs(x - mean).max()) or 1.0
    if scaling == "robust" and column.kind != "boolean":
        low, high = np.quantile(present, (0.25, 0.75))
        if 0 < high - low < np.inf:  # else half of the values are the same, and there is no such scale
            mean, std = median, float(high - low) / IQR_OF_NORMAL
    return Number(column.name, column.kind, median, mean, std, len(present) < len(missing))


def _learn_category(column: Column) -> Category | Hashed:
    counts = np.bincount(column.values[~column.missing], minlength=len(column.levels))
    enough = np.flatnonzero(counts >= min(RARE, max(1, len(column.values) // 20)))
    missing = bool(column.missing.any())
    if len(enough) > MOST_COLUMNS:
        distinct = int(np.count_nonzero(counts))
        return Hashed(column.name, "category", BUCKETS, distinct, all_number_texts(column.levels), missing)
    pooled = int(counts[enough].sum()) < int(counts.sum())
    return Category(column.name, "category", tuple(column.levels[j] for j in enough), pooled, missing)


def _learn_date(column: Column, scaling: Scaling) -> Date:
    present = column.values[~column.missing]
    span = present.max() - present.min()
    varying = tuple(
        cycle for cycle, seconds in CYCLES if span >= seconds and np.ptp(np.cos(_angle(present, cycle))) > 1e-6
    )
    return Date(column.name, "date", _learn_number(column, scaling), varying)


@lru_cache(maxsize=8)  # a column is transformed in blocks of rows, which share its levels
def _places(levels: tuple[str, ...], n: int) -> NDArray[np.int64]:
    """HASHES places from 0 to n - 1 for each level, the same in every process and on every machine."""
    texts = (level.encode("utf-8", "surrogatepass") for level in levels)
    digests = b"".join(blake2b(text, digest_size=4 * HASHES).digest() for text in texts)
    return np.frombuffer(digests, "<u4").reshape(-1, HASHES).astype(np.int64) % n


def _angle(seconds: Array, cycle: str) -> Array:
    length = dict(CYCLES)[cycle]
    start = _SECONDS_TO_MONDAY if cycle == "week" else 0.0
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * np.pi * np.mod((seconds - start) / length, 1.0))


def n_outputs(features: Sequence[Feature]) -> int:
    """Columns of X."""
    return sum(len(feature.outputs) for feature in features)
