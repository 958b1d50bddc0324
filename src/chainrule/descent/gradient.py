"""Plain descent and its two kinds of momentum: equation U, theta <- theta - eta dJ/dtheta, and what grew from it.

In the equations g is the gradient of the update, eta its learning rate, mu the momentum, v the velocity.
"""

from dataclasses import dataclass

import numpy as np

from chainrule.descent.rule import Array, State, require_momentum, scratch
from chainrule.descent.schedules import Schedule, require_learning_rate


@dataclass(frozen=True)
class SGD:
    """theta = theta - learning_rate g.

    With batch_size=1 this is stochastic descent, with batch_size=None (whole) batch descent, between them mini-batch
    descent. Source: Watters (78), Chains w(t+1), Neuron, Menon.

    Parameters
    ----------
    learning_rate : float or schedule

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = SGD(0.5), np.array([1.0, -2.0])
    >>> rule.update(theta, np.array([0.2, 0.4]), rule.init(theta), 0.5, step=1)
    >>> theta
    array([ 0.9, -2.2])
    """

    learning_rate: float | Schedule = 0.01

    def __post_init__(self) -> None:
        require_learning_rate("SGD", self.learning_rate)

    def init(self, theta: Array) -> State:
        return scratch(theta, 1)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        change = state["_scratch0"]
        np.multiply(gradient, learning_rate, out=change)
        np.subtract(theta, change, out=theta)  # U


@dataclass(frozen=True)
class Momentum:
    """v = momentum v - learning_rate g; theta = theta + v.

    Source: Polyak 1964; the learning rate is inside the velocity, as in Sutskever et al. 2013 and scikit-learn.
    (PyTorch keeps it outside; the two agree while the rate is constant.)

    Parameters
    ----------
    learning_rate : float or schedule
    momentum : float in [0, 1]

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = Momentum(0.1, momentum=0.5), np.array([1.0])
    >>> state = rule.init(theta)
    >>> for step in (1, 2):
    ...     rule.update(theta, np.array([1.0]), state, 0.1, step)
    >>> theta  # 1 - 0.1 - 0.15
    array([0.75])
    """

    learning_rate: float | Schedule = 0.01
    momentum: float = 0.9

    def __post_init__(self) -> None:
        require_learning_rate("Momentum", self.learning_rate)
        require_momentum("Momentum", self.momentum)

    def init(self, theta: Array) -> State:
        return {"velocity": np.zeros_like(theta)} | scratch(theta, 1)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        velocity = state["velocity"]
        _accelerate(velocity, gradient, state["_scratch0"], self.momentum, learning_rate)
        np.add(theta, velocity, out=theta)


@dataclass(frozen=True)
class Nesterov:
    """v = momentum v - learning_rate g; theta = theta + momentum v - learning_rate g.

    Source: Nesterov 1983 in the form of Sutskever et al. 2013, with theta standing at the point looked ahead to.

    Parameters
    ----------
    learning_rate : float or schedule
    momentum : float in [0, 1]

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = Nesterov(0.1, momentum=0.5), np.array([1.0])
    >>> rule.update(theta, np.array([1.0]), rule.init(theta), 0.1, step=1)
    >>> theta  # 1 - 0.05 - 0.1
    array([0.85])
    """

    learning_rate: float | Schedule = 0.01
    momentum: float = 0.9

    def __post_init__(self) -> None:
        require_learning_rate("Nesterov", self.learning_rate)
        require_momentum("Nesterov", self.momentum)

    def init(self, theta: Array) -> State:
        return {"velocity": np.zeros_like(theta)} | scratch(theta, 2)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        velocity, change, ahead = state["velocity"], state["_scratch0"], state["_scratch1"]
        _accelerate(velocity, gradient, change, self.momentum, learning_rate)
        np.multiply(velocity, self.momentum, out=ahead)
        np.subtract(ahead, change, out=ahead)
        np.add(theta, ahead, out=theta)


def _accelerate(velocity: Array, gradient: Array, change: Array, momentum: float, learning_rate: float) -> None:
    """v = momentum v - learning_rate g; leaves learning_rate g in `change`."""
    np.multiply(gradient, learning_rate, out=change)
    np.multiply(velocity, momentum, out=velocity)
    np.subtract(velocity, change, out=velocity)
