"""Watters, Backpropagation (2024): every numbered equation, in the document's own layout.

Vectors are columns. Biases are absorbed: a 1 is appended to the input of every layer, and the last column of every
matrix holds the biases. Section 1 writes gradients as columns, section 2 as rows.
"""

from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.network import parameters


def with_one(h):
    """h with the 1 appended that meets the bias column."""
    return np.vstack([h, np.ones((1, 1))])


def without_biases(W):
    """W without its last column: the constant 1 has no neuron before it to take a gradient."""
    return W[:, :-1]


def tanh_prime(g):
    return 1 - np.tanh(g) ** 2


@pytest.fixture
def one():
    """Section 1: x -> g = V x -> h = tanh(g) -> f = W h, on one example, and chainrule's network beside it."""
    rng = np.random.default_rng(41)
    x, y = with_one(rng.normal(size=(3, 1))), rng.normal(size=(2, 1))
    V, W = rng.normal(size=(5, 4)), rng.normal(size=(2, 6))
    g = V @ x
    h = with_one(np.tanh(g))
    net = cr.Network((3, 5, 2), ("tanh", "identity"), "squared_error")
    theta = parameters.release(net, [V, W])
    X, T = x[:-1].T, y.T

    def loss(f):
        return ((y - f) ** 2).sum()

    return SimpleNamespace(
        x=x, y=y, V=V, W=W, g=g, h=h, f=W @ h, loss=loss, net=net, theta=theta, X=X, T=T,
        forward=net.forward(theta, X), backward=net.backward(theta, X, T),
        absorbed=parameters.absorb(net, net.backward(theta, X, T).vector),
    )  # fmt: skip


def test_forward_pass(one, agree):
    """Watters (1)-(6): x -> g = V x -> h = sigma(g) -> f = W h, with the sizes corrected for the appended 1."""
    D, H, F = len(one.x), len(one.h), len(one.f)
    assert (one.V.shape, one.W.shape) == ((H - 1, D), (F, H))
    agree(one.g.T, one.forward.z[1])
    agree(one.h[:-1].T, one.forward.a[1])
    agree(one.f.T, one.forward.a[2], one.net.predict(one.theta, one.X))


def test_squared_loss(one, agree):
    """Watters (7)-(8): L = |y - f|^2 = sum_i (y_i - f_i)^2, without a factor 1/2."""
    summed = sum((one.y[i, 0] - one.f[i, 0]) ** 2 for i in range(2))
    agree(np.linalg.norm(one.y - one.f) ** 2, summed, one.loss(one.f), one.backward.value)


def test_loss_by_output(one, agree, complex_step):
    """Watters (9)-(10): dL/df_i = 2 (f_i - y_i), as a column."""
    by_component = np.array([[2 * (one.f[i, 0] - one.y[i, 0])] for i in range(2)])
    agree(2 * (one.f - one.y), by_component, complex_step(one.loss, one.f), one.backward.delta[2].T)


def test_loss_by_hidden_output(one, agree, complex_step):
    """Watters (11)-(17): dL/dh = ((dL/df)^T df/dh)^T = 2 W^T (f - y), since df/dh = W."""
    F, H = one.W.shape
    dL_df = 2 * (one.f - one.y)
    df_dh = complex_step(lambda h: (one.W @ h)[:, 0], one.h)[:, :, 0]
    agree(df_dh, one.W)
    components = [[sum(2 * (one.f[i, 0] - one.y[i, 0]) * one.W[i, j] for i in range(F))] for j in range(H)]
    agree(2 * one.W.T @ (one.f - one.y), components, (dL_df.T @ df_dh).T)
    agree(2 * one.W.T @ (one.f - one.y), complex_step(lambda h: one.loss(one.W @ h), one.h))
    agree((2 * without_biases(one.W).T @ (one.f - one.y)).T, one.backward.delta[2] @ one.net.layers(one.theta)[1][0])


