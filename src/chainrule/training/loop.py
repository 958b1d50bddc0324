"""The loop: an epoch is a walk over the mini-batches, in calls of the engine short enough to stay responsive.

Between two calls the loop looks for Ctrl-C, the time limit and the progress bar. How an epoch is cut into calls
depends on the clock and changes no bit of the result.
"""

import time

import numpy as np
import numpy.typing as npt

from chainrule.descent.rule import UpdateRule, restored, stored
from chainrule.descent.schedules import ReduceOnPlateau, learning_rates
from chainrule.engine.protocol import Engine, Job, Order, Record
from chainrule.training.interrupt import Interrupt
from chainrule.training.nonfinite import non_finite_error
from chainrule.training.pacing import next_count
from chainrule.training.plan import Book, Plan
from chainrule.training.progress import Quiet, progress_bar
from chainrule.training.state import Tally, TrainingState, order_of_epoch


class Run:
    """A training run under way: the session, the counters within the epoch, and the book of those that ended.

    It works in place on the theta of the state it starts from.
    """

    def __init__(self, job: Job, rule: UpdateRule, engine: Engine, plan: Plan, start: TrainingState) -> None:
        self.job, self.plan, self.rule = job, plan, rule
        self.theta = start.theta
        self.memory = restored(rule, self.theta, start.optimizer) if start.rule else rule.init(self.theta)
        self.session = engine.session(job, self.theta, self.memory, start.updates)
        self.book = Book(job, engine, plan, start)
        self.batch, self.tally, self.seed = start.batch, start.tally, start.seed
        self.n_batches = job.n_batches
        self.planned = start.updates + self.n_batches * plan.epochs - start.batch
        self._constant = (
            None if callable(rule.learning_rate) else learning_rates(rule.learning_rate, np.zeros(self.n_batches), 0)
        )
        self._call = 1
        self._last_rate: float | None = None

    def state(self) -> TrainingState:
        """Where the run stands; the arrays are its own, so it must be over."""
        book = self.book
        return TrainingState(
            theta=self.theta,
            optimizer=stored(self.memory),
            seed=self.seed,
            n_samples=self.job.n_samples,
            batch_size=self.job.batch_size,
            shuffled=self.plan.shuffle,
            rule=type(self.rule).__name__,
            epoch=book.number,
            batch=self.batch,
            updates=self.session.updates,
            tally=self.tally,
            best=book.best,
            plateau=book.plateau,
            seconds=book.seconds,
            history=book.history,
        )

    def go(self, interrupt: Interrupt, bar: Quiet) -> str:
        """Train; returns why it stopped."""
        for _ in range(self.plan.epochs):
            reason = self._walk(interrupt, bar)
            if reason:
                return reason
            entry = self.book.close(
                self.theta,
                self.session.gradient,
                loss=self.tally.loss,
                gradient_norm=self.tally.gradient_norm,
                learning_rate=self._last_rate,
                updates=self.session.updates,
            )
            self.tally, self.batch = Tally.empty(), 0  # only now: an error while scoring leaves the epoch to be closed
            bar.epoch(entry)
            reason = self.book.verdict(entry, self.theta) or self._halt(interrupt)
            if reason:
                return reason
        return "epochs"

    def _walk(self, interrupt: Interrupt, bar: Quiet) -> str:
        """The rest of an epoch's mini-batches; why it was left early, or nothing."""
        order = self._order()
        while self.batch < self.n_batches:
            count = min(self._call, self.n_batches - self.batch)
            rates = self._rates(count)
            began = time.perf_counter()
            record = self.session.run(order, self.batch, count, rates)
            self._enter(record, rates, order)
            self._call = next_count(count, time.perf_counter() - began)
            bar.batches(self.batch)
            reason = self._halt(interrupt) if self.batch < self.n_batches else ""
            if reason:
                return reason
        return ""

    def _order(self) -> Order | None:
        """The epoch's order of rows; a whole batch needs none."""
        if not self.plan.shuffle or self.n_batches == 1:
            return None
        return order_of_epoch(self.seed, self.book.number + 1, self.job.n_samples)

    def _rates(self, count: int) -> npt.NDArray[np.float64]:
        """The learning rates of the next `count` updates."""
        if self._constant is not None:
            return self._constant[:count]
        schedule = self.rule.learning_rate
        done = self.session.updates
        rates = learning_rates(schedule, np.arange(done + 1, done + count + 1), self.planned)
        if isinstance(schedule, ReduceOnPlateau):
            rates = schedule.reduced(rates, self.book.plateau)
        if rates.shape != (count,) or not np.isfinite(rates).all():
            raise ValueError(
                f"the schedule {schedule!r} gave {rates!r} for {count} steps from {done + 1}; "
                f"expected {count} finite learning rates"
            )
        return rates

    def _enter(self, record: Record, rates: npt.NDArray[np.float64], order: Order | None) -> None:
        """Add what a call did; raise if it met a number that is not finite."""
        self.tally = self.tally.with_record(record)
        self.batch += record.batches
        if record.updates:
            self._last_rate = float(rates[record.updates - 1])
        if record.non_finite is not None:
            raise self._not_finite(record.non_finite, order, float(rates[min(record.updates, len(rates) - 1)]))

    def _not_finite(self, batch: int, order: Order | None, rate: float) -> Exception:
        start = batch * self.job.batch_size
        part = slice(start, start + self.job.batch_size)
        return non_finite_error(
            self.job,
            self.theta,
            part if order is None else order[part],
            epoch=self.book.number + 1,
            batch=batch + 1,
            update=self.session.updates + 1,
            learning_rate=rate,
            history=self.book.history,
        )

    def _halt(self, interrupt: Interrupt) -> str:
        if interrupt.wished:
            return "interrupted"
        return "time_limit" if self.book.overdue else ""


def train(job: Job, rule: UpdateRule, engine: Engine, plan: Plan, start: TrainingState) -> tuple[TrainingState, str]:
    """Train from a state, whose theta is taken over, with an update rule; where it stands then, and why it stopped."""
    run = Run(job, rule, engine, plan, start)
    with Interrupt() as interrupt, progress_bar(plan.progress, plan.epochs, job.n_batches) as bar:
        try:
            stopped = run.go(interrupt, bar)
        except KeyboardInterrupt:  # out of a callback, or a second Ctrl-C
            stopped = "interrupted"
    return run.state(), stopped
