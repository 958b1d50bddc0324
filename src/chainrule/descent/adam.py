"""Adam and its two relatives: moving averages of the gradient and of its square, freed of their bias towards zero.

In the equations g is the gradient of the update, t the step (from 1), m and v the two averages, all elementwise:

    m = beta1 m + (1 - beta1) g
    v = beta2 v + (1 - beta2) g^2
"""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.descent.rule import Array, State, require_share, require_small, scratch
from chainrule.descent.schedules import Schedule, require_learning_rate


@dataclass(frozen=True)
class Adam:
    """theta = theta - learning_rate mhat / (sqrt(vhat) + epsilon), mhat = m/(1 - beta1^t), vhat = v/(1 - beta2^t).

    Source: Kingma and Ba 2015, algorithm 1. With `epsilon_hat=True` epsilon is added to sqrt(v) before the bias is
    taken out, theta = theta - learning_rate sqrt(1 - beta2^t)/(1 - beta1^t) m / (sqrt(v) + epsilon): the form at the
    end of their section 2, which scikit-learn uses.

    Parameters
    ----------
    learning_rate : float or schedule
    beta1, beta2 : float in [0, 1)
    epsilon : float
    epsilon_hat : bool

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = Adam(0.1), np.array([1.0, 1.0])
    >>> rule.update(theta, np.array([3.0, -1e-3]), rule.init(theta), 0.1, step=1)
    >>> theta.round(5)  # the first step is learning_rate long, whatever the gradient
    array([0.9, 1.1])
    """

    learning_rate: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    epsilon_hat: bool = False

    def __post_init__(self) -> None:
        require_learning_rate("Adam", self.learning_rate)
        require_share("Adam", beta1=self.beta1, beta2=self.beta2)
        require_small("Adam", epsilon=self.epsilon)

    def init(self, theta: Array) -> State:
        return _moments(theta)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        _average(gradient, state, self.beta1, self.beta2)
        root = math.sqrt(1.0 - self.beta2**step)
        epsilon = self.epsilon if self.epsilon_hat else self.epsilon * root
        _step(theta, state, learning_rate * root / (1.0 - self.beta1**step), epsilon)


@dataclass(frozen=True)
class AdamW:
    """theta = theta - learning_rate weight_decay theta, then Adam's step: decay decoupled from the gradient.

    All of theta decays, biases too, as in PyTorch. Source: Loshchilov and Hutter 2019, algorithm 2.

    Parameters
    ----------
    learning_rate : float or schedule
    beta1, beta2 : float in [0, 1)
    epsilon : float
    weight_decay : float

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = AdamW(0.1, weight_decay=0.5), np.array([1.0])
    >>> rule.update(theta, np.array([3.0]), rule.init(theta), 0.1, step=1)
    >>> theta.round(5)  # 1 - 0.05 - 0.1
    array([0.85])
    """

    learning_rate: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        require_learning_rate("AdamW", self.learning_rate)
        require_share("AdamW", beta1=self.beta1, beta2=self.beta2)
        require_small("AdamW", epsilon=self.epsilon, weight_decay=self.weight_decay)

    def init(self, theta: Array) -> State:
        return _moments(theta)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        np.multiply(theta, 1.0 - learning_rate * self.weight_decay, out=theta)
        _average(gradient, state, self.beta1, self.beta2)
        root = math.sqrt(1.0 - self.beta2**step)
        _step(theta, state, learning_rate * root / (1.0 - self.beta1**step), self.epsilon * root)


@dataclass(frozen=True)
class NAdam:
    """Adam that looks ahead: mhat = mu_{t+1} m / (1 - p mu_{t+1}) + (1 - mu_t) g / (1 - p), p = mu_1 ... mu_t.

    Then theta = theta - learning_rate mhat / (sqrt(vhat) + epsilon), with mu_t = beta1 (1 - 0.96^(t momentum_decay)/2).
    Source: Dozat 2016, with its schedule of mu. The state keeps the product p.

    Parameters
    ----------
    learning_rate : float or schedule
    beta1, beta2 : float in [0, 1)
    epsilon : float
    momentum_decay : float

    Examples
    --------
    >>> import numpy as np
    >>> rule, theta = NAdam(0.1), np.array([1.0])
    >>> rule.update(theta, np.array([3.0]), rule.init(theta), 0.1, step=1)
    >>> theta.round(3)
    array([0.894])
    """

    learning_rate: float | Schedule = 2e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum_decay: float = 4e-3

    def __post_init__(self) -> None:
        require_learning_rate("NAdam", self.learning_rate)
        require_share("NAdam", beta1=self.beta1, beta2=self.beta2)
        require_small("NAdam", epsilon=self.epsilon, momentum_decay=self.momentum_decay)

    def init(self, theta: Array) -> State:
        return {"product": np.ones(1, theta.dtype)} | _moments(theta) | scratch(theta, 2)

    def update(self, theta: Array, gradient: Array, state: State, learning_rate: float, step: int) -> None:
        now, ahead = self._mu(step), self._mu(step + 1)
        _average(gradient, state, self.beta1, self.beta2)
        product = float(state["product"][0]) * now
        state["product"][0] = product
        look, part = state["_scratch0"], state["_scratch1"]
        np.multiply(state["m"], ahead / (1.0 - product * ahead), out=look)
        np.multiply(gradient, (1.0 - now) / (1.0 - product), out=part)
        np.add(look, part, out=look)
        root = math.sqrt(1.0 - self.beta2**step)
        _divide(theta, look, state["v"], part, rate=learning_rate * root, epsilon=self.epsilon * root)

    def _mu(self, step: int) -> float:
        return self.beta1 * (1.0 - 0.5 * math.pow(0.96, step * self.momentum_decay))


def _moments(theta: Array) -> State:
    return {"m": np.zeros_like(theta), "v": np.zeros_like(theta)} | scratch(theta, 1)


def _average(gradient: Array, state: State, beta1: float, beta2: float) -> None:
    """m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2."""
    m, v, part = state["m"], state["v"], state["_scratch0"]
    np.multiply(m, beta1, out=m)
    np.multiply(gradient, 1.0 - beta1, out=part)
    np.add(m, part, out=m)
    np.multiply(v, beta2, out=v)
    np.multiply(part, gradient, out=part)
    np.multiply(part, (1.0 - beta2) / (1.0 - beta1), out=part)
    np.add(v, part, out=v)


def _step(theta: Array, state: State, rate: float, epsilon: float) -> None:
    """theta = theta - rate m / (sqrt(v) + epsilon)."""
    _divide(theta, state["m"], state["v"], state["_scratch0"], rate=rate, epsilon=epsilon)


def _divide(theta: Array, direction: Array, v: Array, part: Array, *, rate: float, epsilon: float) -> None:
    """theta = theta - rate direction / (sqrt(v) + epsilon)."""
    np.sqrt(v, out=part)
    np.add(part, epsilon, out=part)
    np.divide(direction, part, out=part)
    np.multiply(part, rate, out=part)
    np.subtract(theta, part, out=theta)
