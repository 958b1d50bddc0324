"""The functions of the plain-text language, each as the expression that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chainrule.symbolic.expression import (
    Expression,
    apply,
    hadamard,
    make,
    number,
    ones,
    power,
    scale,
    size,
    unary,
)
from chainrule.symbolic.functions import FUNCTIONS, square_root

if TYPE_CHECKING:
    from chainrule.symbolic.parser import Builder


class ParseError(ValueError):
    """Text that is no expression; the message points at the place."""


def _of_one(
    make_node: Callable[[Builder, Expression], Expression],
) -> Callable[[Builder, list[Expression]], Expression]:
    def handler(builder: Builder, arguments: list[Expression]) -> Expression:
        if len(arguments) != 1:
            raise ParseError(f"one argument is expected, not {len(arguments)}, in {builder.source!r}")
        return make_node(builder, builder.settle(arguments[0]))

    return handler


def _norm1(b: Builder, x: Expression) -> Expression:
    return unary("sum", apply("abs", x))


def _mean(b: Builder, x: Expression) -> Expression:
    count_ = hadamard(size(x.shape[0]), size(x.shape[1]))
    return hadamard(power(count_, number(-1)), unary("sum", x))


def _diag(b: Builder, x: Expression) -> Expression:
    return unary("diag", x) if x.is_column else unary("diagonal", b.square(x))


def _vector(b: Builder, x: Expression) -> Expression:
    return scale(x, ones((b.dims.new(), 1)))


def _matrix(b: Builder, x: Expression) -> Expression:
    return scale(x, ones((b.dims.new(), b.dims.new())))


def _adjugate(b: Builder, x: Expression) -> Expression:
    x = b.square(x)
    return scale(unary("determinant", x), unary("inverse", x))


def _row_wise(op: str) -> Callable[[Builder, Expression], Expression]:
    return lambda b, x: unary(op, x, 0 if x.is_column else 1)


def _two(op: str) -> Callable[[Builder, list[Expression]], Expression]:
    def handler(builder: Builder, arguments: list[Expression]) -> Expression:
        if len(arguments) != 2:
            raise ParseError(f"two arguments are expected, not {len(arguments)}, in {builder.source!r}")
        return make(op, (builder.settle(arguments[0]), builder.settle(arguments[1])))

    return handler


def _norm2(b: Builder, x: Expression) -> Expression:
    return unary("norm2", x)


#: Names that a reader takes for something else than an elementwise function.
NOT_ELEMENTWISE = frozenset(
    {"max", "min", "argmax", "argmin", "prod", "norm", "rank", "median", "transpose", "chol", "svd", "eig"}
)
ALIASES = {"logistic": "sigmoid", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "heaviside": "step"}

CALLS: dict[str, Callable[[Builder, list[Expression]], Expression]] = {
    "sum": _of_one(lambda b, x: unary("sum", x)),
    "mean": _of_one(_mean),
    "tr": _of_one(lambda b, x: unary("trace", b.square(x))),
    "trace": _of_one(lambda b, x: unary("trace", b.square(x))),
    "det": _of_one(lambda b, x: unary("determinant", b.square(x))),
    "logdet": _of_one(lambda b, x: unary("logdet", b.square(x))),
    "inv": _of_one(lambda b, x: unary("inverse", b.square(x))),
    "adj": _of_one(_adjugate),
    "diag": _of_one(_diag),
    "norm1": _of_one(_norm1),
    "norm2": _of_one(_norm2),
    "normF": _of_one(_norm2),
    "sqrt": _of_one(lambda b, x: square_root(x)),
    "log2": _of_one(lambda b, x: scale(power(apply("log", number(2)), number(-1)), apply("log", x))),
    "log10": _of_one(lambda b, x: scale(power(apply("log", number(10)), number(-1)), apply("log", x))),
    "vector": _of_one(_vector),
    "matrix": _of_one(_matrix),
    "softmax": _of_one(_row_wise("softmax")),
    "logsumexp": _of_one(_row_wise("logsumexp")),
    "vec": _of_one(lambda b, x: unary("vec", x)),
    "kron": _two("kron"),
    **{
        name: _of_one(lambda b, x, name=name: apply(name, x))  # type: ignore[misc]
        for name in FUNCTIONS
    },
}
