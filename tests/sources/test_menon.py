"""Menon, Deriving Backpropagation (2021): every equation, with phi^j = the gradient at the pre-activations of layer j.

One example, vectors as columns, biases of their own; ReLU, sigmoid and softmax; MSE, binary and categorical
cross-entropy. The binary case uses the right sign (see menon-3.2.1-gradient in docs/errata.md).
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr


def relu(z):
    return np.where(np.real(z) > 0, z, 0.0)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


SIGMA = {"relu": relu, "sigmoid": sigmoid, "tanh": np.tanh, "softmax": softmax}
PRIME = {
    "relu": lambda z: np.where(z > 0, 1.0, 0.0),
    "sigmoid": lambda z: sigmoid(z) * (1 - sigmoid(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
}


def mse(y, a):
    return ((y - a) ** 2).sum() / len(y)


def bce(y, a):
    return (-y * np.log(a) - (1 - y) * np.log(1 - a)).sum()


def cce(y, a):
    return -(y * np.log(a)).sum()


CASES = {
    "relu to relu, MSE": ((3, 6, 5, 4), ("relu", "relu", "relu"), "mean_squared_error", mse),
    "sigmoid to sigmoid, BCE": ((3, 4, 5, 2), ("sigmoid", "sigmoid", "sigmoid"), "binary_cross_entropy", bce),
    "sigmoid to sigmoid, MSE": ((4, 3, 2), ("sigmoid", "sigmoid"), "mean_squared_error", mse),
    "relu to softmax, CCE": ((3, 6, 4), ("relu", "softmax"), "categorical_cross_entropy", cce),
    "sigmoid to softmax, CCE": ((2, 5, 4, 3), ("sigmoid", "tanh", "softmax"), "categorical_cross_entropy", cce),
}


def run(w, b, a0, names):
    """1.2: z^j = w^j a^(j-1) + b^j, a^j = sigma(z^j)."""
    z, a = [None], [a0]
    for matrix, bias, name in zip(w, b, names, strict=True):
        z.append(matrix @ a[-1] + bias)
        a.append(SIGMA[name](z[-1]))
    return z, a


@pytest.fixture(params=CASES, ids=str)
def case(request):
    """A network on one example, and chainrule's network beside it."""
    sizes, names, loss, L = CASES[request.param]
    rng = np.random.default_rng(2021)
    w = [rng.normal(size=(out, into)) for into, out in pairwise(sizes)]
    b = [rng.normal(size=(out, 1)) for out in sizes[1:]]
    x, y = rng.normal(size=(sizes[0], 1)), rng.normal(size=(sizes[-1], 1))
    if L is bce:
        y = rng.integers(0, 2, size=y.shape) * 1.0
    if L is cce:
        y = np.eye(sizes[-1])[:, [1]]
    z, a = run(w, b, x, names)
    net = cr.Network(sizes, names, loss)
    theta = net.pack([(matrix, bias[:, 0]) for matrix, bias in zip(w, b, strict=True)])
    return SimpleNamespace(
        J=len(w), w=w, b=b, x=x, y=y, z=z, a=a, names=names, L=L, net=net, theta=theta,
        forward=net.forward(theta, x.T), backward=net.backward(theta, x.T, y.T),
    )  # fmt: skip


def loss_at(case, j, z_j):
    """L as a function of z^j."""
    a = SIGMA[case.names[j - 1]](z_j)
    return case.L(case.y, run(case.w[j:], case.b[j:], a, case.names[j:])[1][-1])


def last_phi(case):
    """Equation 1, or its softmax form."""
    y, a, n = case.y, case.a[-1], len(case.y)
    if case.names[-1] == "softmax":
        return a - y
    by_output = -2 / n * (y - a) if case.L is mse else -y / a + (1 - y) / (1 - a)
    return by_output * PRIME[case.names[-1]](case.z[-1])


def phis(case):
    """Equations 1 and 2 for j = J..1."""
    phi = {case.J: last_phi(case)}
    for j in range(case.J - 1, 0, -1):
        phi[j] = (case.w[j].T @ phi[j + 1]) * PRIME[case.names[j - 1]](case.z[j])
    return phi


