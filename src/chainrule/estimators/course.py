"""The course of a stochastic fit, epoch by epoch, by scikit-learn's rules.

An epoch is better than the best so far when its loss is below best_loss_ - tol, or its validation score reaches
best_validation_score_ + tol; after more than n_iter_no_change epochs that are not, training stops, or an adaptive
learning rate falls. The engine computes whole stretches of mini-batches; here is only what happens between them.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from chainrule.engine.protocol import Engine, Job, Order, Session
from chainrule.estimators import rules, validation
from chainrule.estimators.epochs import asked_to_stop, norms_of, say
from chainrule.estimators.validation import Held
from chainrule.training.history import Epoch
from chainrule.training.interrupt import Interrupt
from chainrule.training.pacing import next_count
from chainrule.training.plan import layer_slices
from chainrule.training.progress import Quiet, progress_bar
from chainrule.training.state import Tally

__all__ = ["Course", "NonFiniteParametersError", "mean_constant", "run"]

FIRST_CALL = 16  # mini-batches, before it is known how long they take
NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class NonFiniteParametersError(ValueError):
    """The loss, the gradient or the parameters are no finite numbers any more."""


@dataclass(eq=False)
class Course:
    """A stochastic fit under way."""

    model: Any
    job: Job
    engine: Engine
    session: Session
    theta: NDArray[Any]
    held: Held | None
    random: np.random.RandomState
    constants: NDArray[Any] | None  # what each row's public loss has beyond that of J, where it has
    incremental: bool
    began: float
    before: float  # seconds of training before this call
    stretch: int = FIRST_CALL

    def __post_init__(self) -> None:
        self.layers = layer_slices(self.job.network)
        begun = 0 if self.incremental else self.model._optimizer.updates
        self.planned = begun + self.job.n_batches * self.model.max_iter  # where a schedule over all training ends

    def overdue(self) -> bool:
        limit = self.model.time_limit
        return limit is not None and time.perf_counter() - self.began >= limit


def run(course: Course) -> None:
    """Train: one epoch if it is incremental, else up to max_iter of them."""
    model = course.model
    model.n_iter_ = 0
    scorer = validation.scorer_of(model) if course.held is not None else None
    order = np.arange(course.job.n_samples, dtype=np.int64)
    epochs = 1 if course.incremental else model.max_iter
    with Interrupt() as interrupt, progress_bar(model.progress, epochs, course.job.n_batches) as bar:
        try:
            for _ in range(epochs):
                order = _shuffled(course, order)
                found = _walk(course, order, interrupt, bar)
                if found is None:
                    break
                entry = _close(course, found, scorer)
                bar.epoch(entry)
                if _stops(course, entry) or course.overdue() or interrupt.wished:
                    break
                if model.n_iter_ == model.max_iter and not course.incremental:
                    _warn_of_the_end(model)
        except KeyboardInterrupt:  # out of a callback or a scorer, or a second Ctrl-C
            interrupt.wished = True
    if interrupt.wished:
        warnings.warn("Training interrupted by user.", stacklevel=7)
    if model.early_stopping and not course.incremental and model.n_iter_ and model.best_validation_score_ == -np.inf:
        warnings.warn(
            "no validation score was a number: the model keeps the parameters from before training; look at `scoring`",
            stacklevel=7,
        )


def _shuffled(course: Course, order: Order) -> Order:
    """scikit-learn's order of the rows: each epoch permutes the order of the one before."""
    if not course.model.shuffle:
        return order
    permutation = np.arange(len(order))
    course.random.shuffle(permutation)
    return order[permutation]


def _walk(course: Course, order: Order, interrupt: Interrupt, bar: Quiet) -> tuple[float, float] | None:
    """The mini-batches of an epoch: its loss and mean |g|, or None if it was left early."""
    model, job, session = course.model, course.job, course.session
    whole = job.n_batches == 1  # the order of the rows of a single mini-batch changes nothing but rounding
    rows = None if whole or not model.shuffle else order
    rates = rules.rates(model, model._optimizer, job.n_batches, course.planned)
    first, tally = 0, Tally.empty()
    while first < job.n_batches:
        count = min(course.stretch, job.n_batches - first)
        began, done = time.perf_counter(), len(tally.norms)
        record = session.run(rows, first, count, rates[done : done + count])
        model._optimizer.updates = session.updates
        if record.non_finite is not None:
            return float("nan"), float("nan")
        first, tally = first + record.batches, tally.with_record(record)
        course.stretch = next_count(count, time.perf_counter() - began)
        bar.batches(first)
        if first < job.n_batches and (interrupt.wished or course.overdue()):
            return None
    return _mean_loss(course, tally, order), tally.gradient_norm


