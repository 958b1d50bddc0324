"""Forward, backward, objective and the exact companions."""

import numpy as np
import pytest

import chainrule as cr
from oracles.cases import build, make, relative

h = 1e-30


@pytest.fixture(params=[0, 1, 2, 3])
def case(request):
    return build(*[
        ("tanh", "half_mean_squared_error", (2, True, True, 2, True)),
        ("softmax", "categorical_cross_entropy", (5, True, False, 3, True)),
        ("gelu", "gaussian_nll", (2, False, True, 4, False)),
        ("sigmoid", "squared_error", (1, True, True, 0, True)),
    ][request.param])  # fmt: skip


def test_forward_is_f1_and_f2(case):
    theta, X, *_ = case.data
    fwd = case.net.forward(theta, X)
    a = X
    for l, (W, b) in enumerate(case.net.layers(theta), start=1):
        z = np.array([[sum(w * x for w, x in zip(row, sample, strict=True)) for row in W] for sample in a])
        z = z if b is None else z + b
        np.testing.assert_allclose(fwd.z[l], z, rtol=1e-12, atol=1e-13)
        a = fwd.a[l]
    np.testing.assert_array_equal(case.net.predict(theta, X), a)


def test_backward_agrees_with_value_and_gradient(case):
    bwd = case.net.backward(*case.data)
    J, g = case.net.value_and_gradient(*case.data)
    assert bwd.value == J
    np.testing.assert_array_equal(bwd.vector, g)
    parts = [part for pair in zip(bwd.weights[1:], bwd.biases[1:], strict=True) for part in pair if part is not None]
    np.testing.assert_array_equal(np.concatenate([part.ravel() for part in parts]), g)
    assert bwd.delta[0] is bwd.inputs


def test_gradient_of_the_inputs(case):
    theta, X, T, w = case.data
    bwd = case.net.backward(*case.data)
    for n, j in np.ndindex(*X.shape):
        step = X.astype(complex)
        step[n, j] += 1j * h
        assert bwd.inputs[n, j] == pytest.approx(case.net.objective(theta, step, T, w).imag / h, rel=1e-11, abs=1e-14)


def test_input_activation_takes_part():
    net = cr.Network((3, 2, 1), ("tanh", "identity"), "half_squared_error", bias=False, input_activation="sigmoid")
    rng = np.random.default_rng(0)
    theta, X, T = net.initial(rng), rng.normal(size=(4, 3)), rng.normal(size=4)
    numeric = np.array([net.objective(theta + 1j * h * e, X, T).imag / h for e in np.eye(8)])
    np.testing.assert_allclose(net.value_and_gradient(theta, X, T)[1], numeric, rtol=1e-12)
    step = X.astype(complex)
    step[1, 2] += 1j * h
    assert net.backward(theta, X, T).inputs[1, 2] == pytest.approx(net.objective(theta, step, T).imag / h, rel=1e-12)


def test_weights_are_shares(case):
    """Weight 2 is the sample twice, weight 0 is the sample left out, and a common factor changes nothing."""
    theta, X, T, _ = case.data
    w = np.array([2.0, 0, 1, 1, 1, 1, 1])
    rows = [0, 0, 2, 3, 4, 5, 6]
    J, g = case.net.value_and_gradient(theta, X, T, w)
    J_rows, g_rows = case.net.value_and_gradient(theta, X[rows], T[rows])
    assert pytest.approx(J_rows, rel=1e-13) == J
    assert relative(g, g_rows) < 1e-13
    assert relative(case.net.value_and_gradient(theta, X, T, 10 * w)[1], g) < 1e-13


def test_penalties_are_on_weights_alone(case):
    l1, l2 = 0.3, 0.7
    theta = case.theta
    J, g = case.net.value_and_gradient(*case.data, l1=l1, l2=l2)
    J_0, g_0 = case.net.value_and_gradient(*case.data)
    weights = [W for W, _ in case.net.layers(theta)]
    assert pytest.approx(sum(l1 * np.abs(W).sum() + l2 / 2 * (W**2).sum() for W in weights)) == J - J_0
    assert case.net.objective(*case.data, l1=l1, l2=l2) == J
    is_weight = case.net.pack([(np.ones_like(W), None if b is None else 0 * b) for W, b in case.net.layers(theta)])
    np.testing.assert_allclose(g - g_0, is_weight * (l1 * np.sign(theta) + l2 * theta), atol=1e-12)


