"""Where training begins: the weights that scikit-learn draws from the same random_state, number for number.

W_l and b_l uniform in [-r, r], r = sqrt(f / (n_{l-1} + n_l)), f = 2 for the logistic activation, else 6
(Glorot and Bengio 2010). A network with an activation that scikit-learn does not have begins as its own table says.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.network.spec import Network

__all__ = ["first_theta"]

FACTOR = {"identity": 6.0, "relu": 6.0, "tanh": 6.0, "sigmoid": 2.0}


def first_theta(network: Network, random: np.random.RandomState, dtype: Any) -> NDArray[Any]:
    """theta, drawn layer by layer: a matrix (n_{l-1}, n_l), then its biases.

    Examples
    --------
    >>> network = Network.parse("2-3:tanh-1", loss="half_squared_error")
    >>> first_theta(network, np.random.RandomState(0), float)[:2].round(4)
    array([0.1069, 0.0983])
    """
    hidden = [sigma.name for sigma in network.activations[:-1]]
    if not all(name in FACTOR for name in hidden):
        return network.initial(np.random.default_rng(random.randint(2**31)), dtype=dtype)
    factors = [FACTOR[name] for name in hidden]
    factors.append(factors[-1] if factors else FACTOR["relu"])  # the output layer goes with the last hidden one
    parts = []
    for factor, n_in, n_out in zip(factors, network.sizes, network.sizes[1:], strict=False):
        r = sqrt(factor / (n_in + n_out))
        W = random.uniform(-r, r, (n_in, n_out)).T
        parts.append((W.astype(dtype), random.uniform(-r, r, n_out).astype(dtype)))
    return np.asarray(network.pack(parts))
