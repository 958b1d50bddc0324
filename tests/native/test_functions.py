"""The engine's own sine, cosine and normal distribution against NumPy and SciPy, over the whole range."""

import numpy as np
import pytest
from scipy.special import log_ndtr, ndtr

from chainrule.network.spec import Network
from native.jobs import native

DTYPES = [np.float64, np.float32]


def values_and_slopes(name, z):
    """f(z) and f'(z) of an activation: z are the biases of one layer, and each output's slope of the loss is 1."""
    network = Network((1, len(z)), (name,), "absolute_error")
    theta = np.concatenate([np.zeros_like(z), z])
    X = np.zeros((1, 1), z.dtype)
    value = native.predict(network, theta, X)[0]
    below = np.nextafter(value, np.asarray(-np.inf, z.dtype))[None, :]
    return value, native.value_and_gradient(network, theta, X, below)[1][len(z) :]


def grid(dtype, reach):
    near = np.linspace(-12, 12, 4001)
    far = np.geomspace(1e-30, reach, 2001)
    multiples = np.arange(-200, 201) * (np.pi / 4)  # where sine and cosine change places
    return np.concatenate([near, far, -far, multiples, np.nextafter(multiples, 9e9)]).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reach", [8000.0, 1e30])  # within the reach of the vectors, and beyond
def test_sine(dtype, reach):
    z = grid(dtype, reach)
    value, slope = values_and_slopes("sine", z)
    bound = 1.5 * np.finfo(dtype).eps
    np.testing.assert_allclose(value, np.sin(z.astype(np.float64)), rtol=0, atol=bound)
    np.testing.assert_allclose(slope, np.cos(z.astype(np.float64)), rtol=0, atol=bound)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gelu(dtype):
    z = grid(dtype, 1e15)
    wide, eps = z.astype(np.float64), np.finfo(dtype).eps
    value, slope = values_and_slopes("gelu", z)
    np.testing.assert_array_less(np.abs(value - wide * ndtr(wide)), 4 * eps * np.maximum(1e-9, np.abs(wide)))
    bell = np.exp(-0.5 * wide * wide) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(slope, ndtr(wide) + wide * bell, rtol=0, atol=4 * eps)


def test_gelu_far_below_zero_keeps_its_digits():
    z = np.linspace(-35, -0.1, 500)
    value = values_and_slopes("gelu", z)[0]
    np.testing.assert_allclose(value, z * np.exp(log_ndtr(z)), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sine", "gelu"])
def test_what_is_no_number_stays_none(name, dtype):
    z = np.array([0.5, np.nan, 1.0, np.inf, -np.inf, 2.0, 0.0, -1.0, 3.0], dtype)
    value, slope = values_and_slopes(name, z)
    finite = np.isfinite(z)
    assert np.isnan(value[1])
    assert np.isnan(slope[1])
    assert np.isfinite(value[finite]).all()
    assert np.isfinite(slope[finite]).all()
    if name == "sine":
        assert np.isnan(value[~finite]).all()
    else:
        assert value[3] == np.inf


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_cosh_keeps_the_digits_of_small_residuals(dtype):
    network = Network((1, 1), ("identity",), "log_cosh")
    for r in (1e-6, 1e-3, 0.03, 0.5, 0.99, 1.0, 1.01, 5.0, 80.0, 1e4):
        theta = np.array([0.0, r], dtype)
        J = native.objective(network, theta, np.zeros((1, 1), dtype), np.zeros((1, 1), dtype))
        wide = float(theta[1])
        expected = np.log1p(2 * np.sinh(wide / 2) ** 2) if wide < 1 else wide + np.log1p(np.exp(-2 * wide)) - np.log(2)
        assert pytest.approx(expected, rel=6 * float(np.finfo(dtype).eps)) == J, r
