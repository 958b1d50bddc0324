"""The calculus behind backpropagation (Neuron): every equation, neuron by neuron in loops and then with vectors.

One example at a time; a_j^l, z_j^l, w_jk^l as in the document, lists of floats; the cost averages over the outputs.
"""

from itertools import pairwise
from math import exp
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr


def sigmoid(z):
    return 1 / (1 + exp(-z))


def prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def forward_by_neuron(w, b, a0):
    """Section 3 and section 2 for l = 1..L: z_j^l = sum_k w_jk^l a_k^(l-1) + b_j^l, a_j^l = sigma(z_j^l)."""
    z, a = [None], [list(a0)]
    for w_l, b_l in zip(w, b, strict=True):
        z.append([sum(w_l[j][k] * a[-1][k] for k in range(len(a[-1]))) + b_l[j] for j in range(len(b_l))])
        a.append([sigmoid(z_j) for z_j in z[-1]])
    return z, a


def errors_by_neuron(w, z, a, y):
    """delta_j^l for l = L..1: from the cost in the output layer, from the next layer's errors elsewhere."""
    L = len(w)
    delta = {L: [(a[L][j] - y[j]) / len(y) * prime(z[L][j]) for j in range(len(y))]}
    for l in range(L - 1, 0, -1):
        onward = [sum(w[l][q][j] * delta[l + 1][q] for q in range(len(delta[l + 1]))) for j in range(len(a[l]))]
        delta[l] = [onward[j] * prime(z[l][j]) for j in range(len(a[l]))]
    return delta


@pytest.fixture(params=[(3, 2), (3, 4, 2), (2, 4, 3, 5, 3)], ids=str)
def case(request):
    """A sigmoid network on one example, as nested lists and as chainrule's network."""
    sizes = request.param
    rng = np.random.default_rng(3)
    W = [rng.normal(size=(out, into)) for into, out in pairwise(sizes)]
    b = [rng.normal(size=out) for out in sizes[1:]]
    x, y = rng.normal(size=sizes[0]), rng.uniform(size=sizes[-1])
    w = [m.tolist() for m in W]
    z, a = forward_by_neuron(w, [v.tolist() for v in b], x.tolist())
    net = cr.Network(sizes, ("sigmoid",) * len(W), "half_mean_squared_error")
    theta = net.pack(list(zip(W, b, strict=True)))
    return SimpleNamespace(
        L=len(W), sizes=sizes, W=W, w=w, b=b, x=x, y=y, z=z, a=a, delta=errors_by_neuron(w, z, a, y.tolist()),
        net=net, theta=theta, forward=net.forward(theta, x[None]), backward=net.backward(theta, x[None], y[None]),
    )  # fmt: skip


def cost(case, W=None, b=None):
    """C re-expressed, as a function of all weights and biases (arrays, so that they may be complex)."""
    a = case.x
    for matrix, bias in zip(W or case.W, b or case.b, strict=True):
        a = 1 / (1 + np.exp(-(matrix @ a + bias)))
    return ((a - case.y) ** 2 / 2).sum() / len(case.y)


def test_cost(case, agree, complex_step):
    """Neuron section 1: C = 1/n_L sum_j 1/2 (a_j - y_j)^2 and dC/da_j = (a_j - y_j) / n_L."""
    n, a = len(case.y), np.array(case.a[-1])
    agree(sum((a[j] - case.y[j]) ** 2 / 2 for j in range(n)) / n, case.backward.value)
    by_output = [(a[j] - case.y[j]) / n for j in range(n)]
    agree(by_output, complex_step(lambda a: ((a - case.y) ** 2 / 2).sum() / n, a))


def test_activation(case, agree, complex_step):
    """Neuron section 2: a_j = sigma(z_j) and da_j/dz_j = sigma(z_j) (1 - sigma(z_j)) = a_j (1 - a_j)."""
    for l in range(1, case.L + 1):
        agree(case.a[l], case.forward.a[l][0])
        slopes = [a_j * (1 - a_j) for a_j in case.a[l]]
        agree(slopes, [prime(z_j) for z_j in case.z[l]])
        agree(np.diag(slopes), complex_step(lambda z: 1 / (1 + np.exp(-z)), np.array(case.z[l])))


def test_pre_activation(case, agree, complex_step):
    """Neuron section 3: z_j = sum_k w_jk a_k + b_j, dz_j/dw_jk = a_k, dz_j/db_j = 1."""
    for l in range(1, case.L + 1):
        agree(case.z[l], case.forward.z[l][0])
        a, W, b = np.array(case.a[l - 1]), case.W[l - 1], case.b[l - 1]
        by_weight, by_bias = complex_step(lambda W, a=a, b=b: W @ a + b, W), complex_step(lambda b: W @ a + b, b)  # noqa: B023
        for j in range(len(b)):
            agree(by_weight[j, j], case.a[l - 1])
            assert by_bias[j, j] == 1


