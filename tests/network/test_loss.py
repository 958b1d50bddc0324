"""Every loss: gradient, published values, scales, targets, extremes; heads; label smoothing; losses of one's own."""

import itertools
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.arrays import NUMPY
from chainrule.network.head import join
from chainrule.network.loss import check_targets, loss, smooth_labels
from oracles.cases import fits, targets

VARIANTS = ["huber(0.3)", "quantile(0.1, 0.5, 0.9)", "focal(1.5, 0.4)", "binary_cross_entropy(0.1)"]
ENTRIES = [*cr.LOSSES.values(), *(loss(text) for text in [*VARIANTS, "categorical_cross_entropy(0.2)"])]
ids = {"ids": lambda entry: entry.spec}
h = 1e-30


def outputs(entry, N, m, rng):
    width = m * entry.outputs_per_target
    return rng.uniform(0.1, 0.9, (N, width)) if entry.domain.low == 0 else rng.normal(size=(N, width))


@pytest.fixture(params=ENTRIES, **ids)
def entry(request):
    return request.param


@pytest.mark.parametrize("m", [1, 2, 5])
def test_gradient_is_the_derivative_of_value(entry, m):
    rng = np.random.default_rng(m)
    f, y = outputs(entry, 6, m, rng), targets(entry, 6, m, rng)
    steps = np.eye(f.shape[1]) * 1j * h
    numeric = np.stack([entry.value(NUMPY, f + step, y).imag / h for step in steps], axis=1)
    assert entry.gradient(NUMPY, f, y).shape == f.shape
    np.testing.assert_allclose(entry.gradient(NUMPY, f, y), numeric, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "expected"),
    [  # f = (0.5, 0.25), y = (1, 0): by hand from the definitions
        ("squared_error", 0.25 + 0.0625),
        ("half_squared_error", 0.15625),
        ("mean_squared_error", 0.15625),
        ("half_mean_squared_error", 0.078125),
        ("absolute_error", 0.75),
        ("binary_cross_entropy", -np.log(0.5) - np.log(0.75)),
        ("categorical_cross_entropy", -np.log(0.5)),
        ("huber(0.3)", 0.3 * (0.5 - 0.15) + 0.03125),
        ("log_cosh", np.log(np.cosh(0.5)) + np.log(np.cosh(0.25))),
        ("quantile(0.9)", 0.9 * 0.5 + 0.1 * 0.25),
        ("poisson", 0.5 - np.log(0.5) + 0.25),
        ("gamma", 2 + np.log(0.5) + np.log(0.25)),
        ("focal(2, 0.25)", -0.25 * 0.25 * np.log(0.5) - 0.75 * 0.0625 * np.log(0.75)),
        ("kl_divergence", -np.log(0.5)),
        ("binary_cross_entropy(0.2)", -0.9 * np.log(0.5) - 0.1 * np.log(0.5) - 0.1 * np.log(0.25) - 0.9 * np.log(0.75)),
        ("categorical_cross_entropy(0.2)", -0.9 * np.log(0.5) - 0.1 * np.log(0.25)),
    ],
)
def test_values_by_hand(name, expected):
    f, y = np.array([[0.5, 0.25]]), np.array([[1.0, 0.0]])
    assert loss(name).value(NUMPY, f, y)[0] == pytest.approx(expected, rel=1e-14)


def test_hinge_and_gaussian_by_hand():
    assert loss("hinge").value(NUMPY, np.array([[0.25, 3.0]]), np.array([[-1.0, 1.0]]))[0] == 1.25
    m, v, y = 1.0, 0.5, 2.0
    expected = -np.log(np.exp(-((y - m) ** 2) / (2 * np.exp(v))) / np.sqrt(2 * np.pi * np.exp(v)))
    found = loss("gaussian_nll").value(NUMPY, np.array([[m, v]]), np.array([[y]]))[0]
    assert found + np.log(2 * np.pi) / 2 == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_cosh_keeps_the_digits_of_small_residuals(dtype):
    """The Taylor series of log cosh, whose next term is below the last digit."""
    r = np.array([[1e-4, 1e-3, 1e-2]], dtype=dtype)
    found = loss("log_cosh").term(NUMPY, r, np.zeros_like(r))
    x = r.astype(float)
    exact = x**2 / 2 - x**4 / 12 + x**6 / 45 - 17 * x**8 / 2520
    np.testing.assert_allclose(found, exact, rtol=4 * np.finfo(dtype).eps)


def test_quantile_levels_have_their_own_outputs():
    """Outputs of one target lie side by side, in the order of the levels; the minimum is at the quantile."""
    entry = loss("quantile(0.1, 0.9)")
    y = np.linspace(0, 1, 1001)[:, None]
    grid = np.linspace(0, 1, 101)
    total = [entry.term(NUMPY, np.full((1001, 2), c), y).mean(axis=0) for c in grid]
    np.testing.assert_allclose(grid[np.argmin(total, axis=0)], [0.1, 0.9], atol=0.011)


def test_pickles_by_name(entry):
    again = pickle.loads(pickle.dumps(entry))  # noqa: S301
    assert (again.spec, again.code) == (entry.spec, entry.code)


