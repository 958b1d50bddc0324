"""Numbers in front of things: fractions, decimals, roots, products of numbers with what divides them."""

from __future__ import annotations

from fractions import Fraction

from chainrule.symbolic.boxes import Box, fraction, ident, juxtapose, num, op, root, row
from chainrule.symbolic.expression import Expression, number, power
from chainrule.symbolic.forms import is_vulgar
from chainrule.symbolic.layout_core import ATOM, PRODUCT, SUM, Laid, Script, at

_TWO_PI = juxtapose(num(2), ident("π"))
_ROOTS = {  # constants that the activations hold as decimals, to the last digit
    "0.7071067811865475": fraction(num(1), root(num(2))),
    "0.7071067811865476": fraction(num(1), root(num(2))),
    "0.3989422804014327": fraction(num(1), root(_TWO_PI)),
    "0.7978845608028654": root(fraction(num(2), ident("π"))),
    "1.1283791670955126": fraction(num(2), root(ident("π"))),
}


def decimal(value: Fraction) -> Box:
    if value.denominator == 1:
        return num(value.numerator)
    if is_vulgar(value):
        return fraction(num(value.numerator), num(value.denominator))
    return _ROOTS.get(repr(float(value))) or num(repr(float(value)))


def plain_number(node: Expression, script: Script) -> Laid:
    if node.data < 0:
        return row(op("neg"), decimal(-node.data)), SUM
    return decimal(node.data), ATOM


def size_of(node: Expression, script: Script) -> Laid:
    return script.name(str(node.data)), ATOM


def is_divisor(node: Expression) -> bool:
    return node.op == "power" and node.args[1].op == "number" and node.args[1].data < 0


def inverted(node: Expression) -> Expression:
    exponent = -node.args[1].data
    return node.args[0] if exponent == 1 else power(node.args[0], number(exponent))


def _scalars(factors: tuple[Expression, ...], script: Script, lone: bool = True) -> tuple[list[Box], bool]:
    """The boxes of a product of numbers, a fraction where there are divisors; whether a minus is needed in front.

    A matrix product that is a number keeps its brackets unless it stands alone.
    """
    value = Fraction(1)
    over: list[Expression] = []
    under: list[Expression] = []
    for factor in factors:
        if factor.op == "number":
            value *= factor.data
        elif is_divisor(factor):
            under.append(inverted(factor))
        else:
            over.append(factor)
    boxes = _fraction_boxes(abs(value), over, under, script, lone and len(over) == 1)
    return boxes, value < 0


def _fraction_boxes(
    value: Fraction, over: list[Expression], under: list[Expression], script: Script, lone: bool
) -> list[Box]:
    strength = SUM if len(over) == 1 and value == 1 and under else PRODUCT if lone else ATOM
    tops = [at(f, script, strength) for f in over]
    if not under:
        return ([decimal(value)] if value != 1 else []) + tops
    plain = is_vulgar(value) or value.numerator == 1  # there is a bar already: 1 / (100 N)
    if value != 1 and plain and value.numerator != 1:
        tops.insert(0, num(value.numerator))
    bottoms = [at(f, script, SUM if len(under) == 1 and value.denominator == 1 else ATOM) for f in under]
    if plain and value.denominator != 1:
        bottoms.insert(0, num(value.denominator))
    quotient = fraction(juxtapose(*tops) if tops else num(1), juxtapose(*bottoms))
    return [quotient] if plain else [decimal(value), quotient]


def _scalar_factors(node: Expression) -> tuple[Expression, ...]:
    return node.args if node.op == "hadamard" and node.is_scalar else (node,)


def _signed(negative: bool, box: Box, strength: int) -> Laid:
    return (row(op("neg"), box), SUM) if negative else (box, strength)


def scalar_product(node: Expression, script: Script) -> Laid:
    boxes, negative = _scalars(node.args, script)
    return _signed(negative, juxtapose(*boxes) if boxes else num(1), ATOM if len(boxes) == 1 else PRODUCT)


def scaled(node: Expression, script: Script) -> Laid:
    factor, body = node.args
    boxes, negative = _scalars(_scalar_factors(factor), script, lone=False)
    return _signed(negative, juxtapose(*boxes, at(body, script, PRODUCT)), PRODUCT)
