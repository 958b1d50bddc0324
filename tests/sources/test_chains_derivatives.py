"""Backpropagation I to IV (Chains): its catalogue of matrix derivatives, each against complex steps.

C is a number; dC/dA has the shape of A. Constants come out transposed, on the left of everything.
"""

import numpy as np

RNG = np.random.default_rng(34)
A, B = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 5))
x, u, y = RNG.normal(size=(5, 1)), RNG.normal(size=(3, 1)), RNG.normal(size=(4, 1))  # A B x, A u, y^T A B x
SOFT = (lambda p: np.log(1 + np.exp(p)), lambda p: 1 / (1 + np.exp(-p)))
TANH = (np.tanh, lambda p: 1 - np.tanh(p) ** 2)


def test_linear_in_one_matrix(agree, complex_step):
    """Chains III "y^T A x": dC/dA = y x^T, entry by entry y_k x_l."""
    entries = [[y[k, 0] * u[l, 0] for l in range(3)] for k in range(4)]
    agree(y @ u.T, entries, complex_step(lambda A: (y.T @ A @ u)[0, 0], A))


def test_linear_in_two_matrices(agree, complex_step):
    """Chains III "y^T A B x": dC/dA = y x^T B^T and dC/dB = A^T y x^T."""
    agree(y @ x.T @ B.T, complex_step(lambda A: (y.T @ A @ B @ x)[0, 0], A))
    agree(A.T @ y @ x.T, complex_step(lambda B: (y.T @ A @ B @ x)[0, 0], B))


def test_quadratic_in_one_matrix(agree, complex_step):
    """Chains III "1/2 x^T A^T A x": dC/dA = A x x^T, entry by entry (A x)_c x_d."""
    entries = [[(A @ u)[c, 0] * u[d, 0] for d in range(3)] for c in range(4)]
    agree(A @ u @ u.T, entries, complex_step(lambda A: (u.T @ A.T @ A @ u)[0, 0] / 2, A))


def test_quadratic_in_two_matrices(agree, complex_step):
    """Chains III "1/2 x^T B^T A^T A B x": dC/dA = A B x x^T B^T and dC/dB = A^T A B x x^T."""
    agree(A @ B @ x @ x.T @ B.T, complex_step(lambda A: (x.T @ B.T @ A.T @ A @ B @ x)[0, 0] / 2, A))
    agree(A.T @ A @ B @ x @ x.T, complex_step(lambda B: (x.T @ B.T @ A.T @ A @ B @ x)[0, 0] / 2, B))


def test_transposed_constants(agree, complex_step):
    """Chains IV "y^T B^T A x": constants are transposed and put on the left of everything, so dC/dA = B y x^T."""
    M, v = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 1))
    agree(M @ v @ u.T, complex_step(lambda A: (v.T @ M.T @ A @ u)[0, 0], A))


def test_linear_under_an_activation(agree, complex_step, hadamard):
    """Chains IV "y^T sigma(A x)": dC/dA = (y * sigma'(A x)) x^T, and y x^T when sigma is the identity."""
    sigma, prime = SOFT
    form = hadamard(y, prime(A @ u)) @ u.T
    entries = [[y[k, 0] * prime(A @ u)[k, 0] * u[l, 0] for l in range(3)] for k in range(4)]
    agree(form, entries, complex_step(lambda A: (y.T @ sigma(A @ u))[0, 0], A))
    agree(hadamard(y, np.ones_like(A @ u)) @ u.T, y @ u.T)


def test_nested_activations(agree, complex_step, hadamard):
    """Chains IV "y^T sigma2(A sigma1(B x))": both derivatives, and the special cases sigma1 = id and A = I."""
    (s1, p1), (s2, p2) = TANH, SOFT
    q = s1(B @ x)
    by_A = hadamard(y, p2(A @ q)) @ q.T
    by_B = hadamard(A.T @ hadamard(y, p2(A @ q)), p1(B @ x)) @ x.T
    agree(by_A, complex_step(lambda A: (y.T @ s2(A @ s1(B @ x)))[0, 0], A))
    agree(by_B, complex_step(lambda B: (y.T @ s2(A @ s1(B @ x)))[0, 0], B))
    agree(A.T @ hadamard(y, p2(A @ B @ x)) @ x.T, complex_step(lambda B: (y.T @ s2(A @ B @ x))[0, 0], B))
    v = RNG.normal(size=(3, 1))
    agree(hadamard(v, p2(B @ x)) @ x.T, complex_step(lambda B: (v.T @ s2(B @ x))[0, 0], B))


def test_quadratic_under_an_activation(agree, complex_step, hadamard):
    """Chains IV "1/2 sigma(A x)^T sigma(A x)": the source stops; dC/dA = (sigma(A x) * sigma'(A x)) x^T."""
    sigma, prime = SOFT
    form = hadamard(sigma(A @ u), prime(A @ u)) @ u.T
    agree(form, complex_step(lambda A: (sigma(A @ u).T @ sigma(A @ u))[0, 0] / 2, A))
