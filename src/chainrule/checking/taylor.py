"""The Taylor remainder: an opinion on the whole gradient that knows no step size and no tolerance.

    R(t) = |J(theta + t v) - J(theta) - t g.v|      shrinks like t^2 if g is the gradient, like t if it is not

Source: the Taylor test of adjoint models, Farrell, Ham, Funke and Rognes, SIAM J. Sci. Comput. 35 (2013), section 6.
"""

import numpy as np

from chainrule.checking.problem import Problem, Vector
from chainrule.checking.report import Taylor

STEPS = tuple(0.1 * 4.0**-k for k in range(10))


def remainder_rate(problem: Problem, value: float, gradient: Vector, eps: float, rng: np.random.Generator) -> Taylor:
    """The rate along one random direction, from the smallest steps whose remainder stands above rounding."""
    direction = rng.standard_normal(problem.theta.size)
    direction *= problem.typical * np.sqrt(direction.size) / np.linalg.norm(direction)
    slope = float(gradient.astype(np.float64) @ direction)
    line = problem.along(direction)
    values = [line(t).real for t in STEPS]
    remainders = [abs(v - value - t * slope) for t, v in zip(STEPS, values, strict=True)]
    # 100 roundings of the value and of the slope: below, the remainder is made of lost digits.
    floors = [
        100 * eps * max(abs(value), abs(v)) + 4 * eps * abs(t * slope) for t, v in zip(STEPS, values, strict=True)
    ]
    seen = [(t, r) for t, r, floor in zip(STEPS, remainders, floors, strict=True) if np.isfinite(r) and r > floor]
    return Taylor(STEPS, tuple(map(float, remainders)), _rate(seen[-4:]))


def _rate(points: list[tuple[float, float]]) -> float | None:
    if len(points) < 3:
        return None
    t, r = np.log(np.array(points)).T
    return float(np.polyfit(t, r, 1)[0])
