"""What a training run shall do besides descending, and the book that is kept of its epochs."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.descent.schedules import Plateau, ReduceOnPlateau
from chainrule.engine.protocol import Engine, Job
from chainrule.network.parameters import blocks
from chainrule.network.spec import Network
from chainrule.training.history import Array, Epoch, History
from chainrule.training.inputs import Rows
from chainrule.training.state import TrainingState

Callback = Callable[[Epoch], object]


@dataclass(frozen=True, eq=False)
class Plan:
    """The part of a run that no engine sees."""

    epochs: int
    validation: Rows | None = None
    score: Callable[[Array], float] | None = None
    callbacks: tuple[Callback, ...] = ()
    patience: int | None = None
    min_delta: float = 0.0
    time_limit: float | None = None
    shuffle: bool = True
    progress: Any = "auto"


class Book:
    """The epochs of a run as they end: scores, history, the best so far, callbacks, and whether to stop."""

    def __init__(self, job: Job, engine: Engine, plan: Plan, start: TrainingState) -> None:
        self.job, self.engine, self.plan = job, engine, plan
        self.epochs = list(start.history)
        self.number, self.best, self.plateau = start.epoch, start.best, start.plateau
        self._clock = time.perf_counter
        self._began, self._before = self._clock(), start.seconds
        self._layers = layer_slices(job.network)

    @property
    def history(self) -> History:
        return History(tuple(self.epochs))

    @property
    def seconds(self) -> float:
        """Since training began, earlier runs included."""
        return self._before + self._clock() - self._began

    @property
    def overdue(self) -> bool:
        """Whether this run's time is over."""
        limit = self.plan.time_limit
        return limit is not None and self._clock() - self._began >= limit

    def close(
        self,
        theta: Array,
        gradient: Array,
        *,
        loss: float,
        gradient_norm: float,
        learning_rate: float | None,
        updates: int,
    ) -> Epoch:
        """Enter an epoch that has ended: validate, score, remember the best."""
        held, score = self.plan.validation, self.plan.score
        validation = None if held is None else self._validation(theta, held)
        entry = Epoch(
            number=self.number + 1,
            loss=loss,
            validation=validation,
            score=None if score is None else float(score(read_only(theta))),
            gradient_norm=gradient_norm,
            gradient_norms=tuple(float(np.sqrt(part.dot(part))) for part in (gradient[s] for s in self._layers)),
            learning_rate=learning_rate,
            updates=updates,
            seconds=self.seconds,
        )
        self.epochs.append(entry)
        self.number = entry.number
        if not self.best.compares(entry):
            self.plateau = Plateau(scale=self.plateau.scale)
        self.best = self.best.after(entry, theta, self.plan.min_delta)
        schedule = getattr(self.job.optimizer, "learning_rate", None)
        if isinstance(schedule, ReduceOnPlateau):
            self.plateau = schedule.after(self.plateau, entry.watched)
        return entry

    def verdict(self, entry: Epoch, theta: Array) -> str:
        """Call the callbacks; why to stop after this epoch, or nothing."""
        if asked_to_stop(self.plan.callbacks, entry, theta):
            return "callback"
        patience = self.plan.patience
        return "patience" if patience is not None and self.best.waited > patience else ""

    def _validation(self, theta: Array, held: Rows) -> float:
        with np.errstate(all="ignore"):
            return float(
                self.engine.objective(self.job.network, theta, held.X, held.T, sample_weight=held.sample_weight)
            )


def asked_to_stop(callbacks: Sequence[Callback], entry: Epoch, theta: Array) -> bool:
    """Call all callbacks with the epoch and a read-only view of theta; whether one of them returned True."""
    if not callbacks:
        return False
    shown = replace(entry, theta=read_only(theta))
    answers = [callback(shown) for callback in callbacks]
    return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)


def layer_slices(network: Network) -> tuple[slice, ...]:
    """Where the parameters of layers 1..L lie in theta."""
    places = blocks(network)
    return tuple(
        slice(
            min(b.slice.start for b in places if b.layer == l),
            max(b.slice.stop for b in places if b.layer == l),
        )
        for l in range(1, network.depth + 1)
    )


def read_only(theta: Array) -> Array:
    view = theta.view()
    view.flags.writeable = False
    return view
