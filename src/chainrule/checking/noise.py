"""How small a difference can mean something: tolerances that are measured, not guessed.

Three sources of an honest difference between two ways to compute one gradient, per block:

    64 eps max |numeric|     two algorithms, each backward stable, differ by a few eps of the block's largest entry;
                             64 covers sums of some thousand terms (pairwise summation errs by eps log2 n, Higham,
                             Accuracy and Stability of Numerical Algorithms, 2002, section 4.2)
    32 eps |dg|              how much the gradient moves when theta moves by relative eps: it could not be known better
                             if theta itself were rounded. It is measured with larger steps and scaled down.
                             At a zero residual, where the gradient is pure rounding, this is what keeps silence.
    4 eps |J| / |theta|      a slope, of one entry or along a direction, so small that doubling theta would not change
                             the last digit of J
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.checking.problem import Problem, Vector


@dataclass(frozen=True)
class Noise:
    """eps of the gradient under test, and by block the part of the noise that is independent of the slopes."""

    eps: float
    floor: Mapping[str, float]
    length: Mapping[str, float]

    def of(self, block: str, largest: float) -> float:
        """The noise of a block whose largest numeric slope is given."""
        return self.floor[block] + 64 * self.eps * largest

    def along(self, block: str, share: float, length: float) -> float:
        """The noise along a random direction in a share of a block, whose gradient there has the given length.

        The noise of n entries adds like the entries do, by the square root of n: relative to their length it stays.
        """
        return self.length[block] * float(np.sqrt(share)) + 64 * self.eps * length


def precision(problem: Problem, gradient: Vector) -> float:
    """eps of the arithmetic under test: the coarser of theta's and the gradient's."""
    kinds = [kind for kind in (problem.given.dtype, gradient.dtype) if kind.kind == "f"]
    return max(float(np.finfo(kind).eps) for kind in kinds)


def measure(problem: Problem, value: float, gradient: Vector, rng: np.random.Generator) -> Noise:
    """Move theta and watch the gradient, and cut the block's noise from it."""
    eps = precision(problem, gradient)
    # Where a step crosses a kink the gradient jumps, which is no rounding. A long step scales a jump down, a short one
    # seldom meets any; what is smooth is the same in both, so the smaller one counts.
    moved = np.fmin(_moved(problem, gradient, eps, np.sqrt(eps), rng), _moved(problem, gradient, eps, 64 * eps, rng))
    smallest = 4 * eps * abs(value) / problem.typical if np.isfinite(value) else 0.0
    floor, length = {}, {}
    for block in problem.blocks:
        part = 32 * moved[block.slice]
        floor[block.name] = float(part.max(initial=0.0)) + smallest
        length[block.name] = float(np.linalg.norm(part)) + smallest
    return Noise(eps, floor, length)


def _moved(problem: Problem, gradient: Vector, eps: float, step: float, rng: np.random.Generator) -> Vector:
    """How far each slope moves when theta moves by a relative eps, measured with another step."""
    shift = step * np.maximum(np.abs(problem.theta), problem.typical)
    moved = np.zeros(gradient.shape)
    for _ in range(2):
        _, other = problem.gradient(problem.theta + shift * rng.choice((-1.0, 1.0), shift.shape))
        change = np.abs(other.astype(np.float64) - gradient)
        moved = np.fmax(moved, np.where(np.isfinite(change), change, 0.0))
    return moved * (eps / step)
