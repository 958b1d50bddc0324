"""The steps by indices, at real numbers: each sum written out as it is printed, each Kronecker delta tried.

z_i = sum_j W_ij a_j + b_i (F1), delta_k = (sum_i delta_i W_ik) sigma'(z_k) (B2), dJ/dW_kl = sum_n delta_kn a_ln (B3),
dJ/db_k = sum_n delta_kn (B4), and dz_i/dW_kl = delta_ik a_l; of softmax da_j/dz_k = a_j (delta_jk - a_k).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.network.arrays import NUMPY

if TYPE_CHECKING:
    from chainrule.symbolic.verification import Passes

Array = Any


_ROUNDING, _TINY = 1e-6, 1e-300


def component_error(tag: str, role: str, l: int, batch: Passes) -> float:
    """The largest relative error of the index steps beneath a line of layer l."""
    if tag == "F1":
        return _relative(_affine(batch, l, *batch.layers[l - 1]), batch.column_form("preactivation", l), batch)
    if tag == "B1":
        return _relative(_through(batch, batch.column_form("error", l), l), batch.column_form("delta", l), batch)
    if tag == "B2":
        return _relative(_gathered(batch, role, l), batch.column_form(role, l), batch)
    if tag == "B3":
        return max(_relative(_outer(batch, role, l), batch.gradient_of(role, l), batch), _kronecker(batch, l))
    delta = batch.column_form("delta", l)
    return _relative(np.einsum("kn->k", delta)[:, None], batch.gradient_of("bias_gradient", l), batch)


def _relative(actual: Array, expected: Array, batch: Passes) -> float:
    """The error relative to the largest entry, or to the cost where the entries cancel to rounding."""
    floor = max(_ROUNDING * abs(float(batch.J)), _TINY)
    return float(np.abs(actual - expected).max() / max(np.abs(expected).max(), np.abs(actual).max(), floor))


def _affine(batch: Passes, l: int, W: Array, b: Array | None) -> Array:
    total = np.einsum("ij,jn->in", W, batch.column_form("activation", l - 1))
    return total if b is None else total + b[:, None]


def _gathered(batch: Passes, role: str, l: int) -> Array:
    error = np.einsum("in,ik->kn", batch.column_form("delta", l + 1), batch.layers[l].weights)
    return error if role == "error" else _through(batch, error, l)


def _through(batch: Passes, error: Array, l: int) -> Array:
    sigma, z, a = batch.network.activation(l), batch.forward.z[l], batch.forward.a[l]
    if sigma.df is None:  # softmax: da_j/dz_k = a_j (kronecker_jk - a_k)
        kronecker = np.eye(a.shape[1])
        return np.einsum("jn,nj,jkn->kn", error, a, kronecker[:, :, None] - a.T[None, :, :])
    return error * np.broadcast_to(sigma.df(NUMPY, z, a), z.shape).T


def mean_error(batches: list[Passes], gradient: Array) -> float:
    """The mean of the gradients of single samples against the gradient of their batch."""
    return _relative(np.mean([b.gradient for b in batches], axis=0), gradient, batches[0])


def _outer(batch: Passes, role: str, l: int) -> Array:
    below = batch.column_form("augmented" if role.startswith("augmented") else "activation", l - 1)
    return np.einsum("kn,ln->kl", batch.column_form("delta", l), below)


def _kronecker(batch: Passes, l: int) -> float:
    """dz_i/dW_kl = kronecker_ik a_l, by adding one to each of a few weights: z is linear in them."""
    W, b = batch.layers[l - 1]
    below, before = batch.column_form("activation", l - 1), _affine(batch, l, W, b)
    worst = 0.0
    for k, source in {(0, 0), (W.shape[0] - 1, W.shape[1] - 1)}:
        moved = W.copy()
        moved[k, source] += 1.0
        expected = np.eye(W.shape[0])[k][:, None] * below[source]
        worst = max(worst, _relative(_affine(batch, l, moved, b) - before + 1.0, expected + 1.0, batch))
    return worst
