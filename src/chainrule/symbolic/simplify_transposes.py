"""Rewrites of transposes: down to the symbols where that leaves fewer of them, out of elementwise operations."""

from __future__ import annotations

from chainrule.symbolic.expression import (
    Expression,
    make,
    ones,
    product,
    scale,
    transpose,
    zeros,
)
from chainrule.symbolic.forms import Maybe

ELEMENTWISE = ("add", "hadamard", "greater", "where", "apply", "power", "softmax", "logsumexp", "stack", "part")


def transpose_pushes_down(node: Expression) -> Maybe:
    """(A B)^T is B^T A^T; a transpose goes down to the symbols where that leaves fewer of them."""
    inner = node.args[0]
    if inner.is_scalar or inner.op in ("identity", "diag") or (inner.op == "symbol" and inner.data[1]):
        return inner
    if inner.op == "product":
        return product(*(transpose(a) for a in reversed(inner.args)))
    if inner.op == "scale":
        return scale(inner.args[0], transpose(inner.args[1]))
    if inner.op in ("inverse", "kron"):
        return make(inner.op, tuple(transpose(a) for a in inner.args), inner.data)
    if inner.op in ("ones", "zeros"):
        return (ones if inner.op == "ones" else zeros)(node.shape)
    if _own_transpose(inner):
        return inner
    if inner.op in ELEMENTWISE and count_transposes(inner, True) < 1 + count_transposes(inner, False):
        return _turned(inner)
    return transpose(inner) if inner.op == "transpose" else None


def _own_transpose(node: Expression) -> bool:
    """Whether a matrix visibly equals its transpose: a diagonal, s s^T, A^T A, and sums of such."""
    if node.op in ("diag", "identity") or (node.op == "symbol" and node.data[1]):
        return True
    if node.op == "scale":
        return _own_transpose(node.args[1])
    if node.op == "add":
        return all(_own_transpose(a) for a in node.args) or {_flip(a) for a in node.args} == set(node.args)
    return node.op == "product" and tuple(_flip(a) for a in reversed(node.args)) == node.args


def _flip(node: Expression) -> Expression:
    return node if node.op in ("diag", "identity") else transpose(node)


def _turned(node: Expression) -> Expression:
    """The transpose of an elementwise operation, or of blocks, taken on the arguments."""
    data = node.data
    if node.op in ("softmax", "logsumexp"):
        data = 1 - node.data
    elif node.op in ("stack", "part"):
        data = (1 - node.data[0], *node.data[1:])
    return make(node.op, tuple(a if a.is_scalar else transpose(a) for a in node.args), data)


def count_transposes(node: Expression, turned: bool) -> int:
    """How many transposes a person would write for the node, or for its transpose pushed down."""
    if node.is_scalar and turned:
        return count_transposes(node, False)
    if node.op == "transpose":
        return (0 if turned else 1) + count_transposes(node.args[0], False)
    if node.op == "symbol":
        return 1 if turned and not node.data[1] else 0
    if node.op in ELEMENTWISE and turned:
        return min(sum(count_transposes(a, True) for a in node.args), 1 + count_transposes(node, False))
    if node.op in ("vec", "unvec", "block_inner", "block_sum", "append_ones", "drop_row", "drop_column"):
        return int(turned) + sum(count_transposes(a, False) for a in node.args)
    return sum(count_transposes(a, turned) for a in node.args)


def transposed_arguments(node: Expression) -> Maybe:
    """An elementwise operation on transposes is the transpose of the operation."""
    matrices = [a for a in node.args if not a.is_scalar]
    if not matrices or any(a.op != "transpose" for a in matrices) or (node.op == "power" and len(matrices) > 1):
        return None
    return transpose(_turned(node))
