"""The gradient of one weight as a sum over all ways to the cost, and the largest of them factor by factor.

dJ/dW_l[i, j] = delta_l[i] a_{l-1}[j] (B3), and delta_l[i] is a sum over all ways from neuron i to the output of
products of weights and slopes (B2 unrolled). An elementwise layer lets a way pass from z_i to a_i alone, with slope
sigma'(z_i); softmax from every z_i to every a_j, with slope da_j/dz_i = a_j (kronecker_ij - a_i).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.network.arrays import NUMPY
from chainrule.symbolic.boxes import Box, call, fence, joined, num, op, partial, primed, row
from chainrule.symbolic.components import partial_of
from chainrule.symbolic.notation import SLOPES
from chainrule.symbolic.passes import Passes
from chainrule.symbolic.text import text

Array = Any


@dataclass(frozen=True)
class Factor:
    """One factor of a path: what it is, and its number."""

    box: Box
    number: float

    @property
    def name(self) -> str:
        return text(self.box)


@dataclass(frozen=True)
class Hop:
    """A layer that a way passes: it enters at one neuron's z and leaves from one neuron's a."""

    layer: int
    enters: int
    leaves: int


@dataclass(frozen=True)
class Passage:
    """A softmax layer on the way: delta_l[i] as the sum over all entries of row i of its Jacobian.

    Attributes
    ----------
    delta : Factor
        dJ/dz_l[i], the sum of the products.
    terms : tuple of (Factor, Factor)
        da_l[j]/dz_l[i] and dJ/da_l[j], for every j.
    """

    delta: Factor
    terms: tuple[tuple[Factor, Factor], ...]


@dataclass(frozen=True)
class Path:
    """The gradient of one weight, and the strongest way from it to the cost.

    Attributes
    ----------
    layer, to, source : int
        The weight W_l[to, source], neurons counted from 0.
    weight : Factor
        Its name in the notation, and its number.
    gradient : float
        dJ/dW_l[to, source].
    factors : tuple of Factor
        Their product is ``contribution``.
    hops : tuple of Hop
        The neurons passed, from layer l to the output.
    contribution : float
        What this way adds to the gradient.
    ways : int
        How many ways there are.
    sum_of_ways : float
        What all of them add, multiplied out layer by layer: the gradient.
    passages : tuple of Passage
        The sums over the Jacobian of each softmax that the way passes.
    """

    layer: int
    to: int
    source: int
    weight: Factor
    gradient: float
    factors: tuple[Factor, ...]
    hops: tuple[Hop, ...]
    contribution: float
    ways: int
    sum_of_ways: float
    passages: tuple[Passage, ...]


def path_of(passes: Passes, weight: tuple[int, int, int] | None) -> Path:
    l, to, source = weight = _largest(passes) if weight is None else weight
    sizes, a = passes.network.sizes, passes.forward.a
    if not (1 <= l <= passes.depth and 0 <= to < sizes[l] and 0 <= source < sizes[l - 1]):
        shapes = ", ".join(f"W_{k} is {sizes[k]} x {sizes[k - 1]}" for k in range(1, len(sizes)))
        raise ValueError(f"there is no weight {weight}, given as (layer, to, source) with neurons from 0; {shapes}")
    n = int(np.argmax(np.abs(passes.delta(l)[:, to] * a[l - 1][:, source])))
    hops = _strongest(passes, l, to, n)
    first = Factor(entry(passes, "activation", l - 1, source), float(a[l - 1][n, source]))
    factors = (first, *_factors(passes, hops, n))
    return Path(
        l,
        to,
        source,
        _weight(passes, l, to, source),
        float(_gradients(passes, l)[to, source]),
        factors,
        hops,
        contribution=float(np.prod([f.number for f in factors])),
        ways=_ways(passes, l),
        sum_of_ways=_sum_of_ways(passes, l, to, source),
        passages=tuple(_passages(passes, hops, n)),
    )


def _gradients(passes: Passes, l: int) -> Array:
    return passes.gradient_of("weights_gradient", l)


def _largest(passes: Passes) -> tuple[int, int, int]:
    best = max(range(1, passes.depth + 1), key=lambda l: np.abs(_gradients(passes, l)).max())
    to, source = np.unravel_index(np.argmax(np.abs(_gradients(passes, best))), _gradients(passes, best).shape)
    return best, int(to), int(source)


def _ways(passes: Passes, l: int) -> int:
    """One for every choice of a neuron in each layer above, twice in a softmax layer, for every sample."""
    sizes = passes.network.sizes
    branches = [sizes[k] for k in range(l + 1, len(sizes))]
    branches += [sizes[k] for k in range(l, passes.depth) if slopes_of(passes, k) is None]
    return int(np.prod(branches, dtype=object)) * len(passes.X)


def _jacobian(passes: Passes, k: int, n: int) -> Array:
    """da[j]/dz[i] of a layer at [i, j] for a sample."""
    slopes, a = slopes_of(passes, k), passes.forward.a[k][n]
    return a * (np.eye(len(a)) - a[:, None]) if slopes is None else np.diag(slopes[n])


def _sum_of_ways(passes: Passes, l: int, to: int, source: int) -> float:
    total = 0.0
    for n in range(len(passes.X)):
        onward = passes.delta(passes.depth)[n]
        for k in range(passes.depth - 1, l - 1, -1):
            onward = _jacobian(passes, k, n) @ (passes.layers[k].weights.T @ onward)
        total += float(passes.forward.a[l - 1][n, source] * onward[to])
    return total


def _strongest(passes: Passes, l: int, to: int, n: int) -> tuple[Hop, ...]:
    """The way from `to` in layer l to the cost with the largest product, by dynamic programming."""
    reach = np.abs(passes.delta(passes.depth)[n])
    leaves: dict[int, Array] = {}
    above: dict[int, Array] = {}
    for k in range(passes.depth - 1, l - 1, -1):
        onward = np.abs(passes.layers[k].weights) * reach[:, None]
        above[k] = onward.argmax(axis=0)
        through = np.abs(_jacobian(passes, k, n)) * onward.max(axis=0)
        leaves[k] = through.argmax(axis=1) if slopes_of(passes, k) is None else np.arange(len(through))
        reach = through.max(axis=1)
    hops, unit = [], to
    for k in range(l, passes.depth):
        hops.append(Hop(k, unit, int(leaves[k][unit])))
        unit = int(above[k][hops[-1].leaves])
    return (*hops, Hop(passes.depth, unit, unit))


def _factors(passes: Passes, hops: tuple[Hop, ...], n: int) -> Iterator[Factor]:
    """Slope, weight, slope, weight, ... from layer l to the cost."""
    for hop, above in itertools.pairwise(hops):
        yield from _slope_factor(passes, hop, n)
        yield _weight(passes, above.layer, above.enters, hop.leaves)
    last = hops[-1]
    error = passes.error(last.layer)[n, last.leaves]
    if slopes_of(passes, last.layer) is None or not np.isfinite(error):  # delta_L as one number
        yield _delta(passes, last, n)
        return
    yield from _slope_factor(passes, last, n)
    yield Factor(entry(passes, "error", last.layer, last.leaves), float(error))


def _weight(passes: Passes, l: int, to: int, source: int) -> Factor:
    pair = (to, source) if passes.derivation.notation.weights == "to_from" else (source, to)
    return Factor(entry(passes, "weights", l, *pair), float(passes.layers[l - 1].weights[to, source]))


def _slope_factor(passes: Passes, hop: Hop, n: int) -> Iterator[Factor]:
    """sigma'(z) of a neuron, or da[j]/dz[i] of softmax; nothing where the activation is the identity."""
    k, sigma = hop.layer, passes.network.activation(hop.layer)
    if sigma.name == "identity":
        return
    number = float(_jacobian(passes, k, n)[hop.enters, hop.leaves])
    z = entry(passes, "preactivation", k, hop.enters)
    if sigma.df is None:
        yield Factor(partial_of(entry(passes, "activation", k, hop.leaves), z), number)
    else:
        yield Factor(call(primed(_names(passes)[f"sigma_{k}"], 1), z), number)


