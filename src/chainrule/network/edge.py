"""What comes in from outside: X, T and sample_weight as arrays of shapes that fit, or an error that says what would."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Array, namespace

if TYPE_CHECKING:
    from .spec import Network

__all__ = ["data", "inputs", "parameters", "penalties", "targets", "weights"]


def _array(given: Any, name: str, like: Any = None) -> Array:
    """An array of any library; lists become NumPy arrays, whole numbers and truth values the real type of ``like``."""
    made = given if hasattr(given, "shape") else np.asarray(given)
    if isinstance(made, np.ndarray) and made.dtype.kind not in "biufc":
        hint = "; numbers in an array of objects become numbers by .astype(float)" if made.dtype.kind == "O" else ""
        raise ValueError(
            f"{name} must hold numbers, given {type(given).__name__} with entries of type {made.dtype}{hint}"
        )
    xp = namespace(made)
    if not xp.isdtype(made.dtype, ("bool", "integral")):
        return made
    return xp.astype(made, xp.float64 if like is None else xp.real(like).dtype)


def parameters(theta: Any) -> Array:
    """theta as an array of real or complex numbers."""
    return _array(theta, "theta")


def inputs(network: Network, X: Any, theta: Array | None = None) -> Array:
    """X, (N, n_0) with at least one sample."""
    X = _array(X, "X", theta)
    if len(X.shape) != 2 or X.shape[1] != network.sizes[0]:
        raise ValueError(
            f"X has shape {tuple(X.shape)}, but the network {network} takes {network.sizes[0]} inputs: "
            f"expected (N, {network.sizes[0]}), samples as rows"
        )
    if X.shape[0] == 0:
        raise ValueError("X has no samples: expected at least one row")
    return X


def targets(network: Network, X: Array, T: Any, theta: Array | None = None) -> Array:
    """T, (N, n_targets); a row of numbers is taken for a single target."""
    T = _array(T, "T", theta)
    if len(T.shape) == 1 and network.n_targets == 1:
        T = T[:, None]
    if tuple(T.shape) != (X.shape[0], network.n_targets):
        labels = len(T.shape) == 1 and network.n_targets > 1
        hint = "; classes are given one-hot, such as np.eye(K)[labels]" if labels else ""
        raise ValueError(
            f"T has shape {tuple(T.shape)}, but X has {X.shape[0]} samples and the network {network} takes "
            f"{network.n_targets} target(s): expected ({X.shape[0]}, {network.n_targets}){hint}"
        )
    return T


def weights(X: Array, sample_weight: Any, theta: Array | None = None) -> Array | None:
    """sample_weight, (N,), finite, not negative and not all zero; or None."""
    if sample_weight is None:
        return None
    w = _array(sample_weight, "sample_weight", theta)
    if tuple(w.shape) != (X.shape[0],):
        raise ValueError(
            f"sample_weight has shape {tuple(w.shape)}, but X has {X.shape[0]} samples: expected ({X.shape[0]},)"
        )
    xp = namespace(w)
    if not 0 < float(xp.sum(w)) < inf or float(xp.min(w)) < 0:
        raise ValueError("sample_weight must be finite, not negative, and not all zero: J is a weighted mean")
    return w


def data(
    network: Network, theta: Any, X: Any, T: Any, sample_weight: Any = None
) -> tuple[Array, Array, Array, Array | None]:
    """theta, X, T and sample_weight together."""
    theta = parameters(theta)
    X = inputs(network, X, theta)
    return theta, X, targets(network, X, T, theta), weights(X, sample_weight, theta)


def penalties(l1: float, l2: float) -> tuple[float, float]:
    """l1 and l2, neither negative."""
    if not (0 <= l1 < inf and 0 <= l2 < inf):
        raise ValueError(f"the penalties l1 and l2 must be finite and not negative, given l1={l1!r} and l2={l2!r}")
    return l1, l2
