"""Training by L-BFGS: every iteration is an epoch over the whole batch, with the same history and callbacks."""

from functools import partial

import numpy as np

from chainrule.descent.lbfgs import LBFGS
from chainrule.engine.protocol import Engine, Job
from chainrule.training.history import Array
from chainrule.training.interrupt import Interrupt
from chainrule.training.nonfinite import non_finite_error
from chainrule.training.plan import Book, Plan
from chainrule.training.progress import Quiet, progress_bar
from chainrule.training.state import TrainingState


class Valley:
    """J and its gradient as SciPy wants them, the last point kept, because SciPy tells theta alone."""

    def __init__(self, job: Job, engine: Engine, start: Array) -> None:
        self.job, self.engine = job, engine
        weight = job.n_samples if job.sample_weight is None else float(job.sample_weight.sum())
        self.share = weight if job.penalty_per_weight else 1.0
        self.evaluations = 0
        self.at = start.astype(np.float64)
        self.J, self.gradient = self._compute(self.at)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        if not np.array_equal(theta, self.at):
            self.J, self.gradient = self._compute(theta)
            self.at = theta.copy()
        return self.J, self.gradient

    def _compute(self, theta: Array) -> tuple[float, Array]:
        job = self.job
        self.evaluations += 1
        with np.errstate(all="ignore"):  # a long trial step may overflow; the line search takes it back
            J, gradient = self.engine.value_and_gradient(
                job.network,
                theta.astype(job.T.dtype),
                job.X,
                job.T,
                sample_weight=job.sample_weight,
                l1=job.l1 / self.share,
                l2=job.l2 / self.share,
            )
        return J, gradient.astype(np.float64)


class Descent:
    """A run of L-BFGS under way."""

    def __init__(self, job: Job, engine: Engine, plan: Plan, start: TrainingState) -> None:
        self.job, self.plan, self.start = job, plan, start
        self.book = Book(job, engine, plan, start)
        self.valley = Valley(job, engine, start.theta)
        self.theta = start.theta
        self.reason = ""

    def go(self, rule: LBFGS, interrupt: Interrupt, bar: Quiet) -> str:
        """Descend; returns why it stopped."""
        J, gradient = self.valley.J, self.valley.gradient
        if not (np.isfinite(J) and np.isfinite(gradient).all()):
            raise self._not_finite()
        close = partial(self._close, interrupt, bar)
        _, stopped = rule.minimize(interrupt.at_once(self.valley), self.theta, close, self.plan.epochs)
        return self.reason or stopped

    def _close(self, interrupt: Interrupt, bar: Quiet, theta: Array) -> bool:
        """An iteration has ended at theta."""
        J, gradient = self.valley(theta)
        self.theta[...] = theta
        entry = self.book.close(
            self.theta,
            gradient,
            loss=J,
            gradient_norm=float(np.sqrt(gradient.dot(gradient))),
            learning_rate=None,
            updates=self.start.updates + len(self.book.epochs) - len(self.start.history) + 1,
        )
        bar.epoch(entry)
        self.reason = self.book.verdict(entry, self.theta)
        if not self.reason and interrupt.wished:
            self.reason = "interrupted"
        if not self.reason and self.book.overdue:
            self.reason = "time_limit"
        return bool(self.reason)

    def _not_finite(self) -> Exception:
        return non_finite_error(
            self.job,
            self.theta,
            slice(None),
            epoch=self.book.number + 1,
            batch=1,
            update=self.start.updates + 1,
            learning_rate=None,
            history=self.book.history,
        )

    def state(self) -> TrainingState:
        book, start = self.book, self.start
        return TrainingState(
            theta=self.theta,
            optimizer={},
            seed=start.seed,
            n_samples=self.job.n_samples,
            batch_size=self.job.batch_size,
            rule=LBFGS.__name__,
            epoch=book.number,
            updates=start.updates + len(book.epochs) - len(start.history),
            best=book.best,
            seconds=book.seconds,
            history=book.history,
        )


def minimize(job: Job, rule: LBFGS, engine: Engine, plan: Plan, start: TrainingState) -> tuple[TrainingState, str]:
    """Train from a state by L-BFGS; where it stands then, and why it stopped."""
    run = Descent(job, engine, plan, start)
    with Interrupt() as interrupt, progress_bar(plan.progress, plan.epochs, 1) as bar:
        try:
            stopped = run.go(rule, interrupt, bar)
        except KeyboardInterrupt:
            stopped = "interrupted"
    return run.state(), stopped
