"""The steps by indices, at real numbers: each sum written out as it is printed, each Kronecker delta tried.

z_i = sum_j W_ij a_j + b_i (F1), delta_k = (sum_i delta_i W_ik) sigma'(z_k) (B2), dJ/dW_kl = sum_n delta_kn a_ln (B3),
dJ/db_k = sum_n delta_kn (B4), and dz_i/dW_kl = delta_ik a_l; of softmax da_j/dz_k = a_j (delta_jk - a_k).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.network.arrays import NUMPY
from chainrule.symbolic.losses import LossForm, loss_form
from chainrule.symbolic.values import Point, value

if TYPE_CHECKING:
    from chainrule.symbolic.passes import Passes

Array = Any


_ROUNDING, _TINY = 1e-6, 1e-300


def component_error(tag: str, role: str, l: int, batch: Passes) -> float:
    """The largest relative error of the index steps beneath a line of layer l."""
    if tag == "J":
        return _relative(_cost(batch, l), np.array(batch.J), batch)
    if tag == "F1":
        return _relative(_affine(batch, l, *batch.layers[l - 1]), batch.column_form("preactivation", l), batch)
    if tag == "F2":
        return _relative(_activated(batch, l), batch.column_form("activation", l), batch)
    if tag == "B1" and (role == "error" or _merged(batch)):
        return _relative(_by_output(batch, l), batch.error(l).T, batch)
    if tag == "B1":
        return _relative(_through(batch, batch.column_form("error", l), l), batch.column_form("delta", l), batch)
    if tag in ("B2", "B5"):
        return _relative(_gathered(batch, role, l), batch.column_form(role, l), batch)
    if tag == "B3":
        return max(_relative(_outer(batch, role, l), batch.gradient_of(role, l), batch), _kronecker(batch, l))
    delta = batch.delta(l).T
    return _relative(np.einsum("kn->k", delta)[:, None], batch.gradient_of("bias_gradient", l), batch)


def _relative(actual: Array, expected: Array, batch: Passes) -> float:
    """The error relative to the largest entry, or to the cost where the entries cancel to rounding."""
    floor = max(_ROUNDING * abs(float(batch.J)), _TINY)
    return float(np.abs(actual - expected).max() / max(np.abs(expected).max(), np.abs(actual).max(), floor))


def _merged(batch: Passes) -> bool:
    """Whether the output is written as its own pre-activation."""
    linear = batch.network.activation(batch.depth).name == "identity"
    return linear and bool(batch.derivation.notation.letter("output"))


def _entries(batch: Passes, form: LossForm, l: int) -> Point:
    """The letters of a loss as whole arrays: what is elementwise gives every entry at once."""
    return Point({letter.name: batch.column_form(role, l) for letter, role in form.places.items()})


def _front(batch: Passes, l: int) -> float:
    """The factor of the text's loss."""
    return batch.ratio * batch.network.head.loss.scale(batch.network.sizes[l])


def _cost(batch: Passes, l: int) -> Array:
    """sum_n w_n sum_i of the loss of one entry, and the penalties on every weight."""
    form = loss_form(batch.network.head.loss)
    assert form is not None  # noqa: S101 - else the line has no steps
    terms = value(form.term, _entries(batch, form, l))
    data = _front(batch, l) * np.einsum("in,n->", terms, batch.share[:, 0])
    entries = np.concatenate([np.ravel(W) for W, _ in batch.layers])
    penalty = batch.penalties["l1"] * np.abs(entries).sum() + batch.penalties["l2"] / 2 * (entries**2).sum()
    return np.asarray(data + batch.ratio * penalty)


def _by_output(batch: Passes, l: int) -> Array:
    form = loss_form(batch.network.head.loss)
    assert form is not None  # noqa: S101
    point = _entries(batch, form, l)
    return np.concatenate([_front(batch, l) * value(s, point) * batch.share[:, 0] for s in form.slopes.values()])


def _activated(batch: Passes, l: int) -> Array:
    sigma, z = batch.network.activation(l), batch.forward.z[l]
    if sigma.elementwise:
        return np.asarray(sigma.f(NUMPY, z)).T
    exponentials = np.exp(z - z.max(axis=1, keepdims=True)).T
    return exponentials / np.einsum("jn->n", exponentials)


def _affine(batch: Passes, l: int, W: Array, b: Array | None) -> Array:
    total = np.einsum("ij,jn->in", W, batch.column_form("activation", l - 1))
    return total if b is None else total + b[:, None]


def _gathered(batch: Passes, role: str, l: int) -> Array:
    error = np.einsum("in,ik->kn", batch.delta(l + 1).T, batch.layers[l].weights)
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
    outer = np.einsum("kn,ln->kl", batch.delta(l).T, below)
    W, penalties = batch.layers[l - 1][0], batch.penalties
    outer[:, : W.shape[1]] += batch.ratio * (penalties["l1"] * np.sign(W) + penalties["l2"] * W)
    return outer


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
