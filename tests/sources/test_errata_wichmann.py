"""The slips of Wichmann, each shown by numbers (docs/errata.md): samples are columns."""

from types import SimpleNamespace

import numpy as np
import pytest

N = 7


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cross_entropy(T, A):
    return -(T * np.log(A) + (1 - T) * np.log(1 - A)).sum() / T.shape[1]


@pytest.fixture
def net(complex_step):
    """Layers l-1 = 1 (3 tanh units), l = 2 (3 tanh units), L = 3 (2 sigmoid units): widths that tell indices apart."""
    rng = np.random.default_rng(17)
    W = [None, *(rng.normal(size=s) for s in ((3, 4), (3, 3), (2, 3)))]
    b = [None, *(rng.normal(size=(s, 1)) for s in (3, 3, 2))]
    X, T = rng.normal(size=(4, N)), rng.integers(0, 2, size=(2, N)) * 1.0
    sigma = (None, np.tanh, np.tanh, sigmoid)

    def run(W=W, b=b, A=X, start=0):
        A = [None] * start + [A]
        for l in range(start + 1, 4):
            A.append(sigma[l](W[l] @ A[-1] + b[l]))
        return A

    def by_W(l):
        return complex_step(lambda M: cross_entropy(T, run(W=[*W[:l], M, *W[l + 1 :]])[3]), W[l])

    def by_b(l):
        return complex_step(lambda v: cross_entropy(T, run(b=[*b[:l], v, *b[l + 1 :]])[3]), b[l])

    A = run()
    Delta = {l: complex_step(lambda M, l=l: cross_entropy(T, run(A=M, start=l)[3]), A[l]) for l in (1, 2, 3)}
    prime = (None, 1 - A[1] ** 2, 1 - A[2] ** 2, A[3] * (1 - A[3]))
    H = {l: Delta[l] * prime[l] for l in (1, 2, 3)}
    return SimpleNamespace(
        W=W, T=T, A=A, Delta=Delta, prime=prime, H=H, J_N=np.ones((N, 1)), by_W=by_W, by_b=by_b
    )  # fmt: skip


def test_ones_in_the_output_layer(net, erratum, hadamard):
    J_N, by_b = net.J_N, net.by_b(3)

    def bracket():
        return hadamard(net.Delta[3], net.prime[3])

    erratum("wichmann-2.13", truth=by_b, printed=lambda: bracket() @ J_N.T, corrected=lambda: bracket() @ J_N)
    erratum("wichmann-2.17", truth=by_b, printed=lambda: net.H[3] @ J_N.T, corrected=lambda: net.H[3] @ J_N)


def test_ones_in_hidden_layers(net, erratum):
    J_N, H, last, any_other = net.J_N, net.H, net.by_b(2), net.by_b(1)
    erratum("wichmann-4.16", truth=last, printed=lambda: H[2] @ J_N.T, corrected=lambda: H[2] @ J_N)
    erratum("wichmann-5.1", truth=any_other, printed=lambda: H[1] @ J_N.T, corrected=lambda: H[1] @ J_N)
    erratum("wichmann-5.20", truth=any_other, printed=lambda: H[1] @ J_N.T, corrected=lambda: H[1] @ J_N)


def test_chain_as_matrices(net, erratum, hadamard):
    dZ_dW = np.einsum("ik,jn->knij", np.eye(2), net.A[2])
    erratum(
        "wichmann-2.4",
        truth=net.by_W(3),
        printed=lambda: hadamard(net.Delta[3], net.prime[3]) @ dZ_dW,
        corrected=lambda: np.einsum("kn,knij->ij", hadamard(net.Delta[3], net.prime[3]), dZ_dW),
    )


def test_chain_of_the_lemma(net, erratum, hadamard):
    dZ_dA = np.einsum("ji,nm->jmin", net.W[3], np.eye(N))
    erratum(
        "wichmann-5.5",
        truth=net.Delta[2],
        printed=lambda: hadamard(net.Delta[3], net.prime[3]) @ dZ_dA,
        corrected=lambda: np.einsum("jm,jmin->in", hadamard(net.Delta[3], net.prime[3]), dZ_dA),
    )


def test_chain_by_weights_of_any_layer(net, erratum, hadamard):
    dZ_dW = np.einsum("ik,jn->knij", np.eye(3), net.A[0])
    erratum(
        "wichmann-5.11",
        truth=net.by_W(1),
        printed=lambda: hadamard(net.Delta[1], net.prime[1]) @ dZ_dW,
        corrected=lambda: np.einsum("kn,knij->ij", hadamard(net.Delta[1], net.prime[1]), dZ_dW),
    )


def test_chain_by_biases_of_any_layer(net, erratum, hadamard):
    dZ_db = np.repeat(np.eye(3)[:, None, :], N, axis=1)
    erratum(
        "wichmann-5.17",
        truth=net.by_b(1),
        printed=lambda: hadamard(net.Delta[1], net.prime[1]) @ dZ_db,
        corrected=lambda: np.einsum("kn,kni->i", hadamard(net.Delta[1], net.prime[1]), dZ_db)[:, None],
    )