def test_loss_by_second_weights(one, agree, complex_step):
    """Watters (18)-(23): dL/dW_kl = 2 (f_k - y_k) h_l, the outer product 2 (f - y) h^T."""
    F, H = one.W.shape
    df_dW = complex_step(lambda W: (W @ one.h)[:, 0], one.W)
    kronecker = np.einsum("ik,l->ikl", np.eye(F), one.h[:, 0])
    agree(df_dW, kronecker)
    summed = np.einsum("i,ikl->kl", 2 * (one.f - one.y)[:, 0], kronecker)
    components = [[2 * (one.f[k, 0] - one.y[k, 0]) * one.h[j, 0] for j in range(H)] for k in range(F)]
    agree(2 * (one.f - one.y) @ one.h.T, summed, components, one.absorbed[1])
    agree(2 * (one.f - one.y) @ one.h.T, complex_step(lambda W: one.loss(W @ one.h), one.W))


def test_loss_by_hidden_input(one, agree, complex_step, hadamard):
    """Watters (24)-(30): dL/dg = dL/dh * sigma'(g), the diagonal dh/dg written as a Hadamard product."""
    H = len(one.g)
    dL_dh = 2 * without_biases(one.W).T @ (one.f - one.y)
    dh_dg = complex_step(lambda g: np.tanh(g)[:, 0], one.g)[:, :, 0]
    agree(dh_dg, np.diag(tanh_prime(one.g)[:, 0]))
    components = [[sum(dL_dh[j, 0] * dh_dg[j, k] for j in range(H))] for k in range(H)]
    agree(hadamard(dL_dh, tanh_prime(one.g)), components, (dL_dh.T @ dh_dg).T, one.backward.delta[1].T)
    agree(components, complex_step(lambda g: one.loss(one.W @ with_one(np.tanh(g))), one.g))


def test_loss_by_first_weights(one, agree, complex_step, hadamard):
    """Watters (31)-(40): dL/dV_kl = dL/dg_k x_l, the outer product 2 (W^T (f - y) * sigma'(g)) x^T."""
    H, D = one.V.shape
    dL_dg = hadamard(2 * without_biases(one.W).T @ (one.f - one.y), tanh_prime(one.g))
    agree(complex_step(lambda V: (V @ one.x)[:, 0], one.V), np.einsum("ik,l->ikl", np.eye(H), one.x[:, 0]))
    components = [[dL_dg[k, 0] * one.x[j, 0] for j in range(D)] for k in range(H)]
    full = 2 * hadamard(without_biases(one.W).T @ (one.f - one.y), tanh_prime(one.g)) @ one.x.T
    agree(full, components, dL_dg @ one.x.T, one.absorbed[0])
    agree(full, complex_step(lambda V: one.loss(one.W @ with_one(np.tanh(V @ one.x))), one.V))


# Section 2: N hidden layers, a linear output layer, gradients by vectors as rows.

HIDDEN = ("tanh", "sigmoid", "softplus", "gaussian")
SIGMA = {
    "tanh": (np.tanh, tanh_prime),
    "sigmoid": (lambda g: 1 / (1 + np.exp(-g)), lambda g: np.exp(-g) / (1 + np.exp(-g)) ** 2),
    "softplus": (lambda g: np.log(1 + np.exp(g)), lambda g: 1 / (1 + np.exp(-g))),
    "gaussian": (lambda g: np.exp(-g * g), lambda g: -2 * g * np.exp(-g * g)),
}


def passes(W, h0, names):
    """(41): the lists g^1..g^N and h^0..h^N (each h with its 1), and f. W[0] is W^1, W[-1] is W^F."""
    g, h = [None], [h0]
    for matrix, name in zip(W[:-1], names, strict=True):
        g.append(matrix @ h[-1])
        h.append(with_one(SIGMA[name][0](g[-1])))
    return g, h, W[-1] @ h[-1]


@pytest.fixture(params=[1, 2, 3, 4])
def deep(request):
    """A network of N hidden layers: W^1..W^N and W^F, with the example (h^0, y)."""
    N = request.param
    rng = np.random.default_rng(100 + N)
    sizes, names = (3, 5, 4, 6, 5)[: N + 1], HIDDEN[:N]
    W = [rng.normal(size=(out, into + 1)) for into, out in zip(sizes, (*sizes[1:], 2), strict=True)]
    h0, y = with_one(rng.normal(size=(3, 1))), rng.normal(size=(2, 1))
    g, h, f = passes(W, h0, names)
    net = cr.Network((*sizes, 2), (*names, "identity"), "squared_error")
    theta = parameters.release(net, W)
    X, T = h0[:-1].T, y.T
    backward = net.backward(theta, X, T)

    def loss(f):
        return ((y - f) ** 2).sum()

    return SimpleNamespace(
        N=N, W=W, h0=h0, y=y, g=g, h=h, f=f, names=names, loss=loss, net=net, theta=theta, X=X, T=T,
        forward=net.forward(theta, X), backward=backward, absorbed=parameters.absorb(net, backward.vector),
    )  # fmt: skip


