"""How the solver steps: scikit-learn's solvers as update rules, and the learning rate from epoch to epoch.

invscaling   learning_rate_init / (t + 1)^power_t, t the samples seen so far, changed after each epoch
adaptive     divided by 5 when the loss or the score stands still, until it is at most 1e-6
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.descent import LBFGS, SGD, AdaGrad, Adam, AdamW, Momentum, NAdam, Nesterov, RMSProp, State, UpdateRule
from chainrule.descent.schedules import Plateau, ReduceOnPlateau, learning_rates

__all__ = [
    "MORE_SOLVERS",
    "Optimizer",
    "after_epoch",
    "at_start",
    "is_quasi_newton",
    "lbfgs",
    "optimizer_for",
    "rates",
    "stands",
]

MORE_SOLVERS: dict[str, Callable[[float], UpdateRule]] = {
    "adagrad": AdaGrad,
    "adamw": AdamW,
    "nadam": NAdam,
    "rmsprop": RMSProp,
}
SMALLEST_RATE = 1e-6  # scikit-learn's bound for "adaptive"


@dataclass(eq=False)
class Optimizer:
    """An update rule at work: what it remembers, how often it has stepped, and the learning rate it has come to."""

    rule: UpdateRule
    learning_rate: float
    memory: State = field(default_factory=dict)
    updates: int = 0
    plateau: Plateau = field(default_factory=Plateau)

    def schedule(self, model: Any) -> Any:
        """The schedule that sets the rate, or None where the rate is `learning_rate`."""
        chosen = model.learning_rate if callable(model.learning_rate) else self.rule.learning_rate
        return chosen if callable(chosen) else None


def is_quasi_newton(solver: Any) -> bool:
    return solver == "lbfgs" or isinstance(solver, LBFGS)


def lbfgs(model: Any) -> LBFGS:
    """solver="lbfgs" as scikit-learn sets it up, or the rule given."""
    if isinstance(model.solver, LBFGS):
        return model.solver
    return LBFGS(gradient_tolerance=model.tol, max_evaluations=model.max_fun, max_line_search=20)


def rule_for(model: Any) -> UpdateRule:
    """The update rule of a stochastic solver."""
    solver, rate = model.solver, float(model.learning_rate_init)
    if not isinstance(solver, str):
        return solver  # type: ignore[no-any-return]
    if solver in MORE_SOLVERS:
        return MORE_SOLVERS[solver](rate)
    if solver == "adam":
        return Adam(rate, model.beta_1, model.beta_2, model.epsilon, epsilon_hat=True)
    if model.momentum == 0:
        return SGD(rate)
    return Nesterov(rate, model.momentum) if model.nesterovs_momentum else Momentum(rate, model.momentum)


def optimizer_for(model: Any, theta: NDArray[Any], *, go_on: bool) -> Optimizer:
    """The optimiser that the model had, with its memory, if `go_on` and it still fits; else a new one."""
    rule, kept = rule_for(model), _kept(model)
    rate = rule.learning_rate
    first = float(model.learning_rate_init if callable(rate) else rate)
    memory = rule.init(theta)
    if not go_on or kept is None or type(kept.rule) is not type(rule) or not _alike(kept.memory, memory):
        return Optimizer(rule, first, memory)
    changed = rule.learning_rate != kept.rule.learning_rate
    return replace(kept, rule=rule, learning_rate=first if changed else kept.learning_rate)


def _kept(model: Any) -> Optimizer | None:
    return getattr(model, "_optimizer", None)


def _alike(kept: State, memory: State) -> bool:
    """Whether a memory is of the form that the rule needs."""
    return {n: a.shape for n, a in kept.items()} == {n: a.shape for n, a in memory.items()}


def rates(model: Any, optimizer: Optimizer, count: int, planned: int) -> NDArray[np.float64]:
    """The learning rates of the epoch's updates."""
    schedule = optimizer.schedule(model)
    if schedule is None:
        return np.full(count, optimizer.learning_rate)
    done = optimizer.updates
    found = learning_rates(schedule, np.arange(done + 1, done + count + 1), planned)
    if isinstance(schedule, ReduceOnPlateau):
        found = schedule.reduced(found, optimizer.plateau)
    optimizer.learning_rate = float(found[-1])
    return found


def at_start(model: Any, optimizer: Optimizer) -> None:
    """A call of fit that goes on from an earlier one keeps the memory, and begins with the learning rate asked for."""
    if not callable(optimizer.rule.learning_rate):
        optimizer.learning_rate = float(optimizer.rule.learning_rate)
    if model.solver == "sgd" and model.learning_rate == "invscaling":
        optimizer.learning_rate /= (model.t_ + 1) ** model.power_t


def after_epoch(model: Any, optimizer: Optimizer, watched: float) -> None:
    """What the end of an epoch does to the learning rate; `watched` is the loss or minus the score."""
    schedule = optimizer.schedule(model)
    if isinstance(schedule, ReduceOnPlateau):
        optimizer.plateau = schedule.after(optimizer.plateau, watched)
    elif model.solver == "sgd" and model.learning_rate == "invscaling":
        optimizer.learning_rate = float(model.learning_rate_init) / (model.t_ + 1) ** model.power_t


def stands(model: Any, optimizer: Optimizer) -> str:
    """What to do when nothing improves any more: the words of scikit-learn, which end in "Stopping." if it stops."""
    if model.solver != "sgd" or model.learning_rate != "adaptive":
        return "Stopping."
    if optimizer.learning_rate <= SMALLEST_RATE:
        return "Learning rate too small. Stopping."
    optimizer.learning_rate /= 5.0
    return f"Setting learning rate to {optimizer.learning_rate:f}"
