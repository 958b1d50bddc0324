"""coefs_ and intercepts_: the parameters as scikit-learn shows them, views of the one vector theta.

coefs_[l - 1] is W_l transposed, (n_{l-1}, n_l). Writing into them writes into theta; putting other arrays in their
place, in the lists or as new lists, is noticed the next time that the model is used.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.network.spec import Network

__all__ = ["all_finite", "attach", "restore", "state_of", "theta_of"]

Array = NDArray[Any]
SHOWN = ("coefs_", "intercepts_", "_views")


def attach(model: Any, network: Network, theta: Array) -> None:
    """Show theta as the model's parameters."""
    layers = network.layers(theta)
    model.network_, model._theta = network, theta
    model.coefs_, model.intercepts_ = [W.T for W, _ in layers], [b for _, b in layers]
    model._views = (*model.coefs_, *model.intercepts_)


def theta_of(model: Any, network: Network | None = None) -> Array:
    """The model's theta: the vector itself, or a new one where coefs_ or intercepts_ were replaced.

    Raises
    ------
    AttributeError
        If the model has no parameters yet.
    ValueError
        If the arrays do not fit the network.
    """
    if not hasattr(model, "coefs_"):
        raise AttributeError(f"this {type(model).__name__} has no parameters yet: call fit or initialize first")
    views = getattr(model, "_views", ())
    shown = (*model.coefs_, *model.intercepts_)
    network = network or model.network_
    own = len(shown) == len(views) and all(a is b for a, b in zip(shown, views, strict=True))
    if own and model._theta.size == network.n_parameters:
        vector: Array = model._theta
        return vector
    kind = np.result_type(*shown)
    dtype = kind if kind in (np.float32, np.float64) else np.float64
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return np.asarray(network.pack([(np.asarray(W, dtype).T, np.asarray(b, dtype)) for W, b in pairs]))


def state_of(model: Any, state: dict[str, Any]) -> dict[str, Any]:
    """What to pickle: theta once, and not its views."""
    if "network_" not in state or "coefs_" not in state:
        return state
    return {name: value for name, value in state.items() if name not in SHOWN} | {"_theta": theta_of(model)}


def restore(model: Any) -> None:
    """Show theta again after unpickling."""
    if "_theta" in vars(model):
        attach(model, model.network_, model._theta)


def all_finite(model: Any) -> bool:
    """Whether every parameter is a finite number."""
    return all(np.isfinite(part).all() for part in chain(model.coefs_, model.intercepts_))
