"""The lines of the cost and of the last layer: J, and B1 as a product and as it cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.symbolic.boxes import ident, num, row, sub
from chainrule.symbolic.derivation import Line
from chainrule.symbolic.expression import (
    Expression,
    add,
    apply,
    hadamard,
    number,
    ones,
    power,
    product,
    scale,
    size,
    symbol,
    times,
    transpose,
    unary,
)
from chainrule.symbolic.losses import expand, factor, loss_form
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.symbolic.builder import Builder


def share(b: Builder) -> Expression:
    """What each sample's loss is multiplied by: 1/N, a row of weights, or 1 for one sample."""
    if b.options["weights"] and b.notation.samples != "one":
        return shares(b)
    return number(1) if b.notation.samples == "one" else power(size("N"), number(-1))


def shares(b: Builder) -> Expression:
    row_wise = b.notation.samples == "columns"
    shape = (1, b.q.samples) if row_wise else (b.q.samples, 1)
    b.q.names.setdefault("share", ident("ω"))
    node = symbol("share", shape)
    return node if row_wise else transpose(node)


def shared(b: Builder, node: Expression) -> Expression:
    """Every sample's column times its share."""
    part = share(b)
    if part.is_scalar:
        return scale(part, node)
    return hadamard(node, product(ones((node.shape[0], 1)), part))


def loss_matrices(b: Builder) -> tuple[Expression, Expression]:
    q = b.q
    return q.leaf("activation", b.depth), q.leaf("target", b.depth)


def penalties(b: Builder) -> list[Expression]:
    terms = []
    for l in range(1, b.depth + 1):
        W = b.q.leaf("weights", l)
        if b.options["l1"]:
            terms.append(times(rate(b, "l1"), unary("sum", apply("abs", W))))
        if b.options["l2"]:
            half = hadamard(number(0.5), rate(b, "l2"))
            terms.append(times(half, unary("sum", power(W, number(2)))))
    return terms


def rate(b: Builder, name: str) -> Expression:
    return b.q.scalar(name, sub(ident("λ"), num(name[1])))


def cost(b: Builder) -> list[Line]:
    output, target = loss_matrices(b)
    loss = b.network.head.loss
    form = loss_form(loss, output, target)
    lines = []
    if b.options["weights"] and b.notation.samples != "one":
        lines.append(share_line(b))
    if form is None:
        b.q.names.setdefault("losses", ident("ℓ"))
        losses: Expression = symbol("losses", (1, b.q.samples))
    else:
        losses = times(factor(loss, output.shape[0]), product(ones((1, output.shape[0])), form.term))
    part = share(b)
    data = unary("sum", losses) if part.is_scalar else product(losses, transpose(part))
    total = add(hadamard(part, data) if part.is_scalar else data, *penalties(b))
    b.q.names.setdefault("J", b.notation.glyph("cost"))
    reason = f"{loss.spec}" + (", averaged over the samples" if b.notation.samples != "one" else ", one sample")
    reason += "; the penalties are on the weights" if penalties(b) else ""
    cost = Line("J", None, "The cost", reason, symbol("J"), (simplify(total),), b.q.script())
    return [*lines, cost]


def share_line(b: Builder) -> Line:
    share = shares(b)
    symbol_ = share if share.op == "symbol" else share.args[0]
    b.q.names.setdefault("w", ident("w"))
    w = symbol("w", symbol_.shape)
    form = scale(power(unary("sum", w), number(-1)), w)
    return Line("def", None, "Shares", "each sample's weight over their sum", symbol_, (form,), b.q.script())


def last_layer(b: Builder) -> list[Line]:
    q, L = b.q, b.depth
    output, target = loss_matrices(b)
    loss, sigma = b.network.head.loss, b.network.activation(L)
    form = loss_form(loss, output, target)
    if form is None:
        q.names.setdefault("slopes", row(ident("∇"), ident("ℓ")))
        turned = b.notation.samples == "rows"
        slopes = symbol("slopes", output.shape[::-1] if turned else output.shape)
        slope = shared(b, transpose(slopes) if turned else slopes)
    else:
        slope = shared(b, times(factor(loss, output.shape[0]), form.slope))
    lines = []
    if q.merged("error", L) == "error":
        why = f"the derivative of {loss.spec} by the output"
        lines.append(b.write("B1", "error", L, "The cost by the output", why, slope, claim=("error", L)))
    lines.append(last_delta(b, slope, form is not None))
    return [*lines, *when_normalized(b, sigma.name, loss.name)]


def last_delta(b: Builder, slope: Expression, elementwise: bool) -> Line:
    q, L = b.q, b.depth
    sigma = b.network.activation(L)
    concrete = b.through(L, slope)
    forms = [b.through_abstract(L, q.leaf("error", L))] if q.merged("error", L) == "error" else []
    forms.append(concrete)
    why = "the chain rule: times the derivative of the last activation"
    cancelled = expand(concrete)
    if elementwise and sigma.name != "identity" and _length(cancelled) < _length(simplify(concrete)):
        forms.append(cancelled)
        why += "; what stands in both factors cancels"
    if sigma.name == "identity":
        why = "the output is linear: its derivative is the derivative by the pre-activation"
    return b.write("B1", "delta", L, "delta of the last layer", why, *forms, claim=("delta", L))


def when_normalized(b: Builder, activation: str, loss: str) -> list[Line]:
    if (activation, loss) != ("softmax", "categorical_cross_entropy") or b.network.head.loss.parameters:
        return []
    output, target = loss_matrices(b)
    form = shared(b, add(output, scale(number(-1), target)))
    condition = "the targets of every sample sum to one"
    why = f"because {condition}"
    return [b.write("B1", "delta", b.depth, "delta, cancelled", why, form, condition=condition, components=())]


def _length(node: Expression) -> int:
    return 1 + sum(_length(a) for a in node.args)
