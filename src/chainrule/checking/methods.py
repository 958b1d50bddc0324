"""Derivatives of a number along a line, from its values alone: two methods that fail for different reasons.

Along the line phi(t) = J(theta + t v):

    complex step        phi'(0) = Im phi(i h) / h                      error h^2, nothing is subtracted
    central difference  D(h) = (phi(h) - phi(-h)) / 2h                 error h^2
    Richardson          (4 D(h/2) - D(h)) / 3, and once more (16, 15)  error h^6

The complex step is as exact as the arithmetic, but walks through the code on the branches taken at theta and needs
code that is analytic; the central difference looks at the value from both sides and asks nothing of the code.
Sources: Squire and Trapp, SIAM Review 40 (1998); Ridders, Advances in Engineering Software 4 (1982).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Line = Callable[[complex], complex]

# h^2 vanishes against 1 in double precision, and h times a slope of 1e-280 is still a normal number.
COMPLEX_STEP = 1e-20
EPS = 2.0**-52

# Each retry of the central difference shrinks the step by 16: three retries lead from 7e-4 to 2e-7, where a kink
# must be closer than a ten-millionth of the parameter to be crossed, and ten digits of the value are still left.
LARGEST = 0.05
SHRINK = 16.0
RETRIES = 3


@dataclass(frozen=True)
class Estimate:
    """A derivative, the uncertainty its own extrapolation shows, the part of it that is rounding, and the step used."""

    value: float
    uncertainty: float
    rounding: float
    step: float


def complex_step(line: Line) -> float:
    """phi'(0) from one evaluation at i h."""
    return complex(line(1j * COMPLEX_STEP)).imag / COMPLEX_STEP


def richardson(line: Line, step: float, noise: float) -> Estimate:
    """phi'(0) from central differences at step, step/2 and step/4, extrapolated twice; a value is known to +-noise."""
    highs = [complex(line(step / 2**k)).real for k in range(3)]
    lows = [complex(line(-step / 2**k)).real for k in range(3)]
    coarse, middle, fine = (
        (high - low) / (2 * step / 2**k) for k, (high, low) in enumerate(zip(highs, lows, strict=True))
    )
    first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    best = (16 * second - first) / 15
    if not math.isfinite(best):
        return Estimate(math.nan, math.inf, 0.0, step)
    floor = rounding(max(noise, EPS * max(map(abs, highs + lows))), step)
    # Beside a kink the two extrapolations can agree by accident (at 4/9 of the step they do); a hundredth of what the
    # first one changed keeps that from passing for certainty, and is below 1e-9 where the function is smooth.
    return Estimate(best, max(abs(best - second), abs(second - fine) / 100) + floor, floor, step)


def rounding(noise: float, step: float) -> float:
    """What an error of +-noise in each value does to the extrapolated difference.

    Two values over 2 * step/4, times 64/45, the factor of the finest difference in the extrapolation, and less for the
    others: 8 noise / step bounds it.
    """
    return 8 * noise / step


def value_noise(line: Line, scale: float) -> float:
    """How far a value is off by rounding, from second differences on steps too small for curvature.

    The points lie on one side, so that no kink at theta itself is among them. After Moré and Wild, SIAM J. Sci.
    Comput. 33 (2011): the second difference of rounding errors has sqrt(6) times their size.
    """
    values = np.array([complex(line(k * 1e-13 * scale)).real for k in range(10)])
    if not np.isfinite(values).all():
        return EPS
    return max(float(np.max(np.abs(np.diff(values, 2)))) / 6**0.5, EPS * abs(float(values[0])) / 2)


def central(line: Line, scale: float, noise: float) -> Estimate:
    """The best Richardson estimate on a ladder of shrinking steps.

    The first step, (relative noise)^(1/5) of the parameter's scale, balances rounding against truncation. A kink inside
    the step or a fast oscillation shows as an uncertainty far above rounding; then the step shrinks until it is clear.
    """
    size = abs(complex(line(0.0)).real)
    step = min(max(noise / size if size > 0 else 1.0, EPS) ** 0.2, LARGEST) * scale
    best = richardson(line, step, noise)
    for _ in range(RETRIES):
        if best.uncertainty <= max(1e-7 * abs(best.value), 10 * best.rounding):
            break
        step /= SHRINK
        trial = richardson(line, step, noise)
        best = min(best, trial, key=lambda estimate: estimate.uncertainty)
    return best


def confirmed(line: Line, scale: float, noise: float) -> Estimate:
    """A central difference worth an accusation: two ladders of different steps, their spread in the uncertainty."""
    one, two = central(line, scale, noise), central(line, scale / 5, noise)
    best, other = sorted((one, two), key=lambda estimate: estimate.uncertainty)
    if not math.isfinite(other.value):
        return best
    return replace(best, uncertainty=max(best.uncertainty, abs(one.value - two.value)))
