"""Branch patterns: on which side of every kink a network's numbers are.

A derivative is right or wrong only where there is one. Two points with equal patterns have no kink of
an activation or of the loss between them, so a difference of their values can be trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Array, namespace
from .forward import forward

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .spec import Network

__all__ = ["branches"]


def branches(network: Network, theta: Array, X: Array, T: Array) -> NDArray[np.int8]:
    """The signs of z_l - kink for every activation, and of the loss's own kinks; see `Network.branches`."""
    xp = namespace(theta, X)
    state = forward(network, network.layers(theta), X)
    signs: list[Any] = []
    for l in range(network.depth + 1):
        signs += [np.asarray(xp.sign(xp.real(state.z[l]) - kink)) for kink in network.activation(l).kinks]
    if network.loss.kinks is not None:
        signs.append(np.asarray(xp.sign(xp.real(network.loss.kinks(xp, state.a[-1], T)))))
    if not signs:
        return np.zeros(0, dtype=np.int8)
    return np.concatenate([part.ravel() for part in signs]).astype(np.int8)
