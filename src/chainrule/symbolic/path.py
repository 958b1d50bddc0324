"""The gradient of one weight as a sum over all ways to the cost, and the largest of them factor by factor.

dJ/dW_l[i, j] = delta_l[i] a_{l-1}[j] (B3), and delta_l[i] is a sum over all ways from neuron i to the output of
products of weights and slopes (B2 unrolled).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.network.arrays import NUMPY
from chainrule.symbolic.boxes import Box, call, fence, joined, num, op, primed, row
from chainrule.symbolic.components import partial_of
from chainrule.symbolic.notation import SLOPES
from chainrule.symbolic.text import text
from chainrule.symbolic.verification import Passes

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
class Path:
    """The gradient of one weight, and the strongest way from it to the cost.

    Attributes
    ----------
    layer, to, source : int
        The weight W_l[to, source], neurons counted from 0.
    gradient : float
        dJ/dW_l[to, source].
    factors : tuple of Factor
        Their product is ``contribution``.
    units : tuple of int
        The neurons passed, from layer l to the output.
    contribution : float
        What this way adds to the gradient; all ways together make the gradient.
    ways : int
        How many ways there are; a softmax inside the network is passed by its own entry alone.
    """

    layer: int
    to: int
    source: int
    gradient: float
    factors: tuple[Factor, ...]
    units: tuple[int, ...]
    contribution: float
    ways: int


def path_of(passes: Passes, weight: tuple[int, int, int] | None) -> Path:
    if weight is None:
        weight = _largest(passes)
    l, to, source = weight
    sizes = passes.network.sizes
    if not (1 <= l <= passes.depth and 0 <= to < sizes[l] and 0 <= source < sizes[l - 1]):
        shapes = ", ".join(f"W_{k} is {sizes[k]} x {sizes[k - 1]}" for k in range(1, len(sizes)))
        raise ValueError(f"there is no weight {weight}, given as (layer, to, source) with neurons from 0; {shapes}")
    gradient = float(passes.backward.weights[l][to, source])
    n = int(np.argmax(np.abs(passes.backward.delta[l][:, to] * passes.forward.a[l - 1][:, source])))
    units = _strongest(passes, l, to, n)
    first = Factor(entry(passes, "activation", l - 1, source), float(passes.forward.a[l - 1][n, source]))
    factors = (first, *_factors(passes, l, units, n))
    contribution = float(np.prod([f.number for f in factors]))
    ways = int(np.prod([sizes[k] for k in range(l + 1, len(sizes))], dtype=object)) * len(passes.X)
    return Path(l, to, source, gradient, factors, units, contribution, ways)


def _largest(passes: Passes) -> tuple[int, int, int]:
    best = max(range(1, passes.depth + 1), key=lambda l: np.abs(passes.backward.weights[l]).max())
    to, source = np.unravel_index(np.argmax(np.abs(passes.backward.weights[best])), passes.backward.weights[best].shape)
    return best, int(to), int(source)


def _own_slope(passes: Passes, k: int, n: int) -> Array:
    """da/dz of each neuron of a layer by its own z; of softmax the diagonal of its Jacobian, a (1 - a)."""
    slopes = slopes_of(passes, k)
    a = passes.forward.a[k][n]
    return a * (1 - a) if slopes is None else slopes[n]


def _strongest(passes: Passes, l: int, to: int, n: int) -> tuple[int, ...]:
    """The neurons of the way from `to` in layer l to the cost with the largest product, by dynamic programming."""
    reach = np.abs(passes.backward.delta[passes.depth][n])
    choice: dict[int, Array] = {}
    for k in range(passes.depth - 1, l - 1, -1):
        onward = np.abs(passes.layers[k].weights) * reach[:, None]
        choice[k] = onward.argmax(axis=0)
        reach = np.abs(_own_slope(passes, k, n)) * onward.max(axis=0)
    units = [to]
    for k in range(l, passes.depth):
        units.append(int(choice[k][units[-1]]))
    return tuple(units)


def _factors(passes: Passes, l: int, units: tuple[int, ...], n: int) -> Iterator[Factor]:
    """Slope, weight, slope, weight, ... from layer l to the cost."""
    for k, (unit, above) in enumerate(itertools.pairwise(units), start=l):
        yield from _slope_factor(passes, k, unit, n)
        pair = (above, unit) if passes.derivation.notation.weights == "to_from" else (unit, above)
        yield Factor(entry(passes, "weights", k + 1, *pair), float(passes.layers[k].weights[above, unit]))
    L, unit = passes.depth, units[-1]
    error = passes.error(L)[n, unit]
    if slopes_of(passes, L) is None or not np.isfinite(error):  # delta_L as one number
        yield Factor(entry(passes, "delta", L, unit), float(passes.backward.delta[L][n, unit]))
        return
    yield from _slope_factor(passes, L, unit, n)
    yield Factor(entry(passes, "error", L, unit), float(error))


def _slope_factor(passes: Passes, k: int, unit: int, n: int) -> Iterator[Factor]:
    """sigma'(z) of a neuron; nothing where the activation is the identity."""
    sigma = passes.network.activation(k)
    if sigma.name == "identity":
        return
    number = float(_own_slope(passes, k, n)[unit])
    z = entry(passes, "preactivation", k, unit)
    if sigma.df is None:
        yield Factor(partial_of(entry(passes, "activation", k, unit), z), number)
    else:
        yield Factor(call(primed(_names(passes)[f"sigma_{k}"], 1), z), number)


def _names(passes: Passes) -> Mapping[str, Box]:
    return passes.derivation.steps[0].script.names


def entry(passes: Passes, role: str, l: int, *neurons: int) -> Box:
    """An entry of a quantity in the notation's letters, neurons counted from 0 in square brackets."""
    names = _names(passes)
    merged = {"activation": "preactivation", "error": "delta"}  # a linear output with a letter of its own
    box = names.get(f"{role}_{l}") or names[f"{merged[role]}_{l}"]
    minus = (op("neg"),) if role in SLOPES and passes.derivation.notation.sign < 0 else ()
    return row(*minus, box, fence(joined(",", *map(num, neurons)), "[", "]"))


def slopes_of(passes: Passes, l: int) -> Array | None:
    """sigma_l'(z_l), (N, n_l); None for a row-wise activation."""
    sigma = passes.network.activation(l)
    if sigma.df is None:
        return None
    z, a = passes.forward.z[l], passes.forward.a[l]
    return np.broadcast_to(np.asarray(sigma.df(NUMPY, z, a), dtype=float), z.shape)
