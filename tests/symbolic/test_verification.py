"""Planted errors: verify finds each of them, wherever it stands, and derive shows no line that does not hold."""

from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest

import chainrule as cr
from chainrule.symbolic import cost_lines, rules
from chainrule.symbolic.expression import apply, hadamard, number, scale
from chainrule.symbolic.presets import NOTATIONS
from chainrule.symbolic.proof import ProofError

NET = cr.Network((3, 4, 2), ("tanh", "softmax"), "categorical_cross_entropy")
THETA = NET.initial(seed=0) + 0.1 * np.random.default_rng(0).normal(size=NET.n_parameters)


def data(net, rows=6):
    rng = np.random.default_rng(1)
    return rng.normal(size=(rows, net.sizes[0])), np.eye(net.n_targets)[rng.integers(0, net.n_targets, rows)]


def with_line(derivation, line, right):
    """The derivation with other right sides of one line."""
    swapped = replace(line, right=right)
    sections = tuple(
        replace(s, lines=tuple(swapped if old is line else old for old in s.lines)) for s in derivation.sections
    )
    return replace(derivation, sections=sections)


@pytest.mark.parametrize(
    ("preset", "optimizer"), list(zip(NOTATIONS, cycle(["sgd", "momentum", "adam"]), strict=False))
)
def test_an_error_in_any_form_of_any_line_is_found(preset, optimizer):
    derivation = cr.derive(NET, preset, l1=0.1, l2=0.2, optimizer=optimizer)
    X, T = data(NET, 2)
    assert derivation.verify(THETA, X, T).ok
    for line in derivation.steps:
        for place, form in enumerate(line.right):
            wrong = (*line.right[:place], scale(number(1.001), form), *line.right[place + 1 :])
            report = with_line(derivation, line, wrong).verify(THETA, X, T)
            failed = [check.line.title for check in report.rows if not check.ok]
            assert failed == [line.title], line.text()


@pytest.mark.parametrize("preset", ["watters", "neuron"])
def test_an_error_that_one_sample_alone_shows_is_found(preset):
    net = cr.Network((1, 1, 1), ("relu", "identity"), "half_squared_error")
    theta = np.array([1.0, 0.0, 2.0, 0.0])
    X, T = np.array([1.0, 2.0, 3.0, 4.0, 5.0, -6.0])[:, None], -np.ones((6, 1))  # the last alone is off
    derivation = cr.derive(net, preset)
    line = [s for s in derivation.steps if s.tag == "B2" and s.layer == 1][-1]
    off = with_line(derivation, line, (substituted_step(line.right[-1]),))
    assert off.verify(theta, X[:5], T[:5]).ok
    assert not off.verify(theta, X, T).ok


def substituted_step(form):
    """step(z) taken for one, as if no unit were ever off."""
    from chainrule.symbolic.expression import ones, postorder, substitute

    steps = [n for n in postorder(form) if n.op == "apply" and n.data[0] == "step"]
    return substitute(form, {n: ones(n.shape) for n in steps})


def test_a_wrong_rule_shows_no_derivation(monkeypatch):
    wrong = replace(rules.ADJOINTS["apply"], adjoint=lambda g, f, i: hadamard(g, apply(f.data[0], f.args[0])))
    monkeypatch.setitem(rules.ADJOINTS, "apply", wrong)  # sigma in place of sigma'
    with pytest.raises(ProofError, match="B2"):
        cr.derive(NET)


def test_a_wrong_factor_shows_no_derivation(monkeypatch):
    monkeypatch.setattr(cost_lines, "loss_factor", lambda b: number(2))
    with pytest.raises(ProofError, match="do not hold"):
        cr.derive(cr.Network((2, 1), ("identity",), "half_squared_error"))


def test_what_couples_the_units_of_a_layer_is_refused():
    unit = cr.Activation(
        "unit_length",
        f=lambda xp, z: z / xp.sqrt(xp.sum(z * z, axis=1, keepdims=True)),
        pullback=lambda xp, z, a, g: (
            (g - a * xp.sum(a * g, axis=1, keepdims=True)) / xp.sqrt(xp.sum(z * z, axis=1, keepdims=True))
        ),
    )
    with pytest.raises(ValueError, match="couples the units"):
        cr.derive(cr.Network((2, 3, 1), (unit, "identity"), "half_squared_error"))


def test_exponentials_of_exponentials_can_be_tried():
    net = cr.Network((2, 3, 3, 3, 3, 1), ("exp", "exp", "exp", "exp", "identity"), "half_squared_error")
    assert cr.derive(net).line("B2", 1).text().endswith("= a₁ ⊙ (δ₂ W₂)")


@pytest.mark.parametrize(("loss", "width"), [("mean_squared_error", 3000), ("gaussian_nll", 2000)])
def test_many_outputs_are_tried_with_few(loss, width):
    derivation = cr.derive(cr.Network((784, 64, width), ("relu", "identity"), loss))
    assert f"(N × {width})" in derivation.text()
    if loss.startswith("mean"):
        assert derivation.line("J").text() == "J = sum((a₂ − T)⊙²)/(3000 N)"
