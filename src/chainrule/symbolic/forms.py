"""Small questions about expressions that every rewrite asks: is it zero, what number stands in front."""

from __future__ import annotations

from fractions import Fraction

from chainrule.symbolic.expression import ONE, Expression, hadamard, number, scale

Maybe = Expression | None


def is_zero(node: Expression) -> bool:
    return node.op == "zeros" or (node.op == "number" and node.data == 0)


def is_ones(node: Expression) -> bool:
    return node.op == "ones" or node is ONE


def is_vulgar(value: Fraction) -> bool:
    """Whether a number is written as a fraction and not as a decimal: 1/3 and 1/3000, but 0.2 and 0.35."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest > 1 or (value.denominator <= 12 and value.denominator % 5 != 0)


def split_number(node: Expression) -> tuple[Fraction, Expression]:
    """The number in front of a term, and the rest."""
    if node.op == "number":
        return node.data, number(1)
    if node.op == "scale":
        factor, rest = split_number(node.args[0])
        return factor, node.args[1] if rest is number(1) else scale(rest, node.args[1])
    if node.op == "hadamard" and node.args[0].op == "number":
        return node.args[0].data, hadamard(*node.args[1:])
    return Fraction(1), node


def with_number(factor: Fraction, body: Expression) -> Expression:
    if body is number(1):
        return number(factor)
    if factor == 1:
        return body
    if body.op == "scale":
        return scale(hadamard(number(factor), body.args[0]), body.args[1])
    return scale(number(factor), body)


def rank(node: Expression) -> int:
    if node.op == "power":
        negative = node.args[1].op == "number" and node.args[1].data < 0
        return 6 if negative else rank(node.args[0])
    if node.op == "transpose":
        return rank(node.args[0])
    if node.op == "apply":
        return 5 if node.data[1] else 4
    return {"number": 0, "symbol": 1, "size": 1, "product": 2, "add": 3}.get(node.op, 4)
