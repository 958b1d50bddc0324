"""Backpropagation I to IV (Chains): every formula, from numbers on a line to matrices with activations.

No biases; an activation on the input (q_0 = sigma_0(p_0)); delta counts from the output, so delta_k is chainrule's
delta[3 - k]. One example at a time: numbers in parts I and II, columns in parts III and IV.
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr


def sigmoid(p):
    return 1 / (1 + np.exp(-p))


# sigma_0..sigma_3 and their derivatives, all different
NAMES = ("softplus", "tanh", "sigmoid", "gaussian")
SIGMA = (lambda p: np.log(1 + np.exp(p)), np.tanh, sigmoid, lambda p: np.exp(-p * p))
PRIME = (
    sigmoid,
    lambda p: 1 - np.tanh(p) ** 2,
    lambda p: sigmoid(p) * (1 - sigmoid(p)),
    lambda p: -2 * p * np.exp(-p * p),
)
LINEAR = ("identity",) * 4
PLAIN, ONE = (lambda p: p,) * 4, (np.ones_like,) * 4


def run(W, p0, sigma):
    """The forward chains p_0..p_3 and q_0..q_3."""
    p, q = [p0], [sigma[0](p0)]
    for matrix, s in zip(W, sigma[1:], strict=True):
        p.append(matrix @ q[-1])
        q.append(s(p[-1]))
    return p, q


def make(sizes, names, seed):
    """One example through W_01, W_12, W_23, as columns, and chainrule's network beside it."""
    rng = np.random.default_rng(seed)
    W = [rng.normal(size=(out, into)) for into, out in pairwise(sizes)]
    p0, y = rng.normal(size=(sizes[0], 1)), rng.normal(size=(sizes[-1], 1))
    sigma, prime = (PLAIN, ONE) if names == LINEAR else (SIGMA, PRIME)
    p, q = run(W, p0, sigma)
    net = cr.Network(sizes, names[1:], "half_squared_error", bias=False, input_activation=names[0])
    theta = np.concatenate([matrix.ravel() for matrix in W])
    return SimpleNamespace(
        W=W, p=p, q=q, y=y, sigma=sigma, prime=prime, net=net, theta=theta, X=p0.T, T=y.T,
        forward=net.forward(theta, p0.T), backward=net.backward(theta, p0.T, y.T),
    )  # fmt: skip


def cost(c, W, p0=None):
    q3 = run(W, c.p[0] if p0 is None else p0, c.sigma)[1][-1]
    return ((q3 - c.y) ** 2).sum() / 2


def by_matrix(c, i, complex_step):
    """dC/dW_(i,i+1) by complex steps through the document's own forward chain."""
    return complex_step(lambda m: cost(c, [*c.W[:i], m, *c.W[i + 1 :]]), c.W[i])


@pytest.fixture
def part_one():
    return make((1, 1, 1, 1), LINEAR, 1)


@pytest.fixture
def part_two():
    return make((1, 1, 1, 1), NAMES, 2)


@pytest.fixture
def part_three():
    return make((4, 3, 5, 2), LINEAR, 3)


@pytest.fixture
def part_four():
    return make((4, 3, 5, 2), NAMES, 4)


# Introduction


def test_dataset_cost(agree):
    """Chains "cost": C = (1/n) sum (yhat - y)^2 / 2 over n examples, of yhat = w . x."""
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(6, 3)), rng.normal(size=6), rng.normal(size=3)
    net = cr.Network((3, 1), ("identity",), "half_squared_error", bias=False)
    total = sum((sum(w[k] * X[i, k] for k in range(3)) - y[i]) ** 2 / 2 for i in range(6))
    agree(total / 6, net.objective(w, X, y[:, None]))


def test_descent_rule(part_four, agree):
    """Chains "w(t+1)": w_i - eta dC/dw_i for each weight is w - eta grad C, the gradient taken at step t."""
    c, eta = part_four, 1e-2
    gradient = c.backward.vector
    one_by_one = [c.theta[i] - eta * gradient[i] for i in range(len(c.theta))]
    fit = cr.fit(c.net, c.X, c.T, theta=c.theta, optimizer=cr.SGD(eta), batch_size=None, epochs=1)
    agree(one_by_one, c.theta - eta * gradient, fit.theta)


def test_sign_of_the_slope(agree, complex_step):
    """Chains "w(t+1)": to the right of a minimum the weight decreases, to the left it increases."""
    net = cr.Network((1, 1), ("identity",), "half_squared_error", bias=False)
    one = np.ones((1, 1))
    for start, direction in ((3.0, -1.0), (-3.0, 1.0)):
        fit = cr.fit(net, one, one, theta=np.array([start]), optimizer=cr.SGD(0.1), batch_size=None, epochs=1)
        slope = complex_step(lambda w: (w[0] - 1) ** 2 / 2, np.array([start]))
        agree(start - 0.1 * np.abs(slope) * np.sign(slope), fit.theta)
        assert np.sign(fit.theta[0] - start) == direction


# Part I: numbers, no activations


