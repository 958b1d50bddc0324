"""The native engine: whole mini-batches in compiled code, without the interpreter lock.

It computes what `chainrule.engine.reference` computes, to rounding; the equations stand in network/, and native/
holds the compiled form. Results do not depend on the number of threads.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.descent.rule import State, UpdateRule
from chainrule.engine import native_loading
from chainrule.engine.native_network import CUSTOM, compiled_network, dtype_suffix, rule_entry, stored_state
from chainrule.engine.predicting import as_rows
from chainrule.engine.protocol import Array, Job, Order, Record
from chainrule.network.spec import Network

__all__ = [
    "LEVEL",
    "NAME",
    "NativeSession",
    "Predictor",
    "objective",
    "predict",
    "predictor",
    "refusal",
    "session",
    "value_and_gradient",
]

NAME = "native"
LEVEL = native_loading.level()  # raises ImportError where nothing was compiled
native_loading.module()


class NativeSession:
    """A training run in compiled code; see `chainrule.engine.protocol.Session`."""

    __slots__ = ("_compiled", "_network", "_stored", "gradient", "state", "theta")

    def __init__(self, job: Job, theta: Array, state: State, updates: int = 0) -> None:
        reason = refusal(job)
        if reason:
            raise ValueError(f"the native engine cannot run this: {reason}")
        suffix = dtype_suffix(theta.dtype)
        if suffix is None:
            raise TypeError(f"theta is {theta.dtype}; the native engine computes in float32 and float64")
        self.theta, self.state, self.gradient = theta, state, np.zeros_like(theta)
        self._network = compiled_network(job.network, suffix)
        if job.optimizer is None:
            raise ValueError("a session needs an update rule; the job has none")
        rule = rule_entry(job.optimizer)
        self._compiled = getattr(native_loading.module(), f"Session{suffix}")(
            self._network,
            _inputs(job.X),
            job.T,
            job.sample_weight,
            rule,
            job.batch_size,
            job.l1,
            job.l2,
            job.penalty_per_weight,
            job.clip_norm or 0.0,
            job.clip_value or 0.0,
            list(job.dropout) if any(job.dropout) else [],
            job.seed,
            updates,
            self._custom_update(job.optimizer) if rule[0] == CUSTOM else None,
            0,
        )

    def _custom_update(self, rule: UpdateRule) -> Any:
        def update(learning_rate: float, step: int) -> None:
            rule.update(self.theta, self.gradient, self.state, learning_rate, step)  # U

        return update

    @property
    def updates(self) -> int:
        """s, the number of updates made."""
        return int(self._compiled.updates)

    @updates.setter
    def updates(self, number: int) -> None:
        self._compiled.updates = number

    def run(
        self, order: Order | None, first_batch: int, n_batches: int, learning_rates: npt.NDArray[np.float64]
    ) -> Record:
        """Take n_batches mini-batches; see `chainrule.engine.protocol.Session.run`."""
        book = np.empty((3, n_batches))
        batches, updates, non_finite = self._compiled.run(
            order, first_batch, n_batches, learning_rates, self.theta, self.gradient, stored_state(self.state), book
        )
        objectives, weights, norms = book[:, :updates]
        return Record(batches, updates, objectives, weights, norms, non_finite)


def refusal(job: Job) -> str:
    """Why this engine cannot run the job; empty when it can."""
    if not isinstance(job.X, np.ndarray) and job.network.input_activation.name != "identity":
        return "sparse X with an activation on the input is not sparse any more"
    return ""


def session(job: Job, theta: Array, state: State, updates: int = 0) -> NativeSession:
    """A session on theta and the state of the update rule."""
    return NativeSession(job, theta, state, updates)


def value_and_gradient(
    network: Network,
    theta: Array,
    X: Any,
    T: Array,
    *,
    sample_weight: Array | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
) -> tuple[float, Array]:
    """J and dJ/dtheta over all rows, in the dtype of theta; NaN where there are none, a mean of nothing."""
    gradient = np.empty(network.n_parameters, theta.dtype)
    return _evaluate(network, theta, X, T, sample_weight, (l1, l2), gradient), gradient


def objective(network: Network, theta: Array, X: Any, T: Array, *, sample_weight: Array | None = None) -> float:
    """J over all rows without penalties; NaN where no row counts."""
    return _evaluate(network, theta, X, T, sample_weight, (0.0, 0.0), None)


def predict(network: Network, theta: Array, X: Any) -> Array:
    """a_L of all rows, in the dtype of theta."""
    X = _rows(network, X, theta.dtype)
    out = np.empty((X.shape[0], network.sizes[-1]), theta.dtype)
    made = _compiled_predictor(network, theta, min(max(1, X.shape[0]), 1024), sparse=not isinstance(X, np.ndarray))
    made.rows_into(_inputs(X), out)
    return out


def predictor(network: Network, theta: Array) -> "Predictor":
    """A prepared predictor; see `Predictor`."""
    return Predictor(network, theta)


class Predictor:
    """Predictions of one network at the least possible latency: weights packed once, buffers kept.

    What is no C-contiguous array of theta's dtype is made one, which costs a few microseconds more. Not for two threads
    at once: make one for each.

    Parameters
    ----------
    network : Network
    theta : array (n_parameters,)
        float32 or float64; copied.
    """

    __slots__ = ("_compiled", "_dtype", "_network", "_width")

    def __init__(self, network: Network, theta: Array) -> None:
        self._network, self._dtype, self._width = network, theta.dtype, network.sizes[-1]
        self._compiled = _compiled_predictor(network, theta, 256)

    def __call__(self, X: Array) -> Array:
        """a_L, (N, n_L), for X, (N, n_0)."""
        try:  # the compiled code looks at X anyhow: a check of our own would cost as much as a small network
            out = np.empty((len(X), self._width), self._dtype)
            self._compiled.into(X, out)
            return out
        except (TypeError, ValueError):
            pass
        X = as_rows(self._network, X, self._dtype)
        out = np.empty((len(X), self._width), self._dtype)
        self._compiled.into(X, out)
        return out

    def __reduce__(self) -> Any:
        raise TypeError("a predictor cannot be pickled: pickle the network and theta, and make it anew")


def _compiled_predictor(network: Network, theta: Array, rows: int, *, sparse: bool = False) -> Any:
    suffix = _suffix(theta)
    made = getattr(native_loading.module(), f"Predictor{suffix}")
    return made(compiled_network(network, suffix), np.ascontiguousarray(theta), rows, sparse)


def _evaluate(
    network: Network,
    theta: Array,
    X: Any,
    T: Array,
    sample_weight: Array | None,
    penalty: tuple[float, float],
    gradient: Array | None,
) -> float:
    X = _rows(network, X, theta.dtype)
    if not X.shape[0]:
        if gradient is not None:
            gradient.fill(np.nan)
        return float("nan")
    T = np.ascontiguousarray(T, theta.dtype)
    if T.ndim == 1:
        T = T[:, None]
    if sample_weight is not None:
        sample_weight = np.ascontiguousarray(sample_weight, theta.dtype)
    compiled = compiled_network(network, _suffix(theta))
    return float(compiled.evaluate(_inputs(X), T, sample_weight, np.ascontiguousarray(theta), *penalty, gradient))


def _suffix(theta: Array) -> str:
    suffix = dtype_suffix(theta.dtype)
    if suffix is None:
        raise TypeError(f"theta is {theta.dtype}; the native engine computes in float32 and float64")
    return suffix


def _rows(network: Network, X: Any, dtype: Any) -> Any:
    """X as the compiled code reads it: contiguous, aligned, of theta's dtype; sparse X stays sparse where it can."""
    if len(X.shape) != 2 or X.shape[1] != network.sizes[0]:
        raise ValueError(f"X has shape {X.shape}, expected (N, {network.sizes[0]})")
    if isinstance(X, np.ndarray):
        return np.require(X, dtype, ["C_CONTIGUOUS", "ALIGNED"])
    if network.input_activation.name != "identity":
        return np.ascontiguousarray(X.toarray(), dtype)
    return X.tocsr().astype(dtype, copy=False)


def _inputs(X: Any) -> Any:
    return X if isinstance(X, np.ndarray) else (X.data, X.indices, X.indptr)
