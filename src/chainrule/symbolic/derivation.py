"""The backpropagation of one's own network, derived line by line in one's own notation.

Every right side is what the differentiator makes of the forward equations; none is copied from a text. The lines carry
the tags of the equations: F1, F2 forward, J the cost, B1 to B5 backward, U the update.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chainrule.symbolic.boxes import Box, fence, joined, num, row
from chainrule.symbolic.expression import Expression
from chainrule.symbolic.latex import latex
from chainrule.symbolic.layout import Script, layout
from chainrule.symbolic.mathml import mathml
from chainrule.symbolic.notation import Layer, Notation
from chainrule.symbolic.presets import notation as notation_of
from chainrule.symbolic.text import text

if TYPE_CHECKING:
    from chainrule.network.spec import Network
    from chainrule.symbolic.verification import Verification

__all__ = ["Derivation", "Line", "derive"]


@dataclass(frozen=True)
class Line:
    """One equation of a derivation.

    Attributes
    ----------
    tag : str
        The equation: F1, F2, J, B1 to B5, U, or "def" for a definition.
    layer : int or str or None
        The layer it is about; a letter in the general step.
    title, reason : str
        What it gives, and why it holds.
    left : Expression
        The quantity.
    right : tuple of Expression
        What it equals, form by form.
    components : tuple of Box
        The same by indices, as the steps beneath the matrix form.
    claim : tuple (role, layer) or None
        The derivative of the cost that the left side claims to be.
    condition : str
        What must hold of the data for the line to hold; empty for always.
    """

    tag: str
    layer: Layer | None
    title: str
    reason: str
    left: Expression
    right: tuple[Expression, ...]
    script: Script
    relation: str = "="
    components: tuple[Box, ...] = ()
    claim: tuple[str, int] | None = None
    condition: str = ""

    def box(self) -> Box:
        """The whole equation."""
        return joined(self.relation, layout(self.left, self.script), *(layout(r, self.script) for r in self.right))

    def shape(self) -> Box:
        """The dimensions of the left side."""
        return joined("×", *(self._dim(d) for d in self.left.shape))

    def _dim(self, dim: object) -> Box:
        plain = str(dim)
        if plain.endswith("+1"):
            inner = self._dim(plain[:-2])
            own = inner.kind == "number"
            return num(int(str(inner.parts[0])) + 1) if own else fence(row(inner, Box("operator", ("+",)), num(1)))
        return num(plain) if plain.isdigit() else self.script.name(plain)

    def text(self) -> str:
        """The equation as Unicode text."""
        return text(self.box())

    def latex(self) -> str:
        """The equation as LaTeX."""
        return latex(self.box())

    def mathml(self) -> str:
        """The equation as MathML."""
        return mathml(self.box(), display=True)

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Section:
    """Lines that belong together."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Derivation:
    """The derivation of a network's gradient in a notation.

    Attributes
    ----------
    network : Network
    notation : Notation
    sections : tuple of Section
        Forward, cost, backward, update, each with its lines.
    options : dict
        What else was asked for: weights, penalties, optimizer, sizes.
    """

    network: Network
    notation: Notation
    sections: tuple[Section, ...]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Line, ...]:
        """All lines in order."""
        return tuple(line for section in self.sections for line in section.lines)

    def line(self, tag: str, layer: Layer | None = None) -> Line:
        """The first line with a tag, of a layer if one is given."""
        for line in self.steps:
            if line.tag == tag and (layer is None or line.layer == layer):
                return line
        raise KeyError(f"no line {tag} of layer {layer}; there are {sorted({s.tag for s in self.steps})}")

    def text(self, components: bool | None = None, reasons: bool = True) -> str:
        """The derivation as plain text.

        Parameters
        ----------
        components : bool
            Whether the steps by indices follow each equation; by default as the notation has it.
        reasons : bool
            Whether a sentence of reason follows each equation.
        """
        from chainrule.symbolic.document import plain_text

        return plain_text(self, self.notation.indices if components is None else components, reasons)

    def latex(self) -> str:
        """The derivation as a LaTeX document that compiles as it stands."""
        from chainrule.symbolic.document import latex_document

        return latex_document(self)

    def html(self) -> str:
        """The derivation as one self-contained page with MathML."""
        from chainrule.symbolic.page import html_page

        return html_page(self)

    def verify(self, theta: Any, X: Any, T: Any, sample_weight: Any = None) -> Verification:
        """Evaluate every line at these numbers.

        Each side is computed from the arrays of the network's own forward and backward pass; each line that claims
        to be a derivative of the cost is compared with the complex step as well. A notation that treats one sample at
        a time is checked on every sample by itself, and on their mean, so a small batch will do.

        Parameters
        ----------
        theta : array (n_parameters,)
        X : array (N, n_0)
        T : array (N, n_targets)
        sample_weight : array (N,), optional
            Only for a derivation made with ``weights=True``, which needs them.

        Returns
        -------
        Verification
            ``.ok``, ``.rows``; it prints as a table.
        """
        from chainrule.symbolic.verification import verify

        return verify(self, theta, X, T, sample_weight)

    def __iter__(self) -> Iterator[Line]:
        return iter(self.steps)

    def __str__(self) -> str:
        return self.text()

    def __rich__(self) -> Any:
        from chainrule.symbolic.document import coloured

        return coloured(self, self.notation.indices)

    def _repr_html_(self) -> str:
        from chainrule.symbolic.page import html_fragment

        return html_fragment(self)

    def _repr_latex_(self) -> str:
        from chainrule.symbolic.document import latex_body

        return latex_body(self)


