"""The gradient against PyTorch's autograd and against complex steps, for every activation with every loss."""

import numpy as np
import pytest

from oracles import cases

BOUND_AUTOGRAD = 1e-10  # normwise per block; both sides round differently
BOUND_COMPLEX = 1e-13  # normwise over theta


def check_autograd(case, oracle):
    J, g = case.net.value_and_gradient(*case.data)
    expected_J, expected = oracle.value_and_gradient(case.net, *case.data)
    assert pytest.approx(expected_J, rel=1e-11) == J
    scale = np.linalg.norm(expected)
    for block in case.net.blocks():
        # a block that is zero in theory (softmax over one unit) has no norm to be relative to
        assert cases.relative(g[block.slice], expected[block.slice], floor=1e-6 * scale) < BOUND_AUTOGRAD or (
            np.linalg.norm(expected) < 1e-14 > np.linalg.norm(g)
        ), (block.name, str(case.net))


def check_complex_step(case):
    _, g = case.net.value_and_gradient(*case.data)
    theta, *rest = case.data
    steps = theta + 1e-30j * np.eye(len(theta))
    numeric = np.array([case.net.objective(step, *rest).imag for step in steps]) / 1e-30
    assert cases.relative(g, numeric, floor=1e-3) < BOUND_COMPLEX, str(case.net)


@pytest.mark.parametrize(("activation", "loss"), cases.PAIRS)
def test_gradient_agrees_with_complex_steps(activation, loss):
    for case in cases.covering(activation, loss):
        check_complex_step(case)


@pytest.mark.torch
@pytest.mark.parametrize(("activation", "loss"), cases.PAIRS)
def test_gradient_agrees_with_autograd(activation, loss):
    pytest.importorskip("torch")
    from oracles import torch_network

    for case in cases.covering(activation, loss):
        check_autograd(case, torch_network)


@pytest.mark.soak
@pytest.mark.torch
@pytest.mark.parametrize(("activation", "loss"), cases.PAIRS)
def test_gradient_agrees_with_autograd_for_every_choice(activation, loss):
    pytest.importorskip("torch")
    from oracles import torch_network

    for choice in cases.choices(activation, loss):
        check_autograd(cases.build(activation, loss, choice), torch_network)


@pytest.mark.soak
@pytest.mark.parametrize(("activation", "loss"), cases.PAIRS)
def test_gradient_agrees_with_complex_steps_for_every_choice(activation, loss):
    for choice in cases.choices(activation, loss):
        check_complex_step(cases.build(activation, loss, choice))


def test_choices_cover_what_is_claimed():
    """Every number of outputs, weights or none, bias or none and 0 to 4 hidden layers, in the short run too."""
    seen = {
        (case.net.n_targets, case.weight is not None, case.net.bias, case.net.depth - 1)
        for activation, loss in cases.PAIRS
        for case in cases.covering(activation, loss)
    }
    assert len(seen) == 3 * 2 * 2 * 5


def test_a_planted_error_is_found():
    """The tester, tested: a gradient that is off by one part in a million fails."""
    case = cases.build("tanh", "half_squared_error", (2, True, True, 2, True))

    class Planted:
        def __getattr__(self, name):
            return getattr(case.net, name)

        def value_and_gradient(self, *data):
            J, g = case.net.value_and_gradient(*data)
            return J, g * (1 + 1e-6)

    with pytest.raises(AssertionError):
        check_complex_step(cases.Case(Planted(), *case.data))