PAIRS = [
    (sigma, entry)
    for sigma, entry in itertools.product(cr.ACTIVATIONS.values(), ENTRIES)
    if fits(sigma.name, entry.spec, 3 * entry.outputs_per_target)
]


@pytest.mark.parametrize(("sigma", "entry"), PAIRS, **{"ids": lambda e: e.spec})
def test_head_is_the_chain_rule(sigma, entry):
    """Whichever road the head takes, it agrees with loss after activation, pulled back."""
    rng = np.random.default_rng(5)
    z, y = rng.normal(size=(6, 3 * entry.outputs_per_target)), targets(entry, 6, 3, rng)
    head = join(sigma, entry)
    a = sigma.f(NUMPY, z)
    np.testing.assert_allclose(head.value(NUMPY, z, a, y), head.loss.value(NUMPY, a, y), rtol=1e-12, atol=1e-13)
    expected = sigma.pullback(NUMPY, z, a, head.loss.gradient(NUMPY, a, y))
    np.testing.assert_allclose(head.delta(NUMPY, z, a, y), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("sigma", "entry"), PAIRS, **{"ids": lambda e: e.spec})
def test_head_is_finite_at_800(sigma, entry):
    """At |z| = 800, where the value itself is below the largest float64."""
    width = 3 * entry.outputs_per_target
    y = np.tile([entry.target_values[0]] * 3 if entry.target_values else [0.0, 1.0, 0.5], (2, 1))
    y = np.maximum(y, 0.25) if entry.name == "gamma" else y
    z = np.where(np.arange(width) % 2, 800.0, -800.0) * np.array([[1.0], [-1.0]])
    growing = sigma.name == "exp" or entry.name in ("gamma", "gaussian_nll")  # e^800 is the value itself
    z = np.clip(z, -80, 80) if growing else z
    if sigma.name in ("gaussian", "softmax") and entry.name == "gamma":
        z = z / 80  # 1 / f is e^6400
    head = join(sigma, entry)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a = sigma.f(NUMPY, z)
        assert np.isfinite(head.value(NUMPY, z, a, y)).all()
        assert np.isfinite(head.delta(NUMPY, z, a, y)).all()


def test_the_pairs_of_the_sources_cancel_to_a_minus_t():
    rng = np.random.default_rng(6)
    z, t = rng.normal(size=(5, 4)), rng.random((5, 4))
    one_hot = np.eye(4)[[0, 1, 2, 3, 0]]
    for sigma, name, y in [
        ("sigmoid", "binary_cross_entropy", t),
        ("softmax", "categorical_cross_entropy", one_hot),
        ("identity", "half_squared_error", t),
    ]:
        head = join(cr.ACTIVATIONS[sigma], cr.LOSSES[name])
        a = head.activation.f(NUMPY, z)
        np.testing.assert_array_equal(head.delta(NUMPY, z, a, y), a - y)


def test_softmax_with_targets_that_do_not_sum_to_one():
    head = join(cr.ACTIVATIONS["softmax"], cr.LOSSES["categorical_cross_entropy"])
    z, t = np.array([[0.0, 0.0]]), np.array([[2.0, 1.0]])
    np.testing.assert_allclose(head.delta(NUMPY, z, np.array([[0.5, 0.5]]), t), [[0.5 * 3 - 2, 0.5 * 3 - 1]])


def test_label_smoothing():
    np.testing.assert_allclose(smooth_labels(NUMPY, np.array([[1.0, 0, 0, 0]]), 0.2, 4), [[0.85, 0.05, 0.05, 0.05]])


@pytest.mark.parametrize(
    ("name", "T", "message"),
    [
        ("binary_cross_entropy", [[2.0]], r"takes targets in \[0, 1\], given values from 2 to 2"),
        ("hinge", [[0.0]], r"takes targets \(-1.0, 1.0\), given 0 among"),
        ("gamma", [[0.0]], r"takes targets in \(0, inf\)"),
        ("poisson", [[-1.0]], r"takes targets in \[0, inf\)"),
        ("squared_error", [[np.nan]], "1 values that are not finite"),
    ],
)
def test_targets_outside_of_a_loss_are_refused(name, T, message):
    with pytest.raises(ValueError, match=message):
        check_targets(loss(name), np.array(T))


@pytest.mark.parametrize("text", ["quantile(1.5)", "huber(0)", "focal(-1, 0.5)", "binary_cross_entropy(1)"])
def test_parameters_outside_of_their_range_are_refused(text):
    with pytest.raises(ValueError, match="needs"):
        loss(text)


@pytest.mark.parametrize("text", ["hubre", "huber(1, 2)", "poisson(3)"])
def test_unknown_losses_are_named(text):
    with pytest.raises(ValueError, match=r"did you mean|too many|takes no parameters"):
        loss(text)


def test_a_loss_needs_both_value_and_derivative():
    with pytest.raises(TypeError, match="no derivative: give both"):
        cr.Loss("quartic", term=lambda xp, f, y: (f - y) ** 4)
    with pytest.raises(ValueError, match="'sum' or 'mean'"):
        cr.Loss("quartic", lambda xp, f, y: f, lambda xp, f, y: f, reduction="median")
