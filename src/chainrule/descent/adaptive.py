"""A learning rate for each parameter: AdaGrad and RMSProp divide by the root of squared gradients seen before.

In the equations g is the gradient of the update, s the squares, all elementwise.
"""

from dataclasses import dataclass

import numpy as np

from chainrule.descent.rule import Array, State, require_share, require_small, scratch
from chainrule.descent.schedules import Schedule, require_learning_rate


@dataclass(frozen=True)
class AdaGrad:
    """s = s + g^2; theta = theta - learning_rate g / (sqrt(s) + epsilon).

    Source: Duchi, Hazan and Singer 2011, diagonal form; s begins at `initial`.

    Parameters
    ----------
    learning_rate : float or schedule
    epsilon : float
    initial : float
        First value of the squares s.

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = AdaGrad(0.1), np.array([1.0])
    >>> rule.update(theta, np.array([-4.0]), rule.init(theta), 0.1, step=1)
    >>> theta
    array([1.1])
    """

    learning_rate: float | Schedule = 0.01
    epsilon: float = 1e-10
    initial: float = 0.0

    def __post_init__(self) -> None:
        require_learning_rate("AdaGrad", self.learning_rate)
        require_small("AdaGrad", epsilon=self.epsilon, initial=self.initial)

    def init(self, theta: Array) -> State:
        return {"squares": np.full_like(theta, self.initial)} | scratch(theta, 2)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        squares, change = state["squares"], state["_scratch0"]
        np.multiply(gradient, gradient, out=change)
        np.add(squares, change, out=squares)
        _step(theta, gradient, state, rate=learning_rate, epsilon=self.epsilon)


@dataclass(frozen=True)
class RMSProp:
    """s = decay s + (1 - decay) g^2; theta = theta - learning_rate g / (sqrt(s) + epsilon).

    Source: Tieleman and Hinton 2012, lecture 6.5; epsilon outside the root, as in PyTorch.

    Parameters
    ----------
    learning_rate : float or schedule
    decay : float in [0, 1)
    epsilon : float

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = RMSProp(0.1, decay=0.75), np.array([1.0])
    >>> rule.update(theta, np.array([4.0]), rule.init(theta), 0.1, step=1)
    >>> theta  # 1 - 0.1 * 4 / sqrt(16 / 4)
    array([0.8])
    """

    learning_rate: float | Schedule = 0.01
    decay: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        require_learning_rate("RMSProp", self.learning_rate)
        require_share("RMSProp", decay=self.decay)
        require_small("RMSProp", epsilon=self.epsilon)

    def init(self, theta: Array) -> State:
        return {"squares": np.zeros_like(theta)} | scratch(theta, 2)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        squares, change = state["squares"], state["_scratch0"]
        np.multiply(gradient, gradient, out=change)
        np.multiply(change, 1.0 - self.decay, out=change)
        np.multiply(squares, self.decay, out=squares)
        np.add(squares, change, out=squares)
        _step(theta, gradient, state, rate=learning_rate, epsilon=self.epsilon)


def _step(theta: Array, gradient: Array, state: State, *, rate: float, epsilon: float) -> None:
    """theta = theta - rate g / (sqrt(s) + epsilon)."""
    change, root = state["_scratch0"], state["_scratch1"]
    np.sqrt(state["squares"], out=root)
    np.add(root, epsilon, out=root)
    np.multiply(gradient, rate, out=change)
    np.divide(change, root, out=change)
    np.subtract(theta, change, out=theta)
