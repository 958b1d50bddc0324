"""J: the only place with a 1/N, with sample weights and penalties, for value and gradient alike.

J = sum_n w_n loss(t_n, a_L,n) / sum_n w_n + l1 sum |W| + 1/2 l2 sum W^2  (J), over all weights, no biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .arrays import Array, Library, namespace
from .backward import Backward, backward, pull_back
from .forward import Forward, forward
from .parameters import blocks

if TYPE_CHECKING:
    from .parameters import Layer
    from .spec import Network

__all__ = ["average", "delta_of_output", "full_backward", "objective", "penalty", "shares", "value_and_gradient"]


def shares(xp: Library, N: int, sample_weight: Array | None) -> Array | float:
    """Each sample's share of J: w_n / sum w, or 1/N; what both the value and delta_L are multiplied by."""
    return 1 / N if sample_weight is None else sample_weight / xp.sum(sample_weight)  # J


def average(xp: Library, losses: Array, share: Array | float) -> Array:
    """The data term of J from the losses of the samples."""
    return share * xp.sum(losses) if isinstance(share, float) else xp.sum(losses * share)  # J


def delta_of_output(network: Network, xp: Library, state: Forward, T: Array, share: Array | float) -> Array:
    """delta_L, each sample's row times its share (Watters 44, Wichmann 2.15 and 3.12, Menon (1))."""
    delta = network.head.delta(xp, state.z[-1], state.a[-1], T)
    return delta * (share if isinstance(share, float) else share[:, None])  # B1


def penalty(network: Network, xp: Library, theta: Array, l1: float, l2: float) -> Array:
    """l1 sum |W| + 1/2 l2 sum W^2 over all weights, no biases."""
    total: Any = 0.0
    for W in (theta[block.slice] for block in blocks(network) if block.kind == "weights"):
        if l1:
            total = total + l1 * xp.sum(xp.magnitude(W))  # J
        if l2:
            total = total + l2 / 2 * (W @ W)  # J
    return total


def penalty_gradient(network: Network, xp: Library, theta: Array, l1: float, l2: float, gradient: Array) -> Array:
    """``gradient`` plus l1 sign(W) + l2 W; on NumPy in place."""
    parts = []
    for block in blocks(network):
        part = gradient[block.slice]
        if block.kind == "weights":
            W = theta[block.slice]
            extra = l2 * W if not l1 else l1 * xp.sign_of(W) + l2 * W
            if xp.is_numpy:
                part += extra
            else:
                part = part + extra
        parts.append(part)
    return gradient if xp.is_numpy else xp.concat(parts)


def objective(
    network: Network,
    theta: Array,
    X: Array,
    T: Array,
    sample_weight: Array | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
) -> Array:
    """J alone; see `Network.objective`."""
    xp = namespace(theta, X)
    state = forward(network, network.layers(theta), X)
    losses = network.head.value(xp, state.z[-1], state.a[-1], T)
    J = average(xp, losses, shares(xp, X.shape[0], sample_weight))
    return J + penalty(network, xp, theta, l1, l2) if l1 or l2 else J


def value_and_gradient(
    network: Network,
    theta: Array,
    X: Array,
    T: Array,
    sample_weight: Array | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    *,
    masks: Sequence[Array | None] | None = None,
    layers: Sequence[Layer] | None = None,
    out: Array | None = None,
    places: Sequence[Layer] | None = None,
) -> tuple[Array, Array]:
    """J and dJ/dtheta; see `Network.value_and_gradient`.

    An engine may hand in what it keeps between steps: ``layers``, the views of theta, ``out``, where the
    gradient goes, and ``places``, the views of that; ``masks`` are those of dropout.
    """
    xp = namespace(theta, X)
    layers = network.layers(theta) if layers is None else layers
    state = forward(network, layers, X, masks)
    share = shares(xp, X.shape[0], sample_weight)
    J = average(xp, network.head.value(xp, state.z[-1], state.a[-1], T), share)
    gradient = backward(network, layers, state, delta_of_output(network, xp, state, T, share), out, places=places)
    if l1 or l2:
        J = J + penalty(network, xp, theta, l1, l2)
        gradient = penalty_gradient(network, xp, theta, l1, l2, gradient)
    return J, gradient


def full_backward(network: Network, theta: Array, X: Array, T: Array, sample_weight: Array | None = None) -> Backward:
    """Every array of the backward pass; see `Network.backward`."""
    xp = namespace(theta, X)
    layers = network.layers(theta)
    state = forward(network, layers, X)
    share = shares(xp, X.shape[0], sample_weight)
    J = average(xp, network.head.value(xp, state.z[-1], state.a[-1], T), share)
    delta_L = delta_of_output(network, xp, state, T, share)
    found: dict[int, Array] = {}
    vector = backward(network, layers, state, delta_L, keep=found)
    found[0] = pull_back(network, layers, state, 0, found[1])  # B5
    parts = network.layers(vector)
    return Backward(
        value=J,
        delta=tuple(found[l] for l in range(network.depth + 1)),
        weights=(None, *(W for W, _ in parts)),
        biases=(None, *(b for _, b in parts)),
        inputs=found[0],
        vector=vector,
    )
