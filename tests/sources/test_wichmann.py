"""Wichmann, General feed forward neural networks (2017): every numbered equation, in the document's own layout.

A whole batch at once, samples as columns: X is (S_0, N), T is (S_L, N). Delta = dJ/dA, H = dJ/dZ, J_N a column of ones.
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr

N = 7


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


SIGMA = {
    "identity": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "softplus": (lambda z: np.log(1 + np.exp(z)), sigmoid),
}


def euclidean(T, A):
    """(3.4)"""
    return ((A - T) ** 2).sum() / (2 * T.shape[1])


def cross_entropy(T, A):
    """(3.8), its index corrected, summed over the outputs"""
    return -(T * np.log(A) + (1 - T) * np.log(1 - A)).sum() / T.shape[1]


def activations(W, b, X, names):
    """(1.3)-(1.4): the lists Z^(1..L) and A^(0..L)."""
    Z, A = [None], [X]
    for matrix, bias, name in zip(W, b, names, strict=True):
        Z.append(matrix @ A[-1] + bias @ np.ones((1, X.shape[1])))
        A.append(SIGMA[name][0](Z[-1]))
    return Z, A


CASES = {
    "euclidean, L=2": ((3, 4, 2), ("tanh", "identity"), "half_squared_error"),
    "euclidean, L=4": ((2, 5, 3, 4, 3), ("tanh", "sigmoid", "softplus", "tanh"), "half_squared_error"),
    "cross-entropy, L=2": ((2, 4, 1), ("tanh", "sigmoid"), "binary_cross_entropy"),
    "cross-entropy, L=3": ((4, 3, 5, 2), ("softplus", "tanh", "sigmoid"), "binary_cross_entropy"),
}


@pytest.fixture(params=CASES, ids=str)
def batch(request):
    """A network on a batch, with the matrices of the document, and chainrule's network beside it."""
    sizes, names, loss = CASES[request.param]
    rng = np.random.default_rng(2017)
    W = [rng.normal(size=(out, into)) for into, out in pairwise(sizes)]
    b = [rng.normal(size=(out, 1)) for out in sizes[1:]]
    X = rng.normal(size=(sizes[0], N))
    cost = cross_entropy if loss == "binary_cross_entropy" else euclidean
    T = rng.integers(0, 2, size=(sizes[-1], N)) * 1.0 if cost is cross_entropy else rng.normal(size=(sizes[-1], N))
    Z, A = activations(W, b, X, names)
    net = cr.Network(sizes, names, loss)
    theta = net.pack([(matrix, bias[:, 0]) for matrix, bias in zip(W, b, strict=True)])
    return SimpleNamespace(
        L=len(W), W=W, b=b, X=X, T=T, Z=Z, A=A, J_N=np.ones((N, 1)), names=names, cost=cost, net=net, theta=theta,
        S=sizes, prime=[None, *(SIGMA[name][1](z) for name, z in zip(names, Z[1:], strict=True))],
        forward=net.forward(theta, X.T), backward=net.backward(theta, X.T, T.T),
    )  # fmt: skip


def cost_from(batch, l, A_l, W=None, b=None):
    """J as a function of A^(l) (and of other parameters): layers l+1..L applied to it."""
    W, b = W or batch.W, b or batch.b
    return batch.cost(batch.T, activations(W[l:], b[l:], A_l, batch.names[l:])[1][-1])


def by_weights(batch, l, complex_step):
    """dJ/dW^(l) and dJ/db^(l) by complex steps through the document's own forward pass."""

    def at(W_l, b_l):
        W = [*batch.W[: l - 1], W_l, *batch.W[l:]]
        b = [*batch.b[: l - 1], b_l, *batch.b[l:]]
        return cost_from(batch, 0, batch.X, W, b)

    W, b = batch.W[l - 1], batch.b[l - 1]
    return complex_step(lambda m: at(m, b), W), complex_step(lambda v: at(W, v), b)


def recursion(batch):
    """(5.2): Delta^(l) and H^(l) for l = L..1."""
    Delta, H = {batch.L: output_error(batch)}, {}
    for l in range(batch.L, 0, -1):
        H[l] = Delta[l] * batch.prime[l]
        Delta[l - 1] = batch.W[l - 1].T @ H[l]
    return Delta, H


def output_error(batch):
    """(2.14) with (3.7) or (3.11), the latter without its sum."""
    A, T = batch.A[-1], batch.T
    return (A - T) / (N * A * (1 - A)) if batch.cost is cross_entropy else (A - T) / N


