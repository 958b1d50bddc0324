"""Backward: the same chain read from the right.

delta_L = pullback_L(dJ/da_L)                   (B1, in head.py)
delta_l = pullback_l(delta_{l+1} W_{l+1})       (B2)
dJ/dW_l = delta_l^T a_{l-1}                     (B3)
dJ/db_l = 1^T delta_l                           (B4)
dJ/dX   = pullback_0(delta_1 W_1)               (B5)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .arrays import Array, namespace

if TYPE_CHECKING:
    from .forward import Forward
    from .parameters import Layer
    from .spec import Network

__all__ = ["Backward", "backward", "deltas", "pull_back"]


@dataclass(frozen=True, slots=True)
class Backward:
    """The gradient of J with everything on the way to it; layers are counted l = 1..L.

    Attributes
    ----------
    value : number
        J.
    delta : tuple of array
        dJ/dz_l, (N, n_l); ``delta[0]`` is dJ/dX, the same as ``inputs``.
    weights, biases : tuple of array
        dJ/dW_l, (n_l, n_{l-1}), and dJ/db_l, (n_l,); the entries at 0 are None.
    inputs : array (N, n_0)
        dJ/dX.
    vector : array (n_parameters,)
        The whole gradient in the order of theta.
    """

    value: Array
    delta: tuple[Array, ...]
    weights: tuple[Array | None, ...]
    biases: tuple[Array | None, ...]
    inputs: Array
    vector: Array


def pull_back(network: Network, layers: Sequence[Layer], state: Forward, l: int, delta: Array) -> Array:
    """delta_l from delta_{l+1}: equation B2, or B5 for l = 0 (Watters 76, 77; Wichmann 5.2; Menon (2))."""
    sigma = network.activation(l)
    g = delta @ layers[l].weights
    if state.masks is not None and state.masks[l] is not None:
        g = g * state.masks[l]
    if sigma.name == "identity":
        return g
    return sigma.pullback(namespace(g), state.z[l], state.a[l], g)  # B2, B5


def deltas(network: Network, layers: Sequence[Layer], state: Forward, delta: Array) -> Iterator[tuple[int, Array]]:
    """(L, delta_L), (L - 1, delta_{L-1}), ..., (1, delta_1), from delta_L."""
    yield network.depth, delta
    for l in reversed(range(1, network.depth)):
        delta = pull_back(network, layers, state, l, delta)  # B2
        yield l, delta


def backward(
    network: Network,
    layers: Sequence[Layer],
    state: Forward,
    delta: Array,
    gradient: Array | None = None,
    keep: dict[int, Array] | None = None,
    places: Sequence[Layer] | None = None,
) -> Array:
    """Walk the chain from right to left: equations B2, B3 and B4.

    Parameters
    ----------
    network : Network
        What is computed.
    layers : sequence of Layer
        The parameters.
    state : Forward
        What `forward` left behind.
    delta : array (N, n_L)
        delta_L, the average and the sample weights included.
    gradient : NumPy array (n_parameters,), optional
        Where to write; a new one without it.
    keep : dict, optional
        Receives delta_l under l.
    places : sequence of Layer, optional
        The layers of ``gradient``, where the caller has them at hand.

    Returns
    -------
    array (n_parameters,)
        dJ/dtheta without penalties, in the order of theta.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network((1, 1), ("identity",), "half_squared_error")
    >>> layers = net.layers(np.array([2.0, 1.0]))
    >>> state = net.forward(np.array([2.0, 1.0]), np.array([[3.0]]))
    >>> backward(net, layers, state, np.array([[1.0]]))
    array([3., 1.])
    """
    xp = namespace(delta)
    if xp.is_numpy and gradient is None:
        gradient = np.empty(network.n_parameters, dtype=np.result_type(delta, *state.fed[:-1]))
    if places is None and gradient is not None:
        places = network.layers(gradient)
    parts: list[Array] = []
    for l, d in deltas(network, layers, state, delta):
        if keep is not None:
            keep[l] = d
        if places is not None:
            _write(places[l - 1], d, state.fed[l - 1])
        else:
            pair = [xp.reshape(d.T @ state.fed[l - 1], (-1,))]  # B3
            parts = [*pair, xp.sum(d, axis=0), *parts] if network.bias else pair + parts  # B4
    return gradient if gradient is not None else xp.concat(parts)


def _write(place: Layer, delta: Array, fed: Array) -> None:
    """The gradient of one layer, written into its place in the vector: NumPy has views."""
    np.matmul(delta.T, fed, out=place.weights)  # B3
    if place.biases is not None:
        np.add.reduce(delta, axis=0, out=place.biases)  # B4
