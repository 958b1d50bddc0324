"""Rewrites of sums of entries, traces, inverses, determinants and the other functions of matrices."""

from __future__ import annotations

from chainrule.symbolic.expression import (
    Expression,
    apply,
    hadamard,
    identity,
    make,
    number,
    ones,
    power,
    product,
    scale,
    size,
    transpose,
    unary,
    zeros,
)
from chainrule.symbolic.forms import Maybe, is_zero
from chainrule.symbolic.simplify_transposes import ELEMENTWISE, count_transposes


def sum_of_scalar(node: Expression) -> Maybe:
    """The sum of one number, of zeros, of ones, of the identity; of a transpose."""
    inner = node.args[0]
    if inner.op == "identity":
        return size(inner.shape[0])
    if inner.is_scalar:
        return inner
    if is_zero(inner):
        return number(0)
    if inner.op == "ones":
        return hadamard(size(inner.shape[0]), size(inner.shape[1]))
    return unary("sum", inner.args[0]) if inner.op == "transpose" else None


def sum_linear(node: Expression) -> Maybe:
    """Numbers come out of a sum."""
    inner = node.args[0]
    return hadamard(inner.args[0], unary("sum", inner.args[1])) if inner.op == "scale" else None


def sum_of_turned(node: Expression) -> Maybe:
    """A sum of entries does not see the transpose; the side with fewer of them is kept."""
    inner = node.args[0]
    fewer = inner.op in (*ELEMENTWISE, "product") and count_transposes(inner, True) < count_transposes(inner, False)
    return unary("sum", transpose(inner)) if fewer else None


def sum_of_products(node: Expression) -> Maybe:
    """The sum of u * v is u^T v; the sum of u v^T is sum u times sum v."""
    inner = node.args[0]
    if inner.op == "hadamard" and 1 in inner.shape:
        first, rest = inner.args[0], hadamard(*inner.args[1:])
        return product(transpose(first), rest) if inner.is_column else product(first, transpose(rest))
    if inner.op == "power" and inner.args[1] is number(2) and 1 in inner.shape:
        base = inner.args[0]
        return product(transpose(base), base) if inner.is_column else product(base, transpose(base))
    if inner.op == "product" and inner.args[0].op == "ones" and inner.args[0].shape[0] == 1:
        return unary("sum", product(*inner.args[1:]))
    if inner.op == "product" and inner.args[-1].op == "ones" and inner.args[-1].shape[1] == 1:
        return unary("sum", product(*inner.args[:-1]))
    if inner.op == "product" and len(inner.args) == 2 and inner.args[0].is_column:
        return hadamard(unary("sum", inner.args[0]), unary("sum", inner.args[1]))
    return None


def trace_linear(node: Expression) -> Maybe:
    """Numbers come out of a trace, transposes vanish in it."""
    inner = node.args[0]
    if inner.op == "scale":
        return hadamard(inner.args[0], unary("trace", inner.args[1]))
    return unary("trace", inner.args[0]) if inner.op == "transpose" else None


def trace_of_product(node: Expression) -> Maybe:
    """The trace of x y^T is y^T x."""
    inner = node.args[0]
    if inner.op == "product" and inner.args[0].is_column:
        return product(*inner.args[1:], inner.args[0])
    return None


def trace_special(node: Expression) -> Maybe:
    """The traces of a number, of zeros, of the identity and of diag(v)."""
    inner = node.args[0]
    if inner.is_scalar:
        return inner
    if is_zero(inner):
        return number(0)
    if inner.op == "identity":
        return size(inner.shape[0])
    return unary("sum", inner.args[0]) if inner.op == "diag" else None


def inverse_special(node: Expression) -> Maybe:
    """The inverses of a number, an inverse, the identity, a scaled and a diagonal matrix."""
    inner = node.args[0]
    if inner.is_scalar:
        return power(inner, number(-1))
    if inner.op in ("inverse", "identity"):
        return inner.args[0] if inner.op == "inverse" else inner
    if inner.op == "scale":
        return scale(power(inner.args[0], number(-1)), unary("inverse", inner.args[1]))
    if inner.op == "diag":
        return unary("diag", power(inner.args[0], number(-1)))
    return None


def determinant_special(node: Expression) -> Maybe:
    """The determinant of a number, of the identity, of a transpose."""
    inner = node.args[0]
    if inner.op == "transpose":
        return unary(node.op, inner.args[0])
    if inner.op == "identity":
        return number(1 if node.op == "determinant" else 0)
    if inner.is_scalar:
        return inner if node.op == "determinant" else apply("log", inner)
    return None


