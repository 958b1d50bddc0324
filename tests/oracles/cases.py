"""The networks that every oracle is asked about: all table entries, rotating through the other choices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

import chainrule as cr


@dataclass(frozen=True)
class Case:
    """A network with parameters and data."""

    net: cr.Network
    theta: np.ndarray
    X: np.ndarray
    T: np.ndarray
    weight: np.ndarray | None

    @property
    def data(self):
        return self.theta, self.X, self.T, self.weight


def targets(loss: cr.Loss, N: int, m: int, rng: np.random.Generator) -> np.ndarray:
    """Targets that the loss takes; probabilities for losses of distributions, not all summing to one."""
    if loss.target_values:
        return rng.choice(loss.target_values, size=(N, m))
    if loss.targets.high == 1 or loss.targets.low == 0:
        return rng.uniform(0.05, 0.95, size=(N, m))
    return rng.normal(size=(N, m))


def make(sizes, activations, loss, *, seed: int, weighted: bool, bias: bool = True, N: int = 7) -> Case:
    """A case whose parameters and data are drawn from ``seed``; the weights are uneven, one of them zero."""
    rng = np.random.default_rng(seed)
    net = cr.Network(sizes, activations, loss, bias=bias)
    size = 0.4 if {"exp", "squared_relu"} & {*activations} else 1.0  # exp of exp of exp ... stays a number
    theta = size * (net.initial(rng, scheme="glorot_normal") + 0.1 * rng.normal(size=net.n_parameters))
    weight = rng.uniform(0.1, 3.0, N) if weighted else None
    if weight is not None:
        weight[N // 2] = 0.0
    return Case(net, theta, rng.normal(size=(N, sizes[0])), targets(net.loss, N, net.n_targets, rng), weight)


def fits(activation: str, loss: str, width: int) -> bool:
    """Whether the output activation stays in the domain of the loss."""
    try:
        cr.Network((1, width), (activation,), loss)
    except ValueError:
        return False
    return True


def choices(activation: str, loss: str) -> list[tuple[int, bool, bool, int, bool]]:
    """Every (targets, weighted, bias, hidden layers, activation at the output) for a pair of entries."""
    per_target = cr.LOSSES[loss].outputs_per_target
    return [
        choice
        for choice in product((1, 2, 5), (False, True), (True, False), range(5), (False, True))
        if not choice[4] or fits(activation, loss, choice[0] * per_target)
    ]


def build(activation: str, loss: str, choice: tuple[int, bool, bool, int, bool]) -> Case:
    """The case of one choice; hidden layers have the activation, the output has it or the loss's own."""
    m, weighted, bias, hidden, at_output = choice
    entry = cr.LOSSES[loss]
    output = activation if at_output else entry.output
    if not fits(output, loss, m * entry.outputs_per_target):
        output = "sigmoid"  # softmax over one unit
    sizes = (3, *(4, 2, 5, 3)[:hidden], m * entry.outputs_per_target)
    seed = hash_of(activation, loss, *choice)
    return make(sizes, [activation] * hidden + [output], loss, seed=seed, weighted=weighted, bias=bias)


def hash_of(*parts: object) -> int:
    """A seed that is the same in every process."""
    return int.from_bytes(repr(parts).encode()[-8:], "little") % 2**32


def covering(activation: str, loss: str, every: int = 9) -> Iterator[Case]:
    """A part of the choices, another one for each pair, so that all pairs together cover everything."""
    all_choices = choices(activation, loss)
    start = hash_of(loss, activation) % every
    for choice in all_choices[start::every]:
        yield build(activation, loss, choice)


PAIRS = [(activation, loss) for activation in cr.ACTIVATIONS for loss in cr.LOSSES]


def relative(found: np.ndarray, expected: np.ndarray, floor: float = 0.0) -> float:
    """|found - expected| / |expected| in the 2-norm, or the plain difference below ``floor``."""
    return float(np.linalg.norm(np.asarray(found) - expected) / max(np.linalg.norm(expected), floor, 1e-300))
