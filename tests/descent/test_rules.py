"""Update rules against PyTorch, against scikit-learn's optimizers, and against their equations written out."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.descent import restored, stored

RULES = {
    "SGD": cr.SGD(0.03),
    "Momentum": cr.Momentum(0.03, momentum=0.8),
    "Nesterov": cr.Nesterov(0.03, momentum=0.8),
    "AdaGrad": cr.AdaGrad(0.1, initial=0.1),
    "RMSProp": cr.RMSProp(0.01, decay=0.9),
    "Adam": cr.Adam(0.05, beta1=0.8, beta2=0.95),
    "Adam with epsilon_hat": cr.Adam(0.05, epsilon=1e-3, epsilon_hat=True),
    "AdamW": cr.AdamW(0.05, weight_decay=0.1),
    "NAdam": cr.NAdam(0.05, momentum_decay=0.02),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def slope(theta):
    """The gradient of a bumpy bowl, no two coordinates alike."""
    steepness = np.linspace(0.5, 2.0, theta.size, dtype=theta.dtype)
    return steepness * theta + np.sin(3 * theta)


def trajectory(rule, steps=50, dtype=np.float64, size=13, rates=None):
    theta = np.linspace(-2, 2, size).astype(dtype)
    state, path = rule.init(theta), []
    for step in range(1, steps + 1):
        rate = rule.learning_rate if rates is None else rates[step - 1]
        rule.update(theta, slope(theta), state, rate, step)
        path.append(theta.copy())
    return np.array(path)


def torch_optimizer(torch, rule, theta):
    optim, rate = torch.optim, rule.learning_rate
    match rule:
        case cr.SGD():
            return optim.SGD([theta], rate)
        case cr.Momentum():
            return optim.SGD([theta], rate, momentum=rule.momentum)
        case cr.Nesterov():
            return optim.SGD([theta], rate, momentum=rule.momentum, nesterov=True)
        case cr.AdaGrad():
            return optim.Adagrad([theta], rate, initial_accumulator_value=rule.initial, eps=rule.epsilon)
        case cr.RMSProp():
            return optim.RMSprop([theta], rate, alpha=rule.decay, eps=rule.epsilon)
        case cr.Adam():
            return optim.Adam([theta], rate, betas=(rule.beta1, rule.beta2), eps=rule.epsilon)
        case cr.AdamW():
            betas = (rule.beta1, rule.beta2)
            return optim.AdamW([theta], rate, betas=betas, eps=rule.epsilon, weight_decay=rule.weight_decay)
        case cr.NAdam():
            betas = (rule.beta1, rule.beta2)
            return optim.NAdam([theta], rate, betas=betas, eps=rule.epsilon, momentum_decay=rule.momentum_decay)


@pytest.mark.torch
@pytest.mark.parametrize("name", [name for name in RULES if "hat" not in name])
def test_fifty_steps_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    rule = RULES[name]
    theta = torch.from_numpy(np.linspace(-2, 2, 13)).requires_grad_()
    optimizer, path = torch_optimizer(torch, rule, theta), []
    for _ in range(50):
        theta.grad = torch.from_numpy(slope(theta.detach().numpy()))
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    # PyTorch keeps NAdam's product of momenta in float32
    tolerance = {"rtol": 1e-6, "atol": 1e-8} if name == "NAdam" else {"rtol": 1e-12, "atol": 1e-13}
    np.testing.assert_allclose(trajectory(rule), np.array(path), **tolerance)


def test_nadam_is_the_equation_of_its_source_written_out():
    rule, theta = RULES["NAdam"], np.linspace(-2, 2, 13)
    m = v = np.zeros(13)
    mu = [rule.beta1 * (1 - 0.96 ** (t * rule.momentum_decay) / 2) for t in range(60)]
    for t in range(1, 51):
        g = slope(theta)
        m = rule.beta1 * m + (1 - rule.beta1) * g
        v = rule.beta2 * v + (1 - rule.beta2) * g**2
        now, ahead = np.prod(mu[1 : t + 1]), np.prod(mu[1 : t + 2])
        mhat = mu[t + 1] * m / (1 - ahead) + (1 - mu[t]) * g / (1 - now)
        theta = theta - rule.learning_rate * mhat / (np.sqrt(v / (1 - rule.beta2**t)) + rule.epsilon)
    np.testing.assert_allclose(trajectory(rule)[-1], theta, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("rule", "name", "options"),
    [
        (cr.SGD(0.05), "SGDOptimizer", {"momentum": 0.0, "nesterov": False}),
        (cr.Momentum(0.05, momentum=0.7), "SGDOptimizer", {"momentum": 0.7, "nesterov": False}),
        (cr.Nesterov(0.05, momentum=0.7), "SGDOptimizer", {"momentum": 0.7, "nesterov": True}),
        (cr.Adam(0.05, epsilon=1e-3, epsilon_hat=True), "AdamOptimizer", {"epsilon": 1e-3}),
    ],
    ids=["SGD", "Momentum", "Nesterov", "Adam"],
)
def test_fifty_steps_are_those_of_scikit_learn(rule, name, options):
    from sklearn.neural_network import _stochastic_optimizers as theirs

    theta = np.linspace(-2, 2, 13)
    optimizer, path = getattr(theirs, name)([theta], learning_rate_init=0.05, **options), []
    for _ in range(50):
        optimizer.update_params([theta], [slope(theta)])
        path.append(theta.copy())
    np.testing.assert_allclose(trajectory(rule), np.array(path), rtol=1e-12, atol=1e-14)


def test_momentum_with_a_changing_rate_keeps_the_rate_inside_the_velocity_as_scikit_learn_does():
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    rates = 0.1 / np.arange(1, 21)
    for rule, nesterov in ((cr.Momentum(0.1), False), (cr.Nesterov(0.1), True)):
        theta = np.linspace(-2, 2, 13)
        optimizer = SGDOptimizer([theta], momentum=0.9, nesterov=nesterov)
        for rate in rates:
            optimizer.learning_rate = rate
            optimizer.update_params([theta], [slope(theta)])
        np.testing.assert_allclose(trajectory(rule, 20, rates=rates.tolist())[-1], theta, rtol=1e-12)


@every_rule
def test_a_step_makes_no_new_arrays_and_leaves_the_gradient_alone(rule):
    theta = np.linspace(-2, 2, 13)
    state = rule.init(theta)
    before = {name: id(array) for name, array in state.items()}
    gradient = slope(theta)
    kept, place = gradient.copy(), theta.ctypes.data
    rule.update(theta, gradient, state, 0.01, 1)
    assert {name: id(array) for name, array in state.items()} == before
    assert theta.ctypes.data == place
    np.testing.assert_array_equal(gradient, kept)


@every_rule
def test_float32_stays_float32_and_near_float64(rule):
    path = trajectory(rule, 20, np.float32)
    assert path.dtype == np.float32
    np.testing.assert_allclose(path, trajectory(rule, 20), rtol=2e-4, atol=2e-5)


@every_rule
def test_going_on_from_a_stored_state_gives_the_same_bits(rule):
    theta = np.linspace(-2, 2, 13)
    state = rule.init(theta)
    for step in range(1, 8):
        rule.update(theta, slope(theta), state, 0.01, step)
        if step == 4:
            kept, other = deepcopy(stored(state)), theta.copy()
    assert not any(name.startswith("_") for name in kept)
    state = restored(rule, other, kept)
    for step in range(5, 8):
        rule.update(other, slope(other), state, 0.01, step)
    np.testing.assert_array_equal(other, theta)


def test_a_state_of_another_rule_is_refused():
    theta = np.zeros(3)
    with pytest.raises(ValueError, match=r"not one of Adam for 3 parameters.*velocity.*needs.*'m'"):
        restored(cr.Adam(), theta, stored(cr.Momentum().init(theta)))


@every_rule
@pytest.mark.parametrize(
    ("rate", "error", "words"),
    [
        (0.0, ValueError, "positive"),
        (-1.0, ValueError, "positive"),
        (float("nan"), ValueError, "positive"),
        ("fast", TypeError, "number or a schedule"),
        (True, TypeError, "number or a schedule"),
        (cr.schedules.Cosine, TypeError, r"class Cosine; call it"),
    ],
)
def test_learning_rates_that_make_no_sense_are_refused(rule, rate, error, words):
    with pytest.raises(error, match=words):
        replace(rule, learning_rate=rate)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cr.Momentum(0.1, momentum=1.1),
        lambda: cr.Nesterov(0.1, momentum=-0.1),
        lambda: cr.RMSProp(0.1, decay=1.5),
        lambda: cr.Adam(0.1, beta1=1.0),
        lambda: cr.Adam(0.1, epsilon=-1),
        lambda: cr.AdamW(0.1, weight_decay=-1),
        lambda: cr.LBFGS(memory=0),
        lambda: cr.LBFGS(gradient_tolerance=-1),
    ],
)
def test_constants_out_of_range_are_refused_by_name(make):
    with pytest.raises(ValueError, match=r"\w+: \w+ is .*; it must be"):
        make()


def test_lbfgs_finds_the_valley_of_rosenbrock():
    from scipy.optimize import rosen, rosen_der

    seen = []
    theta, stopped = cr.LBFGS(gradient_tolerance=1e-9, value_tolerance=0).minimize(
        lambda theta: (rosen(theta), rosen_der(theta)), np.full(6, -1.2), seen.append, iterations=500
    )
    np.testing.assert_allclose(theta, 1.0, atol=1e-6)
    assert stopped.startswith("converged")
    np.testing.assert_array_equal(seen[-1], theta)


@pytest.mark.parametrize(
    ("rule", "iterations", "stop", "reason"),
    [
        (cr.LBFGS(), 3, lambda theta: False, "epochs"),
        (cr.LBFGS(), 30, lambda theta: True, "callback"),
        (cr.LBFGS(max_evaluations=2), 30, lambda theta: False, "evaluations"),
    ],
)
def test_lbfgs_says_why_it_stopped(rule, iterations, stop, reason):
    from scipy.optimize import rosen, rosen_der

    both = lambda theta: (rosen(theta), rosen_der(theta))  # noqa: E731
    assert rule.minimize(both, np.full(4, -1.2), stop, iterations)[1] == reason
