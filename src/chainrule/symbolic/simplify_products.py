"""Rewrites of matrix products: flat, numbers in front, diagonals as elementwise factors."""

from __future__ import annotations

from chainrule.symbolic.expression import (
    Expression,
    hadamard,
    identity,
    ones,
    product,
    scale,
    transpose,
    unary,
    zeros,
)
from chainrule.symbolic.forms import Maybe, is_zero, rank
from chainrule.symbolic.simplify_transposes import count_transposes


def flat_product(node: Expression) -> Maybe:
    """Products are flat."""
    if not any(a.op == "product" and not a.is_scalar for a in node.args):
        return None
    return product(*(f for a in node.args for f in (a.args if a.op == "product" and not a.is_scalar else (a,))))


def product_scalars_in_front(node: Expression) -> Maybe:
    """Numbers stand in front of a product."""
    scalars = [a for a in node.args if a.is_scalar] + [a.args[0] for a in node.args if a.op == "scale"]
    if not scalars:
        return None
    factors = [a.args[1] if a.op == "scale" else a for a in node.args if not a.is_scalar]
    return scale(hadamard(*scalars), product(*factors)) if factors else hadamard(*scalars)


def product_with_zero_or_identity(node: Expression) -> Maybe:
    """Zeros annihilate, identities vanish."""
    if any(is_zero(a) for a in node.args):
        return zeros(node.shape)
    kept = [a for a in node.args if a.op != "identity"]
    if len(kept) == len(node.args):
        return None
    return product(*kept) if kept else node.args[0]


def product_with_inverse(node: Expression) -> Maybe:
    """A matrix and its inverse cancel."""
    for i, (a, b) in enumerate(zip(node.args, node.args[1:], strict=False)):
        if (a.op == "inverse" and a.args[0] is b) or (b.op == "inverse" and b.args[0] is a):
            kept = node.args[:i] + node.args[i + 2 :]
            return product(*kept) if kept else identity(node.shape[0])
    return None


def product_with_diagonal(node: Expression) -> Maybe:
    """diag(u) v is u * v."""
    for i, (a, b) in enumerate(zip(node.args, node.args[1:], strict=False)):
        joined = None
        if a.op == "diag" and b.is_column:
            joined = hadamard(a.args[0], b)
        elif b.op == "diag" and a.shape[0] == 1:
            joined = hadamard(a, transpose(b.args[0]))
        elif a.op == b.op == "diag":
            joined = unary("diag", hadamard(a.args[0], b.args[0]))
        if joined is not None:
            return product(*node.args[:i], joined, *node.args[i + 2 :])
    return None


def product_inner_scalars(node: Expression) -> Maybe:
    """A row times a column inside a product is a number."""
    args = node.args
    for start in range(len(args)):
        if args[start].shape[0] != 1:
            continue
        for end in range(start + 1, len(args)):
            if args[end].shape[1] == 1 and (start, end) != (0, len(args) - 1):
                inner, outer = product(*args[start : end + 1]), args[:start] + args[end + 1 :]
                return scale(inner, product(*outer))
            if args[end].shape[0] == 1:
                break
    return None


def product_of_ones(node: Expression) -> Maybe:
    """A row of ones times a vector is its sum."""
    first, last = node.args[0], node.args[-1]
    if node.is_scalar and first.op == "ones" and last.op == "ones" and len(node.args) > 2:
        return unary("sum", product(*node.args[1:-1]))
    if node.is_scalar and first.op == "ones":
        return unary("sum", product(*node.args[1:]))
    if node.is_scalar and last.op == "ones":
        return unary("sum", transpose(product(*node.args[:-1])))
    if len(node.args) == 2 and first.op == last.op == "ones" and first.is_column:
        return ones(node.shape)
    return None


def scalar_product_orientation(node: Expression) -> Maybe:
    """A number equals its transpose; the form with fewer transposed matrices is kept."""
    if not node.is_scalar:
        return None
    from chainrule.symbolic.simplify import simplify

    turned = [simplify(transpose(a)) for a in reversed(node.args)]
    return product(*turned) if _weight(turned) < _weight(list(node.args)) else None


def _weight(factors: list[Expression]) -> tuple[int, int, str]:
    """What decides between a number and its transpose: transposes, then plain symbols first, then the alphabet."""
    first = factors[0].args[0] if factors[0].op == "transpose" else factors[0]
    return sum(count_transposes(f, False) for f in factors), rank(first), first.key


def product_with_selection(node: Expression) -> Maybe:
    """The bias column meets the appended ones."""
    for i, (a, b) in enumerate(zip(node.args, node.args[1:], strict=False)):
        if a.op == "append_zeros" and b.op == "append_ones":
            return product(*node.args[:i], a.args[0], b.args[0], *node.args[i + 2 :])
    return None
