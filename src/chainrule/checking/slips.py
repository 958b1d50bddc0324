"""Slips that people make in a backward pass, computed: one that reproduces the wrong gradient is named.

A slip is the house's own backward pass with one thing wrong, so its numbers are evidence no ratio could give. For the
right formulas see `chainrule.network.backward`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.checking.problem import Example, Vector
from chainrule.network.arrays import namespace

Rule = Callable[[int, Vector, Vector, Vector], Vector]  # layer, z, a, g -> delta


@dataclass(frozen=True)
class Pass:
    """One forward pass with what a wrong backward pass may need."""

    example: Example
    theta: Vector
    xp: Any
    z: list[Vector]
    a: list[Vector]
    weights: list[Vector]
    right: tuple[Vector, ...]
    share: Vector


def walk(example: Example, theta: Vector) -> Pass:
    """Forward, and the right deltas."""
    net, w = example.network, example.sample_weight
    state, true = net.forward(theta, example.X), net.backward(theta, example.X, example.T, w)
    share = np.full(len(example.X), 1 / len(example.X)) if w is None else w / w.sum()
    weights = [layer.weights for layer in net.layers(theta)]
    return Pass(example, theta, namespace(theta), state.z, state.a, weights, true.delta, share)


def pullback(p: Pass, l: int, z: Vector, a: Vector, g: Vector) -> Vector:
    """The right rule of layer l."""
    return np.asarray(p.example.network.activation(l).pullback(p.xp, z, a, g))


@dataclass(frozen=True)
class Wrong:
    """A backward pass with replacements; what is not replaced is right."""

    output_delta: Vector | None = None
    rules: Mapping[int, Rule] = field(default_factory=dict)
    transpose: int = 0  # the layer whose W is used untransposed
    fed: list[Vector] | None = None
    l1: float | None = None
    l2: float | None = None
    biases_too: bool = False


def gradient(p: Pass, wrong: Wrong) -> Vector:
    """The gradient such a pass gives."""
    net, parts = p.example.network, []
    delta = p.right[-1] if wrong.output_delta is None else wrong.output_delta
    fed = p.a if wrong.fed is None else wrong.fed
    l1 = p.example.l1 if wrong.l1 is None else wrong.l1
    l2 = p.example.l2 if wrong.l2 is None else wrong.l2
    for l in range(net.depth, 0, -1):
        W = p.weights[l - 1]
        parts.append((delta.T @ fed[l - 1] + l2 * W + l1 * np.sign(W), _biases(p, l, delta, wrong.biases_too, l1, l2)))
        if l > 1:
            g = delta @ (W.T if wrong.transpose == l else W)
            rule = wrong.rules.get(l - 1)
            delta = rule(l - 1, p.z[l - 1], p.a[l - 1], g) if rule else pullback(p, l - 1, p.z[l - 1], p.a[l - 1], g)
    return np.asarray(net.pack(parts[::-1]))


def _biases(p: Pass, l: int, delta: Vector, penalized: bool, l1: float, l2: float) -> Vector | None:
    b = p.example.network.layers(p.theta)[l - 1].biases
    if b is None:
        return None
    total = delta.sum(axis=0)
    return np.asarray(total + l2 * b + l1 * np.sign(b) if penalized else total)


def slips(p: Pass) -> Iterator[tuple[str, str, Wrong]]:
    """Every slip that is known: what it is, the line it is on, and the pass that commits it."""
    yield from _of_hidden_layers(p)
    yield from _of_output(p)
    yield from _of_matrices(p)
    yield from _of_penalties(p)
    if p.example.sample_weight is not None:
        plain = p.example.network.backward(p.theta, p.example.X, p.example.T).delta[-1]
        yield "the sample weights are missing", "J, B1", Wrong(output_delta=plain)
        total = float(p.example.sample_weight.sum()) / len(p.example.X)
        yield "the sample weights are divided by N, not by their sum", "J, B1", Wrong(output_delta=p.right[-1] * total)


def _of_hidden_layers(p: Pass) -> Iterator[tuple[str, str, Wrong]]:
    net = p.example.network
    hidden = [l for l in range(1, net.depth) if net.activation(l).df is not None]

    def missing(l: int, z: Vector, a: Vector, g: Vector) -> Vector:
        return g

    def twice(l: int, z: Vector, a: Vector, g: Vector) -> Vector:
        return pullback(p, l, z, a, pullback(p, l, z, a, g))

    def at_activation(l: int, z: Vector, a: Vector, g: Vector) -> Vector:
        return pullback(p, l, a, net.activation(l).f(p.xp, a), g)

    def itself(l: int, z: Vector, a: Vector, g: Vector) -> Vector:
        return g * a

    for rule, text in (
        (missing, "sigma'(z) is missing"),
        (twice, "sigma'(z) is multiplied twice"),
        (at_activation, "sigma' is taken at a, not at z"),
        (itself, "sigma(z) stands for sigma'(z)"),
    ):
        for l in hidden:
            yield f"{text} in layer {l} ({net.activation(l).name})", "B2", Wrong(rules={l: rule})
        if len(hidden) > 1:
            yield f"{text} in all hidden layers", "B2", Wrong(rules=dict.fromkeys(hidden, rule))


def _of_output(p: Pass) -> Iterator[tuple[str, str, Wrong]]:
    net, L = p.example.network, p.example.network.depth
    z, a, name = p.z[-1], p.a[-1], net.activation(L).name
    if name == "identity":
        return
    T = p.example.T.reshape(len(p.example.X), -1)
    with np.errstate(all="ignore"):
        bare = np.asarray(net.loss.gradient(p.xp, a, T)) * p.share[:, None]
        yield f"the output's sigma' ({name}) is missing", "B1", Wrong(output_delta=bare)
        if bare.shape == a.shape == T.shape:
            residual = (a - T) * p.share[:, None]
            yield f"delta_L is a - t, not that of {net.loss.name} on {name}", "B1", Wrong(output_delta=residual)
    again = pullback(p, L, z, a, p.right[-1])
    text = f"the output's sigma' ({name}) is multiplied once too often: a - t has it inside already"
    yield text, "B1", Wrong(output_delta=again)


def _of_matrices(p: Pass) -> Iterator[tuple[str, str, Wrong]]:
    net = p.example.network
    for l in range(2, net.depth + 1):
        if net.sizes[l] == net.sizes[l - 1]:
            yield f"W{l} is used transposed on the way back", "B2", Wrong(transpose=l)
    for l in range(net.depth):
        if net.activation(l).name != "identity":
            fed = [p.z[k] if k == l else p.a[k] for k in range(net.depth + 1)]
            yield f"dJ/dW{l + 1} is made with z_{l}, not with a_{l}", "B3", Wrong(fed=fed)


def _of_penalties(p: Pass) -> Iterator[tuple[str, str, Wrong]]:
    l1, l2, N = p.example.l1, p.example.l2, len(p.example.X)
    if l2:
        yield f"the l2 penalty ({l2:g}) is missing", "J", Wrong(l2=0.0)
        yield "the l2 penalty is twice too large: l2 sum W^2 without its 1/2", "J", Wrong(l2=2 * l2)
        yield "the l2 penalty is divided by N", "J", Wrong(l2=l2 / N)
    if l1:
        yield f"the l1 penalty ({l1:g}) is missing", "J", Wrong(l1=0.0)
    if l1 and l2:
        yield "both penalties are missing", "J", Wrong(l1=0.0, l2=0.0)
    if (l1 or l2) and p.example.network.bias:
        yield "the penalty is on the biases too", "J", Wrong(biases_too=True)