def test_multi_layer_perceptron(case, agree):
    """Menon 1.2: z^j = w^j a^(j-1) + b^j, a^j = sigma(z^j), a^0 is the input."""
    agree(case.x.T, case.forward.a[0])
    for j in range(1, case.J + 1):
        agree(case.z[j].T, case.forward.z[j])
        agree(case.a[j].T, case.forward.a[j])
    agree(case.L(case.y, case.a[-1]), case.backward.value)


def test_last_layer(case, agree, complex_step):
    """Menon (1), 2.1: phi^J = grad_a L * sigma'(z^J), or a^J - y for softmax with cross-entropy."""
    agree(last_phi(case), complex_step(lambda z: loss_at(case, case.J, z), case.z[-1]), case.backward.delta[case.J].T)


def test_recursion(case, agree, complex_step):
    """Menon (2), 2.2: phi^j = ((w^(j+1))^T phi^(j+1)) * sigma'(z^j); its component form sums over k."""
    phi = phis(case)
    for j in range(1, case.J):
        slopes, w = PRIME[case.names[j - 1]](case.z[j]), case.w[j]
        by_z = complex_step(lambda z, j=j: (case.w[j] @ SIGMA[case.names[j - 1]](z) + case.b[j])[:, 0], case.z[j])
        agree(by_z[:, :, 0], w * slopes.T)  # dz_k^(j+1)/dz_i^j = w_ki sigma'(z_i)
        components = [
            [sum(w[k, i] * phi[j + 1][k, 0] * slopes[i, 0] for k in range(len(w)))] for i in range(len(slopes))
        ]
        agree(phi[j], components, complex_step(lambda z, j=j: loss_at(case, j, z), case.z[j]))
        agree(phi[j], case.backward.delta[j].T)


def test_weights(case, agree, complex_step):
    """Menon (3), 2.3: dL/dw_ik = phi_i a_k, the matrix phi^j (a^(j-1))^T."""
    phi = phis(case)
    for j in range(1, case.J + 1):
        components = [[phi[j][i, 0] * a_k for a_k in case.a[j - 1][:, 0]] for i in range(len(phi[j]))]
        by_step = complex_step(lambda w, j=j: loss_at(case, j, w @ case.a[j - 1] + case.b[j - 1]), case.w[j - 1])
        agree(phi[j] @ case.a[j - 1].T, components, by_step, case.backward.weights[j])


def test_biases(case, agree, complex_step):
    """Menon (4), 2.4: grad_b L = phi^j, since dz^j/db^j is the identity."""
    phi = phis(case)
    for j in range(1, case.J + 1):
        dz_db = complex_step(lambda b, j=j: (case.w[j - 1] @ case.a[j - 1] + b)[:, 0], case.b[j - 1])[:, :, 0]
        agree(dz_db, np.eye(len(phi[j])))
        by_step = complex_step(lambda b, j=j: loss_at(case, j, case.w[j - 1] @ case.a[j - 1] + b), case.b[j - 1])
        agree(dz_db @ phi[j], phi[j], by_step, case.backward.biases[j][:, None])


def single_layer(activation, loss, z, y):
    """The backward pass of one layer whose pre-activations are z: an identity matrix and no bias before it."""
    net = cr.Network((len(z), len(z)), (activation,), loss, bias=False)
    return net.backward(np.eye(len(z)).ravel(), z.T, y.T)


def activation_of(name, z):
    """chainrule's own entry of that name, applied to a column."""
    net = cr.Network((len(z), len(z)), (name,), "half_squared_error", bias=False)
    return net.predict(np.eye(len(z)).ravel(), z.T).T


Z = np.array([[-1.2], [0.7], [0.0], [2.1]])