def test_one_sample(batch, agree):
    """Wichmann 1.1: z = W x + b, a = sigma(z), for one column."""
    x, l = batch.X[:, [2]], 1
    z = batch.W[0] @ x + batch.b[0]
    agree(z.T, batch.net.forward(batch.theta, x.T).z[l], batch.forward.z[l][[2]])
    agree(SIGMA[batch.names[0]][0](z).T, batch.forward.a[l][[2]])


def test_batch_as_columns(batch, agree):
    """Wichmann 1.2-1.5: Z = W A + b J_N^t, A = sigma(Z), A^(0) = X; X and T hold one sample in a column."""
    assert (batch.X.shape, batch.T.shape) == ((batch.S[0], N), (batch.S[-1], N))
    agree(batch.X.T, batch.forward.a[0])
    for l in range(1, batch.L + 1):
        shorthand = batch.W[l - 1] @ batch.A[l - 1] + batch.b[l - 1]
        agree(shorthand, batch.Z[l], batch.forward.z[l].T)
        agree(batch.A[l], SIGMA[batch.names[l - 1]][0](shorthand), batch.forward.a[l].T)


def test_output_weights(batch, agree, complex_step):
    """Wichmann 2.1-2.9: dJ/dW^(L) from the four-index chain to H^(L) (A^(L-1))^t."""
    L, Delta = batch.L, output_error(batch)
    S_L, A = batch.S[-1], batch.A[batch.L - 1]
    sigma = SIGMA[batch.names[-1]][0]
    dZ_dW = np.einsum("ik,jn->knij", np.eye(S_L), A)  # (2.6)
    agree(dZ_dW, complex_step(lambda W: W @ A + batch.b[-1], batch.W[-1]))  # (2.5)
    dA_dW = batch.prime[L][:, :, None, None] * dZ_dW  # (2.2), (2.3)
    agree(dA_dW, complex_step(lambda W: sigma(W @ A + batch.b[-1]), batch.W[-1]))
    chain = np.einsum("kn,knij->ij", Delta, dA_dW)  # (2.1), first half
    summed = np.einsum("in,in,jn->ij", Delta, batch.prime[L], A)  # (2.7)
    matrix = (Delta * batch.prime[L]) @ A.T  # (2.8), (2.9)
    agree(matrix, chain, summed, by_weights(batch, L, complex_step)[0], batch.backward.weights[L])


def test_output_biases(batch, agree, complex_step):
    """Wichmann 2.1, 2.11-2.13: dJ/db^(L) = H^(L) J_N, corrected as in wichmann-ones."""
    L, Delta, H = batch.L, output_error(batch), output_error(batch) * batch.prime[batch.L]
    dZ_db = complex_step(lambda b: batch.W[-1] @ batch.A[L - 1] + b, batch.b[-1])[..., 0]
    agree(dZ_db, np.repeat(np.eye(batch.S[-1])[:, None, :], N, axis=1))  # (2.11)
    chain = np.einsum("kn,kn,kni->i", Delta, batch.prime[L], dZ_db)[:, None]  # (2.1), second half
    summed = (Delta * batch.prime[L]).sum(axis=1, keepdims=True)  # (2.12)
    agree(H @ batch.J_N, chain, summed, by_weights(batch, L, complex_step)[1], batch.backward.biases[L][:, None])


def test_output_error(batch, agree, complex_step, hadamard):
    """Wichmann 2.10, 2.14-2.17: Delta^(L) = dJ/dA^(L), H^(L) = Delta^(L) * sigma_L'(Z^(L)) and both gradients."""
    L = batch.L
    Delta = complex_step(lambda A: batch.cost(batch.T, A), batch.A[L])
    agree(Delta, output_error(batch))
    H = hadamard(Delta, batch.prime[L])
    agree(H, batch.backward.delta[L].T)
    agree(H @ batch.A[L - 1].T, batch.backward.weights[L])
    agree(H @ batch.J_N, batch.backward.biases[L][:, None])


def test_cost_is_an_average(batch, agree, complex_step):
    """Wichmann 3.1-3.3: J = (1/N) sum_n loss(t_n, a_n); Delta = (1/N) [delta_1 ... delta_N], with no sum."""
    one_sample = [batch.cost(batch.T[:, [n]], batch.A[-1][:, [n]]) for n in range(N)]
    agree(np.mean(one_sample), batch.cost(batch.T, batch.A[-1]), batch.backward.value)
    columns = [complex_step(lambda a, n=n: batch.cost(batch.T[:, [n]], a), batch.A[-1][:, [n]]) for n in range(N)]
    agree(np.hstack(columns) / N, output_error(batch))


