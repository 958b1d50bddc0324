"""The slips of Menon and the limits of a form that several documents share, shown by numbers (docs/errata.md)."""

from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


@pytest.fixture
def layers(complex_step):
    """Layers j (3 tanh units) and j + 1 (3 linear units, the last): at equal widths wrong indices can be formed."""
    rng = np.random.default_rng(22)
    a_before, w_j, b_j = rng.normal(size=(4, 1)), rng.normal(size=(3, 4)), rng.normal(size=(3, 1))
    w, b, y = rng.normal(size=(3, 3)), rng.normal(size=(3, 1)), rng.normal(size=(3, 1))
    z = w_j @ a_before + b_j

    def next_z(z):
        return w @ np.tanh(z) + b

    def loss(z_next):
        return ((z_next - y) ** 2).sum() / 2

    return SimpleNamespace(
        w_j=w_j, b_j=b_j, a_before=a_before, w=w, b=b, z=z, a=np.tanh(z), prime=1 - np.tanh(z) ** 2,
        z_next=next_z(z), phi_next=complex_step(loss, next_z(z)),
        phi=complex_step(lambda z: loss(next_z(z)), z),
        by_b=complex_step(lambda b_j: loss(next_z(w_j @ a_before + b_j)), b_j),
    )  # fmt: skip


def test_gradient_of_a_vector(layers, erratum, complex_step, hadamard):
    by_a = layers.w.T @ layers.phi_next
    jacobian = complex_step(lambda z: np.tanh(z)[:, 0], layers.z)[:, :, 0]  # grad_z a, as a matrix
    erratum(
        "menon-2.1",
        truth=layers.phi,
        printed=lambda: hadamard(by_a, jacobian),
        corrected=lambda: jacobian.T @ by_a,
    )


def test_index_of_the_sum(layers, erratum):
    c, three = layers, range(3)
    erratum(
        "menon-2.2-index",
        truth=c.phi,
        printed=lambda: [[sum(c.phi_next[i, 0] * c.w[k, i] * c.prime[i, 0] for k in three)] for i in three],
        corrected=lambda: [[sum(c.phi_next[k, 0] * c.w[k, i] * c.prime[i, 0] for k in three)] for i in three],
    )


def test_index_of_the_bias(layers, erratum):
    c, three = layers, range(3)
    erratum(
        "menon-2.2-bias",
        truth=c.z_next,
        printed=lambda: [[sum(c.w[k, i] * c.a[i, 0] + c.b[i, 0] for i in three)] for k in three],
        corrected=lambda: [[sum(c.w[k, i] * c.a[i, 0] for i in three) + c.b[k, 0]] for k in three],
    )


def test_missing_primes(layers, erratum, hadamard):
    c, three = layers, range(3)

    def by_component(slope):
        return [[sum(c.w[k, i] * c.phi_next[k, 0] * slope[i, 0] for k in three)] for i in three]

    erratum(
        "menon-2.2-component",
        truth=c.phi,
        printed=lambda: by_component(np.tanh(c.z)),
        corrected=lambda: by_component(c.prime),
    )
    erratum(
        "menon-2.2-matrix",
        truth=c.phi,
        printed=lambda: hadamard(c.w.T @ c.phi_next, np.tanh(c.z)),
        corrected=lambda: hadamard(c.w.T @ c.phi_next, c.prime),
    )


def test_layer_of_the_activation(layers, erratum):
    c = layers
    erratum(
        "menon-2.4-layer",
        truth=c.z,
        printed=lambda: c.w_j @ c.a + c.b_j,
        corrected=lambda: c.w_j @ c.a_before + c.b_j,
    )


def test_matrix_of_ones(layers, erratum):
    phi = layers.phi
    ones, eye = np.ones((3, 3)), np.eye(3)
    by_b, corrected = layers.by_b, lambda: eye @ phi
    erratum("menon-2.4-ones", truth=by_b, printed=lambda: ones @ phi, corrected=corrected)
    erratum("menon-2.4-order", truth=by_b, printed=lambda: phi @ eye, corrected=corrected)


Z = np.array([[-1.2], [0.7], [0.4]])
Y = np.array([[1.0], [0.0], [1.0]])


def bce(y, a, log=np.log):
    return (-y * log(a) - (1 - y) * log(1 - a)).sum()


def test_sign_in_the_binary_gradient(erratum, complex_step):
    a = sigmoid(Z)
    erratum(
        "menon-3.2.1-gradient",
        truth=complex_step(lambda a: bce(Y, a), a),
        printed=lambda: -Y / a - (1 - Y) / (1 - a),
        corrected=lambda: -Y / a + (1 - Y) / (1 - a),
    )
    erratum(
        "menon-3.2.1-phi",
        truth=complex_step(lambda z: bce(Y, sigmoid(z)), Z),
        printed=lambda: (-Y / a - (1 - Y) / (1 - a)) * a * (1 - a),
        corrected=lambda: a - Y,
    )


def test_constant_of_the_logarithm(erratum, complex_step):
    a = sigmoid(Z)
    form = -Y / a + (1 - Y) / (1 - a)
    erratum(
        "menon-3.2.1-log",
        truth=complex_step(lambda a: bce(Y, a, lambda v: np.log(v) / np.log(10)), a),
        printed=lambda: form,
        corrected=lambda: form * np.log10(np.e),
    )


def test_hadamard_form_of_softmax(erratum, complex_step):
    g, a = Y - 0.3, softmax(Z)
    net = cr.Network((3, 3, 3), ("softmax", "identity"), "half_squared_error", bias=False)
    theta = np.concatenate([np.eye(3).ravel(), np.eye(3).ravel()])
    backward = net.backward(theta, Z.T, (a - g).T)  # delta_2 = g
    erratum(
        "scope-hadamard",
        truth=complex_step(lambda z: (g * softmax(z)).sum(), Z),
        printed=lambda: g * a * (1 - a),  # each unit's own derivative, as for the sigmoid
        corrected=lambda: backward.delta[1].T,
    )


def test_softmax_for_targets_of_any_sum(erratum, complex_step):
    y = np.array([[0.5], [0.2], [0.9]])
    net = cr.Network((3, 3), ("softmax",), "categorical_cross_entropy", bias=False)
    erratum(
        "scope-one-hot",
        truth=complex_step(lambda z: -(y * np.log(softmax(z))).sum(), Z),
        printed=lambda: softmax(Z) - y,
        corrected=lambda: net.backward(np.eye(3).ravel(), Z.T, y.T).delta[1].T,
    )
