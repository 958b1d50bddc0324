"""The reference engine: the equations of network/ as they stand, on NumPy, with buffers kept between mini-batches.

It runs everything that network/ can describe; what it computes is the definition that other engines are held to.
"""

from math import isfinite, nan, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.descent.rule import State
from chainrule.engine.dropout import masks
from chainrule.engine.protocol import Array, Job, Order, Record
from chainrule.network import objective as equations
from chainrule.network.forward import forward
from chainrule.network.spec import Network

__all__ = [
    "NAME",
    "ROWS_AT_ONCE",
    "ReferenceSession",
    "objective",
    "predict",
    "refusal",
    "session",
    "value_and_gradient",
]

NAME = "reference"
ROWS_AT_ONCE = 8192  # keeps the activations of a large set within a few megabytes per hundred units


class ReferenceSession:
    """A training run on NumPy; see `chainrule.engine.protocol.Session`."""

    __slots__ = (
        "_inputs",
        "_job",
        "_layers",
        "_places",
        "_rule",
        "_targets",
        "_weights",
        "gradient",
        "state",
        "theta",
        "updates",
    )

    def __init__(self, job: Job, theta: Array, state: State, updates: int = 0) -> None:
        if job.optimizer is None:
            raise ValueError("a session needs an update rule: job.optimizer is None")
        self._rule = job.optimizer
        self._job, self.theta, self.state, self.updates = job, theta, state, updates
        self._layers = job.network.layers(theta)
        self.gradient = np.zeros_like(theta)
        self._places = job.network.layers(self.gradient)
        self._inputs = _Rows(job.X, job.batch_size)
        self._targets = _Rows(job.T, job.batch_size)
        self._weights = None if job.sample_weight is None else _Rows(job.sample_weight, job.batch_size)
        _keep_freed_memory()

    def run(
        self, order: Order | None, first_batch: int, n_batches: int, learning_rates: npt.NDArray[np.float64]
    ) -> Record:
        """Take n_batches mini-batches; see `chainrule.engine.protocol.Session.run`."""
        made: list[tuple[float, float, float]] = []
        rates = learning_rates.tolist()  # Python floats: a float64 scalar would turn float32 arithmetic into float64
        size, n_samples = self._job.batch_size, self._job.n_samples
        with np.errstate(all="ignore"):  # what is not finite is found below
            for k in range(first_batch, first_batch + n_batches):
                start, stop = k * size, min((k + 1) * size, n_samples)
                rows = slice(start, stop) if order is None else order[start:stop]
                w, J, norm = self._step(rows, stop - start, rates[len(made)])
                if w == 0:
                    continue
                if not (isfinite(J) and isfinite(norm)):
                    return _record(k - first_batch, made, non_finite=k)
                made.append((J, w, norm))
        return _record(n_batches, made)

    def _step(self, rows: Any, n_rows: int, learning_rate: float) -> tuple[float, float, float]:
        """One mini-batch: the sum of its weights, J and |g|; an update unless one of these forbids it."""
        job, gradient = self._job, self.gradient
        sample_weight = None if self._weights is None else self._weights.take(rows, n_rows)
        w = float(n_rows) if sample_weight is None else float(sample_weight.sum())
        if w == 0:
            return 0.0, 0.0, 0.0
        share = w if job.penalty_per_weight else 1.0
        J, _ = equations.value_and_gradient(
            job.network,
            self.theta,
            self._inputs.take(rows, n_rows),
            self._targets.take(rows, n_rows),
            sample_weight,
            job.l1 / share,
            job.l2 / share,
            masks=self._masks(n_rows) if job.dropout else None,
            layers=self._layers,
            out=gradient,
            places=self._places,
        )
        J, norm = float(J), _norm(gradient)
        if isfinite(J) and isfinite(norm):
            _clip(gradient, norm, job)
            self.updates += 1
            self._rule.update(self.theta, gradient, self.state, learning_rate, self.updates)
        return w, J, norm

    def _masks(self, n_rows: int) -> list[Array | None]:
        job = self._job
        return masks(job.dropout, job.network.sizes, n_rows, self.theta.dtype, seed=job.seed, step=self.updates + 1)


