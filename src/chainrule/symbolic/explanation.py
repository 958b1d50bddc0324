"""A derivation with the numbers of one example: both chains, the path of a weight, where the gradient fades, the step.

The path is that of path.py: the strongest of the ways whose sum is the gradient of a weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.network.arrays import NUMPY
from chainrule.symbolic.boxes import Box
from chainrule.symbolic.derivation import Derivation, Line, derive
from chainrule.symbolic.expression import symbols
from chainrule.symbolic.layout import layout
from chainrule.symbolic.notation import Notation
from chainrule.symbolic.passes import Passes
from chainrule.symbolic.path import Factor, Passage, Path, path_of, slopes_of
from chainrule.symbolic.presets import notation as notation_of
from chainrule.symbolic.values import value
from chainrule.symbolic.verification import point_of_line

if TYPE_CHECKING:
    from chainrule.network.spec import Network

__all__ = ["Explanation", "Factor", "LayerReport", "Passage", "Path", "Quantity", "Step", "explain"]

Array = Any
SATURATED = 1e-3  # a slope below a thousandth of the largest the unit could have lets almost nothing through
SHRINKS, GROWS = 0.1, 10.0  # |delta_l| / |delta_{l+1}| below or above which a layer is said to shrink or grow it


@dataclass(frozen=True)
class Quantity:
    """A line of the derivation with the array that its left side has."""

    line: Line
    array: Array

    @property
    def label(self) -> Box:
        return layout(self.line.left, self.line.script)

    @property
    def norm(self) -> float:
        return float(np.linalg.norm(self.array))


@dataclass(frozen=True)
class LayerReport:
    """How the gradient fares in a layer.

    Attributes
    ----------
    layer : int
    delta_norm : float
        |delta_l|.
    gain : float
        |delta_l| / |delta_{l+1}|; 1 for the last layer.
    verdict : str
        "carries", "shrinks", "grows" or "dies".
    saturated, dead : tuple of int
        Neurons, counted from 0, whose slope is below a thousandth of their activation's largest, or zero, for all
        samples given.
    last : bool
        Whether it is the layer of the outputs.
    """

    layer: int
    delta_norm: float
    gain: float
    verdict: str
    saturated: tuple[int, ...]
    dead: tuple[int, ...]
    last: bool = False


@dataclass(frozen=True)
class Step:
    """One update of plain descent: the cost before, after by the gradient's prediction, and after in truth."""

    learning_rate: float
    before: float
    predicted: float
    after: float


@dataclass(frozen=True, repr=False)
class Explanation:
    """What `explain` found; prints as text, ``.html()`` is a page."""

    derivation: Derivation
    quantities: tuple[Quantity, ...]
    layers: tuple[LayerReport, ...]
    path: Path
    step: Step

    def text(self, largest: int = 8) -> str:
        """Plain text; arrays with more than ``largest`` rows or columns are abbreviated."""
        from chainrule.symbolic.explanation_text import explanation_text

        return explanation_text(self, largest)

    def latex(self, largest: int = 8) -> str:
        """A LaTeX document that compiles as it stands."""
        from chainrule.symbolic.explanation_latex import explanation_latex

        return explanation_latex(self, largest)

    def html(self, largest: int = 8) -> str:
        """One self-contained page."""
        from chainrule.symbolic.explanation_page import explanation_page

        return explanation_page(self, largest)

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self.quantities)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from chainrule.symbolic.explanation_page import explanation_body
        from chainrule.symbolic.page import notebook

        return notebook(explanation_body(self, 8))


def explain(
    network: Network,
    theta: Array,
    x: Array,
    t: Array,
    notation: str | Notation = "rows",
    *,
    weight: tuple[int, int, int] | None = None,
    learning_rate: float = 0.1,
) -> Explanation:
    """Show the gradient of one example with all its numbers.

    Parameters
    ----------
    network : Network
    theta : array (n_parameters,)
    x : array (n_0,) or (N, n_0)
        One example, or a small batch.
    t : number, array (n_targets,) or (N, n_targets)
        Its target.
    notation : str or Notation
        As for `derive`.
    weight : tuple (layer, to, source), optional
        The weight whose path is followed, neurons counted from 0; by default the one with the largest gradient.
    learning_rate : float
        Of the update whose effect is shown.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        When shapes do not fit, the weight does not exist, or the notation treats one sample at a time and several
        are given.

    Notes
    -----
    B2 and B3; Chains I: "forward and backward chains".

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network((1, 1, 1), ("relu", "identity"), "half_squared_error")
    >>> e = cr.explain(net, np.array([2.0, 0.0, 3.0, 0.0]), [1.0], [5.0], weight=(1, 0, 0))
    >>> [(f.name, f.number) for f in e.path.factors]
    [('a₀[0]', 1.0), ('σ₁′(z₁[0])', 1.0), ('W₂[0, 0]', 3.0), ('∂J/∂a₂[0]', 1.0)]
    >>> e.path.gradient
    3.0
    """
    chosen = notation_of(notation)
    theta = np.asarray(theta, dtype=float)
    X, T = _batch(network, x, t)
    if chosen.samples == "one" and len(X) > 1:
        raise ValueError(f"the notation {chosen.name!r} treats one sample at a time; {len(X)} are given: pass one")
    derivation = derive(network, chosen)
    passes = Passes(derivation, theta, X, T, None)
    return Explanation(
        derivation,
        tuple(_quantities(derivation, passes)),
        tuple(_layer(passes, l) for l in range(1, passes.depth + 1)),
        path_of(passes, weight),
        _step(passes, learning_rate),
    )


