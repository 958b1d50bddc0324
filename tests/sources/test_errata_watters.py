"""The slips of Watters, each shown by numbers (docs/errata.md): vectors are columns, biases absorbed."""

from types import SimpleNamespace

import numpy as np
import pytest


def with_one(h):
    return np.vstack([h, np.ones((1, 1))])


@pytest.fixture
def one(complex_step):
    """x -> g = V x -> h = [tanh(g); 1] -> f = W h, and the true derivatives of L = |y - f|^2."""
    rng = np.random.default_rng(50)
    x, y = with_one(rng.normal(size=(3, 1))), rng.normal(size=(2, 1))
    V, W = rng.normal(size=(4, 4)), rng.normal(size=(2, 5))
    g = V @ x

    def loss(h):
        return ((y - W @ with_one(h)) ** 2).sum()

    return SimpleNamespace(
        x=x, y=y, V=V, W=W, g=g, h=with_one(np.tanh(g)), f=W @ with_one(np.tanh(g)), prime=1 - np.tanh(g) ** 2,
        by_h=complex_step(loss, np.tanh(g)),
        by_g=complex_step(lambda g: loss(np.tanh(g)), g),
        by_V=complex_step(lambda V: loss(np.tanh(V @ x)), V),
        by_W=complex_step(lambda W: ((y - W @ with_one(np.tanh(g))) ** 2).sum(), W),
    )  # fmt: skip


@pytest.fixture
def two(complex_step):
    """Two hidden layers h^0 -> h^1 -> h^2 -> f: dL/dg^2 and dL/dh^1 as rows, and the matrix W^2 between them."""
    rng = np.random.default_rng(73)
    h0, y = with_one(rng.normal(size=(3, 1))), rng.normal(size=(2, 1))
    W1, W2, WF = rng.normal(size=(4, 4)), rng.normal(size=(3, 5)), rng.normal(size=(2, 4))
    h1 = np.tanh(W1 @ h0)

    def from_g2(g2):
        return ((y - WF @ with_one(np.tanh(g2))) ** 2).sum()

    return SimpleNamespace(
        W2=W2,
        by_g2=complex_step(lambda row: from_g2(row.T), (W2 @ with_one(h1)).T),
        by_h1=complex_step(lambda row: from_g2(W2 @ with_one(row.T)), h1.T),
    )


def test_sizes(one, erratum):
    H = len(one.h)
    erratum(
        "watters-sizes",
        truth=one.f,
        printed=lambda: one.W @ with_one(np.tanh(np.vstack([one.V, one.V[:1]]) @ one.x)),  # V with H rows
        corrected=lambda: one.W @ with_one(np.tanh(one.V[: H - 1] @ one.x)),
    )


def test_hidden_output(one, erratum):
    erratum(
        "watters-17",
        truth=one.by_h,
        printed=lambda: 2 * one.W.T @ (one.f - one.y),
        corrected=lambda: 2 * one.W[:, :-1].T @ (one.f - one.y),
    )


def test_hidden_function(one, erratum):
    k, rows = 1, range(len(one.g))
    erratum(
        "watters-25",
        truth=one.h[:-1],
        printed=lambda: np.array([[np.tanh(one.g[k, 0]) if j == k else 0.0] for j in rows]),
        corrected=lambda: np.array([[np.tanh(one.g[j, 0])] for j in rows]),
    )


def test_hidden_input_by_component(one, erratum, hadamard):
    def sums(columns):
        return np.array([[sum(2 * (one.f[i, 0] - one.y[i, 0]) * one.W[i, k] for i in range(2))] for k in columns])

    erratum(
        "watters-28",
        truth=one.by_g,
        printed=lambda: hadamard(sums(range(one.W.shape[1])), one.prime),
        corrected=lambda: hadamard(sums(range(one.W.shape[1] - 1)), one.prime),
    )


def test_input_and_output_swapped(one, erratum, hadamard):
    erratum(
        "watters-30",
        truth=one.by_g,
        printed=lambda: hadamard(one.by_h, 1 / one.prime),  # "each input g_i w.r.t. its output h_i"
        corrected=lambda: hadamard(one.by_h, one.prime),
    )


def test_first_weights(one, erratum, hadamard):
    erratum(
        "watters-40",
        truth=one.by_V,
        printed=lambda: 2 * hadamard(one.W.T @ (one.f - one.y), one.prime) @ one.x.T,
        corrected=lambda: 2 * hadamard(one.W[:, :-1].T @ (one.f - one.y), one.prime) @ one.x.T,
    )


def test_last_weights(one, erratum):
    erratum(
        "watters-50",
        truth=one.by_W,
        printed=lambda: 2 * (one.f - one.y).T @ one.h.T,
        corrected=lambda: 2 * (one.f - one.y) @ one.h.T,
    )


def test_last_hidden_output(one, erratum):
    erratum(
        "watters-56",
        truth=one.by_h.T,
        printed=lambda: 2 * (one.f - one.y).T @ one.W,
        corrected=lambda: 2 * (one.f - one.y).T @ one.W[:, :-1],
    )


def test_previous_output(two, erratum):
    by_component = [[two.by_g2[0] @ column for column in two.W2.T]]
    erratum(
        "watters-73",
        truth=two.by_h1,
        printed=lambda: by_component,
        corrected=lambda: [by_component[0][:-1]],
    )


def test_previous_output_of_any_layer(two, erratum):
    erratum(
        "watters-77",
        truth=two.by_h1,
        printed=lambda: two.by_g2 @ two.W2,
        corrected=lambda: two.by_g2 @ two.W2[:, :-1],
    )