def test_linear_forward_chain(part_one, agree):
    """Chains I "forward chains": x_3 = w_23 w_12 w_01 x_0, and a single combined weight does the same."""
    c = part_one
    (w01, w12, w23), x0 = (m[0, 0] for m in c.W), c.p[0][0, 0]
    chain = [x0, w01 * x0, w12 * w01 * x0, w23 * w12 * w01 * x0]
    agree(chain, [c.forward.a[l][0, 0] for l in range(4)])
    combined = cr.Network((1, 1), ("identity",), "half_squared_error", bias=False)
    agree(chain[3], combined.predict(np.array([w23 * w12 * w01]), c.X)[0, 0])


def test_linear_backward_chain(part_one, agree, complex_step):
    """Chains I "backward chains": delta_0 = x_3 - y, then w_23 delta_0, w_12 delta_1, w_01 delta_2."""
    c = part_one
    w01, w12, w23 = (m[0, 0] for m in c.W)
    delta = [c.q[3][0, 0] - c.y[0, 0]]
    for w in (w23, w12, w01):
        delta.append(w * delta[-1])
    agree(delta[:3], [c.backward.delta[3 - k][0, 0] for k in range(3)])
    agree(delta[3], complex_step(lambda x: cost(c, c.W, x), c.p[0])[0, 0], c.backward.inputs[0, 0])


def test_linear_gradient(part_one, agree, complex_step):
    """Chains I "dC/dw": the three closed forms are delta_(2-i) x_i."""
    c = part_one
    (w01, w12, w23), x0 = (m[0, 0] for m in c.W), c.p[0][0, 0]
    error = w23 * w12 * w01 * x0 - c.y[0, 0]
    closed = [error * w23 * w12 * x0, error * w23 * w01 * x0, error * w12 * w01 * x0]
    delta, x = [error, w23 * error, w12 * w23 * error], [x0, w01 * x0, w12 * w01 * x0]
    agree(closed, [delta[2 - i] * x[i] for i in range(3)])
    agree(closed, [by_matrix(c, i, complex_step)[0, 0] for i in range(3)], c.backward.vector)


def test_finite_differences(part_four):
    """Chains I "finite differences": 2N forward passes for an approximation of what one backward pass gives exactly."""
    c, eps, passes = part_four, 1e-5, 0

    def C(theta):
        nonlocal passes
        passes += 1
        return c.net.objective(theta, c.X, c.T)

    approximate = [(C(c.theta + eps * e) - C(c.theta - eps * e)) / (2 * eps) for e in np.eye(c.net.n_parameters)]
    assert passes == 2 * c.net.n_parameters
    from_one_side = [(C(c.theta + eps * e) - C(c.theta)) / eps for e in np.eye(c.net.n_parameters)]
    exact, size = c.backward.vector, np.abs(c.backward.vector).max()
    error, error_from_one_side = (np.abs(form - exact).max() / size for form in (approximate, from_one_side))
    assert 1e-14 < error < 1e-8 < error_from_one_side < 1e-3  # "better behaved"


# Part II: numbers, with activations


def test_nonlinear_forward_chain(part_two, agree):
    """Chains II "forward chains": p_0 = x_0, q_i = sigma_i(p_i), p_(i+1) = w_(i,i+1) q_i."""
    c = part_two
    (w01, w12, w23), p0 = (m[0, 0] for m in c.W), c.p[0][0, 0]
    s0, s1, s2, s3 = SIGMA
    agree(s3(w23 * s2(w12 * s1(w01 * s0(p0)))), c.forward.a[3][0, 0])
    agree([p[0, 0] for p in c.p], [c.forward.z[l][0, 0] for l in range(4)])
    agree([q[0, 0] for q in c.q], [c.forward.a[l][0, 0] for l in range(4)])


def nonlinear_deltas(c):
    """delta_0..delta_3 with the subscripts of sigma' that the document leaves out."""
    p = [value[0, 0] for value in c.p]
    delta = [(c.q[3] - c.y)[0, 0] * PRIME[3](p[3])]
    for i in (2, 1, 0):
        delta.append(delta[-1] * c.W[i][0, 0] * PRIME[i](p[i]))
    return delta


def test_nonlinear_backward_chain(part_two, agree, complex_step):
    """Chains II "backward chains": delta_0 = (q_3 - y) sigma_3'(p_3), delta_k = delta_(k-1) w sigma'(p)."""
    c = part_two
    delta = nonlinear_deltas(c)
    agree(delta[:3], [c.backward.delta[3 - k][0, 0] for k in range(3)])
    agree(delta[3], complex_step(lambda x: cost(c, c.W, x), c.p[0])[0, 0], c.backward.inputs[0, 0])