def test_relu(agree, complex_step):
    """Menon 3.1: sigma(x) = x for x > 0, else 0; the derivative at 0 is chosen as 0."""
    agree(np.array([[0.0], [0.7], [0.0], [2.1]]), relu(Z), activation_of("relu", Z))
    agree(np.diag(PRIME["relu"](Z)[:, 0]), complex_step(lambda z: relu(z)[:, 0], Z)[:, :, 0])
    at_zero = single_layer("relu", "half_squared_error", np.zeros((1, 1)), np.ones((1, 1)))
    assert at_zero.delta[1].item() == 0


def test_relu_last(agree, complex_step):
    """Menon 3.1.1: MSE and ReLU, phi^J = -(2/n)(y - a) where z > 0, else 0."""
    y = np.array([[0.3], [-0.4], [1.0], [0.2]])
    form = np.where(Z > 0, -2 / 4 * (y - relu(Z)), 0.0)
    agree(-2 / 4 * (y - Z), complex_step(lambda a: mse(y, a), Z))
    agree(form, complex_step(lambda z: mse(y, relu(z)), Z), single_layer("relu", "mean_squared_error", Z, y).delta[1].T)


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("relu")], indirect=True)
def test_relu_hidden(case, agree):
    """Menon 3.1.2: phi^j = (w^(j+1))^T phi^(j+1) where z^j > 0, else 0."""
    phi = phis(case)
    for j in range(1, case.J):
        assert (case.z[j] > 0).any()
        assert (case.z[j] < 0).any()
        agree(np.where(case.z[j] > 0, case.w[j].T @ phi[j + 1], 0.0), case.backward.delta[j].T)


def test_sigmoid(agree, complex_step):
    """Menon 3.2: sigma(x) = 1 / (1 + e^-x), sigma' = sigma (1 - sigma)."""
    agree(sigmoid(Z), activation_of("sigmoid", Z))
    agree(np.diag(PRIME["sigmoid"](Z)[:, 0]), complex_step(lambda z: sigmoid(z)[:, 0], Z)[:, :, 0])


def test_sigmoid_last(agree, complex_step):
    """Menon 3.2.1: grad_a L = -y/a + (1 - y)/(1 - a) (sign corrected), and phi^J = a - y, for several labels."""
    y, a = np.array([[1.0], [0.0], [1.0], [1.0]]), sigmoid(Z)
    by_output = -y / a + (1 - y) / (1 - a)
    agree(by_output, complex_step(lambda a: bce(y, a), a))
    backward = single_layer("sigmoid", "binary_cross_entropy", Z, y)
    agree(bce(y, a), backward.value)
    agree(a - y, by_output * a * (1 - a), complex_step(lambda z: bce(y, sigmoid(z)), Z), backward.delta[1].T)


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("sigmoid")], indirect=True)
def test_sigmoid_hidden(case, agree):
    """Menon 3.2.2: phi^j = ((w^(j+1))^T phi^(j+1)) * sigma(z^j) * (1 - sigma(z^j))."""
    s = sigmoid(case.z[1])
    agree((case.w[1].T @ phis(case)[2]) * s * (1 - s), case.backward.delta[1].T)


def test_softmax(agree):
    """Menon 3.3: sigma(x) = e^x / sum e^x_i, whose entries add up to 1."""
    agree(softmax(Z), activation_of("softmax", Z))
    assert activation_of("softmax", Z).sum() == pytest.approx(1, abs=1e-15)


def test_softmax_last(agree, complex_step):
    """Menon 3.3.1: for a one-hot y, L = -z_gamma + log sum e^z_k, and phi^J = a - y."""
    for gamma in range(4):
        y = np.eye(4)[:, [gamma]]
        backward = single_layer("softmax", "categorical_cross_entropy", Z, y)
        logs = np.log(np.exp(Z).sum())
        agree(-Z[gamma, 0] + logs, -np.log(softmax(Z)[gamma, 0]), cce(y, softmax(Z)), backward.value)
        one_hot = np.array([[1.0] if i == gamma else [0.0] for i in range(4)])
        by_step = complex_step(lambda z, g=gamma: -z[g, 0] + np.log(np.exp(z).sum()), Z)
        agree(softmax(Z) - one_hot, softmax(Z) - y, by_step, backward.delta[1].T)