class _Rows:
    """Rows of an array, gathered into a buffer that is kept; sparse rows become dense here."""

    __slots__ = ("_array", "_buffer", "_dense")

    def __init__(self, array: Any, batch_size: int) -> None:
        self._array, self._dense = array, isinstance(array, np.ndarray)
        self._buffer = np.empty((batch_size, *array.shape[1:]), array.dtype) if self._dense else None

    def take(self, rows: Any, n_rows: int) -> Array:
        if not self._dense:
            return dense(self._array[rows])
        if isinstance(rows, slice):
            return self._array[rows]  # type: ignore[no-any-return]
        # mode "clip" writes straight into the buffer; the indices come from a permutation
        return self._array.take(rows, axis=0, out=self._buffer[:n_rows], mode="clip")  # type: ignore[no-any-return, index]


def _keep_freed_memory() -> None:
    """Let glibc reuse the memory of a step's intermediate arrays instead of handing it back to the system each time.

    Blocks above 128 kB, and free memory beyond that at the end of the heap, go back to the system, and new ones come
    page by page, zeroed: half the time of a step at batch 200 of 64-100-10. Both limits rise when a larger block
    is freed, up to 32 MB (mallopt(3), M_MMAP_THRESHOLD); this one is never touched, so it costs no memory.
    """
    np.empty(2**24, np.uint8)


def dense(X: Any) -> Array:
    """X as an array, be it sparse or dense."""
    return X if isinstance(X, np.ndarray) else X.toarray()


def _record(batches: int, made: list[tuple[float, float, float]], non_finite: int | None = None) -> Record:
    """The record of a call from (J, w, |g|) of each update."""
    objectives, weights, norms = np.array(made, np.float64).reshape(-1, 3).T.copy()
    return Record(batches, len(made), objectives, weights, norms, non_finite)


def _norm(gradient: Array) -> float:
    """|g|; in float64 where the squares overflow float32."""
    squared = float(gradient.dot(gradient))
    if squared == np.inf and gradient.dtype == np.float32:
        wide = gradient.astype(np.float64)
        squared = float(wide.dot(wide))
    return sqrt(squared)


def _clip(gradient: Array, norm: float, job: Job) -> None:
    """g = min(1, clip_norm / |g|) g, or each entry into [-clip_value, clip_value]."""
    if job.clip_norm is not None and norm > job.clip_norm:
        gradient *= job.clip_norm / norm
    if job.clip_value is not None:
        np.clip(gradient, -job.clip_value, job.clip_value, out=gradient)


def refusal(job: Job) -> str:
    """Empty: the reference engine refuses nothing."""
    return ""


def session(job: Job, theta: Array, state: State, updates: int = 0) -> ReferenceSession:
    """A session on theta and the state of the update rule."""
    return ReferenceSession(job, theta, state, updates)


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
    """J and dJ/dtheta over all rows; NaN where there are none, a mean of nothing."""
    if not X.shape[0]:
        return nan, np.full_like(theta, nan)
    X, T, sample_weight = _as_theta(theta, X), _targets(theta, T), _as_theta(theta, sample_weight)
    J, gradient = equations.value_and_gradient(network, theta, X, T, sample_weight, l1, l2)
    return float(J), gradient


def objective(network: Network, theta: Array, X: Any, T: Array, *, sample_weight: Array | None = None) -> float:
    """J over all rows without penalties, in parts of at most `ROWS_AT_ONCE` rows; NaN where no row counts."""
    T, sample_weight = _targets(theta, T), _as_theta(theta, sample_weight)
    total = weight = 0.0
    for start in range(0, X.shape[0], ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        w = None if sample_weight is None else sample_weight[part]
        share = float(T[part].shape[0] if w is None else w.sum())
        if share:
            total += share * float(equations.objective(network, theta, _as_theta(theta, X[part]), T[part], w))
            weight += share
    return total / weight if weight else nan


def predict(network: Network, theta: Array, X: Any) -> Array:
    """a_L of all rows, in parts of at most `ROWS_AT_ONCE` rows; no rows give none."""
    layers = network.layers(theta)
    parts: list[Array] = [
        forward(network, layers, _as_theta(theta, X[start : start + ROWS_AT_ONCE])).a[-1]
        for start in range(0, max(X.shape[0], 1), ROWS_AT_ONCE)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _as_theta(theta: Array, values: Any) -> Any:
    """An array of theta's dtype, as the equations need it: truth values have no minus, small integers overflow."""
    return None if values is None else np.asarray(dense(values), theta.dtype)


def _targets(theta: Array, T: Any) -> Array:
    """T, (N, n_targets); a row of numbers is a single target."""
    numbers: Array = np.asarray(T, theta.dtype)
    return numbers[:, None] if numbers.ndim == 1 else numbers
