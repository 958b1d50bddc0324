"""The quantities of a network as symbols: which matrix a letter of a notation stands for.

A derivation is written for the column form, in which every quantity of a layer is (n_l, N): with F1 as
z_l = W_l a_{l-1} + b_l 1^T. ``leaf`` is a quantity in that form made of the notation's symbol, which may be its
transpose or its negative.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chainrule.symbolic.boxes import Box, ident, num, sub
from chainrule.symbolic.expression import Dim, Expression, negative, number, size, symbol, transpose
from chainrule.symbolic.layout import Script
from chainrule.symbolic.notation import OF_THE_LOSS, SLOPES, Layer, Notation, shifted
from chainrule.symbolic.shapes import times_dim
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.network.spec import Network

_GRADIENTS = {"weights_gradient": "weights", "bias_gradient": "bias", "augmented_weights_gradient": "augmented_weights"}


@dataclass(frozen=True)
class Quantities:
    """The symbols of one network in one notation, with the boxes of their names."""

    network: Network
    notation: Notation
    own_sizes: bool
    names: dict[str, Box] = field(default_factory=dict)
    rates: dict[str, Expression] = field(default_factory=dict)  # of the penalties in use, l1 and l2

    @property
    def depth(self) -> int:
        return len(self.network.sizes) - 1

    @property
    def samples(self) -> Dim:
        if self.notation.samples == "one":
            return 1
        self.names.setdefault("N", ident(self.notation.letter("samples")))
        return "N"

    def dim(self, layer: Layer) -> Dim:
        """The name of a layer's size; how it is shown depends on whether sizes are the network's own."""
        several = self.network.loss.outputs_per_target
        name = times_dim(several, self.targets()) if several > 1 and layer == self.depth else f"n_{safe(layer)}"
        if str(name) not in self.names:
            own = self.own_sizes and isinstance(layer, int)
            shown = num(self.network.sizes[layer]) if own else self.notation.glyph("size", layer, self.depth)  # type: ignore[index]
            self.names[str(name)] = shown
        return name

    def targets(self) -> Dim:
        """How many targets a sample has: as many as outputs, unless the loss takes several outputs for one."""
        if self.network.loss.outputs_per_target == 1:
            return self.dim(self.depth)
        if self.network.n_targets == 1:
            return 1
        shown = sub(ident(self.notation.letter("size")), ident("t"))
        self.names.setdefault("n_targets", num(self.network.n_targets) if self.own_sizes else shown)
        return "n_targets"

    def outputs(self) -> Expression:
        """The number of outputs, as a number of a formula."""
        return number(self.network.sizes[-1]) if self.own_sizes else size(self.dim(self.depth))

    def shape(self, role: str, layer: Layer) -> tuple[Dim, Dim]:
        """The shape of a quantity in the column form."""
        role = _GRADIENTS.get(role, role)
        if role == "weights":
            return self.dim(layer), self.dim(shifted(layer, -1))
        if role == "augmented_weights":
            return self.dim(layer), f"{self.dim(shifted(layer, -1))}+1"
        if role == "bias":
            return self.dim(layer), 1
        if role in ("target", "mean", "log_variance"):
            return self.targets(), self.samples
        return (f"{self.dim(layer)}+1" if role == "augmented" else self.dim(layer)), self.samples

    def merged(self, role: str, layer: Layer) -> str:
        """Where the output has its own letter and no activation, z_L and a_L are the same quantity."""
        same = layer == self.depth and self.notation.letter("output") and self._linear(self.depth)
        if same and role in ("activation", "output", "error"):
            return "delta" if role == "error" else "preactivation"
        return role

    def _linear(self, layer: int) -> bool:
        return self.network.activation(layer).name == "identity"

    def symbol(self, role: str, layer: Layer = 0) -> Expression:
        """The notation's symbol of a quantity."""
        role = self.merged(role, layer)
        rows, columns = self.shape(role, layer)
        turned = self.notation.turned(_GRADIENTS.get(role, role))
        name = f"{role}_{safe(layer)}"
        self.names.setdefault(name, self._glyph(role, layer))
        return symbol(name, (columns, rows) if turned else (rows, columns))

    def _glyph(self, role: str, layer: Layer) -> Box:
        if role in _GRADIENTS:
            return self.notation.gradient_glyph(self.notation.glyph(_GRADIENTS[role], layer, self.depth))
        if role in ("input", "target", "adjusted", *OF_THE_LOSS):
            return self.notation.glyph(role)
        at_output = layer == self.depth and self.notation.letter("output") and self._linear(self.depth)
        if at_output and role == "delta" and not self.notation.letter("delta"):
            return self.notation.glyph("error", layer, self.depth)
        output = layer == self.depth and role == ("preactivation" if at_output else "activation")
        if output and self.notation.letter("output"):
            return self.notation.glyph("output", layer, self.depth)
        return self.notation.glyph(role, layer, self.depth)

    def scalar(self, name: str, shown: Box) -> Expression:
        """A number such as the learning rate."""
        self.names.setdefault(name, shown)
        return symbol(name)

    def matrix(self, name: str, shown: Box, like: Expression) -> Expression:
        """A quantity of the shape of another."""
        self.names.setdefault(name, shown)
        return symbol(name, like.shape)

    def leaf(self, role: str, layer: Layer = 0) -> Expression:
        """A quantity in the column form, made of the notation's symbol."""
        node = self.symbol(role, layer)
        if self.notation.turned(_GRADIENTS.get(role, self.merged(role, layer))):
            node = transpose(node)
        return negative(node) if role in SLOPES and self.notation.sign < 0 else node

    def translated(self, role: str, layer: Layer, column_form: Expression) -> Expression:
        """What the notation's symbol of a quantity equals, given the quantity in the column form."""
        if role in SLOPES and self.notation.sign < 0:
            column_form = negative(column_form)
        if self.notation.turned(_GRADIENTS.get(role, self.merged(role, layer))):
            column_form = transpose(column_form)
        return simplify(column_form)

    def function(self, layer: Layer) -> str:
        """The abstract activation function of a layer."""
        name = f"sigma_{safe(layer)}"
        self.names.setdefault(name, self.notation.glyph("function", layer, self.depth))
        return name

    def script(self, special: dict[Expression, Box] | None = None) -> Script:
        """How the notation writes expressions of these symbols."""
        letter, _, index = self.notation.ones.partition("_")
        one = sub(ident(letter), ident(index)) if index else ident(letter)
        ones = {"N": one} if letter else {}
        return Script(self.names, self.notation.transpose, self.notation.elementwise, ones, special or {}, spread=True)


def safe(layer: Layer) -> str:
    """A layer as part of a name."""
    return re.sub(r"\W", lambda m: "p" if m[0] == "+" else "m", str(layer))
