"""Rewrites of elementwise products, scalings, powers and functions."""

from __future__ import annotations

from fractions import Fraction

from chainrule.symbolic.expression import (
    ONE,
    Expression,
    add,
    apply,
    hadamard,
    number,
    ones,
    power,
    product,
    scale,
    zeros,
)
from chainrule.symbolic.forms import Maybe, is_ones, is_zero, rank, split_number
from chainrule.symbolic.functions import FUNCTIONS

_INVERSES = {("log", "exp"), ("exp", "log"), ("log1p", "expm1"), ("expm1", "log1p")}


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


def hadamard_order(node: Expression) -> Maybe:
    """Elementwise factors stand in one order: symbols, products, functions, derivatives, divisors."""
    ordered = tuple(sorted(node.args, key=lambda a: (rank(a), len(a.args), a.key)))
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


def function_and_inverse(node: Expression) -> Maybe:
    """A function and its inverse cancel; exp(c log x) is x^c."""
    inner = node.args[0]
    factor, body = split_number(inner)
    if node.data == ("exp", 0) and body.op == "apply" and body.data == ("log", 0) and factor != 1:
        return power(body.args[0], number(factor))
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
