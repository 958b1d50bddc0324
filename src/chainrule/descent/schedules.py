"""Learning rates that change on the way: each a frozen dataclass, called with the numbers of the updates.

    schedule(steps, total) -> one learning rate per step

`steps` counts updates from 1 and is an array, because an engine is handed the rates of many updates at once; `total` is
the number of updates that training plans, and serves the schedules that stretch over the whole run. In the docstrings
s is the step and k = s - 1 the number of updates made before it.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Rates = npt.NDArray[np.float64]
Steps = npt.NDArray[Any]

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "InverseScaling",
    "OneCycle",
    "ReduceOnPlateau",
    "Schedule",
    "Step",
    "WarmUp",
    "learning_rates",
    "require_learning_rate",
]


class Schedule(Protocol):
    """Anything that turns step numbers (from 1) and the planned total into learning rates."""

    def __call__(self, steps: Steps, total: int) -> Rates: ...


@dataclass(frozen=True)
class Constant:
    """eta_s = value.

    Examples
    --------
    >>> Constant(0.1)([1, 2, 3], 3)
    array([0.1, 0.1, 0.1])
    """

    value: float

    def __post_init__(self) -> None:
        _require_positive(self, "value")

    def __call__(self, steps: Steps, total: int) -> Rates:
        return np.full(np.shape(steps), float(self.value))


@dataclass(frozen=True)
class InverseScaling:
    """eta_s = initial / (1 + scale floor(k / every))^power.

    With `every` the mini-batches of an epoch and `scale` the number of samples it is scikit-learn's "invscaling".

    Examples
    --------
    >>> InverseScaling(1.0, power=0.5)([1, 4, 9], 9)
    array([1.        , 0.5       , 0.33333333])
    """

    initial: float
    power: float = 0.5
    every: int = 1
    scale: float = 1.0

    def __post_init__(self) -> None:
        _require_positive(self, "initial", "every", "scale")

    def __call__(self, steps: Steps, total: int) -> Rates:
        return self.initial / (1.0 + self.scale * (_before(steps) // self.every)) ** self.power


@dataclass(frozen=True)
class Step:
    """eta_s = initial factor^floor(k / every): constant, then a step down every `every` updates.

    Examples
    --------
    >>> Step(1.0, every=2, factor=0.5)([1, 2, 3, 5], 5)
    array([1.  , 1.  , 0.5 , 0.25])
    """

    initial: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        _require_positive(self, "initial", "every", "factor")

    def __call__(self, steps: Steps, total: int) -> Rates:
        return self.initial * self.factor ** (_before(steps) // self.every)


@dataclass(frozen=True)
class Exponential:
    """eta_s = initial decay^(k / every).

    Examples
    --------
    >>> Exponential(1.0, decay=0.25, every=2)([1, 2, 3], 3)
    array([1.  , 0.5 , 0.25])
    """

    initial: float
    decay: float = 0.96
    every: int = 1

    def __post_init__(self) -> None:
        _require_positive(self, "initial", "decay", "every")

    def __call__(self, steps: Steps, total: int) -> Rates:
        return self.initial * self.decay ** (_before(steps) / self.every)


@dataclass(frozen=True)
class Cosine:
    """eta_s = final + (initial - final)/2 (1 + cos(pi min(k / S, 1))), S = steps or, if None, all of training.

    Source: Loshchilov and Hutter 2017 (SGDR), equation 5, without restarts.

    Examples
    --------
    >>> Cosine(1.0)([1, 3, 5], 4)
    array([1. , 0.5, 0. ])
    """

    initial: float
    final: float = 0.0
    steps: int | None = None

    def __post_init__(self) -> None:
        _require_positive(self, "initial")
        if not 0 <= self.final < math.inf:
            raise ValueError(f"Cosine: final is {self.final!r}; it must be at least 0 and finite")
        _require_steps(self.steps)

    def __call__(self, steps: Steps, total: int) -> Rates:
        return _cosine(self.initial, self.final, np.minimum(_before(steps) / (self.steps or total), 1.0))


@dataclass(frozen=True)
class OneCycle:
    """From peak/start_divisor up to peak in the first `rise` of S steps, then down to the start / final_divisor.

    Both ways along half a cosine; S = steps or, if None, all of training. Source: Smith and Topin 2018, in the form
    that PyTorch's OneCycleLR gave it (three points: k = 0, k = rise S - 1, k = S - 1). Where rise S is at most 1 there
    is no way up: the first step is taken at the peak, also when it is the only one.

    Examples
    --------
    >>> OneCycle(1.0, rise=0.5, start_divisor=10, final_divisor=10)([1, 4, 8], 8).round(3)
    array([0.1 , 1.  , 0.01])
    """

    peak: float
    rise: float = 0.3
    start_divisor: float = 25.0
    final_divisor: float = 1e4
    steps: int | None = None

    def __post_init__(self) -> None:
        _require_positive(self, "peak", "start_divisor", "final_divisor")
        _require_steps(self.steps)
        if not 0 < self.rise < 1:
            raise ValueError(f"OneCycle: rise is {self.rise!r}; it must lie between 0 and 1 (the share of the way up)")

    def __call__(self, steps: Steps, total: int) -> Rates:
        k, last = _before(steps), (self.steps or total) - 1.0
        summit = max(self.rise * (last + 1.0) - 1.0, 0.0)
        start = self.peak / self.start_divisor
        up = np.clip(k / summit, 0.0, 1.0) if summit > 0 else np.ones_like(k)
        down = np.clip((k - summit) / ((last - summit) or 1.0), 0.0, 1.0)
        return np.where(
            k <= summit, _cosine(start, self.peak, up), _cosine(self.peak, start / self.final_divisor, down)
        )


@dataclass(frozen=True)
class WarmUp:
    """eta_s = then_s min(1, s / steps): a linear start of `steps` updates laid over a rate or another schedule.

    Examples
    --------
    >>> WarmUp(0.8, steps=4)([1, 2, 4, 9], 9)
    array([0.2, 0.4, 0.8, 0.8])
    """

    then: float | Schedule
    steps: int

    def __post_init__(self) -> None:
        _require_positive(self, "steps")
        _require_rate(self, "then")
        if isinstance(self.then, ReduceOnPlateau):
            raise TypeError("WarmUp cannot hold a ReduceOnPlateau; turn them round: ReduceOnPlateau(WarmUp(...))")

    def __call__(self, steps: Steps, total: int) -> Rates:
        return learning_rates(self.then, steps, total) * np.minimum((_before(steps) + 1.0) / self.steps, 1.0)


@dataclass(frozen=True)
class Plateau:
    """Where a ReduceOnPlateau stands: the best value seen, the epochs since, and the product of the factors."""

    best: float = math.inf
    waited: int = 0
    scale: float = 1.0


@dataclass(frozen=True)
class ReduceOnPlateau:
    """eta_s = max(schedule_s scale, minimum); scale falls by `factor` when an epoch's value stops getting better.

    The value is what training watches: the validation loss, else the training loss (a score counts with its sign
    turned). An epoch is better when it is below the best by more than `min_delta`; after more than `patience` epochs
    that are not, the rate is reduced and the count starts anew.

    Examples
    --------
    >>> schedule, plateau = ReduceOnPlateau(1.0, factor=0.5, patience=1), Plateau()
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     plateau = schedule.after(plateau, loss)
    >>> schedule([1, 2], 2) * plateau.scale
    array([0.5, 0.5])
    """

    schedule: float | Schedule
    factor: float = 0.1
    patience: int = 10
    min_delta: float = 1e-4
    minimum: float = 0.0

    def __post_init__(self) -> None:
        _require_rate(self, "schedule")
        if not 0 < self.factor < 1:
            raise ValueError(f"ReduceOnPlateau: factor is {self.factor!r}; it must lie between 0 and 1")
        if self.patience < 0 or self.min_delta < 0 or self.minimum < 0:
            raise ValueError(f"{self!r}: patience, min_delta and minimum must be at least 0")

    def __call__(self, steps: Steps, total: int) -> Rates:
        return learning_rates(self.schedule, steps, total)

    def after(self, plateau: Plateau, value: float) -> Plateau:
        """Where it stands after an epoch with this value (lower is better)."""
        if value < plateau.best - self.min_delta:
            return Plateau(value, 0, plateau.scale)
        if plateau.waited < self.patience:
            return Plateau(plateau.best, plateau.waited + 1, plateau.scale)
        return Plateau(plateau.best, 0, plateau.scale * self.factor)

    def reduced(self, rates: Rates, plateau: Plateau) -> Rates:
        """The rates as they are now."""
        return np.maximum(rates * plateau.scale, self.minimum)


def learning_rates(learning_rate: float | Schedule, steps: Steps, total: int) -> Rates:
    """The rates of a number or of a schedule.

    Examples
    --------
    >>> learning_rates(0.5, [1, 2], 2)
    array([0.5, 0.5])
    """
    if callable(learning_rate):
        return np.asarray(learning_rate(np.asarray(steps), total), dtype=np.float64)
    return np.full(np.shape(steps), float(learning_rate))


def require_learning_rate(owner: str, value: Any) -> None:
    """Refuse a learning rate that is neither a positive number nor a schedule."""
    if callable(value) and not isinstance(value, type):
        return
    if isinstance(value, type):
        raise TypeError(f"{owner}: learning_rate is the class {value.__name__}; call it, as in {value.__name__}(0.01)")
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{owner}: learning_rate is {value!r}; give a number or a schedule from chainrule.schedules")
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{owner}: learning_rate is {value!r}; it must be a positive, finite number")


def _before(steps: Steps) -> Rates:
    """k = s - 1, the updates made before each step."""
    return np.asarray(steps, dtype=np.float64) - 1.0


def _cosine(start: float, end: float, share: Rates) -> Rates:
    """From start to end along half a cosine; share runs from 0 to 1."""
    return end + (start - end) / 2.0 * (1.0 + np.cos(np.pi * share))


def _require_positive(schedule: Any, *names: str) -> None:
    for name in names:
        value = getattr(schedule, name)
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < math.inf:
            raise ValueError(f"{type(schedule).__name__}: {name} is {value!r}; it must be a finite number above 0")


def _require_rate(schedule: Any, name: str) -> None:
    value = getattr(schedule, name)
    if not callable(value):
        _require_positive(schedule, name)


def _require_steps(steps: int | None) -> None:
    if steps is not None and steps < 1:
        raise ValueError(f"steps is {steps!r}; give the number of updates, at least 1, or None for all of training")