def _mean_loss(course: Course, tally: Tally, order: Order) -> float:
    """The mean of J over the mini-batches, by their rows as in scikit-learn; by their weights if some were skipped."""
    job, constants = course.job, course.constants
    if len(tally.objectives) < job.n_batches:
        return tally.loss + mean_constant(constants, job.sample_weight)
    if constants is None and job.sample_weight is None:
        return float(tally.objectives @ tally.weights / job.n_samples)
    starts = np.arange(0, job.n_samples, job.batch_size)
    rows = np.diff(starts, append=job.n_samples)
    losses = tally.objectives
    if constants is not None:
        w = np.ones(job.n_samples) if job.sample_weight is None else job.sample_weight
        losses = losses + np.add.reduceat((w * constants)[order], starts) / np.add.reduceat(w[order], starts)
    return float(losses @ rows / job.n_samples)


def mean_constant(constants: NDArray[Any] | None, sample_weight: NDArray[Any] | None) -> float:
    """What the mean public loss has beyond J."""
    return 0.0 if constants is None else float(np.average(constants, weights=sample_weight))


def _close(course: Course, found: tuple[float, float], scorer: Callable[..., float] | None) -> Epoch:
    """Write the epoch down: loss, validation, the best so far."""
    model, job = course.model, course.job
    loss, norm = found
    model.n_iter_ += 1
    model.t_ += job.n_samples
    model.loss_ = loss
    model.loss_curve_.append(loss)
    say(model, f"Iteration {model.n_iter_}, loss = {loss:.8f}")
    theta = course.theta if np.isfinite(loss) else None
    held_loss, score = validation.watch(model, course.engine, theta, course.held, scorer)
    entry = Epoch(
        number=len(model._epochs) + 1,
        loss=loss,
        validation=held_loss,
        score=score,
        gradient_norm=norm,
        gradient_norms=norms_of(course.session.gradient, course.layers),
        learning_rate=model._optimizer.learning_rate,
        updates=model._optimizer.updates,
        seconds=course.before + time.perf_counter() - course.began,
    )
    model._epochs.append(entry)
    _note(model, loss, score, course.theta)
    rules.after_epoch(model, model._optimizer, entry.watched)
    return entry


def _note(model: Any, loss: float, score: float | None, theta: NDArray[Any]) -> None:
    """Count the epochs without improvement; keep the best parameters of early stopping."""
    if not model.early_stopping or score is None:
        worse = loss > model.best_loss_ - model.tol
        model.best_loss_ = loss if loss < model.best_loss_ else model.best_loss_
    else:
        worse = not score >= model.best_validation_score_ + model.tol  # NaN is worse, too
        if score > model.best_validation_score_:
            model.best_validation_score_ = score
            model._best_theta = theta.copy()
    model._no_improvement_count = model._no_improvement_count + 1 if worse else 0


def _stops(course: Course, entry: Epoch) -> bool:
    """Whether this was the last epoch."""
    model = course.model
    asked = asked_to_stop(model, entry, course.theta)
    if not np.isfinite(entry.loss):
        if model.early_stopping and not course.incremental:
            return True  # the best parameters are put back
        raise NonFiniteParametersError(NON_FINITE)
    if model._no_improvement_count > model.n_iter_no_change:
        what = "Validation score" if model.early_stopping else "Training loss"
        words = rules.stands(model, model._optimizer)
        count = f"{model.n_iter_no_change:d}"
        say(model, f"{what} did not improve more than tol={model.tol:f} for {count} consecutive epochs. {words}")
        if words.endswith("Stopping."):
            model.converged_ = True
            return True
        model._no_improvement_count = 0
    return asked


def _warn_of_the_end(model: Any) -> None:
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the optimization hasn't converged "
        "yet.",
        ConvergenceWarning,
        stacklevel=8,
    )
