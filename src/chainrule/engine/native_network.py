"""A network as the compiled engine knows it: tables' entries by their numbers, functions of one's own as callbacks."""

from collections import OrderedDict
from typing import Any

import numpy as np

from chainrule.descent.rule import State, UpdateRule
from chainrule.engine import native_loading
from chainrule.engine.protocol import Array
from chainrule.network.activation import Activation
from chainrule.network.arrays import NUMPY
from chainrule.network.spec import Network

__all__ = ["DTYPES", "Entry", "compiled_network", "dtype_suffix", "rule_entry"]

DTYPES = {np.dtype(np.float32): "32", np.dtype(np.float64): "64"}
CUSTOM = -1
Entry = tuple[int, list[float]]  # number in the table, and parameters

# The order of the update rules in native/descent.hpp, and the fields that each hands over.
RULES: dict[str, tuple[str, ...]] = {
    "SGD": (),
    "Momentum": ("momentum",),
    "Nesterov": ("momentum",),
    "AdaGrad": ("epsilon",),
    "RMSProp": ("decay", "epsilon"),
    "Adam": ("beta1", "beta2", "epsilon", "epsilon_hat"),
    "AdamW": ("beta1", "beta2", "epsilon", "weight_decay"),
    "NAdam": ("beta1", "beta2", "epsilon", "momentum_decay"),
}
_kept: OrderedDict[tuple[int, str], tuple[Network, Any]] = OrderedDict()
MOST_KEPT = 64


def dtype_suffix(dtype: Any) -> str | None:
    """ "32" or "64", what the compiled classes' names end with; None for another dtype."""
    return DTYPES.get(np.dtype(dtype))


def rule_entry(rule: UpdateRule) -> Entry:
    """The update rule's number and parameters; CUSTOM for one that is called in Python."""
    name = type(rule).__name__
    if name not in RULES or type(rule).__module__.partition(".")[0] != "chainrule":
        return CUSTOM, []
    return list(RULES).index(name), [float(getattr(rule, field)) for field in RULES[name]]


def compiled_network(network: Network, suffix: str) -> Any:
    """The compiled description of the network; those asked for last are kept, for callers who ask again and again."""
    key = (id(network), suffix)
    found = _kept.get(key)
    if found is not None and found[0] is network:
        _kept.move_to_end(key)
        return found[1]
    made = _describe(network, suffix)
    _kept[key] = (network, made)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return made


def _describe(network: Network, suffix: str) -> Any:
    loss = network.loss
    sigmas = [network.activation(l) for l in range(network.depth + 1)]
    callbacks = _Callbacks(network)
    return getattr(native_loading.module(), f"Net{suffix}")(
        list(network.sizes),
        [_entry(sigma) for sigma in sigmas],
        network.bias,
        (CUSTOM, []) if loss.code is None else (loss.code, list(loss.parameters)),
        loss.scale(network.sizes[-1]),
        network.n_targets,
        callbacks.activate,
        callbacks.pull_back,
        callbacks.head,
    )


def _entry(sigma: Activation) -> Entry:
    return (CUSTOM, []) if sigma.code is None else (sigma.code, list(sigma.parameters))


class _Callbacks:
    """What the engine calls for functions of one's own, on whole batches.

    What they are given is copied: a function may keep its arguments, and the engine's buffers end with the session.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def activate(self, l: int, z: Array, a: Array) -> None:
        a[...] = self._network.activation(l).f(NUMPY, z.copy())  # F2

    def pull_back(self, l: int, z: Array, a: Array, g: Array) -> None:
        g[...] = self._network.activation(l).pullback(NUMPY, z.copy(), a.copy(), g.copy())  # B2

    def head(self, z: Array, a: Array, t: Array, delta: Array, losses: Array) -> None:
        head = self._network.head
        z, a, t = z.copy(), a.copy(), t.copy()
        losses[:, 0] = head.value(NUMPY, z, a, t)
        delta[...] = head.delta(NUMPY, z, a, t)  # B1


def stored_state(state: State) -> State:
    """The entries that the compiled rules read: not the scratch memory."""
    return {name: array for name, array in state.items() if not name.startswith("_")}
