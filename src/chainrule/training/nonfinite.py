"""A loss that is no number any more: where it began, and what to try."""

from typing import Any

import numpy as np

from chainrule.engine.dropout import masks
from chainrule.engine.protocol import Job
from chainrule.engine.reference import dense
from chainrule.network.arrays import namespace
from chainrule.network.backward import backward
from chainrule.network.forward import Forward, forward
from chainrule.network.objective import delta_of_output, shares
from chainrule.training.history import Array, History
from chainrule.training.state import TrainingState


class NonFiniteError(ArithmeticError):
    """Training stopped because J or its gradient was infinite or not a number.

    Parameters
    ----------
    message : str
    epoch : int
        From 1.
    batch : int
        The mini-batch of the epoch, from 1.
    layer : int
        Where it began: l of the first layer, 0 for the inputs.
    theta : array (n_parameters,)
        The parameters before the update that could not be made; all finite unless theta itself overflowed.
    history : History
        The epochs before.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network.parse("1-1", loss="squared_error")
    >>> try:
    ...     cr.fit(net, np.ones((4, 1)), np.ones(4), optimizer=cr.SGD(1e9), epochs=100)
    ... except cr.NonFiniteError as error:
    ...     print(error.layer)
    1
    """

    def __init__(self, message: str, epoch: int, batch: int, layer: int, theta: Array, history: History) -> None:
        super().__init__(message)
        self.epoch, self.batch, self.layer, self.theta, self.history = epoch, batch, layer, theta, history

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (str(self), self.epoch, self.batch, self.layer, self.theta, self.history)


def non_finite_error(
    job: Job,
    theta: Array,
    rows: Any,
    *,
    epoch: int,
    batch: int,
    update: int,
    learning_rate: float | None,
    history: History,
) -> NonFiniteError:
    """The error for a mini-batch (its rows) on which J or g was not finite at theta, in update `update`."""
    with np.errstate(all="ignore"):
        layer, what = origin(job, theta, rows, update)
    message = (
        f"training stopped in epoch {epoch}, mini-batch {batch} (update {update}): the loss or its gradient is not a "
        f"finite number. It began in layer {layer}: {what}. {advice(job, theta, learning_rate)}"
    )
    return NonFiniteError(message, epoch, batch, layer, theta.copy(), history)


def require_finite_end(job: Job, theta: Array, end: TrainingState) -> None:
    """Refuse parameters that the very last update spoiled: no later loss was there to show it."""
    if not np.isfinite(theta).all():
        raise non_finite_error(
            job,
            theta,
            slice(job.batch_size),
            epoch=end.epoch + bool(end.batch),
            batch=end.batch or job.n_batches,
            update=end.updates,
            learning_rate=end.history[-1].learning_rate if len(end.history) else None,
            history=end.history,
        )


def origin(job: Job, theta: Array, rows: Any, update: int) -> tuple[int, str]:
    """The layer in which the first number that is not finite appears, on the way forward or else on the way back."""
    network, layers = job.network, job.network.layers(theta)
    X, T = dense(job.X[rows]), job.T[rows]
    for l, (W, b) in enumerate(layers, start=1):
        if not (np.isfinite(W).all() and (b is None or np.isfinite(b).all())):
            return l, f"its parameters W{l}, b{l} had become infinite or NaN in the update before"
    drawn = masks(job.dropout, network.sizes, X.shape[0], theta.dtype, seed=job.seed, step=update)
    state = forward(network, layers, X, drawn if job.dropout else None)
    for l in range(network.depth + 1):
        name = network.activation(l).name
        if not np.isfinite(state.z[l]).all():
            return l, f"its pre-activations z overflow (largest |a| coming in: {_shown(state.a[l - 1])})"
        if not np.isfinite(state.a[l]).all():
            return l, f"its activation {name} overflows (z reaches {_shown(state.z[l])})"
    return _origin_behind(job, theta, state, T, rows)


def _origin_behind(job: Job, theta: Array, state: Forward, T: Array, rows: Any) -> tuple[int, str]:
    """The same for the loss, the deltas and the gradient."""
    network, layers, xp = job.network, job.network.layers(theta), namespace(theta)
    sample_weight = None if job.sample_weight is None else job.sample_weight[rows]
    losses = network.head.value(xp, state.z[-1], state.a[-1], T)
    if not np.isfinite(losses).all():
        return (
            network.depth,
            f"the loss {network.loss.name} overflows (|z| reaches {_shown(state.z[-1])})",
        )
    found: dict[int, Array] = {}
    start = delta_of_output(network, xp, state, T, shares(xp, T.shape[0], sample_weight))
    backward(network, layers, state, start, keep=found)
    for l in reversed(range(1, network.depth + 1)):
        if not np.isfinite(found[l]).all():
            return l, "its delta, dJ/dz, overflows on the way back"
    return network.depth, "the gradient or the penalty overflows when it is summed"


def advice(job: Job, theta: Array, learning_rate: float | None) -> str:
    """What to try, the likeliest first."""
    tips = []
    if _largest(job.X) > 50:
        tips.append(f"standardise X (its largest entry is {_shown(job.X)})")
    if _largest(job.T) > 1e3:
        tips.append(f"standardise T (its largest entry is {_shown(job.T)})")
    if learning_rate is not None:
        tips.append(f"a smaller learning rate (it was {learning_rate:.3g})")
        if job.clip_norm is None and job.clip_value is None:
            tips.append("clip_norm=1.0")
    if _largest(theta) > 1e3:
        tips.append(f"another start: the largest of theta is {_shown(theta)}")
    if theta.dtype == np.float32:
        tips.append("dtype=float64")
    return f"Try {', '.join(tips)}." if tips else "Try another start: theta or seed."


def _largest(array: Any) -> float:
    """The largest size among the finite entries."""
    values = array if isinstance(array, np.ndarray) else array.data
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))


def _shown(array: Any) -> str:
    return f"{_largest(array):.3g}"
