"""Intervals of the real line: what an activation can give and what a loss can take."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

__all__ = ["NON_NEGATIVE", "POSITIVE", "REAL", "UNIT", "UNIT_CLOSED", "Interval"]


@dataclass(frozen=True)
class Interval:
    """The numbers between ``low`` and ``high``, each end belonging to it or not.

    Examples
    --------
    >>> Interval(0, 1, closed_low=True)
    [0, 1)
    >>> Interval(0, 1) in REAL
    True
    """

    low: float = -inf
    high: float = inf
    closed_low: bool = False
    closed_high: bool = False

    def __contains__(self, inner: Interval) -> bool:
        """Whether every number of ``inner`` lies in this interval."""
        above = inner.low > self.low or (inner.low == self.low and (self.closed_low or not inner.closed_low))
        below = inner.high < self.high or (inner.high == self.high and (self.closed_high or not inner.closed_high))
        return above and below

    def __repr__(self) -> str:
        return f"{'[' if self.closed_low else '('}{self.low:g}, {self.high:g}{']' if self.closed_high else ')'}"


REAL = Interval()
POSITIVE = Interval(0)
NON_NEGATIVE = Interval(0, closed_low=True)
UNIT = Interval(0, 1)
UNIT_CLOSED = Interval(0, 1, closed_low=True, closed_high=True)