def norm_special(node: Expression) -> Maybe:
    """The norm of a transpose is the norm; of zeros, zero."""
    inner = node.args[0]
    if inner.op == "transpose":
        return unary("norm2", inner.args[0])
    return number(0) if is_zero(inner) else None


def diag_special(node: Expression) -> Maybe:
    """diag of zeros, of ones, of a scaled vector."""
    inner = node.args[0]
    if inner.is_scalar:
        return inner
    if is_zero(inner):
        return zeros(node.shape)
    if inner.op == "ones":
        return identity(inner.shape[0])
    return scale(inner.args[0], unary("diag", inner.args[1])) if inner.op == "scale" else None


def diagonal_special(node: Expression) -> Maybe:
    """The diagonal of u v^T is u * v; of diag(v), v; of the identity, ones."""
    inner = node.args[0]
    if inner.is_scalar:
        return inner
    if inner.op == "diag":
        return inner.args[0]
    if inner.op in ("identity", "zeros"):
        return (ones if inner.op == "identity" else zeros)(node.shape)
    if inner.op == "scale":
        return scale(inner.args[0], unary("diagonal", inner.args[1]))
    if inner.op == "transpose":
        return unary("diagonal", inner.args[0])
    if inner.op == "product":
        for cut in range(1, len(inner.args)):
            left, right = product(*inner.args[:cut]), product(*inner.args[cut:])
            if left.is_column:
                return hadamard(left, transpose(right))
    return None


def kron_special(node: Expression) -> Maybe:
    """A Kronecker product with a number, a zero, or of identities."""
    left, right = node.args
    if left.is_scalar or right.is_scalar:
        return scale(left, right) if left.is_scalar else scale(right, left)
    if is_zero(left) or is_zero(right):
        return zeros(node.shape)
    if left.op == "scale":
        return scale(left.args[0], make("kron", (left.args[1], right)))
    if right.op == "scale":
        return scale(right.args[0], make("kron", (left, right.args[1])))
    if left.is_column and right.shape[0] == 1:
        return product(left, right)
    if left.op == right.op == "identity":
        return identity(node.shape[0])
    return None


def vec_special(node: Expression) -> Maybe:
    """A column is its own vec; a row becomes a column."""
    inner = node.args[0]
    if 1 in inner.shape:
        return inner if inner.is_column else transpose(inner)
    if inner.op == "unvec":
        return inner.args[0]
    if inner.op in ("ones", "zeros"):
        return (ones if inner.op == "ones" else zeros)(node.shape)
    return scale(inner.args[0], unary("vec", inner.args[1])) if inner.op == "scale" else None


def unvec_special(node: Expression) -> Maybe:
    """unvec undoes vec."""
    inner = node.args[0]
    if inner.op == "vec" and inner.args[0].shape == node.shape:
        return inner.args[0]
    if inner.shape == node.shape:
        return inner
    if inner.op in ("ones", "zeros"):
        return (ones if inner.op == "ones" else zeros)(node.shape)
    return scale(inner.args[0], unary("unvec", inner.args[1], node.data)) if inner.op == "scale" else None


def where_special(node: Expression) -> Maybe:
    """A case distinction between equal cases, or with a zero case."""
    condition, yes, no = node.args
    if yes is no:
        return yes
    if is_zero(no) and condition.op == "greater":
        return hadamard(condition, yes)
    return None


def softmax_special(node: Expression) -> Maybe:
    """The softmax of a single number is 1, its log-sum-exp the number."""
    inner = node.args[0]
    if inner.shape[node.data] != 1:
        return None
    return ones(node.shape) if node.op == "softmax" else inner


def block_special(node: Expression) -> Maybe:
    """Blocks of zeros are zero; a number is the only block."""
    big, small = node.args
    if is_zero(big) or is_zero(small):
        return zeros(node.shape)
    if big.op == "scale":
        return scale(big.args[0], make(node.op, (big.args[1], small), node.data))
    if small.is_scalar:
        return scale(small, big)
    if node.op == "block_inner" and node.is_scalar:
        return unary("sum", hadamard(big, small))
    return None


def commutation_special(node: Expression) -> Maybe:
    """Nothing to exchange in a vector."""
    return identity(node.shape[0]) if 1 in node.data else None


def linear_special(node: Expression) -> Maybe:
    """Numbers pass through the appended or dropped column; what was appended is dropped."""
    inner = node.args[0]
    if inner.op == "scale":
        return scale(inner.args[0], unary(node.op, inner.args[1]))
    if is_zero(inner):
        return zeros(node.shape)
    if (node.op, inner.op) in (("drop_row", "append_ones"), ("drop_column", "append_zeros")):
        return inner.args[0]
    return None
