"""The same code on other array libraries: array-api-strict, and PyTorch where it is installed."""

import numpy as np
import pytest

import chainrule as cr
from oracles import cases


def libraries():
    yield pytest.param("array_api_strict")
    yield pytest.param("torch", marks=pytest.mark.torch)


@pytest.fixture(params=libraries())
def library(request):
    return pytest.importorskip(request.param)


def to(library, case):
    return [None if part is None else library.asarray(part) for part in case.data]


def back(array):
    return np.asarray(array)


@pytest.mark.parametrize("loss", cr.LOSSES)
@pytest.mark.parametrize("activation", cr.ACTIVATIONS)
def test_value_and_gradient_agree_with_numpy(library, activation, loss):
    case = next(cases.covering(activation, loss, every=11))
    J, g = case.net.value_and_gradient(*to(library, case), l1=0.01, l2=0.1)
    expected_J, expected = case.net.value_and_gradient(*case.data, l1=0.01, l2=0.1)
    assert type(g) is type(library.asarray(case.theta))
    assert float(J) == pytest.approx(float(expected_J), rel=1e-12)
    assert cases.relative(back(g), expected, floor=1e-9) < 1e-12


def test_everything_else_agrees_with_numpy(library):
    case = cases.make((3, 4, 2), ("tanh", "softmax"), "categorical_cross_entropy", seed=3, weighted=True)
    theta, X, T, w = to(library, case)
    net = case.net
    np.testing.assert_allclose(back(net.predict(theta, X)), net.predict(case.theta, case.X), rtol=1e-12)
    np.testing.assert_allclose(back(net.jacobian(theta, X)), net.jacobian(case.theta, case.X), rtol=1e-11)
    bwd, expected = net.backward(theta, X, T, w), net.backward(*case.data)
    np.testing.assert_allclose(back(bwd.inputs), expected.inputs, rtol=1e-11)
    np.testing.assert_allclose(
        back(net.gradients_per_sample(theta, X, T)), net.gradients_per_sample(case.theta, case.X, case.T), atol=1e-13
    )
    v = np.random.default_rng(0).normal(size=net.n_parameters)
    for product in (net.hessian_product, net.gauss_newton_product):
        expected_product = product(case.theta, case.X, case.T, v, case.weight)
        np.testing.assert_allclose(
            back(product(theta, X, T, library.asarray(v), w)), expected_product, rtol=1e-10, atol=1e-14
        )
    np.testing.assert_array_equal(net.branches(theta, X, T), net.branches(case.theta, case.X, case.T))


def test_float32_stays_float32(library):
    case = cases.make((3, 4, 2), ("gelu", "sigmoid"), "binary_cross_entropy", seed=3, weighted=True)
    data = [library.asarray(part.astype(np.float32)) for part in case.data]
    _, g = case.net.value_and_gradient(*data)
    assert g.dtype == library.float32