def test_euclidean_cost(agree, complex_step):
    """Wichmann 3.4-3.7: J = 1/(2N) sum ||a - t||^2, delta = a - t, Delta = (A - T) / N."""
    rng = np.random.default_rng(34)
    A, T = rng.normal(size=(3, N)), rng.normal(size=(3, N))
    losses = [0.5 * np.linalg.norm(A[:, n] - T[:, n]) ** 2 for n in range(N)]
    agree(euclidean(T, A), np.mean(losses))
    agree(A[:, [0]] - T[:, [0]], complex_step(lambda a: 0.5 * ((a - T[:, [0]]) ** 2).sum(), A[:, [0]]))
    net = cr.Network((3, 3), ("identity",), "half_squared_error")
    backward = net.backward(net.pack([(np.eye(3), np.zeros(3))]), A.T, T.T)
    agree((A - T) / N, complex_step(lambda A: euclidean(T, A), A), backward.delta[1].T)


def test_cross_entropy_with_sigmoid(agree, complex_step):
    """Wichmann 3.8-3.12: delta = (a - t) / (a (1 - a)), and the denominator cancels in H = (A - T) / N."""
    rng = np.random.default_rng(38)
    Z, T = rng.normal(size=(1, N)), rng.integers(0, 2, size=(1, N)) * 1.0
    A = sigmoid(Z)
    quotients = -(T / A - (1 - T) / (1 - A)), (-T * (1 - A) + (1 - T) * A) / (A * (1 - A))
    agree((A - T) / (A * (1 - A)), *quotients)
    Delta = quotients[0] / N
    agree(Delta, complex_step(lambda A: cross_entropy(T, A), A))
    net = cr.Network((1, 1), ("sigmoid",), "binary_cross_entropy")
    backward = net.backward(net.pack([(np.eye(1), np.zeros(1))]), Z.T, T.T)
    agree(cross_entropy(T, A), backward.value)
    agree((A - T) / N, Delta * A * (1 - A), backward.delta[1].T)


def test_last_hidden_weights(batch, agree, complex_step, hadamard):
    """Wichmann 4.1-4.13: dJ/dW^(L-1) = H^(L-1) (A^(L-2))^t with Delta^(L-1) = (W^(L))^t H^(L)."""
    L, eye = batch.L, np.eye(N)
    W, A, prime = batch.W[L - 1], batch.A[L - 2], batch.prime
    H = output_error(batch) * prime[L]
    dZ_dA = np.einsum("kq,nm->knqm", W, eye)  # (4.4)
    agree(dZ_dA, complex_step(lambda a: W @ a + batch.b[L - 1], batch.A[L - 1]))  # (4.2), (4.3)
    dZ_dW = np.einsum("iq,jm->qmij", np.eye(batch.S[L - 1]), A)
    chain = np.einsum("kn,kn,knqm,qm,qmij->ij", output_error(batch), prime[L], dZ_dA, prime[L - 1], dZ_dW)  # (4.1)
    summed = np.einsum("kn,ki,in,jn->ij", H, W, prime[L - 1], A)  # (4.5), (4.6), (4.7)
    Delta = W.T @ H
    rows = np.einsum("in,in,jn->ij", Delta, prime[L - 1], A)  # (4.8), (4.9)
    matrix = hadamard(Delta, prime[L - 1]) @ A.T  # (4.10) with its bracket, (4.11), (4.12), (4.13)
    agree(matrix, chain, summed, rows, by_weights(batch, L - 1, complex_step)[0], batch.backward.weights[L - 1])


def test_last_hidden_biases(batch, agree, complex_step):
    """Wichmann 4.14-4.16: dJ/db^(L-1) = H^(L-1) J_N, corrected as in wichmann-ones."""
    L = batch.L
    H = (batch.W[L - 1].T @ (output_error(batch) * batch.prime[L])) * batch.prime[L - 1]
    dZ_db = complex_step(lambda b: batch.W[L - 2] @ batch.A[L - 2] + b, batch.b[L - 2])[..., 0]
    agree(dZ_db, np.repeat(np.eye(batch.S[L - 1])[:, None, :], N, axis=1))
    by_bias = by_weights(batch, L - 1, complex_step)[1]
    agree(H @ batch.J_N, H.sum(axis=1, keepdims=True), by_bias, batch.backward.biases[L - 1][:, None])


def test_general_layer(batch, agree, complex_step):
    """Wichmann 5.1-5.2: dJ/dW^(l) = H^(l) (A^(l-1))^t and dJ/db^(l) = H^(l) J_N for every l."""
    _, H = recursion(batch)
    for l in range(1, batch.L + 1):
        by_W, by_b = by_weights(batch, l, complex_step)
        agree(H[l], batch.backward.delta[l].T)
        agree(H[l] @ batch.A[l - 1].T, by_W, batch.backward.weights[l])
        agree(H[l] @ batch.J_N, by_b, batch.backward.biases[l][:, None])


