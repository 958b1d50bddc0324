"""The slips of Chains, each shown by numbers (docs/errata.md): no biases, an activation on the input."""

from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr

RNG = np.random.default_rng(34)
A, B = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 5))
x, u, y = RNG.normal(size=(5, 1)), RNG.normal(size=(3, 1)), RNG.normal(size=(4, 1))


def soft(p):
    return np.log(1 + np.exp(p))


def soft_prime(p):
    return 1 / (1 + np.exp(-p))


def tanh_prime(p):
    return 1 - np.tanh(p) ** 2


@pytest.fixture
def linear(complex_step):
    """Part III: x_3 = W_23 W_12 W_01 x_0 and the true gradients of 1/2 |x_3 - y|^2."""
    rng = np.random.default_rng(3)
    W01, W12, W23 = (rng.normal(size=s) / 2 for s in ((3, 4), (5, 3), (2, 5)))
    x0, y = rng.normal(size=(4, 1)), rng.normal(size=(2, 1))

    def C(W01=W01, W12=W12, W23=W23):
        return ((W23 @ W12 @ W01 @ x0 - y) ** 2).sum() / 2

    return SimpleNamespace(
        W01=W01, W12=W12, W23=W23, x0=x0, x1=W01 @ x0, x3=W23 @ W12 @ W01 @ x0, y=y, C=C(),
        by_W01=complex_step(lambda M: C(W01=M), W01), by_W23=complex_step(lambda M: C(W23=M), W23),
    )  # fmt: skip


def test_terms_of_the_average(erratum):
    error = np.arange(1.0, 7.0)  # of examples 0..n
    n = len(error) - 1
    erratum(
        "chains-average",
        truth=np.mean(error[1:] ** 2 / 2),
        printed=lambda: sum(error[i] ** 2 / 2 for i in range(n + 1)) / n,
        corrected=lambda: sum(error[i] ** 2 / 2 for i in range(1, n + 1)) / n,
    )


def test_subscripts_of_the_activations(erratum, complex_step):
    (w12, w23), p1, target = (0.8, -1.3), 0.7, 0.2
    sigma_3, prime_3 = (lambda p: np.exp(-p * p)), (lambda p: -2 * p * np.exp(-p * p))

    def C(p2):
        return ((sigma_3(w23 * soft(p2)) - target) ** 2).sum() / 2

    p2 = np.array([w12 * np.tanh(p1)])
    p3 = w23 * soft(p2)
    delta_0 = (sigma_3(p3) - target) * prime_3(p3)
    erratum(
        "chains-subscripts",
        truth=complex_step(C, p2),
        printed=lambda: delta_0 * w23 * prime_3(p2),  # the only sigma' named so far
        corrected=lambda: delta_0 * w23 * soft_prime(p2),
    )


def test_cost_without_its_constant(linear, erratum, complex_step):
    x3, y = linear.x3, linear.y
    erratum(
        "chains-cost",
        truth=x3 - y,  # dC/dx_3
        printed=lambda: complex_step(lambda x3: (x3.T @ y / 2 - y.T @ x3)[0, 0], x3),
        corrected=lambda: complex_step(lambda x3: (x3.T @ x3 / 2 - y.T @ x3)[0, 0], x3),
    )
    erratum(
        "chains-constant",
        truth=(x3.T @ x3 / 2 - y.T @ x3)[0, 0],
        printed=lambda: linear.C - (y.T @ y)[0, 0],
        corrected=lambda: linear.C - (y.T @ y)[0, 0] / 2,
    )


def test_time_of_the_gradient(erratum):
    net, one, eta = cr.Network((1, 1), ("identity",), "half_squared_error", bias=False), np.ones((1, 1)), 0.5
    w = np.array([3.0])
    _, gradient = net.value_and_gradient(w, one, one)
    erratum(
        "chains-step",
        truth=w - eta * gradient,
        printed=lambda: (w + eta) / (1 + eta),  # w' with w' = w - eta (w' - 1), the gradient taken at step t + 1
        corrected=lambda: w - eta * (w - 1),
    )


