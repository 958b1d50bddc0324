"""The lines of the cost and of the last layer: what stands in the loss, J, and B1 as a product and as it cancels.

The cost of a text may differ from the network's J by the factor of its loss, k: then it is k J, penalties included, and
so are all of its derivatives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.symbolic.boxes import ident, num, row, sub
from chainrule.symbolic.components import components, cost_components
from chainrule.symbolic.derivation import Line
from chainrule.symbolic.expression import (
    Expression,
    add,
    apply,
    hadamard,
    make,
    number,
    ones,
    power,
    product,
    scale,
    size,
    stack,
    symbol,
    times,
    transpose,
    unary,
)
from chainrule.symbolic.losses import LossForm, exactly, expand, factor, lift, loss_form, smoothing, text_loss
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.network.loss import Loss
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


# ---------------------------------------------------------------- the loss and its factor


def loss_of_text(b: Builder) -> Loss:
    """The network's loss, with the factor that the text gives it."""
    return text_loss(b.network.head.loss, b.notation.loss)


def loss_factor(b: Builder) -> Expression:
    return factor(loss_of_text(b), b.q.outputs())


def cost_ratio(b: Builder) -> Expression:
    """k, the cost of the text over that of the network."""
    own = factor(b.network.head.loss, b.q.outputs())
    return simplify(hadamard(loss_factor(b), power(own, number(-1))))


def matrices(b: Builder, form: LossForm) -> dict[Expression, Expression]:
    """The matrices whose entries the letters of a loss are."""
    return {letter: b.q.leaf(role, b.depth) for letter, role in form.places.items()}


def loss_term(b: Builder, form: LossForm) -> Expression:
    places = matrices(b, form)
    return lift(form.term, places, next(iter(places.values())).shape)


def loss_slope(b: Builder, form: LossForm) -> Expression:
    """The derivative of the term by the outputs: block by block where they hold several quantities."""
    places = matrices(b, form)
    blocks = [lift(slope, places, b.q.leaf(role, b.depth).shape) for role, slope in form.slopes.items()]
    return blocks[0] if len(blocks) == 1 else stack(*blocks, dim=b.q.dim(b.depth))


def definitions(b: Builder, form: LossForm | None) -> list[Line]:
    """What the quantities of the loss are that are neither output nor target."""
    roles = set(form.places.values()) if form is not None else set()
    L, loss = b.depth, b.network.head.loss
    found = []
    if "adjusted" in roles and smoothing(loss):
        found.append(("adjusted", "Smoothed targets", _SMOOTHING_REASON, smoothed(b, loss)))
    elif "adjusted" in roles:
        column = ones((len(loss.parameters), 1))
        repeated = make("kron", (b.q.leaf("target", L), column))
        found.append(("adjusted", "Repeated targets", "every target stands beside each of its levels", repeated))
    if "levels" in roles:
        found.append(("levels", "Levels", "the level of every output", levels(b, loss)))
    if "mean" in roles:
        halves = stack(b.q.leaf("mean", L), b.q.leaf("log_variance", L), dim=b.q.dim(L))
        why = "the first half of the outputs are means, the second half logarithms of variances"
        found.append(("activation", "Means and variances", why, halves))
    return [b.write("def", role, L, title, why, form_, components=()) for role, title, why, form_ in found]


_SMOOTHING_REASON = "every class keeps an equal part of the share of the label that is spread"


def smoothed(b: Builder, loss: Loss) -> Expression:
    """(1 - e) T + e / K."""
    target, spread = b.q.leaf("target", b.depth), exactly(smoothing(loss))
    classes = number(2) if loss.name == "binary_cross_entropy" else b.q.outputs()
    each = simplify(hadamard(spread, power(classes, number(-1))))
    return add(scale(add(number(1), scale(number(-1), spread)), target), scale(each, ones(target.shape)))


def levels(b: Builder, loss: Loss) -> Expression:
    """The levels of one target, for every target and sample."""
    column = stack(*(exactly(q) for q in loss.parameters), dim=len(loss.parameters))
    per_target = make("kron", (ones((b.q.targets(), 1)), column))
    return product(per_target, ones((1, b.q.samples)))


# ---------------------------------------------------------------- the cost


def penalties(b: Builder) -> list[Expression]:
    """k (l1 sum |W| + l2/2 sum W^2) over all layers."""
    terms = []
    for l in range(1, b.depth + 1):
        W = b.q.leaf("weights", l)
        if "l1" in b.q.rates:
            terms.append(times(b.q.rates["l1"], unary("sum", apply("abs", W))))
        if "l2" in b.q.rates:
            half = hadamard(number(0.5), b.q.rates["l2"])
            terms.append(times(half, unary("sum", power(W, number(2)))))
    return terms


