"""Rewrites of products, powers, transposes and the functions of matrices."""

from __future__ import annotations

from fractions import Fraction

from chainrule.symbolic.expression import (
    Expression,
    add,
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
from chainrule.symbolic.functions import FUNCTIONS

Maybe = Expression | None
ONE = number(1)
_INVERSES = {("log", "exp"), ("exp", "log"), ("log1p", "expm1"), ("expm1", "log1p")}


def is_zero(node: Expression) -> bool:
    return node.op == "zeros" or (node.op == "number" and node.data == 0)


def is_ones(node: Expression) -> bool:
    return node.op == "ones" or node is ONE


# ---------------------------------------------------------------- matrix products


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
    return sum(_transposes(f, False) for f in factors), _rank(first), first.key


def product_with_selection(node: Expression) -> Maybe:
    """The bias column meets the appended ones."""
    for i, (a, b) in enumerate(zip(node.args, node.args[1:], strict=False)):
        if a.op == "append_zeros" and b.op == "append_ones":
            return product(*node.args[:i], a.args[0], b.args[0], *node.args[i + 2 :])
    return None


# ---------------------------------------------------------------- elementwise products and powers


def flat_hadamard(node: Expression) -> Maybe:
    """Elementwise products are flat."""
    if not any(a.op == "hadamard" for a in node.args):
        return None
    return hadamard(*(f for a in node.args for f in (a.args if a.op == "hadamard" else (a,))))


def hadamard_scalars_in_front(node: Expression) -> Maybe:
    """Numbers stand in front of an elementwise product."""
    scalars = [a.args[0] for a in node.args if a.op == "scale"]
    if not scalars:
        return None
    return scale(hadamard(*scalars), hadamard(*(a.args[1] if a.op == "scale" else a for a in node.args)))


def hadamard_numbers(node: Expression) -> Maybe:
    """Numbers are multiplied, ones vanish, zeros annihilate."""
    if any(is_zero(a) for a in node.args):
        return zeros(node.shape)
    factor, kept, numbers = Fraction(1), [], 0
    for a in node.args:
        if a.op == "number":
            factor, numbers = factor * a.data, numbers + 1
        elif not is_ones(a):
            kept.append(a)
    if numbers <= 1 and factor != 1 and len(kept) + numbers == len(node.args):
        return None
    if numbers == 0 and len(kept) == len(node.args):
        return None
    if not kept:
        return number(factor) if node.is_scalar else node.args[0]
    return hadamard(*kept) if factor == 1 else hadamard(number(factor), *kept)


def _base_and_exponent(node: Expression) -> tuple[Expression, Expression]:
    return (node.args[0], node.args[1]) if node.op == "power" else (node, ONE)


def hadamard_powers(node: Expression) -> Maybe:
    """Powers of the same base are joined."""
    exponents: dict[Expression, list[Expression]] = {}
    for a in node.args:
        base, exponent = _base_and_exponent(a)
        exponents.setdefault(base, []).append(exponent)
    if len(exponents) == len(node.args):
        return None
    return hadamard(*(b if e == [ONE] else power(b, add(*e)) for b, e in exponents.items()))


def hadamard_of_rank_one(node: Expression) -> Maybe:
    """Repeated columns or rows scale the rows or columns."""
    for i, a in enumerate(node.args):
        if a.op != "product" or len(a.args) != 2:
            continue
        others = node.args[:i] + node.args[i + 1 :]
        left, right = a.args
        for k, other in enumerate(others):
            if other.op == "product" and len(other.args) == 2 and left.is_column and other.args[0].is_column:
                u, v = other.args
                joined = product(hadamard(left, u), hadamard(right, v))
                return hadamard(joined, *(others[:k] + others[k + 1 :]))
    return None


def _rank(node: Expression) -> int:
    if node.op == "power":
        negative = node.args[1].op == "number" and node.args[1].data < 0
        return 6 if negative else _rank(node.args[0])
    if node.op == "transpose":
        return _rank(node.args[0])
    if node.op == "apply":
        return 5 if node.data[1] else 4
    return {"number": 0, "symbol": 1, "size": 1, "product": 2, "add": 3}.get(node.op, 4)


def hadamard_order(node: Expression) -> Maybe:
    """Elementwise factors stand in one order: symbols, products, functions, derivatives, divisors."""
    ordered = tuple(sorted(node.args, key=lambda a: (_rank(a), len(a.args), a.key)))
    return None if ordered == node.args else hadamard(*ordered)


def scale_trivial(node: Expression) -> Maybe:
    """Scaling by one or zero."""
    factor, body = node.args
    if factor is ONE:
        return body
    if is_zero(factor) or is_zero(body):
        return zeros(node.shape)
    return None


def scale_nested(node: Expression) -> Maybe:
    """Nested factors are joined."""
    factor, body = node.args
    return scale(hadamard(factor, body.args[0]), body.args[1]) if body.op == "scale" else None


def power_trivial(node: Expression) -> Maybe:
    """Powers zero and one, powers of numbers and of ones."""
    base, exponent = node.args
    if exponent is ONE or is_ones(base):
        return base
    if is_zero(exponent):
        return ones(node.shape)
    if base.op == exponent.op == "number" and exponent.data.denominator == 1 and base.data != 0:
        return number(base.data ** int(exponent.data))
    return None


def _whole(node: Expression) -> bool:
    return node.op == "number" and node.data.denominator == 1


def power_of_power(node: Expression) -> Maybe:
    """Exponents multiply."""
    base, exponent = node.args
    if base.op == "power" and _whole(exponent):
        return power(base.args[0], hadamard(base.args[1], exponent))
    if base.op == "apply" and base.data == ("exp", 0) and exponent.op == "number":
        return apply("exp", scale(exponent, base.args[0]))
    return None


def power_distributes(node: Expression) -> Maybe:
    """A whole power of a product is the product of the powers."""
    base, exponent = node.args
    if not _whole(exponent):
        return None
    if base.op == "hadamard":
        return hadamard(*(power(a, exponent) for a in base.args))
    if base.op == "scale":
        return scale(power(base.args[0], exponent), power(base.args[1], exponent))
    return None


# ---------------------------------------------------------------- transposes


_ELEMENTWISE = ("add", "hadamard", "greater", "where", "apply", "power", "softmax", "logsumexp")


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
    if inner.op in _ELEMENTWISE and _transposes(inner, True) < 1 + _transposes(inner, False):
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
    """The transpose of an elementwise operation, taken on its arguments."""
    data = 1 - node.data if node.op in ("softmax", "logsumexp") else node.data
    return make(node.op, tuple(a if a.is_scalar else transpose(a) for a in node.args), data)


def _transposes(node: Expression, turned: bool) -> int:
    """How many transposes a person would write for the node, or for its transpose pushed down."""
    if node.is_scalar and turned:
        return _transposes(node, False)
    if node.op == "transpose":
        return (0 if turned else 1) + _transposes(node.args[0], False)
    if node.op == "symbol":
        return 1 if turned and not node.data[1] else 0
    if node.op in _ELEMENTWISE and turned:
        return min(sum(_transposes(a, True) for a in node.args), 1 + _transposes(node, False))
    if node.op in ("vec", "unvec", "block_inner", "block_sum", "append_ones", "drop_row", "drop_column"):
        return int(turned) + sum(_transposes(a, False) for a in node.args)
    return sum(_transposes(a, turned) for a in node.args)


def transposed_arguments(node: Expression) -> Maybe:
    """An elementwise operation on transposes is the transpose of the operation."""
    matrices = [a for a in node.args if not a.is_scalar]
    if not matrices or any(a.op != "transpose" for a in matrices) or (node.op == "power" and len(matrices) > 1):
        return None
    return transpose(_turned(node))


# ---------------------------------------------------------------- functions


def function_and_inverse(node: Expression) -> Maybe:
    """A function and its inverse cancel."""
    inner = node.args[0]
    if inner.op == "apply" and inner.data[1] == node.data[1] == 0 and (node.data[0], inner.data[0]) in _INVERSES:
        return inner.args[0]
    return None


def function_of_number(node: Expression) -> Maybe:
    """exp(0) is 1, log(1) is 0."""
    inner, name = node.args[0], node.data[0]
    if not (is_zero(inner) or is_ones(inner)) or name not in FUNCTIONS or node.data[1]:
        return None
    known = {("exp", 0): 1, ("cosh", 0): 1, ("cos", 0): 1, ("log", 1): 0, ("sign", 1): 1, ("abs", 1): 1}
    at = 0 if is_zero(inner) else 1
    flat = known.get(
        (name, at), 0 if at == 0 and name in ("sin", "tan", "sinh", "tanh", "erf", "relu", "abs") else None
    )
    return None if flat is None else ones(node.shape) if flat else zeros(node.shape)


# ---------------------------------------------------------------- numbers made of matrices


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
