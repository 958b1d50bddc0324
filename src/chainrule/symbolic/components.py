"""The steps by indices beneath a matrix equation: sums over neurons and Kronecker deltas, as on paper.

i, j, k, l count neurons, with the next letter in place of one that counts layers; n counts samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.symbolic.boxes import (
    GREEK,
    Box,
    call,
    fence,
    fraction,
    ident,
    joined,
    juxtapose,
    num,
    op,
    partial,
    primed,
    row,
    sub,
    sum_over,
    sup,
    upright,
)
from chainrule.symbolic.expression import ONE, Expression
from chainrule.symbolic.forms import split_number
from chainrule.symbolic.layout import Script, layout
from chainrule.symbolic.notation import Layer, shifted
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.symbolic.losses import LossForm
    from chainrule.symbolic.quantities import Quantities


def components(
    q: Quantities, tag: str, role: str, layer: Layer, form: LossForm | None = None, front: Expression = ONE
) -> tuple[Box, ...]:
    """The index steps of an equation; none where the matrix form already says it.

    The form of the loss, and the factor in front of it, are for its derivative by the outputs.
    """
    x = Indices(q)
    if tag == "B1" and role == "error":
        return tuple(_by_output(x, layer, form, front)) if form is not None else ()
    known = {
        "F1": _forward, "F2": _activation, "B1": _last, "B2": _recursion, "B3": _weights, "B4": _bias,
        "B5": _recursion, "U": _mean,
    }  # fmt: skip
    steps = known.get(tag)
    if steps is None or (tag in ("F1", "F2") and layer == 0 and role != "activation"):
        return ()
    return tuple(steps(x, role, layer))


def cost_components(q: Quantities, form: LossForm, front: Expression, weighted: bool) -> tuple[Box, ...]:
    """J by indices: a mean over samples, a sum over outputs, the loss of one entry; and the penalties."""
    x, L = Indices(q), q.depth
    body = juxtapose(*x.front(front), x.summed("i", x.in_entries(form, form.term, L, "i")))
    if x.batch:
        body = x.summed("n", juxtapose(x.share(), body)) if weighted else x.mean(x.summed("n", body))
    return (joined("=", x.cost(), joined("+", body, *(x.penalty(name, rate) for name, rate in q.rates.items()))),)


def indexed(box: Box, index: Box) -> Box:
    """A quantity's entry: the index below, beside an index it already has."""
    if box.kind == "bold":
        return sub(ident(str(box.parts[0])), index)
    if box.kind == "fraction":
        top, bottom = box.parts
        assert isinstance(bottom, Box)  # noqa: S101 - a fraction is made of boxes
        return Box("fraction", (top, row(bottom.parts[0], indexed(bottom.parts[1], index))))  # type: ignore[arg-type]
    if box.kind == "sup":
        return Box("subsup", (_plain(box.parts[0]), index, box.parts[1]))
    if box.kind == "sub":
        return sub(_plain(box.parts[0]), row(box.parts[1], op(","), index))  # type: ignore[arg-type]
    return sub(box if box.kind in ("id", "tilde") else fence(box), index)


def _plain(part: Box | str) -> Box:
    assert isinstance(part, Box)  # noqa: S101
    return ident(str(part.parts[0])) if part.kind == "bold" else part


