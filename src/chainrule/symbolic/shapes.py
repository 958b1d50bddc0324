"""Which shapes fit, and what shape comes of them: one rule for each operation.

A dimension is a whole number or a name; ``"m*n"`` and ``"n+1"`` are made of others.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.symbolic.expression import Expression

Dim = int | str
Shape = tuple[Dim, Dim]
SCALAR: Shape = (1, 1)


class ShapeError(ValueError):
    """Two parts of an expression whose dimensions do not fit."""


def describe(node: Expression) -> str:
    """The node with its dimensions, as errors name it: ``A x (m x 1)``."""
    return f"{node} ({node.shape[0]} x {node.shape[1]})"


def _equal_shapes(args: tuple[Expression, ...], data: Any) -> Shape:
    for other in args[1:]:
        if other.shape != args[0].shape:
            raise ShapeError(f"{describe(args[0])} and {describe(other)} must have the same shape")
    return args[0].shape


def _chained(args: tuple[Expression, ...], data: Any) -> Shape:
    for left, right in itertools.pairwise(args):
        if left.shape[1] != right.shape[0]:
            raise ShapeError(
                f"the product of {describe(left)} and {describe(right)} needs as many columns on the left as rows on "
                f"the right; transpose a factor with ' or multiply elementwise with .*"
            )
    return args[0].shape[0], args[-1].shape[1]


def _square(args: tuple[Expression, ...], data: Any) -> Shape:
    if args[0].shape[0] != args[0].shape[1]:
        raise ShapeError(f"a square matrix is needed here, not {describe(args[0])}")
    return args[0].shape


def _scalar_of_square(args: tuple[Expression, ...], data: Any) -> Shape:
    _square(args, data)
    return SCALAR


def _scaled(args: tuple[Expression, ...], data: Any) -> Shape:
    if args[0].shape != SCALAR:
        raise ShapeError(f"{describe(args[0])} must be a number to scale {describe(args[1])}")
    return args[1].shape


def _column_to_diagonal(args: tuple[Expression, ...], data: Any) -> Shape:
    if args[0].shape[1] != 1:
        raise ShapeError(f"diag needs a column vector, not {describe(args[0])}")
    return args[0].shape[0], args[0].shape[0]


def times_dim(left: Dim, right: Dim) -> Dim:
    if isinstance(left, int) and isinstance(right, int):
        return left * right
    if left == 1 or right == 1:
        return right if left == 1 else left
    factors = sorted(f for dim in (left, right) for f in str(dim).split("*"))  # numbers sort before names
    return "*".join(factors)


def map_dim(dim: Dim, rename: Callable[[Dim], Dim]) -> Dim:
    """A dimension with its parts renamed: ``"m*n"`` and ``"n+1"`` are made of others."""
    if isinstance(dim, str) and "*" in dim:
        result: Dim = 1
        for part in dim.split("*"):
            result = times_dim(result, map_dim(int(part) if part.isdigit() else part, rename))
        return result
    if isinstance(dim, str) and dim.endswith("+1"):
        return _plus_one(map_dim(dim[:-2], rename))
    renamed = rename(dim)
    return renamed if renamed == dim else map_dim(renamed, rename)


def _plus_one(dim: Dim) -> Dim:
    return dim + 1 if isinstance(dim, int) else f"{dim}+1"


def _minus_one(dim: Dim) -> Dim:
    return dim - 1 if isinstance(dim, int) else dim.removesuffix("+1")


def _kron(args: tuple[Expression, ...], data: Any) -> Shape:
    (m, n), (p, q) = args[0].shape, args[1].shape
    return times_dim(m, p), times_dim(n, q)


def _stacked(args: tuple[Expression, ...], data: tuple[int, Dim]) -> Shape:
    """Blocks of one shape, one under the other (axis 0) or side by side (axis 1)."""
    rows, columns = _equal_shapes(args, data)
    return (data[1], columns) if data[0] == 0 else (rows, data[1])


def _parted(args: tuple[Expression, ...], data: tuple[int, Dim, int, int]) -> Shape:
    """One of several equal blocks."""
    rows, columns = args[0].shape
    return (data[1], columns) if data[0] == 0 else (rows, data[1])


SHAPES: dict[str, Callable[[tuple[Expression, ...], Any], Shape]] = {
    "add": _equal_shapes,
    "hadamard": _equal_shapes,
    "greater": _equal_shapes,
    "where": _equal_shapes,
    "product": _chained,
    "scale": _scaled,
    "power": lambda a, d: a[0].shape,
    "apply": lambda a, d: a[0].shape,
    "softmax": lambda a, d: a[0].shape,
    "logsumexp": lambda a, d: (1, a[0].shape[1]) if d == 0 else (a[0].shape[0], 1),
    "transpose": lambda a, d: (a[0].shape[1], a[0].shape[0]),
    "sum": lambda a, d: SCALAR,
    "norm2": lambda a, d: SCALAR,
    "trace": _scalar_of_square,
    "determinant": _scalar_of_square,
    "logdet": _scalar_of_square,
    "inverse": _square,
    "diag": _column_to_diagonal,
    "diagonal": lambda a, d: (_square(a, d)[0], 1),
    "kron": _kron,
    "block_inner": lambda a, d: d,  # A_ij = <block ij of G, B>
    "block_sum": lambda a, d: d,  # sum_ij A_ij times block ij of G
    "vec": lambda a, d: (times_dim(*a[0].shape), 1),
    "unvec": lambda a, d: d,
    "stack": _stacked,  # data: axis, the dimension that the blocks have together
    "part": _parted,  # data: axis, the dimension of the block, which block, of how many
    "append_ones": lambda a, d: (_plus_one(a[0].shape[0]), a[0].shape[1]),
    "append_zeros": lambda a, d: (a[0].shape[0], _plus_one(a[0].shape[1])),
    "drop_row": lambda a, d: (_minus_one(a[0].shape[0]), a[0].shape[1]),
    "drop_column": lambda a, d: (a[0].shape[0], _minus_one(a[0].shape[1])),
}
