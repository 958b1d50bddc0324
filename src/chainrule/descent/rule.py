"""What an update rule is: a pair of functions, `init` and `update`, with their constants (equation U and its kin).

The state is a dictionary of one-dimensional arrays, all that the rule remembers, so that it can be stored, sent and
put back. Names that begin with an underscore are scratch memory, worth nothing between two updates.
"""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.descent.schedules import Schedule

Array = npt.NDArray[Any]
State = dict[str, Array]


class UpdateRule(Protocol):
    """How theta moves. The rules of `chainrule.descent` have this form, and so may yours.

    `learning_rate` is a number or a schedule from `cr.schedules`; `update` is given its value for the step.
    """

    @property
    def learning_rate(self) -> float | Schedule: ...

    def init(self, theta: Array) -> State:
        """The state before the first update, for parameters like theta."""
        ...

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        """Change theta and the state in place; the gradient is only read. `step` counts updates from 1."""
        ...


def scratch(theta: Array, count: int) -> State:
    """`count` scratch vectors like theta, named _scratch0, _scratch1, ..."""
    return {f"_scratch{i}": np.empty_like(theta) for i in range(count)}


def stored(state: State) -> State:
    """The entries of a state that must be kept to go on later, without the scratch memory; the arrays themselves."""
    return {name: array for name, array in state.items() if not name.startswith("_")}


def restored(rule: UpdateRule, theta: Array, kept: State) -> State:
    """A working state made of what `stored` kept.

    Raises
    ------
    ValueError
        If it was kept by another rule or for a theta of another size.
    """
    state = rule.init(theta)
    names = {name for name in state if not name.startswith("_")}
    if set(kept) != names or any(kept[name].shape != state[name].shape for name in names):
        given = {name: array.shape for name, array in kept.items()}
        wanted = {name: state[name].shape for name in sorted(names)}
        raise ValueError(
            f"the state kept is not one of {type(rule).__name__} for {theta.size} parameters: "
            f"it has {given}, the rule needs {wanted}; go on with the update rule and network it came from"
        )
    for name in names:
        state[name][...] = kept[name]
    return state


def require_share(owner: str, **values: float) -> None:
    """Refuse values outside [0, 1)."""
    for name, value in values.items():
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{owner}: {name} is {value!r}; it must be at least 0 and below 1")


def require_momentum(owner: str, momentum: float) -> None:
    """Refuse a momentum outside [0, 1]; at 1 the velocity is the plain sum of all steps."""
    if not 0.0 <= momentum <= 1.0:
        raise ValueError(f"{owner}: momentum is {momentum!r}; it must be at least 0 and at most 1")


def require_small(owner: str, **values: float) -> None:
    """Refuse values that are negative or not finite."""
    for name, value in values.items():
        if not 0.0 <= value < np.inf:
            raise ValueError(f"{owner}: {name} is {value!r}; it must be at least 0 and finite")