def test_nonlinear_gradient(part_two, agree, complex_step):
    """Chains II "dC/dw": the underlined products are delta_(2-i) q_i."""
    c = part_two
    (w12, w23), y = (c.W[1][0, 0], c.W[2][0, 0]), c.y[0, 0]
    (_, p1, p2, p3), (q0, q1, q2, q3) = ([v[0, 0] for v in values] for values in (c.p, c.q))
    by_23 = (q3 - y) * PRIME[3](p3) * q2
    by_12 = (q3 - y) * PRIME[3](p3) * w23 * PRIME[2](p2) * q1
    by_01 = (q3 - y) * PRIME[3](p3) * w23 * PRIME[2](p2) * w12 * PRIME[1](p1) * q0
    delta = nonlinear_deltas(c)
    agree([by_01, by_12, by_23], [delta[2 - i] * (q0, q1, q2)[i] for i in range(3)], c.backward.vector)
    agree([by_01, by_12, by_23], [by_matrix(c, i, complex_step)[0, 0] for i in range(3)])


# Part III: columns, no activations


def test_vector_cost(part_three, agree):
    """Chains III "C": 1/2 (x_3 - y)^T (x_3 - y) = x_3^T x_3 / 2 - y^T x_3 + y^T y / 2."""
    c = part_three
    x3, y = c.q[3], c.y
    agree(x3, c.W[2] @ c.W[1] @ c.W[0] @ c.p[0], c.forward.a[3].T)
    summed = sum((x3[k, 0] - y[k, 0]) ** 2 for k in range(2)) / 2
    agree(((x3 - y).T @ (x3 - y))[0, 0] / 2, summed, c.backward.value)
    agree((x3.T @ x3 - x3.T @ y - y.T @ x3 + y.T @ y) / 2, x3.T @ x3 / 2 - y.T @ x3 + y.T @ y / 2)
    agree((x3.T @ x3 / 2 - y.T @ x3 + y.T @ y / 2)[0, 0], c.backward.value)


def test_matrix_gradients(part_three, agree, complex_step):
    """Chains III "dC/dW": W_12^T W_23^T (x_3 - y) x_0^T, W_23^T (x_3 - y) x_1^T and (x_3 - y) x_2^T."""
    c = part_three
    (W01, W12, W23), (x0, x1, x2, x3), y = c.W, c.q, c.y
    by_01 = W12.T @ W23.T @ (x3 - y) @ x0.T
    by_12 = W23.T @ (x3 - y) @ x1.T
    by_23 = (x3 - y) @ x2.T
    D = W23 @ W12
    agree(by_01, D.T @ D @ W01 @ (x0 @ x0.T) - D.T @ y @ x0.T)
    agree(by_12, W23.T @ W23 @ W12 @ x1 @ x1.T - W23.T @ y @ x1.T)
    D = W12 @ W01
    agree(by_23, W23 @ D @ (x0 @ x0.T) @ D.T - y @ x0.T @ D.T)
    for i, form in enumerate((by_01, by_12, by_23)):
        agree(form, by_matrix(c, i, complex_step), c.backward.weights[i + 1])


def test_matrix_backward_chain(part_three, agree, complex_step):
    """Chains III "backward chains": Delta_0 = x_3 - y, Delta_k = W^T Delta_(k-1); dC/dW = Delta_(2-i) x_i^T."""
    c = part_three
    Delta = [c.q[3] - c.y]
    for W in reversed(c.W):
        Delta.append(W.T @ Delta[-1])
    for k in range(3):
        agree(Delta[k].T, c.backward.delta[3 - k])
    agree(Delta[3], complex_step(lambda x: cost(c, c.W, x), c.p[0]), c.backward.inputs.T)
    for i in range(3):
        agree(Delta[2 - i] @ c.q[i].T, c.backward.weights[i + 1])


# Part IV: the whole network, which the source leaves unfinished


def test_whole_forward_pass(part_four, agree):
    """Chains IV "forward": p_0 = x_0, p_j = W_ij q_i, q_i = sigma_i(p_i), elementwise."""
    c = part_four
    for l in range(4):
        agree(c.p[l].T, c.forward.z[l])
        agree(c.q[l].T, c.forward.a[l])


def test_whole_cost(part_four, agree):
    """Chains IV "C": 1/2 (q_3 - y)^T (q_3 - y) = 1/2 (q_3^T q_3 - 2 y^T q_3) + 1/2 y^T y."""
    c = part_four
    q3, y = c.q[3], c.y
    agree((q3 - y).T @ (q3 - y) / 2, (q3.T @ q3 - 2 * y.T @ q3) / 2 + y.T @ y / 2, [[c.backward.value]])


def test_whole_network(part_four, agree, complex_step, hadamard):
    """Chains IV "dC/dW" (completed): delta_k = (W^T delta_(k-1)) * sigma'(p), and delta_(2-i) q_i^T."""
    c = part_four
    delta = [hadamard(c.q[3] - c.y, PRIME[3](c.p[3]))]
    for i in (2, 1, 0):
        delta.append(hadamard(c.W[i].T @ delta[-1], PRIME[i](c.p[i])))
    for k in range(3):
        agree(delta[k].T, c.backward.delta[3 - k])
    agree(delta[3], complex_step(lambda p: cost(c, c.W, p), c.p[0]), c.backward.inputs.T)
    for i in range(3):
        agree(delta[2 - i] @ c.q[i].T, by_matrix(c, i, complex_step), c.backward.weights[i + 1])