def derive(
    network: Network,
    notation: str | Notation = "rows",
    *,
    sizes: str = "own",
    weights: bool = False,
    l1: float = 0.0,
    l2: float = 0.0,
    optimizer: str = "sgd",
) -> Derivation:
    """Derive the gradient of a network, line by line, in a notation.

    Parameters
    ----------
    network : Network
    notation : str or Notation
        "rows" (the house), "watters", "wichmann", "chains", "neuron", "menon", or one's own.
    sizes : {"own", "symbolic"}
        Dimensions as the network's numbers or as letters.
    weights : bool
        Whether samples carry weights w_n.
    l1, l2 : float
        Penalties of equation J; a term appears for each that is not zero.
    optimizer : {"sgd", "momentum", "adam"}
        Whose update ends the derivation.

    Returns
    -------
    Derivation
        Prints as text; ``.latex()``, ``.html()``, ``.verify(theta, X, T)``.

    Raises
    ------
    ValueError
        When the notation or an option is unknown, or an activation couples the units of a layer (softmax may).
    ProofError
        When a line does not hold at random numbers: no unverified line is shown.

    Notes
    -----
    F1 to B5 and U; Watters (41) to (78), Wichmann 1 to 5, Chains IV, Neuron, Menon 2.

    Examples
    --------
    >>> import chainrule as cr
    >>> net = cr.Network((4, 8, 3), ("tanh", "softmax"), "categorical_cross_entropy")
    >>> d = cr.derive(net, "wichmann")
    >>> print(d.line("B3", 1).text())
    ∂J/∂W⁽¹⁾ = H⁽¹⁾ (A⁽⁰⁾)ᵗ
    """
    from chainrule.symbolic.builder import Builder
    from chainrule.symbolic.trial import prove_derivation, with_few_outputs

    _check(network, sizes, optimizer)
    chosen = notation_of(notation)
    options = {"sizes": sizes, "weights": weights, "l1": float(l1), "l2": float(l2), "optimizer": optimizer}
    builder = Builder(network, chosen, options)
    derivation = Derivation(network, chosen, builder.sections(), options)
    few = with_few_outputs(network)
    if few is network:
        prove_derivation(derivation, builder.q)
    else:
        smaller = Builder(few, chosen, options)
        prove_derivation(Derivation(few, chosen, smaller.sections(), options), smaller.q)
    return derivation


def _check(network: Any, sizes: str, optimizer: str) -> None:
    if not hasattr(network, "sizes") or not hasattr(network, "activations"):
        raise TypeError(f"derive needs a cr.Network, not {type(network).__name__}; of a model, pass model.network_")
    for sigma in (network.activation(l) for l in range(len(network.sizes))):
        if not sigma.elementwise and sigma.name != "softmax":
            raise ValueError(
                f"the activation {sigma.name!r} couples the units of a layer; derivations know elementwise activations "
                "and softmax"
            )
    if sizes not in ("own", "symbolic"):
        raise ValueError(f"sizes is 'own' or 'symbolic', given {sizes!r}")
    if optimizer not in ("sgd", "momentum", "adam"):
        raise ValueError(f"optimizer is 'sgd', 'momentum' or 'adam', given {optimizer!r}")
