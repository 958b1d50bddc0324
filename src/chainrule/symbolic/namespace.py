"""The namespace of symbols: with it the functions of the network's tables run on expressions.

``ACTIVATIONS["tanh"].df(SYMBOLS, z, a)`` is then the expression that a derivation prints, and a test compares it with
what the differentiator makes of ``f(SYMBOLS, z)``. Symbols are real; the shift of a numerically stable form cancels,
so the largest entry counts as zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.symbolic.expression import (
    Expression,
    add,
    alike,
    apply,
    as_expression,
    make,
    number,
    ones,
    product,
    unary,
    zeros,
)
from chainrule.symbolic.functions import square_root

__all__ = ["SYMBOLS", "SymbolLibrary"]

_SAME = ("exp",  "log",  "sin", "cos", "tan", "tanh", "sinh", "cosh", "erf", "sigmoid", "softplus",
         "log_sigmoid", "sign", "step")  # fmt: skip
_RENAMED = {"positive_part": "relu", "magnitude": "abs", "sign_of": "sign", "abs": "abs"}


class SymbolLibrary:
    """What ``xp`` offers, on expressions."""

    is_numpy = False

    def __getattr__(self, name: str) -> Callable[[Any], Expression]:
        if name in _SAME or name in _RENAMED:
            return lambda z: apply(_RENAMED.get(name, name), as_expression(z))
        raise AttributeError(f"symbols have no function {name!r}")

    def log1p(self, z: Expression) -> Expression:
        return apply("log", 1 + z)

    def expm1(self, z: Expression) -> Expression:
        return apply("exp", z) - 1

    def real(self, z: Any) -> Any:
        return z

    def sqrt(self, z: Expression) -> Expression:
        return square_root(z)

    def square(self, z: Expression) -> Expression:
        return z**2

    def negative_part(self, z: Expression) -> Expression:
        return -apply("relu", -z)

    def maximum(self, x: Any, y: Any) -> Expression:
        left, right = alike(x, y)
        return right + apply("relu", left - right)

    def where(self, condition: Expression, x: Any, y: Any) -> Expression:
        yes, no = alike(x, y)
        condition, yes = alike(condition, yes)
        return make("where", (condition, yes, alike(no, yes)[0]))

    def ones_like(self, z: Expression) -> Expression:
        return ones(z.shape)

    def zeros_like(self, z: Expression) -> Expression:
        return zeros(z.shape)

    def max(self, z: Expression, axis: int = -1, keepdims: bool = False) -> Expression:
        return number(0)

    def sum(self, z: Expression, axis: int | None = None, keepdims: bool = False) -> Expression:
        if axis is None:
            return unary("sum", z)
        rows, columns = z.shape
        return product(ones((1, rows)), z) if axis == 0 else product(z, ones((columns, 1)))

    def logsumexp(self, z: Expression) -> Expression:
        return make("logsumexp", (z,), 1)

    def add(self, x: Any, y: Any) -> Expression:
        return add(*alike(x, y))


SYMBOLS: Any = SymbolLibrary()
