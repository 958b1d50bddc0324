"""The lines of the update, U: plain descent, momentum, Adam."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chainrule.symbolic.boxes import ident, num, sub
from chainrule.symbolic.components import components
from chainrule.symbolic.cost_lines import cost_ratio
from chainrule.symbolic.derivation import Line
from chainrule.symbolic.expression import ONE, Expression, power
from chainrule.symbolic.functions import square_root
from chainrule.symbolic.simplify import simplify

if TYPE_CHECKING:
    from chainrule.symbolic.builder import Builder


def update(b: Builder) -> list[Line]:
    """U, for the weights of any layer."""
    q = b.q
    role = "augmented_weights" if b.absorbed else "weights"
    l = b.notation.layer
    W, g = q.symbol(role, l), q.symbol(f"{role}_gradient", l) / cost_ratio(b)  # the gradient of the network's own cost
    eta = q.scalar("eta", b.notation.glyph("rate"))
    steps: dict[str, list[tuple[str, Expression, Expression]]] = {
        "sgd": [("against the gradient, the direction in which the cost rises fastest", W, W - eta * g)],
        "momentum": momentum(b, W, g, eta),
        "adam": adam(b, W, g, eta),
    }
    likewise = "; a bias moves likewise" if b.network.bias and not b.absorbed else ""
    if cost_ratio(b) is not ONE:
        likewise += "; the step is the network's own, whose cost has another factor"
    lines = [
        Line("U", l, "Update", why + likewise, left, (simplify(right),), q.script(), relation="←")
        for why, left, right in steps[b.options["optimizer"]]
    ]
    return [replace(lines[0], components=components(q, "U", role, l)), *lines[1:]]


def momentum(b: Builder, W: Expression, g: Expression, eta: Expression) -> list[tuple[str, Expression, Expression]]:
    v = b.q.matrix("velocity", ident("v"), W)
    mu = b.q.scalar("mu", ident("β"))
    return [("a decaying sum of past steps", v, mu * v - eta * g), ("the weights follow it", W, W + v)]


def adam(b: Builder, W: Expression, g: Expression, eta: Expression) -> list[tuple[str, Expression, Expression]]:
    q = b.q
    m, v = q.matrix("moment", ident("m"), W), q.matrix("square", ident("v"), W)
    first, second = (q.scalar(f"beta{i}", sub(ident("β"), num(i))) for i in (1, 2))
    epsilon, step = q.scalar("epsilon", ident("ε")), q.scalar("steps", ident("t"))
    m_hat = m / (1 - power(first, step))
    v_hat = v / (1 - power(second, step))
    return [
        ("the running mean of the gradients", m, first * m + (1 - first) * g),
        ("the running mean of their squares", v, second * v + (1 - second) * g * g),
        ("both freed of their start at zero, step t", W, W - eta * m_hat / (square_root(v_hat) + epsilon)),
    ]