def test_gradients_per_sample_average_to_the_gradient(case):
    theta, X, T, w = case.data
    G = case.net.gradients_per_sample(theta, X, T)
    shares = np.full(len(X), 1 / len(X)) if w is None else w / w.sum()
    assert relative(shares @ G, case.net.value_and_gradient(*case.data)[1]) < 1e-13
    assert relative(G[3], case.net.value_and_gradient(theta, X[3:4], T[3:4])[1]) < 1e-13


def test_jacobian(case):
    theta, X, *_ = case.data
    jacobian = case.net.jacobian(theta, X)
    for j in range(X.shape[1]):
        numeric = case.net.predict(theta, X + 1j * h * np.eye(X.shape[1])[j]).imag / h
        np.testing.assert_allclose(jacobian[:, :, j], numeric, rtol=1e-11, atol=1e-14)


def test_hessian_product(case):
    """Against central differences of the gradient: an independent order of derivation."""
    rng = np.random.default_rng(7)
    v, u = rng.normal(size=(2, case.net.n_parameters))
    theta, *rest = case.data
    Hv = case.net.hessian_product(theta, *rest[:2], v, rest[2], l2=0.1)
    e = 1e-6
    ahead, behind = (case.net.value_and_gradient(theta + step * v, *rest, l2=0.1)[1] for step in (e, -e))
    assert relative(Hv, (ahead - behind) / (2 * e)) < 1e-6
    Hu = case.net.hessian_product(theta, *rest[:2], u, rest[2], l2=0.1)
    assert u @ Hv == pytest.approx(v @ Hu, rel=1e-9)


def test_gauss_newton_product(case):
    """Against J_z^T H_z J_z written out with dense matrices."""
    theta, X, T, w = case.data
    net = case.net
    P, n_L = net.n_parameters, net.sizes[-1]
    J_z = np.stack([net.forward(theta + 1j * h * e, X).z[-1].imag / h for e in np.eye(P)], axis=-1)  # (N, n_L, P)
    z = net.forward(theta, X).z[-1].astype(complex)
    shares = np.full(len(X), 1 / len(X)) if w is None else w / w.sum()
    xp = cr.network.arrays.NUMPY
    H_z = np.stack([
        net.head.delta(xp, z + 1j * h * e, net.activations[-1].f(xp, z + 1j * h * e), T).imag / h for e in np.eye(n_L)
    ], axis=-1)  # fmt: skip
    G = np.einsum("nip,n,nij,njq->pq", J_z, shares, H_z, J_z)
    v = np.random.default_rng(8).normal(size=P)
    assert relative(net.gauss_newton_product(theta, X, T, v, w), G @ v) < 1e-11


def test_gauss_newton_is_the_hessian_of_a_linear_model():
    case = make((3, 4), ("softmax",), "categorical_cross_entropy", seed=0, weighted=True)
    v = np.random.default_rng(1).normal(size=case.net.n_parameters)
    theta, X, T, w = case.data
    expected = case.net.hessian_product(theta, X, T, v, w)
    assert relative(case.net.gauss_newton_product(theta, X, T, v, w), expected) < 1e-12


def test_float32_stays_float32():
    case = make((3, 4, 2), ("relu", "softmax"), "categorical_cross_entropy", seed=0, weighted=True)
    theta, X, T, w = (part.astype(np.float32) for part in case.data)
    J, g = case.net.value_and_gradient(theta, X, T, w, l1=0.1, l2=0.1)
    assert J.dtype == g.dtype == np.float32
    assert relative(g, case.net.value_and_gradient(*case.data, l1=0.1, l2=0.1)[1]) < 1e-6


def test_branches_change_where_a_kink_is_crossed():
    net = cr.Network((1, 1), ("relu",), "absolute_error")
    X, T = np.array([[1.0]]), np.array([[0.5]])
    at = [net.branches(np.array([w, 0.0]), X, T).tolist() for w in (-1.0, 0.0, 0.25, 0.5, 1.0)]
    assert at == [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1]]
    smooth = cr.Network((1, 1), ("tanh",), "half_squared_error")
    assert smooth.branches(np.ones(2), X, T).size == 0