def _batch(network: Network, x: Array, t: Array) -> tuple[Array, Array]:
    X = np.atleast_2d(np.asarray(x, dtype=float))
    if X.shape[1] != network.sizes[0]:
        raise ValueError(f"x has shape {np.shape(x)}, but the network {network} takes {network.sizes[0]} inputs")
    T = np.asarray(t, dtype=float)
    T = T.reshape(len(X), -1) if T.size == len(X) * network.n_targets else T
    if T.shape != (len(X), network.n_targets):
        raise ValueError(
            f"t has shape {np.shape(t)}, but {len(X)} sample(s) of the network {network} have "
            f"{network.n_targets} target(s) each; classes are given one-hot"
        )
    return X, T


_SHOWN = ("F1", "F2", "J", "B1", "B2", "B3", "B4", "B5")
_DEFINED = ("augmented", "adjusted", "levels")  # quantities that a line of their own defines


def _quantities(derivation: Derivation, passes: Passes) -> Iterator[Quantity]:
    """What is given stands before the line that needs it."""
    for line in derivation.steps:
        defined = line.tag == "def" and line.left.name.rpartition("_")[0] in _DEFINED
        if line.condition or isinstance(line.layer, str) or not (defined or line.tag in _SHOWN):
            continue
        for given in _given(derivation, line):
            yield Quantity(given, value(given.left, point_of_line(given, passes)))
        yield Quantity(line, value(line.left, point_of_line(line, passes)))


def _given(derivation: Derivation, line: Line) -> Iterator[Line]:
    """The parameters that a layer brings, and the target that the cost brings, each as a line of its own."""
    found = {name: node for form in line.right for name, node in symbols(form).items()}
    titles = {"weights": "Weights", "augmented_weights": "Weights and biases", "bias": "Bias", "target": "Target"}
    roles: tuple[str, ...] = ("weights", "augmented_weights", "bias") if line.tag == "F1" else ()
    if line.tag == "J" or line.left.name.startswith("adjusted"):
        roles = ("target",)
    for name, node in found.items():
        role, _, layer = name.rpartition("_")
        if role in roles:
            yield Line("", int(layer), titles[role], "given", node, (), line.script)


# ---------------------------------------------------------------- where the gradient fades


def _layer(passes: Passes, l: int) -> LayerReport:
    norm = float(np.linalg.norm(passes.delta(l)))
    above = float(np.linalg.norm(passes.delta(l + 1))) if l < passes.depth else norm
    gain = norm / above if above > 0 else 0.0
    slopes = slopes_of(passes, l)
    saturated: tuple[int, ...] = ()
    dead: tuple[int, ...] = ()
    if slopes is not None:
        zero = (slopes == 0).all(axis=0)
        flat = (np.abs(slopes) < SATURATED * _steepest(passes, l)).all(axis=0) & ~zero
        dead, saturated = tuple(map(int, np.flatnonzero(zero))), tuple(map(int, np.flatnonzero(flat)))
    verdict = "dies" if norm == 0 else "shrinks" if gain < SHRINKS else "grows" if gain > GROWS else "carries"
    return LayerReport(l, norm, gain, verdict, saturated, dead, last=l == passes.depth)


def _steepest(passes: Passes, l: int) -> float:
    """The largest slope of an activation between -4 and 4."""
    sigma = passes.network.activation(l)
    grid = np.linspace(-4, 4, 161)
    return float(np.max(np.abs(sigma.df(NUMPY, grid, sigma.f(NUMPY, grid)))))  # type: ignore[misc]


# ---------------------------------------------------------------- the step


def _step(passes: Passes, learning_rate: float) -> Step:
    """U, and what it does: J - eta |g|^2 by the gradient, J(theta - eta g) in truth; with the factor of the text."""
    k, g = passes.ratio, passes.gradient / passes.ratio
    after = k * float(passes.network.objective(passes.theta - learning_rate * g, passes.X, passes.T))
    return Step(learning_rate, float(passes.J), float(passes.J) - k * learning_rate * float(g @ g), after)
