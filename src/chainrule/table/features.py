"""One column of the table to some columns of X; everything is learned from the training rows.

A number x becomes (x - mean)/std, clipped to +-LIMIT; a missing one becomes the median and, where training saw any
missing, sets an indicator to 1. A boolean is a number. A category becomes one column per level; rare levels share
one, which unseen ones join. A date becomes the time elapsed, as a number, and its place in the day, the week and the
year as points on a circle, where it varies.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Column, Kind, number_text, shortened

LIMIT = 6.0  # standard deviations beyond which a value counts as an outlier
RARE = 10  # levels seen less often than this share one column
MOST_COLUMNS = 100  # of one category; the most frequent levels get them
CYCLES = (("day", 86_400.0), ("week", 604_800.0), ("year", 31_556_952.0))  # seconds
_SECONDS_TO_MONDAY = 345_600.0  # 1970-01-01 was a Thursday

Array = NDArray[np.float64]


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
        x = np.where(missing, self.median, column.values)
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


Feature = Number | Category | Date


@dataclass(frozen=True)
class LeftOut:
    """A column that is not used, and why."""

    name: str
    reason: str


def learn_feature(column: Column, *, forced: bool = False) -> Feature | LeftOut:
    """How to use a column, learned from its training rows.

    Parameters
    ----------
    column : Column
    forced : bool
        Use it even if it looks like an identifier.

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
        return _learn_number(column)
    return _learn_date(column) if column.kind == "date" else _learn_category(column)


def _useless(column: Column) -> str:
    present = column.values[~column.missing]
    if len(present) == 0:
        return "it has no values"
    if column.missing.any() or np.any(present != present[0]):
        return ""
    value = column.levels[int(present[0])] if column.levels else number_text(float(present[0]))
    return f"every value is {shortened(value)}"


def _identifying(column: Column) -> str:
    """Why a column seems to name rows instead of describing them, or nothing."""
    present = column.values[~column.missing]
    n = len(present)
    if column.kind in ("category", "text"):
        distinct = np.count_nonzero(np.bincount(present))
        if column.kind == "text":
            return f"it is text with {distinct} different values"
        return f"{distinct} of its {n} values are different" if distinct > max(20, n / 2) else ""
    if column.kind != "number" or n < 20 or np.any(present[:1000] % 1) or np.ptp(present) < n - 1:
        return ""
    if np.any(present % 1) or len(np.unique(present)) < n:
        return ""
    if n > (present.max() - present.min() + 1) / 2:  # the training rows are a part of the rows
        return "it numbers the rows"
    if re.search(r"(^|[^a-z])(id|uuid|guid|key|index|nr|no)$", column.name, re.IGNORECASE) or column.name.endswith(
        "Id"
    ):
        return "every value is different, and its name is that of an identifier"
    return ""


def _learn_number(column: Column, kind: Kind | None = None) -> Number:
    """Median, and mean and standard deviation after imputing; a wild value does not spoil the scale of the others."""
    missing = column.missing
    median = float(np.median(column.values[~missing]))
    x = np.where(missing, median, column.values)
    low, high = np.quantile(x, (0.001, 0.999)) if len(x) >= 1000 else (x.min(), x.max())
    x = np.clip(x, low, high) if low < high else x
    largest = float(np.abs(x).max()) or 1.0  # squares of numbers up to 1 do not overflow
    mean, std = largest * float((x / largest).mean()), largest * float((x / largest).std())
    if std <= 1e-12 * abs(mean):  # constant up to rounding
        std = float(np.abs(x - mean).max()) or 1.0
    return Number(column.name, kind or column.kind, median, mean, std, bool(missing.any()))


def _learn_category(column: Column) -> Category:
    counts = np.bincount(column.values[~column.missing], minlength=len(column.levels))
    enough = np.flatnonzero(counts >= min(RARE, max(1, len(column.values) // 20)))
    kept = np.sort(enough[np.argsort(-counts[enough], kind="stable")[:MOST_COLUMNS]])
    pooled = int(counts[kept].sum()) < int(counts.sum())
    return Category(column.name, "category", tuple(column.levels[j] for j in kept), pooled, bool(column.missing.any()))


def _learn_date(column: Column) -> Date:
    present = column.values[~column.missing]
    span = present.max() - present.min()
    varying = tuple(
        cycle for cycle, seconds in CYCLES if span >= seconds and np.ptp(np.cos(_angle(present, cycle))) > 1e-6
    )
    return Date(column.name, "date", _learn_number(column, "date"), varying)


def _angle(seconds: Array, cycle: str) -> Array:
    length = dict(CYCLES)[cycle]
    start = _SECONDS_TO_MONDAY if cycle == "week" else 0.0
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * np.pi * np.mod((seconds - start) / length, 1.0))


def n_outputs(features: Sequence[Feature]) -> int:
    """Columns of X."""
    return sum(len(feature.outputs) for feature in features)