class Indices:
    """Entries of the quantities of one notation."""

    def __init__(self, q: Quantities) -> None:
        self.q = q
        self.batch = q.notation.samples != "one"
        self.glyphs: dict[tuple[str, Layer], Box] = {}
        free = [letter for letter in "ijklrs" if letter != q.notation.layer]
        self.letters = dict(zip("ijkl", free, strict=False)) | {"n": "m" if q.notation.layer == "n" else "n"}

    def index(self, *letters: str) -> Box:
        return row(*(ident(self.letters[i]) for i in letters))

    def front(self, factor: Expression) -> tuple[Box, ...]:
        """A factor, unless it is one."""
        return () if factor is ONE else (layout(factor, self.q.script()),)

    def mean(self, body: Box) -> Box:
        return juxtapose(fraction(num(1), self.q.names["N"]), body)

    def share(self) -> Box:
        return sub(self.q.names["share"], self.index("n"))

    def in_entries(self, form: LossForm, node: Expression, layer: Layer, neuron: str) -> Box:
        """An expression of one entry with the entries of the notation in the places of its letters, as a factor."""
        names = {letter.name: self.entry(role, layer, neuron) for letter, role in form.places.items()}
        simple = simplify(node)
        box = layout(simple, Script(names, self.q.notation.transpose, self.q.notation.elementwise))
        return fence(box) if simple.op == "add" or split_number(simple)[0] < 0 else box

    def penalty(self, name: str, rate: Expression) -> Box:
        """l1 sum |W| or l2/2 sum W^2 over all entries of all layers."""
        W = self.weight(self.q.notation.layer, "k", "l", plain=True)
        body = fence(W, "|", "|") if name == "l1" else sup(fence(W), num(2))
        half = () if name == "l1" else (fraction(num(1), num(2)),)
        letters = (ident(self.q.notation.layer), op(","), *self.index("k", "l").parts)
        return juxtapose(*half, *self.front(rate), sum_over(row(*letters), None, body))  # type: ignore[arg-type]

    def penalized(self, layer: Layer, to: str, source: str) -> Box:
        """The entry that a penalty sees: none in the column of biases."""
        if not self.q.notation.absorbs(self.q.network):
            return self.weight(layer, to, source)
        pair = (to, source) if self.q.notation.weights == "to_from" else (source, to)
        blocks = fence(joined(",", self.glyph("weights", layer), num(0)), "[", "]")
        return sub(blocks, self.index(*pair))

    def penalty_slopes(self, layer: Layer) -> list[Box]:
        """What the penalties add to the derivative by a weight."""
        W = self.penalized(layer, "k", "l")
        slopes = {"l1": call(upright("sign"), W), "l2": W}
        return [juxtapose(*self.front(rate), slopes[name]) for name, rate in self.q.rates.items()]

    def glyph(self, role: str, layer: Layer) -> Box:
        if (role, layer) not in self.glyphs:
            self.glyphs[role, layer] = self.q.names[self.q.symbol(role, layer).name]
        return self.glyphs[role, layer]

    def entry(self, role: str, layer: Layer, neuron: str, sample: str = "n") -> Box:
        """The entry of a quantity of a layer for a neuron, and a sample where there are several."""
        box = self.glyph(role, layer)
        if not self.batch:
            return indexed(box, self.index(neuron))
        order = (sample, neuron) if self.q.notation.samples == "rows" else (neuron, sample)
        return indexed(box, self.index(*order))

    def weight(self, layer: Layer, to: str, source: str, plain: bool = False) -> Box:
        absorbed = self.q.notation.absorbs(self.q.network) and not plain
        role = "augmented_weights" if absorbed else "weights"
        pair = (to, source) if self.q.notation.weights == "to_from" else (source, to)
        return indexed(self.glyph(role, layer), self.index(*pair))

    def below(self, layer: Layer, neuron: str, sample: str = "n") -> Box:
        role = "augmented" if self.q.notation.absorbs(self.q.network) else "activation"
        return self.entry(role, shifted(layer, -1), neuron, sample)

    def bias(self, layer: Layer, neuron: str) -> Box | None:
        if not self.q.network.bias or self.q.notation.absorbs(self.q.network):
            return None
        return indexed(self.glyph("bias", layer), self.index(neuron))

    def cost(self) -> Box:
        return self.q.notation.glyph("cost")

    def by(self, below: Box) -> Box:
        return partial(self.cost(), below)

    def slope(self, layer: Layer, neuron: str) -> Box:
        name = self.q.names[self.q.function(layer)]
        return call(primed(name, 1), self.entry("preactivation", layer, neuron))

    def kronecker(self, *pair: str) -> Box:
        return sub(ident(GREEK["delta"]), self.index(*pair))

    def summed(self, index: str, body: Box) -> Box:
        return sum_over(self.index(index), None, body)

    def over_samples(self, body: Box) -> Box:
        return self.summed("n", body) if self.batch else body