def test_lemma(batch, agree, complex_step):
    """Wichmann 5.3-5.10: dJ/dA^(l) = Delta^(l) for l = L..0, by induction from layer to layer."""
    Delta, H = recursion(batch)
    for l in range(batch.L + 1):
        agree(Delta[l], complex_step(lambda A, l=l: cost_from(batch, l, A), batch.A[l]))  # (5.3), (5.4)
    for l in range(1, batch.L + 1):
        dZ_dA = np.einsum("ji,nm->jmin", batch.W[l - 1], np.eye(N))
        step = np.einsum("jm,jm,jmin->in", Delta[l], batch.prime[l], dZ_dA)  # (5.5)-(5.8)
        summed = np.einsum("jn,jn,ji->in", Delta[l], batch.prime[l], batch.W[l - 1])  # (5.9)
        agree(Delta[l - 1], step, summed, batch.W[l - 1].T @ H[l])  # (5.10), entry (i, n)
    agree(Delta[0].T, batch.net.backward(batch.theta, batch.X.T, batch.T.T).inputs)


def test_general_weights(batch, agree):
    """Wichmann 5.11-5.16: element by element to H^(l) (A^(l-1))^t, with A^(l-1) where A^(l) is printed."""
    Delta, H = recursion(batch)
    for l in range(1, batch.L + 1):
        A = batch.A[l - 1]
        dZ_dW = np.einsum("jn,ki->knij", A, np.eye(batch.S[l]))
        chain = np.einsum("kn,kn,knij->ij", Delta[l], batch.prime[l], dZ_dW)  # (5.11)-(5.13)
        summed = np.einsum("in,in,nj->ij", Delta[l], batch.prime[l], A.T)  # (5.14), (5.15)
        agree(H[l] @ A.T, chain, summed, batch.backward.weights[l])  # (5.16)


def test_general_biases(batch, agree):
    """Wichmann 5.17-5.20: element by element to H^(l) J_N."""
    Delta, H = recursion(batch)
    for l in range(1, batch.L + 1):
        chain = np.einsum("jn,jn,ji->i", Delta[l], batch.prime[l], np.eye(batch.S[l]))[:, None]  # (5.17)-(5.19)
        agree(H[l] @ batch.J_N, chain, H[l].sum(axis=1, keepdims=True), batch.backward.biases[l][:, None])


def test_two_layer_tanh_network(agree, complex_step, hadamard):
    """Wichmann 6.1-6.8: the tanh network for binary labels on 400 points, each gradient in its closed form."""
    rng = np.random.default_rng(6)
    m, n_h = 400, 4
    X, Y = rng.normal(size=(2, m)), rng.integers(0, 2, size=(1, m)) * 1.0
    W1, b1, W2, b2 = (rng.normal(size=s) for s in ((n_h, 2), (n_h, 1), (1, n_h), (1, 1)))  # (6.2)
    A1 = np.tanh(W1 @ X + b1)  # (6.1)
    A2 = sigmoid(W2 @ A1 + b2)
    H2 = (A2 - Y) / m  # (6.3)
    dW2, db2 = H2 @ A1.T, H2 @ np.ones((m, 1))  # (6.4), (6.5)
    agree(dW2, sum((A2[:, [i]] - Y[:, [i]]) @ A1[:, [i]].T for i in range(m)) / m)
    agree(db2, sum(A2[:, [i]] - Y[:, [i]] for i in range(m)) / m)
    Delta1 = W2.T @ (A2 - Y) / m  # (6.6)
    H1 = hadamard(Delta1, 1 - A1**2)  # (6.7)
    dW1, db1 = H1 @ X.T, H1 @ np.ones((m, 1))  # (6.8)
    net = cr.Network((2, n_h, 1), ("tanh", "sigmoid"), "binary_cross_entropy")
    backward = net.backward(net.pack([(W1, b1[:, 0]), (W2, b2[:, 0])]), X.T, Y.T)
    agree(H1, backward.delta[1].T)
    agree(H2, backward.delta[2].T)

    def J(W1, b1, W2, b2):
        return cross_entropy(Y, sigmoid(W2 @ np.tanh(W1 @ X + b1) + b2))

    agree(dW1, complex_step(lambda W: J(W, b1, W2, b2), W1), backward.weights[1])
    agree(db1, complex_step(lambda b: J(W1, b, W2, b2), b1), backward.biases[1][:, None])
    agree(dW2, complex_step(lambda W: J(W1, b1, W, b2), W2), backward.weights[2])
    agree(db2, complex_step(lambda b: J(W1, b1, W2, b), b2), backward.biases[2][:, None])
