"""From an expression to boxes: signs, brackets, fractions, the order a reader expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from chainrule.symbolic.boxes import (
    SPACE,
    Box,
    bold,
    call,
    cases,
    fence,
    fraction,
    ident,
    joined,
    juxtapose,
    named,
    num,
    op,
    primed,
    root,
    row,
    sub,
    sup,
    upright,
    words,
)
from chainrule.symbolic.expression import Dim, Expression, hadamard, number, ones, power
from chainrule.symbolic.forms import is_ones, is_vulgar, split_number, with_number

SUM, ELEMENTWISE, PRODUCT, ATOM = range(4)  # how tightly a box holds together
Laid = tuple[Box, int]


@dataclass(frozen=True)
class Script:
    """How things are written: boxes for names, the signs of the transpose and of the elementwise product."""

    names: Mapping[str, Box] = field(default_factory=dict)
    transpose: str = "T"
    hadamard: str = "⊙"
    ones: Mapping[str, Box] = field(default_factory=dict)  # columns of ones by their dimension
    special: Mapping[Expression, Box] = field(default_factory=dict)  # nodes with a form of their own
    spread: bool = False  # whether a number beside a matrix stands for a matrix filled with it

    def ones_of(self, dim: Dim) -> Box:
        return self.ones.get(str(dim)) or bold("1")

    def name(self, name: str) -> Box:
        return self.names.get(name) or named(name)


PLAIN = Script()


def layout(node: Expression, script: Script = PLAIN) -> Box:
    """The expression as a box."""
    return _laid(node, script)[0]


def _laid(node: Expression, script: Script) -> Laid:
    if node in script.special:
        return script.special[node], ATOM
    return _LAYOUTS[node.op](node, script)


def _at(node: Expression, script: Script, strength: int) -> Box:
    """The box of the node, in brackets when it holds together less tightly than asked."""
    box, own = _laid(node, script)
    return box if own >= strength else fence(box)


# ---------------------------------------------------------------- numbers

_TWO_PI = juxtapose(num(2), ident("π"))
_ROOTS = {  # constants that the activations hold as decimals, to the last digit
    "0.7071067811865475": fraction(num(1), root(num(2))),
    "0.7071067811865476": fraction(num(1), root(num(2))),
    "0.3989422804014327": fraction(num(1), root(_TWO_PI)),
    "0.7978845608028654": root(fraction(num(2), ident("π"))),
    "1.1283791670955126": fraction(num(2), root(ident("π"))),
}


def _decimal(value: Fraction) -> Box:
    if value.denominator == 1:
        return num(value.numerator)
    if is_vulgar(value):
        return fraction(num(value.numerator), num(value.denominator))
    return _ROOTS.get(repr(float(value))) or num(repr(float(value)))


def _number(node: Expression, script: Script) -> Laid:
    if node.data < 0:
        return row(op("neg"), _decimal(-node.data)), SUM
    return _decimal(node.data), ATOM


def _size(node: Expression, script: Script) -> Laid:
    return script.name(str(node.data)), ATOM


def _is_divisor(node: Expression) -> bool:
    return node.op == "power" and node.args[1].op == "number" and node.args[1].data < 0


def _inverted(node: Expression) -> Expression:
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
        elif _is_divisor(factor):
            under.append(_inverted(factor))
        else:
            over.append(factor)
    boxes = _fraction_boxes(abs(value), over, under, script, lone and len(over) == 1)
    return boxes, value < 0


def _fraction_boxes(
    value: Fraction, over: list[Expression], under: list[Expression], script: Script, lone: bool
) -> list[Box]:
    strength = SUM if len(over) == 1 and value == 1 and under else PRODUCT if lone else ATOM
    tops = [_at(f, script, strength) for f in over]
    if not under:
        return ([_decimal(value)] if value != 1 else []) + tops
    plain = is_vulgar(value)
    if value != 1 and plain and value.numerator != 1:
        tops.insert(0, num(value.numerator))
    bottoms = [_at(f, script, SUM if len(under) == 1 and value.denominator == 1 else ATOM) for f in under]
    if plain and value.denominator != 1:
        bottoms.insert(0, num(value.denominator))
    quotient = fraction(juxtapose(*tops) if tops else num(1), juxtapose(*bottoms))
    return [quotient] if plain else [_decimal(value), quotient]


def _scalar_factors(node: Expression) -> tuple[Expression, ...]:
    return node.args if node.op == "hadamard" and node.is_scalar else (node,)


def _signed(negative: bool, box: Box, strength: int) -> Laid:
    return (row(op("neg"), box), SUM) if negative else (box, strength)


def _scalar_product(node: Expression, script: Script) -> Laid:
    boxes, negative = _scalars(node.args, script)
    return _signed(negative, juxtapose(*boxes) if boxes else num(1), ATOM if len(boxes) == 1 else PRODUCT)


def _scale(node: Expression, script: Script) -> Laid:
    factor, body = node.args
    boxes, negative = _scalars(_scalar_factors(factor), script, lone=False)
    return _signed(negative, juxtapose(*boxes, _at(body, script, PRODUCT)), PRODUCT)


# ---------------------------------------------------------------- operations


def _add(node: Expression, script: Script) -> Laid:
    parts: list[Box] = []
    for term in node.args:
        factor, body = split_number(term)
        if script.spread and body.op == "ones" and 1 not in body.shape:  # a number beside a matrix: every entry
            shown = bold("1") if abs(factor) == 1 else _decimal(abs(factor))
        elif script.spread and body.op == "scale" and body.args[1].op == "ones" and 1 not in body.shape:
            shown = _at(with_number(abs(factor), body.args[0]), script, ELEMENTWISE)
        else:
            shown = _at(with_number(abs(factor), body), script, ELEMENTWISE)
        if parts:
            parts += [op("−" if factor < 0 else "+"), shown]
        else:
            parts += [op("neg"), shown] if factor < 0 else [shown]
    return row(*parts), SUM


def _product(node: Expression, script: Script) -> Laid:
    return juxtapose(*(_at(a, script, PRODUCT + (a.op in ("scale", "kron"))) for a in node.args)), PRODUCT


def _hadamard(node: Expression, script: Script) -> Laid:
    if node.is_scalar:
        return _scalar_product(node, script)
    factors = [_at(a, script, ATOM) for a in node.args if not _is_divisor(a)] or [bold("1")]
    divisors = [_at(_inverted(a), script, ATOM) for a in node.args if _is_divisor(a)]
    box = joined(script.hadamard, *factors)
    for divisor in divisors:
        box = row(box, op("⊘"), divisor)
    return box, ELEMENTWISE


def _power(node: Expression, script: Script) -> Laid:
    base, exponent = node.args
    if _is_divisor(node):
        if not node.is_scalar:
            return row(bold("1"), op("⊘"), _at(_inverted(node), script, ATOM)), ELEMENTWISE
        return fraction(num(1), _at(_inverted(node), script, SUM)), ATOM
    if exponent.op == "number" and exponent.data == Fraction(1, 2):
        return root(_at(base, script, SUM)), ATOM
    raised = _at(exponent, script, SUM)
    if not node.is_scalar:
        raised = row(upright(script.hadamard), raised)
    if base.op == "apply" and base.is_scalar and not base.data[1]:  # tanh^2(z), as usual
        name, inner = _function(base, script), _at(base.args[0], script, SUM)
        return row(sup(name, raised), fence(inner)), ATOM
    return sup(_powered(base, script), raised), ATOM


def _powered(node: Expression, script: Script) -> Box:
    """A base that can carry an exponent."""
    raised = node.op == "symbol" and script.name(node.name).kind in ("sup", "fraction", "row")
    if raised or node.op in ("transpose", "power", "inverse"):
        return fence(_at(node, script, SUM))
    return _at(node, script, ATOM)


def _transpose(node: Expression, script: Script) -> Laid:
    inner = node.args[0]
    return sup(_powered(inner, script), upright(script.transpose)), ATOM


def _inverse(node: Expression, script: Script) -> Laid:
    inner = node.args[0]
    turned = inner.op == "transpose"
    exponent = row(op("neg"), upright(script.transpose) if turned else num(1))
    return sup(_powered(inner.args[0] if turned else inner, script), exponent), ATOM


def _function(node: Expression, script: Script) -> Box:
    from chainrule.symbolic.functions import FUNCTIONS

    name, order = node.data
    base = upright(name) if name in FUNCTIONS and name not in script.names else script.name(name)
    return primed(base, order)


def _apply(node: Expression, script: Script) -> Laid:
    if node.data == ("abs", 0) and node.is_scalar:
        return fence(_at(node.args[0], script, SUM), "|", "|"), ATOM
    return call(_function(node, script), _at(node.args[0], script, SUM)), ATOM


def _called(name: str) -> Callable[[Expression, Script], Laid]:
    return lambda node, script: (call(upright(name), *(_at(a, script, SUM) for a in node.args)), ATOM)


def _norm(node: Expression, script: Script) -> Laid:
    return sub(fence(_at(node.args[0], script, SUM), "‖", "‖"), num(2)), ATOM


def _kron(node: Expression, script: Script) -> Laid:
    return joined("⊗", *(_at(a, script, PRODUCT) for a in node.args)), ELEMENTWISE


def _greater(node: Expression, script: Script) -> Laid:
    return fence(_comparison(node, script), "[", "]"), ATOM


def _comparison(node: Expression, script: Script) -> Box:
    """x > y, or x ≤ y for one minus it; a constant stands on the right."""
    above = node.op == "greater"
    left, right = node.args if above else negated(node).args  # type: ignore[union-attr]
    sign, turned = (">", "<") if above else ("≤", "≥")
    if _constant(left, script) is not None:
        left, right, sign = right, left, turned
    return joined(sign, _at(left, script, SUM), _constant(right, script) or _at(right, script, SUM))


def _constant(node: Expression, script: Script) -> Box | None:
    """The number that fills a matrix."""
    factor, body = split_number(node)
    if body.op not in ("ones", "zeros") and node.op != "number":
        return None
    number_ = num(0) if body.op == "zeros" else _decimal(abs(factor))
    return row(op("neg"), number_) if factor < 0 and body.op != "zeros" else number_


def negated(node: Expression) -> Expression | None:
    """The comparison of which a condition is one minus it."""
    if node.op != "add" or len(node.args) != 2:
        return None
    factor, body = split_number(node.args[1])
    return body if factor == -1 and body.op == "greater" and is_ones(node.args[0]) else None


def _where(node: Expression, script: Script) -> Laid:
    rows = []
    while node.op == "where":  # cases within the last case are cases of the whole
        condition, yes, rest = node.args
        compared = condition.op == "greater" or negated(condition) is not None
        shown = _comparison(condition, script) if compared else _at(condition, script, SUM)
        rows.append((_case(yes, script), row(words("where"), SPACE, shown)))
        node = rest
    guarded = _guarded(node)
    if guarded is not None:
        condition, yes = guarded
        rows.append((_case(yes, script), row(words("where"), SPACE, _comparison(condition, script))))
        return cases(*rows, (num(0), words("elsewhere"))), ATOM
    return cases(*rows, (_case(node, script), words("elsewhere"))), ATOM


def _guarded(node: Expression) -> tuple[Expression, Expression] | None:
    """The condition and the rest of a product that is zero unless a comparison holds."""
    factor, body = split_number(node)
    factors = body.args if body.op == "hadamard" else (body,)
    conditions = [f for f in factors if f.op == "greater"]
    if len(conditions) != 1:
        return None
    others = [f for f in factors if f.op != "greater"] or [ones(node.shape)]
    return conditions[0], with_number(factor, hadamard(*others))


def _case(node: Expression, script: Script) -> Box:
    return (script.spread and _constant(node, script)) or _at(node, script, SUM)


def _ones(node: Expression, script: Script) -> Laid:
    rows, columns = (script.ones_of(dim) for dim in node.shape)
    if node.is_column:
        return rows, ATOM
    turned = sup(columns, upright(script.transpose))
    return (turned, ATOM) if node.shape[0] == 1 else (juxtapose(rows, turned), PRODUCT)


def _block(node: Expression, script: Script) -> Laid:
    index = bold("1") if node.op == "append_ones" else num(0)
    inner = _at(node.args[0], script, SUM)
    if node.op in ("append_ones", "append_zeros"):
        separator = ";" if node.op == "append_ones" else ","
        return fence(joined(separator, inner, index), "[", "]"), ATOM
    return call(upright("drop"), inner), ATOM


def _stack(node: Expression, script: Script) -> Laid:
    listed = [num(f"{float(a.data):g}") if a.op == "number" else _at(a, script, SUM) for a in node.args]
    return fence(joined(";" if node.data[0] == 0 else ",", *listed), "[", "]"), ATOM


def _part(node: Expression, script: Script) -> Laid:
    return call(sub(upright("part"), num(node.data[2] + 1)), _at(node.args[0], script, SUM)), ATOM


_LAYOUTS: dict[str, Callable[[Expression, Script], Laid]] = {
    "number": _number,
    "symbol": lambda n, s: (s.name(n.name), ATOM),
    "size": _size,
    "ones": _ones,
    "zeros": lambda n, s: (bold("0"), ATOM),
    "identity": lambda n, s: (ident("I"), ATOM),
    "commutation": lambda n, s: (ident("K"), ATOM),
    "add": _add,
    "product": _product,
    "hadamard": _hadamard,
    "scale": _scale,
    "power": _power,
    "apply": _apply,
    "transpose": _transpose,
    "inverse": _inverse,
    "softmax": _called("softmax"),
    "logsumexp": _called("logsumexp"),
    "sum": _called("sum"),
    "trace": _called("tr"),
    "determinant": _called("det"),
    "logdet": _called("log det"),
    "norm2": _norm,
    "diag": _called("diag"),
    "diagonal": _called("diagonal"),
    "vec": _called("vec"),
    "unvec": _called("unvec"),
    "kron": _kron,
    "block_inner": _called("blocks"),
    "block_sum": _called("blocksum"),
    "greater": _greater,
    "where": _where,
    "stack": _stack,
    "part": _part,
    "append_ones": _block,
    "append_zeros": _block,
    "drop_row": _block,
    "drop_column": _block,
}