def _forward(x: Indices, role: str, l: Layer) -> list[Box]:
    total = x.summed("j", juxtapose(x.weight(l, "i", "j"), x.below(l, "j")))
    bias = x.bias(l, "i")
    return [joined("=", x.entry("preactivation", l, "i"), joined("+", total, bias) if bias else total)]


def _activation(x: Indices, role: str, l: Layer) -> list[Box]:
    """Each neuron by itself; softmax joins the outputs of a sample."""
    sigma = x.q.network.activation(l) if isinstance(l, int) else None
    if role != "activation" or sigma is None or sigma.name == "identity":
        return []
    a, z = x.entry("activation", l, "k"), x.entry("preactivation", l, "k")
    if sigma.name != "softmax":
        return [joined("=", a, call(x.q.names[x.q.function(l)], z))]
    total = x.summed("j", call(upright("exp"), x.entry("preactivation", l, "j")))
    return [joined("=", a, fraction(call(upright("exp"), z), total))]


def _by_output(x: Indices, l: Layer, form: LossForm, front: Expression) -> list[Box]:
    """The slope of the loss of one entry, with the share of its sample."""
    weighted = "share" in x.q.names
    lines = []
    for role, slope in form.slopes.items():
        before, entry = x.front(front), x.in_entries(form, slope, l, "k")
        alone = not before and not x.batch and entry.kind == "fence"  # nothing beside it that needs the bracket
        whole = entry.parts[1] if alone else juxtapose(*before, entry)
        if x.batch:
            whole = juxtapose(x.share(), whole) if weighted else x.mean(whole)  # type: ignore[arg-type]
        lines.append(joined("=", x.by(x.entry(role, l, "k")), whole))  # type: ignore[arg-type]
    return lines


def _delta(x: Indices, l: Layer, neuron: str) -> Box:
    """dJ/dz, by the notation's letter unless that stands for its negative."""
    if x.q.notation.sign < 0:
        return x.by(x.entry("preactivation", l, neuron))
    return x.entry("delta", l, neuron)


def _error(x: Indices, l: Layer, neuron: str) -> Box:
    if x.q.notation.sign < 0:
        return x.by(x.entry("activation", l, neuron))
    return x.entry("error", l, neuron)


def _opposite(x: Indices, l: Layer, role: str) -> list[Box]:
    """What a letter that is the negative of a derivative stands for."""
    if x.q.notation.sign > 0 or not x.q.notation.letter(role):
        return []
    of = x.entry("preactivation" if role == "delta" else "activation", l, "k")
    return [joined("=", x.entry(role, l, "k"), row(op("neg"), x.by(of)))]


def _weights(x: Indices, role: str, l: Layer) -> list[Box]:
    """Watters (45)-(49), Wichmann 2.1-2.9: only row k of W enters neuron k."""
    z, W = x.entry("preactivation", l, "i"), x.weight(l, "k", "l")
    chain = joined("+", x.over_samples(x.summed("i", juxtapose(x.by(z), partial_of(z, W)))), *x.penalty_slopes(l))
    inner = x.summed("j", juxtapose(x.kronecker("i", "k"), x.kronecker("j", "l"), x.below(l, "j")))
    single = juxtapose(x.kronecker("i", "k"), x.below(l, "l"))
    result = joined("+", x.over_samples(juxtapose(_delta(x, l, "k"), x.below(l, "l"))), *x.penalty_slopes(l))
    return [joined("=", x.by(W), chain), joined("=", partial_of(z, W), inner, single), joined("=", x.by(W), result)]


