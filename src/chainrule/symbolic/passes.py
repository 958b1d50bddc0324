"""The arrays of a network's forward and backward pass, as the lines of a derivation name them; the complex step.

The cost of a text is k times the network's J, where its loss has another factor; then so are J, every delta and every
gradient here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.network.arrays import NUMPY
from chainrule.symbolic.losses import smoothing
from chainrule.symbolic.notation import SLOPES

if TYPE_CHECKING:
    from chainrule.network.spec import Network
    from chainrule.symbolic.derivation import Derivation

Array = Any
STEP = 1e-20  # complex step


@dataclass(frozen=True)
class Passes:
    """The arrays of one forward and one backward pass, samples as rows, and the cost they belong to."""

    derivation: Derivation
    theta: Array
    X: Array
    T: Array
    weights: Array | None

    def __post_init__(self) -> None:
        net = self.network
        set_ = object.__setattr__
        set_(self, "layers", net.layers(self.theta))
        set_(self, "forward", net.forward(self.theta, self.X))
        set_(self, "backward", net.backward(self.theta, self.X, self.T, self.weights))
        options = self.derivation.options
        penalties = {"l1": options["l1"], "l2": options["l2"]}
        J, gradient = net.value_and_gradient(self.theta, self.X, self.T, self.weights, **penalties)
        ratio = float(self.derivation.notation.factor(net))
        set_(self, "ratio", ratio)
        set_(self, "J", ratio * J)
        set_(self, "gradient", ratio * gradient)
        set_(self, "penalties", penalties)

    layers: Any = None
    forward: Any = None
    backward: Any = None
    ratio: float = 1.0
    J: Any = None
    gradient: Any = None
    penalties: Any = None

    @property
    def network(self) -> Network:
        return self.derivation.network

    @property
    def depth(self) -> int:
        return len(self.network.sizes) - 1

    @property
    def share(self) -> Array:
        """Each sample's share of the cost, (N, 1)."""
        N = len(self.X)
        w = np.ones(N) if self.weights is None else np.asarray(self.weights, dtype=float)
        return (w / w.sum())[:, None]

    def column_form(self, role: str, l: int) -> Array:
        """A quantity as (n_l, N), from the engine's arrays."""
        if role in ("weights", "augmented_weights"):
            W, b = self.layers[l - 1]
            return W if role == "weights" else np.column_stack([W, b])
        if role == "bias":
            return self.layers[l - 1][1].reshape(-1, 1)
        if role.endswith("_gradient"):
            return self.gradient_of(role, l)
        rows: dict[str, Callable[[], Array]] = {
            "preactivation": lambda: self.forward.z[l],
            "activation": lambda: self.forward.a[l],
            "augmented": lambda: np.column_stack([self.forward.a[l], np.ones(len(self.X))]),
            "input": lambda: self.X,
            "target": lambda: self.T,
            "delta": lambda: self.delta(l),
            "error": lambda: self.error(l),
            "adjusted": self.adjusted,
            "levels": lambda: np.tile(self.network.head.loss.parameters, (len(self.X), self.network.n_targets)),
            "mean": lambda: self.forward.a[l][:, : self.network.n_targets],
            "log_variance": lambda: self.forward.a[l][:, self.network.n_targets :],
        }
        return np.asarray(rows[role]()).T

    def adjusted(self) -> Array:
        """The targets as the loss meets them: smoothed over the classes, or repeated for every level."""
        loss = self.network.head.loss
        e = smoothing(loss)
        if not e:
            return np.repeat(self.T, loss.outputs_per_target, axis=1)
        classes = 2 if loss.name == "binary_cross_entropy" else self.network.sizes[-1]
        return (1 - e) * self.T + e / classes

    def delta(self, l: int) -> Array:
        """dC/dz_l, (N, n_l)."""
        return self.ratio * self.backward.delta[l]

    def error(self, l: int) -> Array:
        """dC/da_l, (N, n_l)."""
        if l == self.depth:
            with np.errstate(divide="ignore", invalid="ignore"):  # infinite where an output is saturated
                slope = self.network.head.loss.gradient(NUMPY, self.forward.a[l], self.T)
                return self.ratio * slope * self.share
        return self.delta(l + 1) @ self.layers[l].weights

    def gradient_of(self, role: str, l: int) -> Array:
        W: Array
        b: Array
        W, b = self.network.layers(self.gradient)[l - 1]
        if role == "weights_gradient":
            return W
        return b.reshape(-1, 1) if role == "bias_gradient" else np.column_stack([W, b])

    # ------------------------------------------------------------ the complex step

    def slope(self, role: str, l: int, direction: Array) -> float:
        """The derivative of the cost along a direction of a quantity in the column form."""
        if role in SLOPES:
            return self.ratio * float(np.imag(self.tail(role, l, direction.T)) / STEP)
        moved = self.theta.astype(complex)
        parts = [[np.zeros_like(p) if p is not None else None for p in layer] for layer in self.layers]
        if role == "bias_gradient":
            parts[l - 1][1] = direction.ravel()
        else:
            width = parts[l - 1][0].shape[1]  # type: ignore[union-attr]
            parts[l - 1][0] = direction[:, :width]
            if role == "augmented_weights_gradient":
                parts[l - 1][1] = direction[:, -1]
        moved += 1j * STEP * self.network.pack(parts)
        J = self.network.objective(moved, self.X, self.T, self.weights, **self.penalties)
        return self.ratio * float(np.imag(J) / STEP)

    def tail(self, role: str, l: int, direction: Array) -> Array:
        """The network's cost when z_l or a_l is moved by i h times the direction."""
        z, a = self.forward.z[l], self.forward.a[l] + 1j * STEP * direction
        if role == "delta":
            z = z + 1j * STEP * direction
            a = self.network.activation(l).f(NUMPY, z)
        elif l == self.depth:
            return np.sum(self.network.head.loss.value(NUMPY, a, self.T) * self.share[:, 0])
        for k in range(l + 1, self.depth + 1):
            W, b = self.layers[k - 1]
            z = a @ W.T + (0 if b is None else b)
            a = self.network.activation(k).f(NUMPY, z)
        return np.sum(self.network.head.value(NUMPY, z, a, self.T) * self.share[:, 0])