def sigma_prime(deep, n):
    return SIGMA[deep.names[n - 1]][1](deep.g[n])


def test_architecture(deep, agree):
    """Watters (41): g^n = W^n h^(n-1), h^n = sigma_n(g^n), f = W^F h^N."""
    for n in range(1, deep.N + 1):
        agree(deep.g[n].T, deep.forward.z[n])
        agree(deep.h[n][:-1].T, deep.forward.a[n])
    agree(deep.f.T, deep.forward.a[deep.N + 1])


def test_deep_loss_by_output(deep, agree, complex_step):
    """Watters (42)-(44): L = |y - f|^2 and the row dL/df = 2 (f - y)^T."""
    agree(deep.loss(deep.f), deep.backward.value)
    row = 2 * (deep.f - deep.y).T
    agree(row, complex_step(lambda f: deep.loss(f.T), deep.f.T), deep.backward.delta[deep.N + 1])


def test_deep_loss_by_last_weights(deep, agree, complex_step):
    """Watters (45)-(50): dL/dW^F = (dL/df)^T (h^N)^T = 2 (f - y) (h^N)^T, corrected as in watters-50."""
    dL_df, hN = 2 * (deep.f - deep.y).T, deep.h[-1]
    df_dW = complex_step(lambda W: (W @ hN)[:, 0], deep.W[-1])
    agree(df_dW, np.einsum("ik,l->ikl", np.eye(len(deep.f)), hN[:, 0]))
    summed = np.einsum("i,ikl->kl", dL_df[0], df_dW)
    components = [[dL_df[0, k] * hN[j, 0] for j in range(len(hN))] for k in range(len(deep.f))]
    agree(dL_df.T @ hN.T, summed, components, 2 * (deep.f - deep.y) @ hN.T, deep.absorbed[-1])
    agree(dL_df.T @ hN.T, complex_step(lambda W: deep.loss(W @ hN), deep.W[-1]))


def test_deep_loss_by_last_hidden_output(deep, agree, complex_step):
    """Watters (51)-(56): the row dL/dh^N = dL/df df/dh^N = 2 (f - y)^T W^F."""
    WF, hN, dL_df = deep.W[-1], deep.h[-1], 2 * (deep.f - deep.y).T
    agree(complex_step(lambda h: (WF @ h)[:, 0], hN)[:, :, 0], WF)
    components = [[sum(dL_df[0, i] * WF[i, j] for i in range(len(deep.f))) for j in range(len(hN))]]
    agree(2 * (deep.f - deep.y).T @ WF, components, dL_df @ WF)
    agree(components, complex_step(lambda row: deep.loss(WF @ row.T), hN.T))


def test_deep_loss_by_last_hidden_input(deep, agree, complex_step, hadamard):
    """Watters (57)-(61): dL/dg^N = dL/dh^N * sigma_N'(g^N), rows."""
    N, WF = deep.N, deep.W[-1]
    sigma, prime = SIGMA[deep.names[-1]]
    dL_dh = 2 * (deep.f - deep.y).T @ without_biases(WF)
    dh_dg = complex_step(lambda g: sigma(g)[:, 0], deep.g[N])[:, :, 0]
    agree(dh_dg, np.diag(prime(deep.g[N])[:, 0]))
    agree(hadamard(dL_dh, prime(deep.g[N]).T), dL_dh @ dh_dg, deep.backward.delta[N])
    agree(dL_dh @ dh_dg, complex_step(lambda row: deep.loss(WF @ with_one(sigma(row.T))), deep.g[N].T))