def test_a_line_is_not_linear(erratum):
    def defect(f):
        return f(2 * 5.0 + 3 * 7.0) - (2 * f(5.0) + 3 * f(7.0))

    erratum(
        "chains-linear",
        truth=0.0,
        printed=lambda: defect(lambda x: 4 * x + 1),
        corrected=lambda: defect(lambda x: 4 * x),
    )


def test_the_wrong_choice(erratum, complex_step):
    erratum(
        "chains-choice",
        truth=complex_step(lambda B: (x.T @ B.T @ A.T @ A @ B @ x)[0, 0] / 2, B),
        printed=lambda: A.T @ A @ B * (x.T @ x),  # what remains if x x^T is the wrong choice
        corrected=lambda: A.T @ A @ B @ (x @ x.T),
    )


def test_label_of_the_middle_matrix(linear, erratum):
    c = linear
    erratum(
        "chains-label",
        truth=c.by_W01,
        printed=lambda: c.W23.T @ c.W23 @ c.W12 @ c.x1 @ c.x1.T - c.W23.T @ c.y @ c.x1.T,
        corrected=lambda: c.W12.T @ c.W23.T @ (c.x3 - c.y) @ c.x0.T,
    )


def test_transposed_target(linear, erratum):
    c = linear
    D = c.W12 @ c.W01
    erratum(
        "chains-target",
        truth=c.by_W23,
        printed=lambda: c.W23 @ D @ (c.x0 @ c.x0.T) @ D.T - c.y.T @ c.x0.T @ D.T,
        corrected=lambda: c.W23 @ D @ (c.x0 @ c.x0.T) @ D.T - c.y @ c.x0.T @ D.T,
    )


def test_square_of_a_vector(linear, erratum):
    error = linear.x3 - linear.y
    erratum(
        "chains-square",
        truth=[[linear.C]],
        printed=lambda: error @ error / 2,
        corrected=lambda: error.T @ error / 2,
    )


def test_growth_with_the_input(erratum, complex_step):
    def form(u):
        return (y * soft_prime(A @ u)) @ u.T

    erratum(
        "chains-growth",
        truth=complex_step(lambda A: (y.T @ soft(A @ (2 * u)))[0, 0], A),
        printed=lambda: 2 * form(u),  # "linear in x"
        corrected=lambda: form(2 * u),
    )


def test_bracket_of_the_outer_matrix(erratum, complex_step, hadamard):
    q = np.tanh(B @ x)
    erratum(
        "chains-bracket-outer",
        truth=complex_step(lambda A: (y.T @ soft(A @ q))[0, 0], A),
        printed=lambda: hadamard(y, soft_prime(A @ q) @ q.T),
        corrected=lambda: hadamard(y, soft_prime(A @ q)) @ q.T,
    )


def test_bracket_of_the_inner_matrix(erratum, complex_step, hadamard):
    onward = A.T @ hadamard(y, soft_prime(A @ np.tanh(B @ x)))
    erratum(
        "chains-bracket-inner",
        truth=complex_step(lambda B: (y.T @ soft(A @ np.tanh(B @ x)))[0, 0], B),
        printed=lambda: hadamard(onward, tanh_prime(B @ x) @ x.T),
        corrected=lambda: hadamard(onward, tanh_prime(B @ x)) @ x.T,
    )


def test_order_of_transposed_constants(erratum, complex_step):
    M, v = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 1))
    erratum(
        "chains-order",
        truth=complex_step(lambda A: (v.T @ M.T @ A @ u)[0, 0], A),
        printed=lambda: v @ M @ u.T,
        corrected=lambda: M @ v @ u.T,
    )


def test_argument_of_the_activation(erratum, complex_step, hadamard):
    def gradient(p):
        return hadamard(soft(A @ u), soft_prime(p)) @ u.T

    erratum(
        "chains-argument",
        truth=complex_step(lambda A: (soft(u.T @ A.T) @ soft(A @ u))[0, 0] / 2, A),
        printed=lambda: gradient(u @ A),
        corrected=lambda: gradient(A @ u),
    )
