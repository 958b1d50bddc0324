"""Kinks and ties: places where the slope to the left is not the slope to the right, and no gradient is wrong.

With a `branches(theta)` the question is exact: the branch pattern at theta differs from the pattern a hair beside it.
Without one, the two one-sided slopes are compared. Where the function is smooth, their gap is h phi'' and shrinks with
h; at a kink the part of it that does not shrink is the jump of the slope.
"""

import numpy as np

from chainrule.checking.methods import Line, rounding
from chainrule.checking.problem import Branches, Problem, Vector

# The hair: the last step of the ladder of central differences, see methods.RETRIES.
HAIR = 2e-7


def at_kink(problem: Problem, theta: Vector, direction: Vector, hair: float, noise: float, error: float) -> bool:
    """Whether a kink lies within a hair of theta; without branches, one that could explain the error."""
    if problem.branches is not None:
        return crosses(problem.branches, theta, hair * direction)
    line = problem.along(direction, theta)
    return max(gap(line, step, noise) for step in (hair, 8 * hair, 64 * hair)) > 1e-3 * error


def crosses(branches: Branches, theta: Vector, shift: Vector) -> bool:
    """Whether the branch pattern a shift away, on either side, is another than the one at theta."""
    here = branches(theta)
    return any(not np.array_equal(here, branches(theta + sign * shift)) for sign in (1, -1))


def gap(line: Line, hair: float, noise: float) -> float:
    """The jump of the slope at 0: the gap of the one-sided slopes, less its part h phi''; 0 if it may be rounding."""
    here = complex(line(0.0)).real

    def at(h: float) -> float:
        return (complex(line(h)).real - 2 * here + complex(line(-h)).real) / h

    jump = abs(4 * at(hair) - at(4 * hair)) / 3
    return jump if jump > 2 * rounding(noise, hair) else 0.0


def is_unstable(branches: Branches, theta: Vector, shift: Vector, rng: np.random.Generator) -> bool:
    """Whether rounding may decide on a branch: one is exactly on its kink, or flips when theta moves by the shift."""
    here = branches(theta)
    moved = (theta + shift * rng.choice((-1.0, 1.0), shift.shape) for _ in range(4))
    return bool(np.any(here == 0)) or any(not np.array_equal(here, branches(at)) for at in moved)


def count_ties(problem: Problem) -> tuple[int, int]:
    """How many branch choices lie exactly on a kink at theta, and how many there are."""
    if problem.branches is None:
        return 0, 0
    pattern = problem.branches(problem.theta)
    return int(np.count_nonzero(pattern == 0)), int(pattern.size)