def _bias(x: Indices, role: str, l: Layer) -> list[Box]:
    """Wichmann 2.11, 2.12."""
    z, b = x.entry("preactivation", l, "i"), x.bias(l, "k")
    if b is None:
        return []
    return [
        joined("=", partial_of(z, b), x.kronecker("i", "k")),
        joined("=", x.by(b), x.over_samples(_delta(x, l, "k"))),
    ]


def _last(x: Indices, role: str, l: Layer) -> list[Box]:
    """Watters (43), Wichmann 2.1-2.7, Neuron's delta_j: an output depends on its own pre-activation, or on all."""
    if role != "delta" or x.q.merged("activation", l) != "activation" or not isinstance(l, int):
        return []
    a, z, error = x.entry("activation", l, "j"), x.entry("preactivation", l, "k"), _error(x, l, "k")
    sigma = x.q.network.activation(l)
    if sigma.name == "identity":
        return [joined("=", partial_of(a, z), x.kronecker("j", "k")), *_opposite(x, l, "delta")]
    steps = _through_activation(x, l, a, z, error, softmax=sigma.name == "softmax")
    return [*steps, *_opposite(x, l, "delta")]


def _mean(x: Indices, role: str, l: Layer) -> list[Box]:
    """One sample at a time is stochastic descent; over a batch the gradient is the mean (Chains, Neuron)."""
    if x.batch:
        return []
    gradient = x.glyph(f"{role}_gradient", l)
    one = indexed(gradient, x.index("n"))
    return [joined("=", gradient, juxtapose(fraction(num(1), ident("N")), sum_over(x.index("n"), ident("N"), one)))]


def _recursion(x: Indices, role: str, l: Layer) -> list[Box]:
    """Watters (57)-(61), (67)-(73), Wichmann 4.2-4.6: what a neuron puts out enters every neuron above."""
    above = shifted(l, 1)
    z, a = x.entry("preactivation", above, "i"), x.entry("activation", l, "k")
    W = x.weight(above, "i", "k", plain=True)  # what goes back has no bias column
    gather = x.summed("i", juxtapose(_delta(x, above, "i"), W))
    first = [
        joined("=", partial_of(z, a), W),
        joined("=", x.by(a), x.summed("i", juxtapose(x.by(z), partial_of(z, a))), gather),
    ]
    if role == "error":
        return [*first, *_opposite(x, l, "error")]
    own = x.entry("preactivation", l, "k")
    other = x.entry("activation", l, "j")
    split = x.q.notation.split or l == 0  # dJ/da has a line of its own
    sigma = x.q.network.activation(l).name if isinstance(l, int) else ""
    if sigma == "identity":
        return [*([] if split else first), *_opposite(x, l, "delta")]
    gathered = _error(x, l, "k") if split else fence(gather)
    second = _through_activation(x, l, other, own, gathered, softmax=sigma == "softmax")
    return [*([] if split else first), *second, *_opposite(x, l, "delta")]


def _through_activation(x: Indices, l: Layer, other: Box, own: Box, gathered: Box, softmax: bool) -> list[Box]:
    """From the derivative by a neuron's output to that by its pre-activation."""
    delta = _delta(x, l, "k")
    if softmax:
        inner = fence(row(x.kronecker("j", "k"), op("−"), x.entry("activation", l, "k")))
        every = x.summed("j", juxtapose(x.by(other), other, inner))
        return [joined("=", partial_of(other, own), juxtapose(other, inner)), joined("=", delta, every)]
    slope = x.slope(l, "k")
    return [
        joined("=", partial_of(other, own), juxtapose(x.kronecker("j", "k"), slope)),
        joined("=", delta, juxtapose(gathered, slope)),
    ]


def partial_of(top: Box, bottom: Box) -> Box:
    """The derivative of one entry with respect to another."""
    return Box("fraction", (row(upright("∂"), top), row(upright("∂"), bottom)))
