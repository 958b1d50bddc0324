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
    upright,
)
from chainrule.symbolic.notation import Layer, shifted

if TYPE_CHECKING:
    from chainrule.symbolic.quantities import Quantities


def components(q: Quantities, tag: str, role: str, layer: Layer) -> tuple[Box, ...]:
    """The index steps of an equation; none where the matrix form already says it."""
    known = {"F1": _forward, "B1": _last, "B2": _recursion, "B3": _weights, "B4": _bias, "U": _mean}
    steps = known.get(tag)
    if steps is None or (tag == "F1" and layer == 0):
        return ()
    return _Indices(q).steps(steps, role, layer)


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


class _Indices:
    """Entries of the quantities of one notation."""

    def __init__(self, q: Quantities) -> None:
        self.q = q
        self.batch = q.notation.samples != "one"
        free = [letter for letter in "ijklrs" if letter != q.notation.layer]
        self.letters = dict(zip("ijkl", free, strict=False)) | {"n": "n"}

    def index(self, *letters: str) -> Box:
        return row(*(ident(self.letters[i]) for i in letters))

    def steps(self, make: object, role: str, layer: Layer) -> tuple[Box, ...]:
        return tuple(make(self, role, layer))  # type: ignore[operator]

    def glyph(self, role: str, layer: Layer) -> Box:
        node = self.q.symbol(role, layer)
        return self.q.names[node.name]

    def entry(self, role: str, layer: Layer, neuron: str, sample: str = "n") -> Box:
        """The entry of a quantity of a layer for a neuron, and a sample where there are several."""
        box = self.glyph(role, layer)
        if not self.batch:
            return indexed(box, self.index(neuron))
        order = (sample, neuron) if self.q.notation.samples == "rows" else (neuron, sample)
        return indexed(box, self.index(*order))

    def weight(self, layer: Layer, to: str, source: str) -> Box:
        role = "augmented_weights" if self.q.notation.absorbs(self.q.network) else "weights"
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


def _forward(x: _Indices, role: str, l: Layer) -> list[Box]:
    total = x.summed("j", juxtapose(x.weight(l, "i", "j"), x.below(l, "j")))
    bias = x.bias(l, "i")
    return [joined("=", x.entry("preactivation", l, "i"), joined("+", total, bias) if bias else total)]


def _delta(x: _Indices, l: Layer, neuron: str) -> Box:
    return x.entry("delta", l, neuron)


def _weights(x: _Indices, role: str, l: Layer) -> list[Box]:
    """Watters (45)-(49), Wichmann 2.1-2.9: only row k of W enters neuron k."""
    z, W = x.entry("preactivation", l, "i"), x.weight(l, "k", "l")
    chain = x.over_samples(x.summed("i", juxtapose(x.by(z), partial_of(z, W))))
    inner = x.summed("j", juxtapose(x.kronecker("i", "k"), x.kronecker("j", "l"), x.below(l, "j")))
    single = juxtapose(x.kronecker("i", "k"), x.below(l, "l"))
    result = x.over_samples(juxtapose(_delta(x, l, "k"), x.below(l, "l")))
    return [joined("=", x.by(W), chain), joined("=", partial_of(z, W), inner, single), joined("=", x.by(W), result)]


def _bias(x: _Indices, role: str, l: Layer) -> list[Box]:
    """Wichmann 2.11, 2.12."""
    z, b = x.entry("preactivation", l, "i"), x.bias(l, "k")
    if b is None:
        return []
    return [
        joined("=", partial_of(z, b), x.kronecker("i", "k")),
        joined("=", x.by(b), x.over_samples(_delta(x, l, "k"))),
    ]


def _last(x: _Indices, role: str, l: Layer) -> list[Box]:
    """Watters (43), Wichmann 2.1-2.7, Neuron's delta_j: an output depends on its own pre-activation, or on all."""
    if role != "delta" or x.q.merged("activation", l) != "activation" or not isinstance(l, int):
        return []
    a, z, error = x.entry("activation", l, "j"), x.entry("preactivation", l, "k"), x.entry("error", l, "k")
    sigma = x.q.network.activation(l)
    if sigma.name == "identity":
        return [joined("=", partial_of(a, z), x.kronecker("j", "k"))]
    if sigma.name == "softmax":
        inner = fence(row(x.kronecker("j", "k"), op("−"), x.entry("activation", l, "k")))
        all_outputs = x.summed("j", juxtapose(x.entry("error", l, "j"), a, inner))
        return [joined("=", partial_of(a, z), juxtapose(a, inner)), joined("=", _delta(x, l, "k"), all_outputs)]
    return [
        joined("=", partial_of(a, z), juxtapose(x.kronecker("j", "k"), x.slope(l, "k"))),
        joined("=", _delta(x, l, "k"), juxtapose(error, x.slope(l, "k"))),
    ]


def _mean(x: _Indices, role: str, l: Layer) -> list[Box]:
    """One sample at a time is stochastic descent; over a batch the gradient is the mean (Chains, Neuron)."""
    if x.batch:
        return []
    gradient = x.glyph(f"{role}_gradient", l)
    one = indexed(gradient, ident("n"))
    return [joined("=", gradient, juxtapose(fraction(num(1), ident("N")), sum_over(ident("n"), ident("N"), one)))]


def _recursion(x: _Indices, role: str, l: Layer) -> list[Box]:
    """Watters (57)-(61), (67)-(73), Wichmann 4.2-4.6: what a neuron puts out enters every neuron above."""
    above = shifted(l, 1)
    z, a = x.entry("preactivation", above, "i"), x.entry("activation", l, "k")
    gather = x.summed("i", juxtapose(_delta(x, above, "i"), x.weight(above, "i", "k")))
    first = [
        joined("=", partial_of(z, a), x.weight(above, "i", "k")),
        joined("=", x.by(a), x.summed("i", juxtapose(x.by(z), partial_of(z, a))), gather),
    ]
    if role == "error":
        return first
    own = x.entry("preactivation", l, "k")
    other = x.entry("activation", l, "j")
    softmax = isinstance(l, int) and x.q.network.activation(l).name == "softmax"
    if softmax:
        s = x.entry("activation", l, "k")
        inner = fence(row(x.kronecker("j", "k"), op("−"), s))
        second = [joined("=", partial_of(other, own), juxtapose(other, inner))]
        return [*first, *second] if not x.q.notation.split else second
    if isinstance(l, int) and x.q.network.activation(l).name == "identity":
        return first if not x.q.notation.split else []
    second = [joined("=", partial_of(other, own), juxtapose(x.kronecker("j", "k"), x.slope(l, "k")))]
    if x.q.notation.split:
        return [*second, joined("=", _delta(x, l, "k"), juxtapose(x.entry("error", l, "k"), x.slope(l, "k")))]
    return [*first, *second, joined("=", _delta(x, l, "k"), juxtapose(fence(gather), x.slope(l, "k")))]


def partial_of(top: Box, bottom: Box) -> Box:
    """The derivative of one entry with respect to another."""
    return Box("fraction", (row(upright("∂"), top), row(upright("∂"), bottom)))
