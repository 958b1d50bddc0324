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
from chainrule.training.plan import layer_slices

__all__ = ["minimize"]

Array = NDArray[Any]
ADVICE = (
    "\nYou might also want to scale the data as shown in:\n"
    "    https://scikit-learn.org/stable/modules/preprocessing.html"
)


@dataclass(eq=False)
class Valley:
    """J and its gradient in float64, which is what the method works in; the last evaluation is kept."""

    job: Job
    engine: Engine
    theta: Array
    J: float = float("nan")
    gradient: Array | None = None

    def __call__(self, theta: Array) -> tuple[float, Array]:
        if self.gradient is None or not np.array_equal(theta, self.theta):
            self._evaluate(theta)
        assert self.gradient is not None  # noqa: S101  for the type checker
        return self.J, self.gradient

    def _evaluate(self, theta: Array) -> None:
        job = self.job
        weight = job.n_samples if job.sample_weight is None else float(job.sample_weight.sum())
        with np.errstate(all="ignore"):  # a long trial step may overflow; the line search takes it back
            J, gradient = self.engine.value_and_gradient(
                job.network,
                theta.astype(job.T.dtype),
                job.X,
                job.T,
                sample_weight=job.sample_weight,
                l1=job.l1 / weight,
                l2=job.l2 / weight,
            )
        self.J, self.gradient, self.theta = float(J), gradient.astype(np.float64), theta.copy()


def minimize(model: Any, job: Job, engine: Engine, theta: Array, held: Held | None, offset: float) -> None:
    """Fit by L-BFGS; theta is changed in place."""
    began, valley, layers = time.perf_counter(), Valley(job, engine, theta), layer_slices(job.network)
    before, scorer = len(model._epochs), scorer_of(model) if held is not None else None
    model.n_iter_ = 0

    def after(point: Array) -> bool:
        J, gradient = valley(point)
        theta[...] = point
        model.n_iter_ += 1
        model.loss_ = J + offset
        model.loss_curve_.append(model.loss_)
        say(model, f"Iteration {model.n_iter_}, loss = {model.loss_:.8f}")
        held_loss, score = watch(model, engine, theta, held, scorer)
        entry = Epoch(
            number=before + model.n_iter_,
            loss=model.loss_,
            validation=held_loss,
            score=score,
            gradient_norm=float(np.sqrt(gradient.dot(gradient))),
            gradient_norms=norms_of(gradient, layers),
            learning_rate=None,
            updates=before + model.n_iter_,
            seconds=time.perf_counter() - began,
        )
        model._epochs.append(entry)
        return asked_to_stop(model, entry, theta) or _overdue(model, entry)

    point, stopped = rules.lbfgs(model).minimize(valley, theta, after, iterations=model.max_iter)
    theta[...] = point
    model.loss_ = valley(point)[0] + offset
    model.converged_ = stopped.startswith("converged")
    if not model.converged_ and stopped != "callback":
        _warn(model, stopped)


def _overdue(model: Any, entry: Epoch) -> bool:
    return model.time_limit is not None and entry.seconds >= model.time_limit


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