def rate(b: Builder, name: str) -> Expression:
    """The rate of a penalty, with the factor of the cost."""
    return simplify(hadamard(cost_ratio(b), b.q.scalar(name, sub(ident("λ"), num(name[1])))))


def cost(b: Builder) -> list[Line]:
    form = loss_form(b.network.head.loss)
    lines = definitions(b, form)
    if b.options["weights"] and b.notation.samples != "one":
        lines.append(share_line(b))
    if form is None:
        b.q.names.setdefault("losses", ident("ℓ"))
        losses: Expression = symbol("losses", (1, b.q.samples))
    else:
        term = loss_term(b, form)
        losses = times(loss_factor(b), product(ones((1, term.shape[0])), term))
    part = share(b)
    data = unary("sum", losses) if part.is_scalar else product(losses, transpose(part))
    total = add(hadamard(part, data) if part.is_scalar else data, *penalties(b))
    b.q.names.setdefault("J", b.notation.glyph("cost"))
    steps = () if form is None else cost_components(b.q, form, loss_factor(b), "share" in b.q.names)
    right = (simplify(total),)
    return [*lines, Line("J", None, "The cost", _cost_reason(b), symbol("J"), right, b.q.script(), components=steps)]


def _cost_reason(b: Builder) -> str:
    own, text = b.network.head.loss, loss_of_text(b)
    reason = f"{text.spec}, one sample" if b.notation.samples == "one" else f"{text.spec}, averaged over the samples"
    if text is not own:
        ratio = b.notation.factor(b.network)
        reason += f", as the text scales it: {ratio} times the network's own cost, {own.spec}"
    return reason + ("; the penalties are on the weights" if b.q.rates else "")


def share_line(b: Builder) -> Line:
    share = shares(b)
    symbol_ = share if share.op == "symbol" else share.args[0]
    b.q.names.setdefault("w", ident("w"))
    w = symbol("w", symbol_.shape)
    form = scale(power(unary("sum", w), number(-1)), w)
    return Line("def", None, "Shares", "each sample's weight over their sum", symbol_, (form,), b.q.script())


# ---------------------------------------------------------------- the last layer


def last_layer(b: Builder) -> list[Line]:
    q, L = b.q, b.depth
    loss, sigma = b.network.head.loss, b.network.activation(L)
    form = loss_form(loss)
    output = q.leaf("activation", L)
    if form is None:
        q.names.setdefault("slopes", row(ident("∇"), ident("ℓ")))
        turned = b.notation.samples == "rows"
        slopes = symbol("slopes", output.shape[::-1] if turned else output.shape)
        slope = shared(b, transpose(slopes) if turned else slopes)
    else:
        slope = shared(b, times(loss_factor(b), loss_slope(b, form)))
    lines = []
    if q.merged("error", L) == "error":
        why = f"the derivative of {loss.spec} by the output"
        steps = () if form is None else components(q, "B1", "error", L, form=form, front=loss_factor(b))
        line = b.write("B1", "error", L, "The cost by the output", why, slope, claim=("error", L), components=steps)
        lines.append(line)
    lines.append(last_delta(b, slope, form))
    return [*lines, *when_normalized(b, sigma.name)]


def last_delta(b: Builder, slope: Expression, form: LossForm | None) -> Line:
    q, L = b.q, b.depth
    merged = q.merged("error", L) != "error"  # the output is its own pre-activation: nothing lies between
    steps = components(q, "B1", "error" if merged else "delta", L, form=form, front=loss_factor(b))
    sigma = b.network.activation(L)
    concrete = b.through(L, slope)
    forms = [] if merged else [b.through_abstract(L, q.leaf("error", L))]
    forms.append(concrete)
    why = "the chain rule: times the derivative of the last activation"
    cancelled = expand(concrete)
    if form is not None and sigma.name != "identity" and _length(cancelled) < _length(simplify(concrete)):
        forms.append(cancelled)
        why += "; what stands in both factors cancels"
    if sigma.name == "identity":
        why = "the output is linear: its derivative is the derivative by the pre-activation"
    return b.write("B1", "delta", L, "delta of the last layer", why, *forms, claim=("delta", L), components=steps)


def when_normalized(b: Builder, activation: str) -> list[Line]:
    """Softmax with the categorical cross-entropy: a - t where the targets sum to one (smoothed or not)."""
    loss = b.network.head.loss
    if (activation, loss.name) != ("softmax", "categorical_cross_entropy") or loss.code is None:
        return []
    output = b.q.leaf("activation", b.depth)
    target = b.q.leaf("adjusted" if smoothing(loss) else "target", b.depth)
    form = shared(b, add(output, scale(number(-1), target)))
    condition = "the targets of every sample sum to one"
    why = f"because {condition}"
    return [b.write("B1", "delta", b.depth, "delta, cancelled", why, form, condition=condition, components=())]


def _length(node: Expression) -> int:
    return 1 + sum(_length(a) for a in node.args)