def test_output_neuron(case, agree, complex_step):
    """Neuron "C re-expressed": dC/dw_jk and dC/db_j of the output layer, by the chain rule."""
    a, before, n = case.a[-1], case.a[-2], len(case.y)
    by_bias = [(a[j] - case.y[j]) / n * a[j] * (1 - a[j]) * 1 for j in range(n)]
    by_weight = [[by_bias[j] * before[k] for k in range(len(before))] for j in range(n)]
    agree(cost(case), case.backward.value)
    agree(by_weight, case.backward.weights[case.L], complex_step(lambda W: cost(case, [*case.W[:-1], W]), case.W[-1]))
    agree(by_bias, case.backward.biases[case.L], complex_step(lambda b: cost(case, b=[*case.b[:-1], b]), case.b[-1]))


def test_error_of_a_neuron(case, agree, complex_step):
    """Neuron "Error": delta_j = dC/dz_j, and dC/da_j^l = sum_q w_qj^(l+1) delta_q^(l+1) in a hidden layer."""
    for l in range(1, case.L + 1):
        agree(case.delta[l], case.backward.delta[l][0])

    def from_layer(l, a):
        for matrix, bias in zip(case.W[l:], case.b[l:], strict=True):
            a = 1 / (1 + np.exp(-(matrix @ a + bias)))
        return ((a - case.y) ** 2 / 2).sum() / len(case.y)

    for l in range(1, case.L):
        onward = case.delta[l + 1]
        sums = [sum(case.w[l][q][j] * onward[q] for q in range(len(onward))) for j in range(case.sizes[l])]
        agree(sums, complex_step(lambda a, l=l: from_layer(l, a), np.array(case.a[l])))


def test_any_weight_and_bias(case, agree, complex_step):
    """Neuron "Error": dC/dw_jk^l = delta_j^l a_k^(l-1) and dC/db_j^l = delta_j^l, for any layer."""
    for l in range(1, case.L + 1):
        by_weight = [[d * a_k for a_k in case.a[l - 1]] for d in case.delta[l]]

        def at_weight(W, l=l):
            return cost(case, W=[*case.W[: l - 1], W, *case.W[l:]])

        def at_bias(b, l=l):
            return cost(case, b=[*case.b[: l - 1], b, *case.b[l:]])

        agree(by_weight, complex_step(at_weight, case.W[l - 1]), case.backward.weights[l])
        agree(case.delta[l], complex_step(at_bias, case.b[l - 1]), case.backward.biases[l])


def test_vectors(case, agree, hadamard):
    """Neuron "Gradients": delta^L, delta^l = ((W^(l+1))^T delta^(l+1)) * sigma', grad W = delta a^T, grad b = delta."""
    a = [np.array(a_l)[:, None] for a_l in case.a]
    y, L = case.y[:, None], case.L
    delta = hadamard((a[L] - y) / len(y), a[L] * (1 - a[L]))
    for l in range(L, 0, -1):
        agree(delta, np.array(case.delta[l])[:, None])
        grad_W = delta @ a[l - 1].T
        assert grad_W.shape == (case.sizes[l], case.sizes[l - 1])
        agree(grad_W, case.backward.weights[l])
        agree(delta, case.backward.biases[l][:, None])
        if l > 1:
            delta = hadamard(case.W[l - 1].T @ delta, a[l - 1] * (1 - a[l - 1]))


def stepped(case, examples, eta):
    """W - eta grad W and b - eta grad b, the gradient averaged over the examples: theta, flat."""
    gradients = [case.net.backward(case.theta, x[None], y[None]).vector for x, y in examples]
    return case.theta - eta * np.mean(gradients, axis=0)


def some_examples(case, count):
    rng = np.random.default_rng(8)
    return rng.normal(size=(count, case.sizes[0])), rng.uniform(size=(count, case.sizes[-1]))


def test_stochastic_descent(case, agree):
    """Neuron "Gradients": W - eta grad W after each single example is stochastic gradient descent."""
    X, T = some_examples(case, 1)
    fit = cr.fit(case.net, X, T, theta=case.theta, optimizer=cr.SGD(0.5), batch_size=1, epochs=1)
    agree(stepped(case, [(X[0], T[0])], 0.5), fit.theta)


def test_batch_descent(case, agree):
    """Neuron "Gradients": the batch update uses the average gradient over all training examples."""
    X, T = some_examples(case, 9)
    fit = cr.fit(case.net, X, T, theta=case.theta, optimizer=cr.SGD(0.5), batch_size=None, epochs=1)
    agree(stepped(case, list(zip(X, T, strict=True)), 0.5), fit.theta)


def test_mini_batch_descent(case, agree):
    """Neuron "Gradients": a mini-batch update averages over a random part of the examples, each used once an epoch."""
    X, T = some_examples(case, 4)
    fit = cr.fit(case.net, X, T, theta=case.theta, optimizer=cr.SGD(1e-6), batch_size=2, epochs=1, seed=3)
    everything = stepped(case, list(zip(X, T, strict=True)), 2e-6)
    agree((everything - case.theta) * 1e6, (fit.theta - case.theta) * 1e6, tolerance=1e-5)