def test_sum_over_columns(net, erratum, complex_step):
    columns = [
        complex_step(lambda a, n=n: cross_entropy(net.T[:, [n]], a), net.A[3][:, [n]]) for n in range(N)
    ]  # delta_n
    erratum(
        "wichmann-3.3",
        truth=net.Delta[3],
        printed=lambda: sum(columns) / N,
        corrected=lambda: np.hstack(columns) / N,
    )


def test_sum_over_quotients(net, erratum):
    quotient = (net.A[3] - net.T) / (net.A[3] * (1 - net.A[3]))
    erratum(
        "wichmann-3.11",
        truth=net.Delta[3],
        printed=lambda: sum(quotient[:, [n]] for n in range(N)) / N,
        corrected=lambda: quotient / N,
    )


def test_two_indices_for_one(net, erratum):
    t, a, i = net.T[0], net.A[3][0], 2

    def term(n):
        return t[n] * np.log(a[n]) + (1 - t[n]) * np.log(1 - a[n])

    erratum(
        "wichmann-3.8",
        truth=cross_entropy(t[None], a[None]),
        printed=lambda: -sum(term(i) for _ in range(N)) / N,
        corrected=lambda: -sum(term(m) for m in range(N)) / N,
    )


def test_bracket_round_the_hadamard_product(net, erratum, hadamard):
    erratum(
        "wichmann-4.10",
        truth=net.by_W(2),
        printed=lambda: hadamard(net.W[3].T @ net.H[3], net.prime[2] @ net.A[1].T),
        corrected=lambda: hadamard(net.W[3].T @ net.H[3], net.prime[2]) @ net.A[1].T,
    )


def test_index_of_the_lemma(net, erratum):
    product, rows = net.W[3].T @ net.H[3], range(3)
    erratum(
        "wichmann-5.10",
        truth=net.Delta[2],
        printed=lambda: [[product[i, j] for j in range(2)] for i in rows],  # j counts the units of layer l
        corrected=lambda: [[product[i, n] for n in range(N)] for i in rows],
    )


def test_activations_of_the_wrong_layer(net, erratum):
    def summed(A):
        return np.array([[sum(net.H[2][i, n] * A[j, n] for n in range(N)) for j in range(3)] for i in range(3)])

    erratum(
        "wichmann-5.13",  # layers 1 and 2 have the same width, so only the value tells
        truth=net.by_W(2),
        printed=lambda: summed(net.A[2]),
        corrected=lambda: summed(net.A[1]),
    )
    erratum(
        "wichmann-5.16",
        truth=net.by_W(1),
        printed=lambda: net.H[1] @ net.A[1].T,
        corrected=lambda: net.H[1] @ net.A[0].T,
    )


@pytest.fixture
def flower(complex_step):
    """Section 6: 2 inputs, n_h = 4 tanh units, one sigmoid output, 400 points."""
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(2, 400)), rng.integers(0, 2, size=(1, 400)) * 1.0
    W1, b1, W2, b2 = (rng.normal(size=s) for s in ((4, 2), (4, 1), (1, 4), (1, 1)))

    def J(W1=W1, b1=b1, W2=W2, b2=b2):
        return cross_entropy(Y, sigmoid(W2 @ np.tanh(W1 @ X + b1) + b2))

    A1 = np.tanh(W1 @ X + b1)
    H2 = (sigmoid(W2 @ A1 + b2) - Y) / 400
    Delta1 = W2.T @ H2
    return SimpleNamespace(
        X=X, A1=A1, H2=H2, Delta1=Delta1, H1=Delta1 * (1 - A1**2), J_N=np.ones((400, 1)),
        by_W1=complex_step(lambda M: J(W1=M), W1), by_b1=complex_step(lambda v: J(b1=v), b1),
        by_W2=complex_step(lambda M: J(W2=M), W2), by_b2=complex_step(lambda v: J(b2=v), b2),
    )  # fmt: skip


def test_output_of_the_example(flower, erratum):
    H2, A1 = flower.H2, flower.A1
    erratum("wichmann-6.4", truth=flower.by_W2, printed=lambda: H2 @ A1, corrected=lambda: H2 @ A1.T)
    erratum("wichmann-6.5", truth=flower.by_b2, printed=lambda: H2 @ A1, corrected=lambda: H2 @ flower.J_N)


def test_hadamard_column_of_the_example(flower, erratum, hadamard):
    Delta_i, a_i = flower.Delta1[:, [5]], flower.A1[:, [5]]
    erratum(
        "wichmann-6.7",
        truth=flower.H1[:, [5]],
        printed=lambda: Delta_i @ (1 - a_i @ a_i),
        corrected=lambda: hadamard(Delta_i, 1 - hadamard(a_i, a_i)),
    )


def test_hidden_layer_of_the_example(flower, erratum):
    H1 = flower.H1
    erratum(
        "wichmann-6.8-input",
        truth=flower.by_W1,
        printed=lambda: H1 @ flower.A1.T,
        corrected=lambda: H1 @ flower.X.T,
    )
    erratum(
        "wichmann-6.8-ones",
        truth=flower.by_b1,
        printed=lambda: H1 @ np.ones((2, 1)).T,
        corrected=lambda: H1 @ flower.J_N,
    )