def test_deep_loss_by_last_hidden_weights(deep, agree, complex_step):
    """Watters (62)-(66): dL/dW^N_kl = dL/dg^N_k h^(N-1)_l, so dL/dW^N = (dL/dg^N)^T (h^(N-1))^T."""
    N = deep.N
    dL_dg, h, WN = deep.backward.delta[N], deep.h[N - 1], deep.W[N - 1]
    dg_dW = complex_step(lambda W: (W @ h)[:, 0], WN)
    agree(dg_dW, np.einsum("ik,l->ikl", np.eye(len(WN)), h[:, 0]))
    components = [[dL_dg[0, k] * h[j, 0] for j in range(len(h))] for k in range(len(WN))]
    agree(dL_dg.T @ h.T, components, np.einsum("i,ikl->kl", dL_dg[0], dg_dW), deep.absorbed[N - 1])

    def loss(W):
        return deep.loss(passes([*deep.W[: N - 1], W, deep.W[N]], deep.h0, deep.names)[2])

    agree(components, complex_step(loss, WN))


def test_deep_loss_by_previous_output(deep, agree, complex_step):
    """Watters (67)-(73): dg^N/dh^(N-1) = W^N and dL/dh^(N-1) = dL/dg^N W^N."""
    N = deep.N
    WN, h, dL_dg = deep.W[N - 1], deep.h[N - 1], deep.backward.delta[N]
    agree(complex_step(lambda h: (WN @ h)[:, 0], h)[:, :, 0], WN)
    components = [[sum(dL_dg[0, i] * WN[i, j] for i in range(len(WN))) for j in range(len(h))]]

    def loss(row):
        return deep.loss(passes(deep.W[N - 1 :], row.T, deep.names[-1:])[2])

    agree(dL_dg @ WN, components, complex_step(loss, h.T))


def row_recursion(deep, dL_df):
    """(74)-(77) from N down to 1: {name: gradient by the absorbed matrix} and the row by the input."""
    gradients, dL_dh = {"F": dL_df.T @ deep.h[-1].T}, dL_df @ without_biases(deep.W[-1])
    for n in range(deep.N, 0, -1):
        dL_dg = dL_dh * sigma_prime(deep, n).T  # (76)
        gradients[n] = dL_dg.T @ deep.h[n - 1].T  # (75)
        dL_dh = dL_dg @ without_biases(deep.W[n - 1])  # (77)
    return gradients, dL_dh


def test_every_layer(deep, agree, complex_step):
    """Watters (74)-(77): the row recursion gives every gradient, down to the one by the input."""
    gradients, by_input = row_recursion(deep, 2 * (deep.f - deep.y).T)
    agree(by_input, deep.net.backward(deep.theta, deep.X, deep.T).inputs)
    for n in (*range(1, deep.N + 1), "F"):
        place = deep.N if n == "F" else n - 1

        def loss(matrix, place=place):
            W = [*deep.W[:place], matrix, *deep.W[place + 1 :]]
            return deep.loss(passes(W, deep.h0, deep.names)[2])

        agree(gradients[n], deep.absorbed[place], complex_step(loss, deep.W[place]))


def test_any_other_loss(deep, agree):
    """Watters (75)-(77): with another loss only dL/df changes, as the last paragraph says."""
    net = cr.Network(deep.net.sizes, deep.net.activations, "log_cosh")
    gradients, _ = row_recursion(deep, np.tanh(deep.f - deep.y).T)
    backward = net.backward(deep.theta, deep.X, deep.T)
    for n, form in enumerate(parameters.absorb(net, backward.vector), start=1):
        agree(gradients["F" if n == deep.N + 1 else n], form)


def test_update(deep, agree):
    """Watters (78): W_(t+1) = W_t - eta dL/dW_t, for every matrix at once."""
    gradients, _ = row_recursion(deep, 2 * (deep.f - deep.y).T)
    fit = cr.fit(deep.net, deep.X, deep.T, theta=deep.theta, optimizer=cr.SGD(1e-3), batch_size=None, epochs=1)
    stepped = parameters.absorb(deep.net, fit.theta)
    for n, (before, after) in enumerate(zip(deep.W, stepped, strict=True), start=1):
        agree(before - 1e-3 * gradients["F" if n == deep.N + 1 else n], after)
