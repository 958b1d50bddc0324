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
    """The entries of a state that must be kept to go on later: copies, without the scratch memory."""
    return {name: array.copy() for name, array in state.items() if not name.startswith("_")}
