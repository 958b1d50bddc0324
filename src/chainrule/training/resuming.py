"""Where training begins: at a new theta, or at the state of an earlier run, if that state means here what it meant."""

from typing import Any

from chainrule.engine.protocol import Job
from chainrule.training import inputs
from chainrule.training.plan import Plan
from chainrule.training.state import TrainingState


def first_state(job: Job, theta: Any, seed: int, dtype: Any) -> TrainingState:
    """A state before the first update."""
    first = inputs.checked_theta(job.network, theta, seed, dtype)
    return TrainingState(theta=first, optimizer={}, seed=seed, n_samples=job.n_samples, batch_size=job.batch_size)


def require_same_run(job: Job, plan: Plan, rule: str, dtype: Any, state: TrainingState) -> None:
    """Refuse a state whose numbers would mean something else in this run.

    Raises
    ------
    ValueError
        If it has other parameters or another dtype, if another update rule left it, or if it lies within an epoch
        whose mini-batches are not those of this run: rows would be skipped and others taken twice.
    """
    anew = "begin anew with theta=state.theta"
    if state.theta.shape != (job.network.n_parameters,):
        raise ValueError(
            f"the state has {state.theta.size} parameters, but the network {job.network} has "
            f"{job.network.n_parameters}; go on with the network it came from"
        )
    if state.theta.dtype != dtype:
        raise ValueError(
            f"dtype is {dtype}, but the state's theta is {state.theta.dtype}; leave dtype out, or {anew} and this dtype"
        )
    if state.rule not in {"", rule}:
        raise ValueError(
            f"the state was left by {state.rule}, and the optimizer is {rule}, which cannot read what {state.rule} "
            f"remembers; go on with {state.rule}, or {anew}"
        )
    if state.batch:
        _require_same_batches(job, plan, state)


def _require_same_batches(job: Job, plan: Plan, state: TrainingState) -> None:
    then = "go on with the same {} until the epoch is over"
    if state.n_samples != job.n_samples:
        raise ValueError(
            f"the state lies within an epoch over {state.n_samples} samples, and X has {job.n_samples}; "
            + then.format("data")
        )
    if state.batch_size != job.batch_size:
        raise ValueError(
            f"the state lies within an epoch of mini-batches of {state.batch_size} rows, and batch_size is "
            f"{job.batch_size}; " + then.format("batch_size")
        )
    if state.shuffled != plan.shuffle:
        raise ValueError(
            f"the state lies within an epoch with shuffle={state.shuffled}, and shuffle is {plan.shuffle}; "
            + then.format("shuffle")
        )
