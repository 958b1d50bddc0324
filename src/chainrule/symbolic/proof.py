"""Numeric proof: two expressions are taken for equal only after their values agreed at random points.

Two different rational or elementary expressions agree at a random point with probability zero, so three points in
double precision are a proof beyond the doubt that a misprint leaves. A point where either side is not finite (a
logarithm of a negative number) says nothing; at least one point must speak.
"""

from __future__ import annotations

import numpy as np

from chainrule.symbolic.expression import Expression, symbol
from chainrule.symbolic.values import Point, RandomPoint, value

TOLERANCE = 1e-8  # relative to the largest entry; rounding through an inverse costs some digits
STEP = 1e-20  # complex step: no subtraction, so no cancellation however small
_REMEMBERED = 20_000


class ProofError(ArithmeticError):
    """A rewrite or a derivative whose numbers do not agree, or could not be compared."""


class Prover:
    """Random points with the values of every expression seen at them."""

    def __init__(self) -> None:
        self.points = [RandomPoint(seed, positive) for seed, positive in ((1, True), (2, False), (3, True), (4, False))]
        self.memos: list[dict[Expression, np.ndarray]] = [{} for _ in self.points]

    def value(self, node: Expression, index: int) -> np.ndarray:
        memo = self.memos[index]
        if len(memo) > _REMEMBERED:
            memo.clear()
        with np.errstate(all="ignore"):
            try:
                return np.asarray(value(node, self.points[index], memo))
            except np.linalg.LinAlgError:
                return np.full(self.points[index].shape(node.shape), np.nan)

    def equal(self, left: Expression, right: Expression) -> bool | None:
        """True, False, or None when no point gave finite numbers on both sides."""
        verdict = None
        for index in range(len(self.points)):
            agrees = same_numbers(self.value(left, index), self.value(right, index))
            if agrees is False:
                return False
            verdict = agrees or verdict
            if verdict and index >= 1:
                return True
        return verdict


def same_numbers(left: np.ndarray, right: np.ndarray) -> bool | None:
    """Whether two arrays agree to the tolerance; None when either is not finite."""
    if left.shape != right.shape:
        return False
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return None
    largest = max(np.abs(left).max(initial=0), np.abs(right).max(initial=0), 1e-8)
    return bool(np.abs(left - right).max(initial=0) <= TOLERANCE * largest)


PROVER = Prover()


def prove_rewrite(before: Expression, after: Expression, rule: str) -> bool:
    """True when proved; False when the rewrite cannot be compared; ProofError when it is wrong."""
    if before.shape != after.shape:
        raise ProofError(f"the rewrite {rule!r} changes the shape of {before} from {before.shape} to {after.shape}")
    verdict = PROVER.equal(before, after)
    if verdict is False:
        raise ProofError(f"the rewrite {rule!r} of {before} to {after} changes its value")
    return bool(verdict)


def prove_derivative(function: Expression, variable: Expression, seed: Expression, claimed: Expression) -> None:
    """Check <seed, dF> = <claimed, dX> along random directions dX by the complex step.

    The seed is F's adjoint (1 for a number). Raises ProofError when a direction disagrees or none could be compared.
    """
    compared = 0
    for index, point in enumerate(PROVER.points):
        adjoint, grad = PROVER.value(seed, index), PROVER.value(claimed, index)
        direction = np.random.default_rng(index).normal(size=point.shape(variable.shape))
        if not np.isfinite(PROVER.value(function, index)).all():
            continue  # outside the domain, where a complex logarithm goes on but the function does not
        slope = np.sum(adjoint * complex_step(function, variable, point, direction))
        expected = np.sum(grad * direction)
        scale = max(np.sum(np.abs(grad * direction)), 1e-8)
        if np.isfinite(slope) and np.isfinite(expected):
            compared += 1
            if abs(slope - expected) > TOLERANCE * scale:
                raise ProofError(
                    f"the derivative {claimed} of {function} with respect to {variable} gives {expected:.12g} along a "
                    f"random direction, the complex step {slope:.12g}; please report this expression"
                )
    if not compared:
        raise ProofError(f"{function} has no finite value at any of the random points; its derivative is unverified")


def complex_step(function: Expression, variable: Expression, point: Point, direction: np.ndarray) -> np.ndarray:
    """The derivative of the function along a direction of the variable: Im F(X + i h V) / h."""
    shifted = _Shifted(point, variable, point.array(variable) + 1j * STEP * direction)
    with np.errstate(all="ignore"):
        try:
            return np.asarray(np.imag(value(function, shifted)) / STEP)
        except np.linalg.LinAlgError:
            return np.full(point.shape(function.shape), np.nan)


class _Shifted(Point):
    """A point with one variable moved."""

    def __init__(self, base: Point, variable: Expression, moved: np.ndarray) -> None:
        super().__init__(sizes=base.sizes)
        self.base, self.variable, self.moved = base, variable, moved

    def named(self, dim: str) -> int:
        return self.base.named(dim)

    def array(self, node: Expression) -> np.ndarray:
        return self.moved if node is self.variable else np.asarray(self.base.array(node))

    def function(self, name: str, order: int, argument: np.ndarray) -> np.ndarray:
        return np.asarray(self.base.function(name, order, argument))


def fresh(name: str, like: Expression) -> Expression:
    """A symbol that no user's expression has."""
    return symbol(f"__{name}", like.shape)
