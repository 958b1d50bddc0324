"""Forward: from the inputs to the outputs, keeping what backward needs.

z_l = a_{l-1} W_l^T + b_l  (F1)      a_l = sigma_l(z_l), a_0 = sigma_0(X)  (F2)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arrays import Array, namespace

if TYPE_CHECKING:
    from .parameters import Layer
    from .spec import Network

__all__ = ["Forward", "forward"]


@dataclass(slots=True)
class Forward:
    """What a forward pass leaves behind, by layer l = 0..L.

    Attributes
    ----------
    z : list of array
        Pre-activations, (N, n_l); ``z[0]`` is X.
    a : list of array
        Activations, (N, n_l); ``a[L]`` is the output.
    fed : list of array
        What layer l hands to the next one: ``a[l]``, or ``a[l]`` times its dropout mask.
    masks : sequence of array or None
        The dropout masks by layer, where there are any.
    """

    z: list[Array]
    a: list[Array]
    fed: list[Array]
    masks: Sequence[Array | None] | None = None


def forward(
    network: Network, layers: Sequence[Layer], X: Array, masks: Sequence[Array | None] | None = None
) -> Forward:
    """Walk the chain from left to right: equations F1 and F2 (Watters 41, Wichmann 1.4, Menon 1.2).

    Parameters
    ----------
    network : Network
        What is computed.
    layers : sequence of Layer
        The parameters, from ``network.layers(theta)``.
    X : array (N, n_0)
        Samples as rows.
    masks : sequence of array (N, n_l) or None, optional
        What the activations of layers 0..L-1 are multiplied by (dropout).

    Returns
    -------
    Forward

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network((1, 1), ("tanh",), "squared_error")
    >>> forward(net, net.layers(np.array([2.0, 1.0])), np.array([[3.0]])).z[1]
    array([[7.]])
    """
    xp = namespace(X, layers[0].weights)
    sigma_0 = network.input_activation
    state = Forward([X], [X if sigma_0.name == "identity" else sigma_0.f(xp, X)], [], masks)
    for (W, b), sigma in zip(layers, network.activations, strict=True):
        l = len(state.fed)
        mask = masks[l] if masks is not None else None
        state.fed.append(state.a[l] if mask is None else state.a[l] * mask)
        z = state.fed[l] @ W.T  # F1
        if b is not None:
            z += b  # F1
        state.z.append(z)
        state.a.append(sigma.f(xp, z))  # F2
    state.fed.append(state.a[-1])
    return state
