"""Notations: how a text writes a network, as data; conversion between their layouts.

Every notation says the same equations with other letters and other layouts: samples as rows, as columns or one at a
time, W with the neuron it leads to as row or as column, biases apart or absorbed, gradients as columns or rows. A
derivation is made once for columns; a notation says for each symbol whether it stands for the column form or its
transpose, and with which sign, so that the equation follows by transposing and simplifying.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.symbolic.boxes import (
    GREEK,
    Box,
    bold,
    ident,
    num,
    op,
    partial,
    row,
    sub,
    sup,
    tilde,
    upright,
)

if TYPE_CHECKING:
    from chainrule.network.loss import Loss
    from chainrule.network.spec import Network

__all__ = ["Notation"]

Layer = int | str  # a number, or the letter of the general step such as "l" or "l+1"
Array = Any
_LETTERS = {
    "weights": "W", "bias": "b", "preactivation": "z", "activation": "a", "input": "X", "output": "", "target": "T",
    "cost": "J", "delta": "delta", "error": "", "function": "sigma", "rate": "eta", "size": "n", "samples": "N",
}  # fmt: skip
OF_THE_LOSS = {"levels": "Q", "mean": "μ", "log_variance": "s"}  # what the outputs of some losses hold
DATA = ("preactivation", "activation", "input", "output", "target", "augmented", "adjusted", *OF_THE_LOSS)
SLOPES = ("delta", "error")


@dataclass(frozen=True)
class Notation:
    """The way a text writes networks.

    Parameters
    ----------
    name : str
        Its name.
    samples : {"rows", "columns", "one"}
        Whether samples are the rows or the columns of a matrix, or one vector is treated at a time.
    weights : {"to_from", "from_to"}
        ``"to_from"``: row i of W leads to neuron i, z = W a; ``"from_to"``: its transpose.
    bias : {"separate", "absorbed", "absent"}
        Absorbed: a 1 is appended to every layer's input, a column to every W. A network with biases written in a
        notation without them keeps them as separate vectors.
    gradients : {"columns", "rows"}
        For one sample: the derivative by a vector as a column or as a row.
    letters : mapping
        Letters by role: weights, bias, preactivation, activation, input, output, target, cost, delta (dJ/dz),
        error (dJ/da), function, rate, size, samples. A role that is missing takes the house letter, an empty error
        is written as a partial derivative; so is an empty delta.
    index : {"subscript", "superscript", "bracketed"}
        Where the number of the layer stands.
    pairs : bool
        W carries both layers it joins, W_01.
    layer : str
        The letter of the general layer.
    from_output : bool
        delta is counted from the output, as in Chains.
    last : str
        What the last layer is called instead of its number, such as F in Watters.
    split : bool
        dJ/da and dJ/dz in two equations instead of one.
    elementwise : {"⊙", "∘", "*"}
        The sign of the Hadamard product.
    diagonal : bool
        Write diag(sigma') times a vector instead of the Hadamard product (one sample only).
    transpose : str
        The sign of the transpose.
    slope : {"prime", "partial"}
        sigma'(z), or the partial derivative of sigma by z.
    nabla : {"", "weights", "both"}
        Gradients as partial derivatives, as nabla W, or as nabla_W C.
    sign : {1, -1}
        delta is this times dJ/dz.
    vectors : {"italic", "bold"}
        How vectors are set.
    ones : str
        The letter for a column of ones; empty for a bold 1.
    indices : bool
        Whether the steps by indices are shown unless asked otherwise, as a text does that works by components.
    loss : str
        The loss of the text, with its factor: a network whose loss differs from it in the factor alone is derived with
        the text's. Empty for the network's own.
    source : str
        The document.

    Examples
    --------
    >>> import chainrule as cr
    >>> mine = cr.Notation("mine", samples="columns", letters={"preactivation": "u", "activation": "v", "delta": "e"})
    >>> net = cr.Network((2, 3, 1), ("tanh", "identity"), "half_squared_error")
    >>> print(cr.derive(net, mine).line("B2", 1).text())
    e₁ = (W₂ᵀ e₂) ⊙ σ₁′(u₁) = (W₂ᵀ e₂) ⊙ (𝟏 − v₁⊙²)
    """

    name: str
    samples: Literal["rows", "columns", "one"] = "rows"
    weights: Literal["to_from", "from_to"] = "to_from"
    bias: Literal["separate", "absorbed", "absent"] = "separate"
    gradients: Literal["columns", "rows"] = "columns"
    letters: Mapping[str, str] = field(default_factory=dict)
    index: Literal["subscript", "superscript", "bracketed"] = "subscript"
    pairs: bool = False
    layer: str = "l"
    from_output: bool = False
    last: str = ""
    split: bool = False
    elementwise: str = "⊙"
    diagonal: bool = False
    transpose: str = "T"
    slope: Literal["prime", "partial"] = "prime"
    nabla: Literal["", "weights", "both"] = ""
    sign: Literal[1, -1] = 1
    vectors: Literal["italic", "bold"] = "italic"
    ones: str = ""
    indices: bool = False
    loss: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        unknown = set(self.letters) - set(_LETTERS)
        if unknown:
            raise ValueError(f"{sorted(unknown)} are no roles of letters; the roles are {', '.join(_LETTERS)}")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is one of {', '.join(map(repr, allowed))}, given {getattr(self, name)!r}")
        if self.loss:
            _known_loss(self.loss)
        if self.diagonal and self.samples != "one":
            raise ValueError("diagonal matrices need one sample at a time: samples='one'")

    # ------------------------------------------------------------ letters

    def letter(self, role: str) -> str:
        return self.letters.get(role, _LETTERS[role])

    def glyph(self, role: str, layer: Layer | None = None, depth: int = 0) -> Box:
        """A quantity of a layer as it is written."""
        if role in SLOPES and not self.letter(role):
            below = "preactivation" if role == "delta" else "activation"
            below = "output" if role == "error" and layer == depth and self.letter("output") else below
            return partial(self.glyph("cost"), self.glyph(below, layer, depth))
        if role == "augmented":
            return tilde_of(self.glyph("activation", layer, depth))
        if role == "adjusted":
            return tilde_of(self.glyph("target"))
        if role in OF_THE_LOSS:
            return self._set(role, OF_THE_LOSS[role])
        if role == "augmented_weights":
            return tilde_of(self.glyph("weights", layer, depth))
        if role == "output" and self.letter("output"):
            return self._set("output", self.letter("output"))
        role = "activation" if role == "output" else role
        if role == "delta" and self.from_output:
            layer = depth - layer if isinstance(layer, int) else f"L-{layer}"
        base = self._set(role, self.letter(role))
        return base if layer is None else self._indexed(base, role, layer, depth)

    def _set(self, role: str, letter: str) -> Box:
        shown = GREEK.get(letter, letter)
        vector = role in DATA or role in ("bias", "delta", "error")
        return bold(shown) if self.vectors == "bold" and vector else ident(shown)

    def _indexed(self, base: Box, role: str, layer: Layer, depth: int) -> Box:
        if self.pairs and role in ("weights", "bias"):
            both = f"{shifted(layer, -1)}{layer}" if isinstance(layer, int) else f"{shifted(layer, -1)},{layer}"
            return sub(base, _index_box(both))
        named = self.last if self.last and layer == depth and isinstance(layer, int) else layer
        box = _index_box(str(named))
        below = role in ("function", "size") and self.index != "superscript"
        if self.index == "subscript" or below or role in ("function", "size"):
            return sub(base, box)
        return sup(base, row(op("("), box, op(")")) if self.index == "bracketed" else box)

    def gradient_glyph(self, of: Box) -> Box:
        """The gradient of the cost with respect to a parameter."""
        if self.nabla == "weights":
            return row(upright("∇"), of)
        if self.nabla == "both":
            return row(sub(upright("∇"), of), self.glyph("cost"))
        return partial(self.glyph("cost"), of)

    # ------------------------------------------------------------ layouts

    def turned(self, role: str) -> bool:
        """Whether the symbol of a role stands for the transpose of the column form."""
        if role in ("weights", "augmented_weights"):
            return self.weights == "from_to"
        if role == "bias":
            return self.samples == "rows"
        if role in DATA:
            return self.samples == "rows"
        return self.samples == "rows" or (self.samples == "one" and self.gradients == "rows")

    def absorbs(self, network: Network) -> bool:
        return self.bias == "absorbed" and network.bias

    def factor(self, network: Network) -> Fraction:
        """The cost of the text over that of the network."""
        from chainrule.symbolic.losses import text_loss

        own, n = network.head.loss, network.sizes[-1]
        return _scale(text_loss(own, self.loss), n) / _scale(own, n)

    def parameters(self, network: Network, theta: Array) -> list[tuple[Array, ...]]:
        """The parameters of every layer as the notation lays them out: (W,), or (W, b)."""
        converted: list[tuple[Array, ...]] = []
        for weights, bias in network.layers(theta):
            if self.bias == "absorbed" and bias is not None:
                joined = np.column_stack([weights, bias])
                converted.append((joined.T if self.turned("weights") else joined,))
            else:
                shown = weights.T if self.turned("weights") else weights
                converted.append((shown,) if bias is None else (shown, self._bias(bias)))
        return converted

    def theta(self, network: Network, parameters: list[tuple[Array, ...]]) -> Array:
        """The flat vector of parameters laid out in this notation: the inverse of `parameters`."""
        layers = []
        for entry in parameters:
            weights = entry[0].T if self.turned("weights") else entry[0]
            if self.absorbs(network):
                layers.append((weights[:, :-1], weights[:, -1]))
            else:
                layers.append((weights, np.ravel(entry[1]) if len(entry) > 1 else None))
        return network.pack(layers)

    def derivatives(self, network: Network, gradient: Array) -> list[tuple[Array, ...]]:
        """The network's gradient as the text has it: laid out like its parameters, with the factor of its loss."""
        return self.parameters(network, _times(gradient, self.factor(network)))

    def gradient(self, network: Network, derivatives: list[tuple[Array, ...]]) -> Array:
        """The network's gradient from the text's: the inverse of `derivatives`."""
        return _times(self.theta(network, derivatives), 1 / self.factor(network))

    def data(self, samples: Array) -> Array:
        """Samples as rows (N, n), laid out in this notation; one sample at a time gives a list of columns."""
        if self.samples == "one":
            return [row_.reshape(-1, 1) for row_ in samples]
        return samples if self.samples == "rows" else samples.T

    def rows(self, data: Array) -> Array:
        """Samples as rows (N, n) from this notation's layout: the inverse of `data`."""
        if self.samples == "one":
            return np.hstack(data).T
        return data if self.samples == "rows" else data.T

    def _bias(self, bias: Array) -> Array:
        return bias.reshape(1, -1) if self.samples == "rows" else bias.reshape(-1, 1)


def _scale(loss: Loss, outputs: int) -> Fraction:
    exact = Fraction(repr(float(loss.factor)))
    return exact / outputs if loss.reduction == "mean" else exact


def _times(array: Array, factor: Fraction) -> Array:
    """The array times a fraction: nothing is rounded where numerator and denominator are powers of two."""
    return array * factor.numerator / factor.denominator


def _known_loss(name: str) -> None:
    from chainrule.network.loss import loss

    loss(name)


def tilde_of(box: Box) -> Box:
    """The letter with a tilde, its indices outside."""
    if box.kind in ("sup", "sub", "subsup"):
        return Box(box.kind, (tilde_of(box.parts[0]), *box.parts[1:]))  # type: ignore[arg-type]
    return tilde(box)


def shifted(layer: Layer, by: int) -> Layer:
    """The layer before or after: 2 to 3, "l" to "l+1"."""
    if isinstance(layer, int):
        return layer + by
    letter, _, offset = layer.replace("-", "+-").partition("+")
    total = int(offset or 0) + by
    return letter if total == 0 else f"{letter}{total:+d}"


def _index_box(index: str) -> Box:
    return num(index) if index.isdigit() else ident(index) if len(index) == 1 else row(*_characters(index))


def _characters(index: str) -> list[Box]:
    boxes = []
    for character in index:
        plain = num(character) if character.isdigit() else ident(character)
        boxes.append(upright(character.replace("-", "−")) if character in "+-," else plain)
    return boxes


_CHOICES: dict[str, tuple[Any, ...]] = {
    "samples": ("rows", "columns", "one"),
    "weights": ("to_from", "from_to"),
    "bias": ("separate", "absorbed", "absent"),
    "gradients": ("columns", "rows"),
    "index": ("subscript", "superscript", "bracketed"),
    "slope": ("prime", "partial"),
    "nabla": ("", "weights", "both"),
    "sign": (1, -1),
    "vectors": ("italic", "bold"),
}