def _passages(passes: Passes, hops: tuple[Hop, ...], n: int) -> Iterator[Passage]:
    for hop in hops:
        errors = passes.error(hop.layer)[n]
        if slopes_of(passes, hop.layer) is not None or not np.isfinite(errors).all():
            continue
        terms = []
        for j, error in enumerate(errors):
            (slope,) = _slope_factor(passes, Hop(hop.layer, hop.enters, j), n)
            terms.append((slope, Factor(entry(passes, "error", hop.layer, j), float(error))))
        yield Passage(_delta(passes, hop, n), tuple(terms))


def _delta(passes: Passes, hop: Hop, n: int) -> Factor:
    number = passes.delta(hop.layer)[n, hop.enters]
    return Factor(entry(passes, "delta", hop.layer, hop.enters), float(number))


def _names(passes: Passes) -> Mapping[str, Box]:
    return passes.derivation.steps[0].script.names


def entry(passes: Passes, role: str, l: int, *neurons: int) -> Box:
    """An entry of a quantity in the notation's letters, neurons counted from 0 in square brackets."""
    names = _names(passes)
    merged = {"activation": "preactivation", "error": "delta"} if l == passes.depth else {}  # a linear output's letter
    box = names.get(f"{role}_{l}") or names.get(f"{merged.get(role)}_{l}")
    if box is None:  # dJ/da of a hidden layer, where the derivation has no line for it
        notation = passes.derivation.notation
        box = partial(notation.glyph("cost"), notation.glyph("activation", l, passes.depth))
    minus = (op("neg"),) if role in SLOPES and passes.derivation.notation.sign < 0 else ()
    return row(*minus, box, fence(joined(",", *map(num, neurons)), "[", "]"))


def slopes_of(passes: Passes, l: int) -> Array | None:
    """sigma_l'(z_l), (N, n_l); None for a row-wise activation."""
    sigma = passes.network.activation(l)
    if sigma.df is None:
        return None
    z, a = passes.forward.z[l], passes.forward.a[l]
    return np.broadcast_to(np.asarray(sigma.df(NUMPY, z, a), dtype=float), z.shape)
