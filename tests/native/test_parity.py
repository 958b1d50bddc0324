"""The compiled engine against the reference: every entry of the tables, both dtypes, all that a job can ask for."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.engine import reference
from chainrule.network.activation import ACTIVATIONS
from chainrule.network.spec import Network
from native.jobs import TOLERANCE, assert_close_by_block, fitting_pairs, job_for, native, problem, run_engine

DTYPES = [np.float64, np.float32]
SMOOTH = ("tanh", "sigmoid", "softplus", "silu", "gelu", "gelu_tanh", "mish", "gaussian", "sine(0.5)")


def compare(network, dtype, rows=37, weighted=False, **penalty):
    theta, X, T, w = problem(network, rows, dtype, weighted=weighted)
    J, g = native.value_and_gradient(network, theta, X, T, sample_weight=w, **penalty)
    wide = [None if x is None else x.astype(np.float64) for x in (theta, X, T, w)]
    expected_J, expected_g = reference.value_and_gradient(network, *wide[:3], sample_weight=wide[3], **penalty)
    tolerance = TOLERANCE[np.dtype(dtype)]
    assert pytest.approx(expected_J, rel=tolerance * 10, abs=tolerance) == J
    assert g.dtype == dtype
    assert_close_by_block(network, g, expected_g, tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.7)", "sine(3.0)"])
def test_every_activation_in_a_hidden_layer(name, dtype):
    compare(Network((5, 19, 17, 3), (name, name, "identity"), "half_squared_error"), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(5, 19, 17, 3), (16, 33, 2), (3, 5, 50, 1)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_norm_of_the_gradient_with_every_activation(name, sizes, dtype):
    network = Network(sizes, (name,) * (len(sizes) - 2) + ("identity",), "half_squared_error")
    theta, X, T, _ = problem(network, 37, dtype)
    norms = [
        run_engine(engine, job_for(network, X, T, clip_norm=0.01), theta)[3][0].norms for engine in (native, reference)
    ]
    np.testing.assert_allclose(norms[0], norms[1], rtol=100 * TOLERANCE[np.dtype(dtype)])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "cost", "width"), fitting_pairs())
def test_every_head(name, cost, width, dtype):
    compare(Network((5, 7, width), ("tanh", name), cost), dtype, weighted=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [(1, 1), (3, 2), (20, 32, 2), (33, 65, 31, 10), (4, 1, 9, 1, 2), (784, 256, 128, 10)])
@pytest.mark.parametrize("bias", [True, False])
def test_shapes(sizes, bias, dtype):
    names = ("relu",) * (len(sizes) - 2) + ("identity",)
    for rows in (1, 2, 13, 200) if sizes[0] < 100 else (130,):
        compare(Network(sizes, names, "half_squared_error", bias=bias), dtype, rows)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [512, 1300])
def test_wide_layers_and_long_batches(rows, dtype):
    # weights beyond the second cache in longer shards, deltas packed by columns, buffers in pages of 2 MB
    compare(Network((300, 900, 610, 3), ("relu", "tanh", "identity"), "half_squared_error"), dtype, rows, weighted=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_penalties_and_weights(dtype):
    network = Network.parse("9-21:tanh-4", loss="categorical_cross_entropy")
    compare(network, dtype, rows=2500, weighted=True, l1=0.03, l2=0.7)


@pytest.mark.parametrize("name", ["tanh", "relu", "softmax", "sigmoid"])
def test_an_activation_on_the_input(name):
    compare(Network((6, 5, 2), ("tanh", "identity"), "half_squared_error", input_activation=name), np.float64)


RULES = [
    cr.SGD(0.1),
    cr.Momentum(0.1, momentum=0.8),
    cr.Nesterov(0.1, momentum=0.7),
    cr.AdaGrad(0.1, initial=0.1),
    cr.RMSProp(0.01, decay=0.9),
    cr.Adam(0.01),
    cr.Adam(0.01, beta1=0.8, beta2=0.99, epsilon=1e-4, epsilon_hat=True),
    cr.AdamW(0.01, weight_decay=0.2),
    cr.NAdam(0.01),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_every_update_rule_over_fifty_steps(rule, dtype):
    network = Network.parse("6-17:tanh-3", loss="categorical_cross_entropy")
    theta, X, T, w = problem(network, 800, dtype, weighted=True)
    order = np.random.default_rng(1).permutation(800)
    job = job_for(network, X, T, w, optimizer=rule, l2=0.01)
    rates = np.linspace(0.02, 0.01, job.n_batches)
    got = run_engine(native, job, theta, order, rates)
    expected = run_engine(reference, job, theta, order, rates)
    tolerance = 50 * TOLERANCE[np.dtype(dtype)]
    assert_close_by_block(network, got[0], expected[0], tolerance)
    for name, array in expected[1].items():
        if not name.startswith("_"):
            np.testing.assert_allclose(got[1][name], array, rtol=1e-3 if dtype == np.float32 else 1e-9, atol=tolerance)
    np.testing.assert_allclose(got[3][0].objectives, expected[3][0].objectives, rtol=tolerance)
    np.testing.assert_allclose(got[3][0].weights, expected[3][0].weights, rtol=tolerance)
    np.testing.assert_allclose(got[3][0].norms, expected[3][0].norms, rtol=tolerance * 10)
    assert got[2].updates == expected[2].updates == 50


@pytest.mark.parametrize("name", SMOOTH)
def test_fifty_steps_with_each_smooth_activation(name):
    network = Network((6, 11, 9, 2), (name, name, "identity"), "half_squared_error")
    theta, X, T, _ = problem(network, 800)
    job = job_for(network, X, T, optimizer=cr.Adam(0.003))
    got, expected = run_engine(native, job, theta), run_engine(reference, job, theta)
    assert_close_by_block(network, got[0], expected[0], 1e-11)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "changes", [{"clip_norm": 0.05}, {"clip_value": 0.01}, {"penalty_per_weight": True, "l2": 0.5, "l1": 0.01}]
)
def test_clipping_and_shared_penalties(changes, dtype):
    network = Network.parse("6-17:tanh-3", loss="half_squared_error")
    theta, X, T, w = problem(network, 100, dtype, weighted=True)
    job = job_for(network, X, T, w, optimizer=cr.Momentum(0.1), **changes)
    got, expected = run_engine(native, job, theta), run_engine(reference, job, theta)
    assert_close_by_block(network, got[0], expected[0], 10 * TOLERANCE[np.dtype(dtype)])
    assert_close_by_block(network, got[2].gradient, expected[2].gradient, 10 * TOLERANCE[np.dtype(dtype)])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rates", [(0.2, 0.5, 0.0), (0.0, 0.3, 0.9), (0.5, 0.0, 0.0)])
def test_dropout_draws_the_same_masks(rates, dtype):
    network = Network((6, 17, 12, 3), ("tanh", "relu", "softmax"), "categorical_cross_entropy")
    theta, X, T, _ = problem(network, 100, dtype)
    job = job_for(network, X, T, dropout=rates, seed=2**63 + 5)
    order = np.random.default_rng(2).permutation(100)
    got, expected = run_engine(native, job, theta, order), run_engine(reference, job, theta, order)
    assert_close_by_block(network, got[0], expected[0], 10 * TOLERANCE[np.dtype(dtype)])
    np.testing.assert_allclose(got[3][0].norms, expected[3][0].norms, rtol=1e-4 if dtype == np.float32 else 1e-11)


def test_dropout_masks_of_a_batch_longer_than_a_chunk():
    network = Network((3, 5, 1), ("tanh", "identity"), "half_squared_error")
    theta, X, T, _ = problem(network, 2600)
    job = job_for(network, X, T, dropout=(0.1, 0.5), seed=3, batch_size=2600)
    got, expected = run_engine(native, job, theta), run_engine(reference, job, theta)
    assert_close_by_block(network, got[0], expected[0], 1e-12)


def test_batches_without_weight_are_skipped():
    network = Network.parse("3-4:tanh-1", loss="half_squared_error")
    theta, X, T, _ = problem(network, 48)
    w = np.ones(48)
    w[16:32] = 0
    job = job_for(network, X, T, w, optimizer=cr.Adam(0.01))
    got, expected = run_engine(native, job, theta), run_engine(reference, job, theta)
    assert_close_by_block(network, got[0], expected[0], 1e-12)
    assert (got[3][0].batches, got[3][0].updates, got[3][0].weights.tolist()) == (3, 2, [16.0, 16.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stops_before_the_update(bad):
    network = Network.parse("3-4:relu-1", loss="half_squared_error")
    theta, X, T, _ = problem(network, 64)
    X[40, 1] = bad
    job = job_for(network, X, T, optimizer=cr.Adam(0.01))
    got, expected = run_engine(native, job, theta), run_engine(reference, job, theta)
    assert got[3][0].non_finite == expected[3][0].non_finite == 2
    assert got[3][0].batches == expected[3][0].batches == 2
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)


def test_a_large_but_finite_gradient_is_finite():
    network = Network((1, 1), ("identity",), "half_squared_error")
    X, T = np.full((4, 1), 1e15, np.float32), np.full((4, 1), -1e15, np.float32)
    job = job_for(network, X, T, batch_size=4, optimizer=cr.SGD(1e-33))
    got, expected = (run_engine(e, job, np.ones(2, np.float32), rates=np.array([1e-33])) for e in (native, reference))
    assert got[3][0].non_finite is expected[3][0].non_finite is None
    np.testing.assert_allclose(got[3][0].norms, expected[3][0].norms, rtol=1e-5)


def test_functions_of_ones_own_are_called_on_whole_batches():
    calls = []

    def cube(xp, z):
        calls.append(z.shape)
        return z**3

    own = cr.Activation("cube", f=cube, df=lambda xp, z, a: 3 * z**2)
    quartic = cr.Loss("quartic", term=lambda xp, f, y: (f - y) ** 4, slope=lambda xp, f, y: 4 * (f - y) ** 3)
    network = Network((4, 9, 5, 2), (own, "tanh", own), quartic)
    theta, X, T, w = problem(network, 100, weighted=True)
    job = job_for(network, X, T, w, optimizer=cr.Adam(0.01))
    got = run_engine(native, job, theta)
    assert calls[:2] == [(16, 9), (16, 2)]
    expected = run_engine(reference, job, theta)
    assert_close_by_block(network, got[0], expected[0], 1e-12)
    np.testing.assert_allclose(native.predict(network, theta, X), network.predict(theta, X), rtol=1e-13)
    assert native.objective(network, theta, X, T, sample_weight=w) == pytest.approx(
        reference.objective(network, theta, X, T, sample_weight=w), rel=1e-13
    )


def test_an_update_rule_of_ones_own():
    class Signs:
        learning_rate = 0.1

        def init(self, theta):
            return {}

        def update(self, theta, gradient, state, learning_rate, step):
            theta -= learning_rate / step * np.sign(gradient)

    network = Network.parse("3-4:tanh-1", loss="half_squared_error")
    theta, X, T, _ = problem(network, 64)
    job = job_for(network, X, T, optimizer=Signs(), clip_norm=0.1)
    got, expected = run_engine(native, job, theta), run_engine(reference, job, theta)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
