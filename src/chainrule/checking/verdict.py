"""What is said about one slope, and the arithmetic of saying it.

analytic and numeric agree when

    |analytic - numeric| <= max(rtol max(|analytic|, |numeric|), doubt)

where `doubt` is what the numeric value itself may be off by, an absolute number that is measured (see `noise`) and
contains no factor that grows with the number of parameters: whatever the size, a gradient wrong by a factor 2
differs by its whole length and is found.
"""

import math
from enum import StrEnum


class Verdict(StrEnum):
    """The five things that can be said."""

    OK = "ok"
    WRONG = "wrong"
    KINK = "kink"
    TOO_SMALL = "too small to tell"
    NOT_FINITE = "not finite"

    @property
    def is_error(self) -> bool:
        """Whether the verdict speaks against the gradient; a kink or a tiny number does not."""
        return self in (Verdict.WRONG, Verdict.NOT_FINITE)


def relative_error(analytic: float, numeric: float, doubt: float, rtol: float) -> float:
    """|analytic - numeric| over the larger of the two, or over doubt / rtol: at most rtol if they agree."""
    if not (math.isfinite(analytic) and math.isfinite(numeric)):
        return math.inf
    size = max(abs(analytic), abs(numeric), doubt / rtol)
    return abs(analytic - numeric) / size if size > 0 else 0.0


def compare(analytic: float, numeric: float, doubt: float, rtol: float) -> Verdict:
    """The verdict where the function is smooth."""
    if not (math.isfinite(analytic) and math.isfinite(numeric)):
        return Verdict.NOT_FINITE
    difference = abs(analytic - numeric)
    if difference <= rtol * max(abs(analytic), abs(numeric)):
        return Verdict.OK
    return Verdict.TOO_SMALL if difference <= doubt else Verdict.WRONG
