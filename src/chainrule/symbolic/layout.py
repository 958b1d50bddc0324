"""From an expression to boxes: signs, brackets, fractions, the order a reader expects."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from chainrule.symbolic.boxes import (
    Box,
    bold,
    call,
    fence,
    fraction,
    ident,
    joined,
    juxtapose,
    num,
    op,
    primed,
    root,
    row,
    sub,
    sup,
    upright,
)
from chainrule.symbolic.expression import Expression
from chainrule.symbolic.forms import split_number, with_number
from chainrule.symbolic.layout_cases import greater, where
from chainrule.symbolic.layout_core import (
    ATOM,
    ELEMENTWISE,
    LAYOUTS,
    PLAIN,
    PRODUCT,
    SUM,
    Laid,
    Script,
    at,
    layout,
)
from chainrule.symbolic.layout_numbers import (
    decimal,
    inverted,
    is_divisor,
    plain_number,
    scalar_product,
    scaled,
    size_of,
)

__all__ = ["LAYOUTS", "PLAIN", "Script", "layout"]


def _add(node: Expression, script: Script) -> Laid:
    parts: list[Box] = []
    for term in node.args:
        factor, body = split_number(term)
        if script.spread and body.op == "ones" and 1 not in body.shape:  # a number beside a matrix: every entry
            shown = bold("1") if abs(factor) == 1 else decimal(abs(factor))
        elif script.spread and body.op == "scale" and body.args[1].op == "ones" and 1 not in body.shape:
            shown = at(with_number(abs(factor), body.args[0]), script, ELEMENTWISE)
        else:
            shown = at(with_number(abs(factor), body), script, ELEMENTWISE)
        if parts:
            parts += [op("−" if factor < 0 else "+"), shown]
        else:
            parts += [op("neg"), shown] if factor < 0 else [shown]
    return row(*parts), SUM


def _product(node: Expression, script: Script) -> Laid:
    return juxtapose(*(at(a, script, PRODUCT + (a.op in ("scale", "kron"))) for a in node.args)), PRODUCT


def _hadamard(node: Expression, script: Script) -> Laid:
    if node.is_scalar:
        return scalar_product(node, script)
    factors = [at(a, script, ATOM) for a in node.args if not is_divisor(a)] or [bold("1")]
    divisors = [at(inverted(a), script, ATOM) for a in node.args if is_divisor(a)]
    box = joined(script.hadamard, *factors)
    for divisor in divisors:
        box = row(box, op("⊘"), divisor)
    return box, ELEMENTWISE


def _power(node: Expression, script: Script) -> Laid:
    base, exponent = node.args
    if is_divisor(node):
        if not node.is_scalar:
            return row(bold("1"), op("⊘"), at(inverted(node), script, ATOM)), ELEMENTWISE
        return fraction(num(1), at(inverted(node), script, SUM)), ATOM
    if exponent.op == "number" and exponent.data == Fraction(1, 2):
        return root(at(base, script, SUM)), ATOM
    raised = at(exponent, script, SUM)
    if not node.is_scalar:
        raised = row(upright(script.hadamard), raised)
    if base.op == "apply" and base.is_scalar and not base.data[1]:  # tanh^2(z), as usual
        name, inner = _function(base, script), at(base.args[0], script, SUM)
        return row(sup(name, raised), fence(inner)), ATOM
    return sup(_powered(base, script), raised), ATOM


def _powered(node: Expression, script: Script) -> Box:
    """A base that can carry an exponent."""
    raised = node.op == "symbol" and script.name(node.name).kind in ("sup", "fraction", "row")
    if raised or node.op in ("transpose", "power", "inverse"):
        return fence(at(node, script, SUM))
    return at(node, script, ATOM)


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
        return fence(at(node.args[0], script, SUM), "|", "|"), ATOM
    return call(_function(node, script), at(node.args[0], script, SUM)), ATOM


def _called(name: str) -> Callable[[Expression, Script], Laid]:
    return lambda node, script: (call(upright(name), *(at(a, script, SUM) for a in node.args)), ATOM)


def _norm(node: Expression, script: Script) -> Laid:
    return sub(fence(at(node.args[0], script, SUM), "‖", "‖"), num(2)), ATOM


def _kron(node: Expression, script: Script) -> Laid:
    return joined("⊗", *(at(a, script, PRODUCT) for a in node.args)), ELEMENTWISE


def _ones(node: Expression, script: Script) -> Laid:
    rows, columns = (script.ones_of(dim) for dim in node.shape)
    if node.is_column:
        return rows, ATOM
    turned = sup(columns, upright(script.transpose))
    return (turned, ATOM) if node.shape[0] == 1 else (juxtapose(rows, turned), PRODUCT)


def _block(node: Expression, script: Script) -> Laid:
    index = bold("1") if node.op == "append_ones" else num(0)
    inner = at(node.args[0], script, SUM)
    if node.op in ("append_ones", "append_zeros"):
        separator = ";" if node.op == "append_ones" else ","
        return fence(joined(separator, inner, index), "[", "]"), ATOM
    return call(upright("drop"), inner), ATOM


def _stack(node: Expression, script: Script) -> Laid:
    listed = [num(f"{float(a.data):g}") if a.op == "number" else at(a, script, SUM) for a in node.args]
    return fence(joined(";" if node.data[0] == 0 else ",", *listed), "[", "]"), ATOM


def _part(node: Expression, script: Script) -> Laid:
    return call(sub(upright("part"), num(node.data[2] + 1)), at(node.args[0], script, SUM)), ATOM


OPERATIONS: dict[str, Callable[[Expression, Script], Laid]] = {
    "number": plain_number,
    "symbol": lambda n, s: (s.name(n.name), ATOM),
    "size": size_of,
    "ones": _ones,
    "zeros": lambda n, s: (bold("0"), ATOM),
    "identity": lambda n, s: (ident("I"), ATOM),
    "commutation": lambda n, s: (ident("K"), ATOM),
    "add": _add,
    "product": _product,
    "hadamard": _hadamard,
    "scale": scaled,
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
    "greater": greater,
    "where": where,
    "stack": _stack,
    "part": _part,
    "append_ones": _block,
    "append_zeros": _block,
    "drop_row": _block,
    "drop_column": _block,
}
LAYOUTS.update(OPERATIONS)
