"""Comparisons and case distinctions: x > y, x ≤ y for one minus it, and braces with a line for each case."""

from __future__ import annotations

from chainrule.symbolic.boxes import SPACE, Box, cases, fence, joined, num, op, row, words
from chainrule.symbolic.expression import Expression, hadamard, ones
from chainrule.symbolic.forms import is_ones, split_number, with_number
from chainrule.symbolic.layout_core import ATOM, SUM, Laid, Script, at
from chainrule.symbolic.layout_numbers import decimal


def greater(node: Expression, script: Script) -> Laid:
    return fence(_comparison(node, script), "[", "]"), ATOM


def _comparison(node: Expression, script: Script) -> Box:
    """x > y, or x ≤ y for one minus it; a constant stands on the right."""
    above = node.op == "greater"
    left, right = node.args if above else negated(node).args  # type: ignore[union-attr]
    sign, turned = (">", "<") if above else ("≤", "≥")
    if _constant(left, script) is not None:
        left, right, sign = right, left, turned
    return joined(sign, at(left, script, SUM), _constant(right, script) or at(right, script, SUM))


def _constant(node: Expression, script: Script) -> Box | None:
    """The number that fills a matrix."""
    factor, body = split_number(node)
    if body.op not in ("ones", "zeros") and node.op != "number":
        return None
    number_ = num(0) if body.op == "zeros" else decimal(abs(factor))
    return row(op("neg"), number_) if factor < 0 and body.op != "zeros" else number_


def negated(node: Expression) -> Expression | None:
    """The comparison of which a condition is one minus it."""
    if node.op != "add" or len(node.args) != 2:
        return None
    factor, body = split_number(node.args[1])
    return body if factor == -1 and body.op == "greater" and is_ones(node.args[0]) else None


def where(node: Expression, script: Script) -> Laid:
    rows = []
    while node.op == "where":  # cases within the last case are cases of the whole
        condition, yes, rest = node.args
        compared = condition.op == "greater" or negated(condition) is not None
        shown = _comparison(condition, script) if compared else at(condition, script, SUM)
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
    return (script.spread and _constant(node, script)) or at(node, script, SUM)
