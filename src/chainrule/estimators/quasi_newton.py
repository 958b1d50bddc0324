"""solver="lbfgs": the whole batch at once; an iteration takes an epoch's place, and validation is only looked at."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from chainrule.engine.protocol import Engine, Job
from chainrule.estimators import rules
from chainrule.estimators.epochs import asked_to_stop, norms_of, say
from chainrule.estimators.validation import Held, scorer_of, watch
from chainrule.training.history import Epoch
from chainrule.training.interrupt import Interrupt
from chainrule.training.plan import layer_slices
from chainrule.training.progress import Quiet, progress_bar
from chainrule.training.quasi_newton import Valley

__all__ = ["minimize"]

Array = NDArray[Any]
ADVICE = (
    "\nYou might also want to scale the data as shown in:\n"
    "    https://scikit-learn.org/stable/modules/preprocessing.html"
)


@dataclass(eq=False)
class Descent:
    """A fit by L-BFGS under way; theta is changed in place."""

    model: Any
    job: Job
    engine: Engine
    theta: Array
    held: Held | None
    offset: float  # what the public loss has beyond J
    interrupt: Interrupt
    bar: Quiet

    def __post_init__(self) -> None:
        self.began, self.layers = time.perf_counter(), layer_slices(self.job.network)
        self.valley = Valley(self.job, self.engine, self.theta)
        self.scorer = scorer_of(self.model) if self.held is not None else None
        earlier = self.model._epochs
        self.before, self.seconds = len(earlier), earlier[-1].seconds if earlier else 0.0

    def go(self) -> str:
        """Descend; returns why it stopped."""
        model = self.model
        model.n_iter_, model.loss_ = 0, self.valley.J + self.offset
        valley = self.interrupt.at_once(self.valley)
        point, stopped = rules.lbfgs(model).minimize(valley, self.theta, self._close, iterations=model.max_iter)
        self.theta[...] = point
        model.loss_ = self.valley(point)[0] + self.offset
        model.converged_ = stopped.startswith("converged")
        return stopped

    def _close(self, point: Array) -> bool:
        """An iteration has ended: write it down; whether it was the last."""
        J, gradient = self.valley(point)
        model, self.theta[...] = self.model, point
        model.n_iter_ += 1
        model.loss_ = J + self.offset
        model.loss_curve_.append(model.loss_)
        say(model, f"Iteration {model.n_iter_}, loss = {model.loss_:.8f}")
        held_loss, score = watch(model, self.engine, self.theta, self.held, self.scorer)
        entry = Epoch(
            number=self.before + model.n_iter_,
            loss=model.loss_,
            validation=held_loss,
            score=score,
            gradient_norm=float(np.sqrt(gradient.dot(gradient))),
            gradient_norms=norms_of(gradient, self.layers),
            learning_rate=None,
            updates=self.before + model.n_iter_,
            seconds=self.seconds + time.perf_counter() - self.began,
        )
        model._epochs.append(entry)
        self.bar.epoch(entry)
        return asked_to_stop(model, entry, self.theta) or self.interrupt.wished or self._overdue()

    def _overdue(self) -> bool:
        limit = self.model.time_limit
        return limit is not None and time.perf_counter() - self.began >= limit


def minimize(model: Any, job: Job, engine: Engine, theta: Array, held: Held | None, offset: float) -> None:
    """Fit by L-BFGS; theta is changed in place."""
    stopped = ""
    with Interrupt() as interrupt, progress_bar(model.progress, model.max_iter, 1) as bar:
        try:
            stopped = Descent(model, job, engine, theta, held, offset, interrupt, bar).go()
        except KeyboardInterrupt:  # out of a callback or a scorer, or a second Ctrl-C
            interrupt.wished = True
    if interrupt.wished:
        warnings.warn("Training interrupted by user.", stacklevel=6)
    elif not model.converged_ and stopped != "callback":
        _warn(model, stopped)


def _warn(model: Any, stopped: str) -> None:
    """In scikit-learn's words, with SciPy's reason."""
    limits = {
        "epochs": "TOTAL NO. OF ITERATIONS REACHED LIMIT",
        "evaluations": "TOTAL NO. OF F,G EVALUATIONS EXCEEDS LIMIT",
    }
    status = 1 if stopped in limits else 2
    message = f"lbfgs failed to converge after {model.n_iter_} iteration(s) (status={status}):\n"
    message += f"{limits.get(stopped, stopped)}\n"
    if model.n_iter_ == model.max_iter:
        message += f"\nIncrease the number of iterations to improve the convergence (max_iter={model.max_iter})."
    warnings.warn(message + ADVICE, ConvergenceWarning, stacklevel=7)
