"""The check on the package's own networks: no false alarm on what is right, a name for what is made wrong."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.checking import Verdict

ACTIVATIONS = [*cr.ACTIVATIONS]
LOSSES = [*cr.LOSSES]


def targets(net, rng, n):
    """Targets that the loss takes."""
    loss, width = net.loss, net.n_targets
    if loss.target_values:
        return rng.choice(loss.target_values, (n, width))
    if loss.name in ("categorical_cross_entropy", "kl_divergence"):
        return np.eye(width)[rng.integers(0, width, n)]
    if loss.targets.low == 0:
        return rng.integers(0, 2, (n, width)).astype(float) if loss.targets.high == 1 else rng.gamma(2, size=(n, width))
    return rng.standard_normal((n, width))


def problem(spec, loss, n=9, seed=0, **options):
    """A network with theta (no zero biases) and data."""
    net = cr.Network.parse(spec, loss=loss, **options)
    rng = np.random.default_rng(seed)
    theta = net.initial(seed=seed) + 0.1 * rng.standard_normal(net.n_parameters)
    return net, theta, rng.standard_normal((n, net.sizes[0])), targets(net, rng, n)


@pytest.mark.parametrize("method", ["entries", "projections"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_passes(name, dtype, method):
    net, theta, X, T = problem(f"3-4:{name}-4:tanh-2:identity", "half_squared_error")
    report = cr.check_gradient(net, theta.astype(dtype), X, T, method=method)
    assert report.ok, str(report)
    assert report.max_relative_error < (1e-11 if dtype == np.float64 else 3e-4)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_passes(name, dtype):
    net, theta, X, T = problem(f"3-4:silu-{2 * cr.LOSSES[name].outputs_per_target}", name)
    weight = np.linspace(0.5, 2, len(X))
    report = cr.check_gradient(net, theta.astype(dtype), X, T, sample_weight=weight, l1=0.01, l2=0.1)
    assert report.ok, str(report)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_false_alarm(data):
    """Zero inputs, rounded and repeated samples, zero residuals, zero weights: kinks and ties on purpose."""
    widths = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    hidden = data.draw(st.lists(st.sampled_from(ACTIVATIONS), min_size=len(widths) - 2, max_size=len(widths) - 2))
    loss = data.draw(st.sampled_from([n for n in LOSSES if cr.LOSSES[n].outputs_per_target == 1]))
    net = cr.Network(widths, [*hidden, cr.LOSSES[loss].output], loss, bias=data.draw(st.booleans()))
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    X = rng.standard_normal((data.draw(st.integers(1, 12)), widths[0]))
    T = targets(net, rng, len(X))
    if data.draw(st.booleans()):
        X = np.round(X)  # exact zeros and duplicates
    theta = data.draw(st.sampled_from([0.0, 0.01, 1.0, 2.0])) * net.initial(seed=rng)
    if net.loss.targets.low == -np.inf and not net.loss.target_values and data.draw(st.booleans()):
        T = net.predict(theta, X)
    penalties = {"l1": data.draw(st.sampled_from([0.0, 0.01])), "l2": data.draw(st.sampled_from([0.0, 0.1]))}
    method = data.draw(st.sampled_from(["entries", "projections"]))
    report = cr.check_gradient(net, theta, X, T, method=method, **penalties)
    assert report.ok, str(report)


def test_a_relu_at_exactly_zero_is_a_kink_and_no_error():
    net, theta, X, T = problem("3-4:relu-2:identity", "half_squared_error")
    theta[net.blocks()[1].slice] = 0.0
    X[:3] = 0.0
    report = cr.check_gradient(net, theta, X, T)
    rows = {row.block: row for row in report.rows}
    assert report.ok
    assert rows["b1"].verdict is Verdict.KINK
    assert rows["b1"].counts == {Verdict.KINK: 4}
    assert "12 of" in str(report)  # ties: 3 samples times 4 units
    assert "kink" in str(report)

    def wrong(theta):
        J, g = net.value_and_gradient(theta, X, T)
        g[net.blocks()[1].slice] *= 2
        return J, g

    assert not cr.check_gradient(net, theta, X, T, value_and_gradient=wrong).ok


def test_zero_residual_of_the_absolute_error():
    net, theta, X, _ = problem("3-4:tanh-2:identity", "absolute_error")
    report = cr.check_gradient(net, theta, X, net.predict(theta, X))
    assert report.ok
    assert {row.verdict for row in report.rows} == {Verdict.KINK}


def test_dead_units_are_told():
    net, theta, X, T = problem("3-4:relu-2:identity", "half_squared_error")
    theta[net.blocks()[1].slice] = -100.0
    report = cr.check_gradient(net, theta, X, T)
    assert report.ok
    assert "The gradient of W1, b1, W2 is zero" in " ".join(str(report).split())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_hundred_thousand_parameters_in_seconds(dtype):
    net, theta, X, T = problem("300-300:relu-50:tanh-10:softmax", "categorical_cross_entropy", n=100)
    start = time.perf_counter()
    report = cr.check_gradient(net, theta.astype(dtype), X, T)
    assert report.ok
    assert report.evaluations < 250
    assert time.perf_counter() - start < 10  # 0.3 s on a quiet core

    def one_wrong(theta):
        J, g = net.value_and_gradient(theta, X.astype(dtype), T.astype(dtype))
        g[77_777] *= 2
        return J, g

    report = cr.check_gradient(net, theta.astype(dtype), X, T, value_and_gradient=one_wrong)
    assert [entry.name for entry in report.worst if entry.verdict is Verdict.WRONG] == ["W1[259, 77]"]


def test_wrong_derivative_of_an_activation_is_named():
    wrong = cr.Activation("bent", f=lambda xp, z: xp.tanh(z), df=lambda xp, z, a: 1 - a)
    net = cr.Network((3, 4, 4, 2), ("sigmoid", wrong, "identity"), "half_squared_error")
    rng = np.random.default_rng(0)
    report = cr.check_gradient(net, net.initial(seed=0), rng.standard_normal((6, 3)), rng.standard_normal((6, 2)))
    rows = {row.block: row.verdict for row in report.rows}
    assert rows == dict.fromkeys(["W1", "b1", "W2", "b2"], Verdict.WRONG) | dict.fromkeys(["W3", "b3"], Verdict.OK)
    assert "df of activation 'bent' (layer 2)" in report.hints[0].cause


def test_wrong_slope_of_a_loss_is_named():
    wrong = cr.Loss("quartic", term=lambda xp, f, y: (f - y) ** 4, slope=lambda xp, f, y: 3 * (f - y) ** 3)
    net = cr.Network((3, 4, 2), ("tanh", "identity"), wrong)
    rng = np.random.default_rng(0)
    report = cr.check_gradient(net, net.initial(seed=0), rng.standard_normal((6, 3)), rng.standard_normal((6, 2)))
    assert not report.ok
    assert "slope of loss 'quartic'" in report.hints[0].cause


def backward_with(net, X, T, *, delta=None, rule=None, weight=None):
    """The textbook backward pass with a replaced delta_L or sigma' rule, as an engine's function."""

    def value_and_gradient(theta):
        J, _ = net.value_and_gradient(theta, X, T, weight)
        state, layers = net.forward(theta, X), net.layers(theta)
        d = net.backward(theta, X, T, weight).delta[-1] if delta is None else delta(state)
        parts = []
        for l in range(net.depth, 0, -1):
            parts.insert(0, (d.T @ state.a[l - 1], d.sum(axis=0)))
            if l > 1:
                g, z, a = d @ layers[l - 1].weights, state.z[l - 1], state.a[l - 1]
                d = rule(l - 1, z, a, g) if rule else g * (1 - a * a)
        return J, net.pack(parts)

    return value_and_gradient


NET, THETA, X, T = problem("4-5:tanh-5:tanh-3:softmax", "categorical_cross_entropy")
MSE = replace(NET, loss="half_squared_error", activations=("tanh", "tanh", "sigmoid"))

SLIPS = {
    "sigma'(z) is missing in layer 1 (tanh)": backward_with(
        NET, X, T, rule=lambda l, z, a, g: g if l == 1 else g * (1 - a * a)
    ),
    "sigma'(z) is missing in all hidden layers": backward_with(NET, X, T, rule=lambda l, z, a, g: g),
    "sigma'(z) is multiplied twice in layer 2": backward_with(NET, X, T, rule=lambda l, z, a, g: g * (1 - a * a) ** l),
    "sigma' is taken at a, not at z in layer 2": backward_with(
        NET, X, T, rule=lambda l, z, a, g: g * (1 - (np.tanh(a) if l == 2 else a) ** 2)
    ),
    "the output's sigma' (softmax) is multiplied once too often": backward_with(
        NET, X, T, delta=lambda s: s.a[-1] * ((d := (s.a[-1] - T) / len(X)) - (s.a[-1] * d).sum(axis=1, keepdims=True))
    ),
}


@pytest.mark.parametrize("words", SLIPS)
def test_slips_of_the_backward_pass_are_named(words):
    report = cr.check_gradient(NET, THETA, X, T, value_and_gradient=SLIPS[words])
    assert not report.ok
    assert words in report.hints[0].cause, str(report)


def test_the_right_backward_pass_of_these_tests_passes():
    assert cr.check_gradient(NET, THETA, X, T, value_and_gradient=backward_with(NET, X, T)).ok


def test_missing_sigma_of_the_output_is_named():
    wrong = backward_with(MSE, X, T, delta=lambda s: (s.a[-1] - T) / len(X))
    report = cr.check_gradient(MSE, THETA, X, T, value_and_gradient=wrong)
    assert "the output's sigma' (sigmoid) is missing" in report.hints[0].cause


def test_missing_weights_and_penalties_are_named():
    weight = np.linspace(1, 3, len(X))

    def check(given, **wrong):
        def engine(theta):
            data = {"sample_weight": weight, "l1": 0.0, "l2": 0.02} | wrong
            return NET.value_and_gradient(theta, X, T, weight, given.get("l1", 0.0), 0.02)[0], NET.value_and_gradient(
                theta, X, T, **data
            )[1]

        return cr.check_gradient(
            NET, THETA, X, T, sample_weight=weight, l2=0.02, value_and_gradient=engine, **given
        ).hints[0]

    assert "the sample weights are missing" in check({}, sample_weight=None).cause
    assert "the l2 penalty (0.02) is missing" in check({}, l2=0.0).cause
    assert "l2 sum W^2 without its 1/2" in check({}, l2=0.04).cause
    assert "the l1 penalty (0.3) is missing" in check({"l1": 0.3}).cause


def test_the_weights_of_the_way_back_transposed():
    def wrong(theta):
        J, g = NET.value_and_gradient(theta, X, T)
        return J, g

    state = NET.forward(THETA, X)
    (_, _), (W2, _), (W3, _) = NET.layers(THETA)

    def engine(theta):
        d3 = (state.a[-1] - T) / len(X)
        d2 = (d3 @ W3) * (1 - state.a[2] ** 2)
        d1 = (d2 @ W2.T) * (1 - state.a[1] ** 2)
        parts = [(d1.T @ X, d1.sum(0)), (d2.T @ state.a[1], d2.sum(0)), (d3.T @ state.a[2], d3.sum(0))]
        return NET.objective(theta, X, T), NET.pack(parts)

    assert cr.check_gradient(NET, THETA, X, T, value_and_gradient=wrong).ok
    assert "W2 is used transposed" in cr.check_gradient(NET, THETA, X, T, value_and_gradient=engine).hints[0].cause


def test_a_value_that_is_not_the_objective_is_an_error():
    def doubled(theta):
        J, g = NET.value_and_gradient(theta, X, T)
        return 2 * J, g

    report = cr.check_gradient(NET, THETA, X, T, value_and_gradient=doubled)
    assert not report.ok
    assert "2 times as much" in " ".join(str(report).split())


def test_two_slips_at_once_are_both_named():
    def engine(theta):
        state, layers = NET.forward(theta, X), NET.layers(theta)
        d, parts = (state.a[-1] - T) / len(X), []
        for l in (3, 2, 1):
            parts.insert(0, (d.T @ state.a[l - 1], d.mean(axis=0)))
            d = d @ layers[l - 1].weights
        return NET.objective(theta, X, T), NET.pack(parts)

    text = " ".join(str(cr.check_gradient(NET, THETA, X, T, value_and_gradient=engine)).split())
    assert "W1, W2: sigma'(z) is missing in all hidden layers" in text
    assert "b1, b2, b3: besides, divided once too often by N" in text
