"""theta, one flat vector; every W and b is a slice of it, layer after layer, weights before biases.

One buffer is what is updated, saved, sent and handed to an optimiser. The bias-absorbed form of
Watters (41) is another reading of the same numbers: an extra column on every W, for the 1 that is
appended to every layer's input.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from .arrays import Array, namespace

if TYPE_CHECKING:
    from .spec import Network

__all__ = ["Block", "Layer", "absorb", "blocks", "layers", "pack", "release"]


class Layer(NamedTuple):
    """The parameters of one layer: weights (n_l, n_{l-1}) and biases (n_l,), None without biases."""

    weights: Array
    biases: Array | None


@dataclass(frozen=True)
class Block:
    """Where one matrix or vector lies in theta."""

    name: str
    layer: int
    kind: str  # "weights" or "biases"
    start: int
    shape: tuple[int, ...]

    @cached_property
    def slice(self) -> slice:
        """The place in theta."""
        return slice(self.start, self.start + prod(self.shape))


@lru_cache(maxsize=256)
def _blocks(sizes: tuple[int, ...], bias: bool) -> tuple[Block, ...]:
    found: list[Block] = []
    start = 0
    for l in range(1, len(sizes)):
        found.append(Block(f"W{l}", l, "weights", start, (sizes[l], sizes[l - 1])))
        start = found[-1].slice.stop
        if bias:
            found.append(Block(f"b{l}", l, "biases", start, (sizes[l],)))
            start = found[-1].slice.stop
    return tuple(found)


def blocks(network: Network) -> tuple[Block, ...]:
    """The places of W_1, b_1, W_2, b_2, ... in theta."""
    return _blocks(network.sizes, network.bias)


def layers(network: Network, theta: Array) -> list[Layer]:
    """The layers' parameters: views of theta where the library has views.

    Raises
    ------
    ValueError
        If theta has not the length of the network.
    """
    if theta.shape != (network.n_parameters,):
        raise ValueError(
            f"theta has shape {tuple(theta.shape)}, but the network {network} has {network.n_parameters} parameters: "
            f"expected ({network.n_parameters},)"
        )
    xp = namespace(theta)
    parts = [xp.reshape(theta[block.slice], block.shape) for block in blocks(network)]
    if not network.bias:
        return [Layer(W, None) for W in parts]
    return [Layer(W, b) for W, b in zip(parts[::2], parts[1::2], strict=True)]


def pack(network: Network, parts: Iterable[Sequence[Array | None]]) -> Array:
    """The inverse of `layers`: [(W_1, b_1), ...] to theta.

    Raises
    ------
    ValueError
        If a part has another shape than the network's.
    """
    flat = [part for layer in parts for part in layer if part is not None]
    places = blocks(network)
    if len(flat) != len(places):
        raise ValueError(f"the network {network} has {len(places)} weights and biases in all, given {len(flat)}")
    for block, part in zip(places, flat, strict=True):
        if tuple(part.shape) != block.shape:
            raise ValueError(f"{block.name} has shape {block.shape}, given {tuple(part.shape)}")
    xp = namespace(*flat)
    return xp.concat([xp.reshape(part, (-1,)) for part in flat])


def absorb(network: Network, theta: Array) -> list[Array]:
    """The matrices (n_l, n_{l-1} + 1) whose last column is the bias (Watters, before 41).

    With a layer's input widened by a 1, ``z = W @ [a; 1]``.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network.parse("2-1:identity", loss="squared_error")
    >>> absorb(net, np.array([3.0, 4.0, 5.0]))
    [array([[3., 4., 5.]])]
    """
    if not network.bias:
        raise ValueError(f"the network {network} has no biases to absorb")
    xp = namespace(theta)
    return [xp.concat([W, b[:, None]], axis=1) for W, b in layers(network, theta) if b is not None]


def release(network: Network, matrices: Sequence[Array]) -> Array:
    """The inverse of `absorb`: theta from matrices whose last column is the bias."""
    return pack(network, [(M[:, :-1], M[:, -1]) for M in matrices])
