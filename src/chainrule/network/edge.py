"""What comes in from outside: X, T and sample_weight as arrays of shapes that fit, or an error that says what would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Array, namespace

if TYPE_CHECKING:
    from .spec import Network

__all__ = ["data", "inputs", "targets", "weights"]


def _array(given: Any, name: str) -> Array:
    """An array of any library as it is; lists become NumPy arrays."""
    if hasattr(given, "shape"):
        return given
    made = np.asarray(given)
    if made.dtype.kind not in "biufc":
        raise ValueError(f"{name} must hold numbers, given {type(given).__name__} with entries of type {made.dtype}")
    return made


def inputs(network: Network, X: Any) -> Array:
    """X, (N, n_0) with at least one sample."""
    X = _array(X, "X")
    if len(X.shape) != 2 or X.shape[1] != network.sizes[0]:
        raise ValueError(
            f"X has shape {tuple(X.shape)}, but the network {network} takes {network.sizes[0]} inputs: "
            f"expected (N, {network.sizes[0]}), samples as rows"
        )
    if X.shape[0] == 0:
        raise ValueError("X has no samples: expected at least one row")
    return X


def targets(network: Network, X: Array, T: Any) -> Array:
    """T, (N, n_targets); a row of numbers is taken for a single target."""
    T = _array(T, "T")
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


def weights(X: Array, sample_weight: Any) -> Array | None:
    """sample_weight, (N,), not negative and not all zero; or None."""
    if sample_weight is None:
        return None
    w = _array(sample_weight, "sample_weight")
    if tuple(w.shape) != (X.shape[0],):
        raise ValueError(
            f"sample_weight has shape {tuple(w.shape)}, but X has {X.shape[0]} samples: expected ({X.shape[0]},)"
        )
    xp = namespace(w)
    if not float(xp.sum(w)) > 0 or float(xp.min(w)) < 0:
        raise ValueError("sample_weight must not be negative, and not all zero: J is a weighted mean")
    return w


def data(network: Network, X: Any, T: Any, sample_weight: Any = None) -> tuple[Array, Array, Array | None]:
    """All three."""
    X = inputs(network, X)
    return X, targets(network, X, T), weights(X, sample_weight)
