"""The lines of the update at real numbers, against the step that the network's own gradient makes.

W - eta g; v = mu v - eta g, W + v; and Adam's m, v and W - eta m^ / (sqrt(v^) + epsilon), each in NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.symbolic.expression import symbols
from chainrule.symbolic.quantities import safe
from chainrule.symbolic.values import Point, value

if TYPE_CHECKING:
    from chainrule.symbolic.derivation import Line
    from chainrule.symbolic.passes import Passes

Array = Any
_ROUNDING, _TINY = 1e-6, 1e-300
_RATES = {"eta": 0.1, "mu": 0.9, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "steps": 3.0}


def update_error(line: Line, batch: Passes) -> float:
    """The largest relative error of a line of the update, over all layers."""
    return max(_error_of_layer(line, batch, l) for l in range(1, batch.depth + 1))


def mean_error(batches: list[Passes], together: Array) -> float:
    """The mean of the gradients of single samples against the gradient of their batch."""
    mean = np.mean([b.gradient for b in batches], axis=0)
    floor = max(_ROUNDING * abs(float(batches[0].J)), _TINY)  # entries may cancel to rounding
    return float(np.abs(mean - together).max() / max(np.abs(mean).max(), np.abs(together).max(), floor))


def _error_of_layer(line: Line, batch: Passes, l: int) -> float:
    notation = batch.derivation.notation
    role = "augmented_weights" if notation.absorbs(batch.network) else "weights"
    parameters = {role: batch.column_form(role, l), f"{role}_gradient": batch.gradient_of(f"{role}_gradient", l)}
    if notation.turned(role):
        parameters = {name: array.T for name, array in parameters.items()}
    W, g = parameters[role], parameters[f"{role}_gradient"] / batch.ratio
    rng = np.random.default_rng(l)
    state = {"velocity": rng.normal(size=W.shape), "moment": rng.normal(size=W.shape), "square": rng.random(W.shape)}
    letter = safe(notation.layer)
    arrays = {f"{name}_{letter}": array for name, array in parameters.items()} | state
    own = {f"n_{k}": n for k, n in enumerate(batch.network.sizes)} | {"n_targets": batch.network.n_targets}
    point = Point(arrays | {name: np.array([[rate]]) for name, rate in _RATES.items()}, _sizes(line, W) | own)
    expected = _expected(line.left.name, batch.derivation.options["optimizer"], W, g, state)
    actual = value(line.right[0], point)
    return float(np.abs(actual - expected).max() / max(np.abs(expected).max(), np.abs(actual).max()))


def _sizes(line: Line, W: Array) -> dict[str, int]:
    """The sizes of a line whose every matrix is like W."""
    matrix = next(s for s in symbols(line.right[0]).values() if not s.is_scalar)
    found = {}
    for dim, length in zip(matrix.shape, W.shape, strict=True):
        if isinstance(dim, str):
            found[dim.removesuffix("+1")] = length - dim.endswith("+1")
    return found


def _expected(left: str, optimizer: str, W: Array, g: Array, state: dict[str, Array]) -> Array:
    eta, mu, b1, b2, epsilon, t = _RATES.values()
    velocity, m, v = state.values()
    if left == "velocity":
        return mu * velocity - eta * g
    if left in ("moment", "square"):
        return b1 * m + (1 - b1) * g if left == "moment" else b2 * v + (1 - b2) * g * g
    if optimizer == "sgd":
        return W - eta * g
    if optimizer == "momentum":
        return W + velocity
    return W - eta * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + epsilon)
