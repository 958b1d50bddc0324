"""One slope along one direction: measured by both methods, and judged.

The complex step c is exact but walks on the branches taken at theta; the central difference r sees the value from both
sides, within an uncertainty u. So:

    c and r agree                      the function is smooth here, and c decides
    they do not, and a kink is near    neither decides; the gradient is judged a little beside the kink
    they do not, and no kink is near   the code of the value is not analytic; r decides, and the finding is told
    there is no c                      r decides, within u

A direction is one unit vector for one entry, or random numbers over a block.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from chainrule.checking.branches import HAIR, at_kink, is_unstable
from chainrule.checking.methods import Estimate, central, complex_step, confirmed
from chainrule.checking.noise import Noise
from chainrule.checking.problem import Problem, Vector
from chainrule.checking.verdict import Verdict, compare, relative_error

# The extrapolation's own uncertainty is one sample of its error. Where the second derivative jumps (elu at 0) the error
# is h/6.4 of the jump and the uncertainty h/90: 14 times less.
SAFETY = 20


@dataclass(frozen=True)
class Slope:
    """Both numeric derivatives along one direction; None where a method was not used."""

    complex_step: float | None
    central: Estimate | None

    @property
    def best(self) -> float:
        """The more exact of the two."""
        if self.complex_step is not None:
            return self.complex_step
        return math.nan if self.central is None else self.central.value


@dataclass(frozen=True)
class Judgement:
    """The verdict on one slope with the numbers it rests on.

    ``confirmed``: both methods agree; at a kink, the gradient is right beside it. ``disagreement``: they do not agree,
    and no kink is near.
    """

    analytic: float
    numeric: float
    relative_error: float
    verdict: Verdict
    doubt: float = 0.0
    disagreement: bool = False
    confirmed: bool = False


@dataclass(frozen=True)
class Setting:
    """What every judgement of one check shares."""

    problem: Problem
    gradient: Vector
    noise: Noise
    rtol: float
    use_complex: bool
    value_noise: float
    seed: int

    @property
    def hair(self) -> float:
        """How near, relative to a parameter, a kink must be to be at theta: no nearer than its arithmetic can tell."""
        return max(HAIR, 64 * self.noise.eps)

    @cached_property
    def unstable(self) -> bool:
        """Whether rounding may decide on a branch at theta."""
        return self._is_unstable(self.problem.theta)

    def _is_unstable(self, theta: Vector) -> bool:
        if self.problem.branches is None:
            return False
        shift = 16 * self.noise.eps * np.maximum(np.abs(theta), self.problem.typical)
        return is_unstable(self.problem.branches, theta, shift, np.random.default_rng((self.seed, 2)))

    @cached_property
    def neighbour(self) -> tuple[Vector, Vector] | None:
        """A point beside theta, off the kinks that theta lies on, and the gradient there; None if it has kinks too."""
        rng = np.random.default_rng((self.seed, 1))
        # Farther than the widest look for kinks (4 * 64 hairs), near enough for the same formulas to be at work.
        size = 1e-2 * np.maximum(np.abs(self.problem.theta), self.problem.typical)
        beside = self.problem.theta + size * rng.standard_normal(size.size)
        beside = beside.astype(self.problem.given.dtype).astype(np.float64)
        return None if self._is_unstable(beside) else (beside, self.problem.gradient(beside)[1].astype(np.float64))


def measure(setting: Setting, direction: Vector, scale: float, both: bool = True, theta: Vector | None = None) -> Slope:
    """The slope along a direction; with ``both`` unset, by the better method alone."""
    line = setting.problem.along(direction, theta)
    c = complex_step(line) if setting.use_complex else None
    r = central(line, scale, setting.value_noise) if both or c is None else None
    return Slope(c, r)


def consistent(c: float, r: Estimate, noise: float) -> bool:
    """Whether the two methods agree within what the central difference knows."""
    return math.isnan(r.value) or abs(c - r.value) <= max(
        SAFETY * r.uncertainty, noise, 1e-6 * max(abs(c), abs(r.value))
    )


def judge(setting: Setting, direction: Vector, scale: float, analytic: float, slope: Slope, noise: float) -> Judgement:
    """The verdict on an analytic slope, see the table at the top."""
    found = _at_theta(setting, direction, scale, analytic, slope, noise)
    if found is None or (found.verdict is Verdict.WRONG and setting.unstable):
        return _beside_kink(setting, direction, scale, analytic, slope, noise)
    return found


def _at_theta(
    setting: Setting, direction: Vector, scale: float, analytic: float, slope: Slope, noise: float
) -> Judgement | None:
    """The verdict from the slopes at theta; None if a kink is near."""
    c, r = slope.complex_step, slope.central
    if not math.isfinite(analytic):
        return _smooth(setting, analytic, slope.best, noise)
    if c is not None and math.isfinite(c) and (r is None or consistent(c, r, noise)):
        return _smooth(setting, analytic, c, noise, confirmed=r is not None and _is_sharp(r, noise))
    if c is None and r is not None and not _suspicious(setting, analytic, r, noise):
        return _smooth(setting, analytic, r.value, _doubt(r, noise))
    if _at_kink(setting, setting.problem.theta, direction, scale, analytic, slope):
        return None
    again = confirmed(setting.problem.along(direction), scale, setting.value_noise)
    if c is None or not math.isfinite(c):
        return _smooth(setting, analytic, again.value, _doubt(again, noise))
    if consistent(c, again, noise) or SAFETY * again.uncertainty > 0.1 * abs(c - again.value):
        return _smooth(setting, analytic, c, noise)
    return _smooth(setting, analytic, again.value, _doubt(again, noise), disagreement=True)


def _smooth(setting: Setting, analytic: float, numeric: float, doubt: float, **known: bool) -> Judgement:
    verdict = compare(analytic, numeric, doubt, setting.rtol)
    error = relative_error(analytic, numeric, doubt, setting.rtol)
    return Judgement(analytic, numeric, error, verdict, doubt, **known)


def _doubt(r: Estimate, noise: float) -> float:
    return SAFETY * r.uncertainty + noise


def _is_sharp(r: Estimate, noise: float) -> bool:
    """Whether a central difference knows enough to confirm something: three digits, or all that rounding leaves."""
    return SAFETY * r.uncertainty <= max(1e-3 * abs(r.value), 100 * r.rounding, noise)


def _suspicious(setting: Setting, analytic: float, r: Estimate, noise: float) -> bool:
    wrong = compare(analytic, r.value, _doubt(r, noise), setting.rtol).is_error
    return wrong or not _is_sharp(r, noise)


def _beside_kink(
    setting: Setting, direction: Vector, scale: float, analytic: float, slope: Slope, noise: float
) -> Judgement:
    """At a kink any choice is free, so the gradient is judged beside it; only if it is wrong there, it is wrong."""
    kink = Judgement(analytic, slope.best, 0.0, Verdict.KINK)
    if setting.neighbour is None:
        return kink
    theta, gradient = setting.neighbour
    there, other = float(gradient @ direction), measure(setting, direction, scale, theta=theta)
    c, r = other.complex_step, other.central
    if r is None or (c is not None and not consistent(c, r, noise)):
        return kink
    found = _smooth(setting, there, other.best, noise if c is not None else _doubt(r, noise))
    if found.verdict is Verdict.WRONG and not _at_kink(setting, theta, direction, scale, there, other):
        return found
    return replace(kink, confirmed=found.verdict is Verdict.OK)


def _at_kink(setting: Setting, theta: Vector, direction: Vector, scale: float, analytic: float, slope: Slope) -> bool:
    """Whether a kink is near, one that could explain why this slope and the central difference are not alike."""
    known = [number for number in (analytic, slope.complex_step) if number is not None and math.isfinite(number)]
    sides = slope.central.value if slope.central is not None else slope.best
    error = max((abs(number - sides) for number in known), default=0.0)
    # With branches, what the central difference stepped over counts as well: it is in its value.
    stepped = slope.central.step if slope.central is not None and setting.problem.branches is not None else 0.0
    hair = max(setting.hair * scale, stepped)
    return at_kink(setting.problem, theta, direction, hair, setting.value_noise, error)
