"""seed and network -> theta: the initial schemes, each drawing one weight matrix.

The scale of a scheme keeps the variance of the signals from layer to layer: Glorot and Bengio (2010)
for tanh and sigmoid, He et al. (2015) for relu, LeCun et al. (1998) for selu, Sitzmann et al. (2020)
for sine; Saxe et al. (2014) for orthogonal. Biases start at zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from .grammar import parse_call, unknown_name
from .parameters import blocks

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from .spec import Network

__all__ = ["SCHEMES", "initial"]

Scheme = Callable[..., Any]  # (rng, (n_l, n_{l-1}), *numbers) -> array


def _spread(kind: str, fan: str, rng: np.random.Generator, shape: tuple[int, int], gain: float = 1.0) -> Any:
    """Zero mean, variance gain^2 * scale / fan, uniform or normal."""
    n_out, n_in = shape
    variance = gain**2 * {"glorot": 2 / (n_in + n_out), "he": 2 / n_in, "lecun": 1 / n_in}[fan]
    if kind == "uniform":
        return rng.uniform(-sqrt(3 * variance), sqrt(3 * variance), shape)
    return rng.normal(0.0, sqrt(variance), shape)


def _orthogonal(rng: np.random.Generator, shape: tuple[int, int], gain: float = 1.0) -> Any:
    """Orthonormal rows or columns: Q of a normal matrix, signs fixed so that Q is uniformly distributed."""
    tall = rng.normal(size=(max(shape), min(shape)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return gain * (q if shape[0] >= shape[1] else q.T)


def _zeros(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    return np.zeros(shape)


def _constant(rng: np.random.Generator, shape: tuple[int, int], value: float = 0.0) -> Any:
    return np.full(shape, value)


def _uniform(rng: np.random.Generator, shape: tuple[int, int], limit: float = 0.05) -> Any:
    return rng.uniform(-limit, limit, shape)


def _normal(rng: np.random.Generator, shape: tuple[int, int], std: float = 0.05) -> Any:
    return rng.normal(0.0, std, shape)


def _sine(rng: np.random.Generator, shape: tuple[int, int], w: float = 1.0) -> Any:
    return _uniform(rng, shape, sqrt(6 / shape[1]) / w)


#: Initial schemes by name; numbers in brackets are handed on, as in ``uniform(0.05)``.
SCHEMES: dict[str, Scheme] = {
    "zeros": _zeros,
    "constant": _constant,
    "uniform": _uniform,
    "normal": _normal,
    "orthogonal": _orthogonal,
    "sine": _sine,
    **{
        f"{fan}_{kind}": partial(_spread, kind, fan)
        for fan in ("glorot", "he", "lecun")
        for kind in ("uniform", "normal")
    },
}


def initial(
    network: Network,
    seed: int | np.random.Generator = 0,
    *,
    dtype: DTypeLike = np.float64,
    scheme: str | Sequence[str] | None = None,
) -> NDArray[Any]:
    """theta to start from; see `Network.initial`."""
    rng = np.random.default_rng(seed)
    theta = np.zeros(network.n_parameters, dtype=dtype)
    names = _scheme_of_layers(network, scheme)
    for block in blocks(network):
        if block.kind == "weights":
            name, numbers = parse_call(names[block.layer - 1], "initial scheme")
            if name not in SCHEMES:
                raise unknown_name("initial scheme", name, SCHEMES)
            theta[block.slice] = SCHEMES[name](rng, block.shape, *numbers).ravel()
    return theta


def _scheme_of_layers(network: Network, scheme: str | Sequence[str] | None) -> Sequence[str]:
    if scheme is None:
        return [entry.initial for entry in network.activations]
    if isinstance(scheme, str):
        return [scheme] * network.depth
    if len(scheme) != network.depth:
        raise ValueError(f"scheme is one name or one for each of the {network.depth} layers, given {len(scheme)}")
    return scheme
