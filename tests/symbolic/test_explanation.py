"""Explanations: the numbers are the network's, paths multiply to the gradient, faults are named."""

import numpy as np
import pytest

import chainrule as cr


def network(activation="tanh", sizes=(3, 4, 5, 2)):
    net = cr.Network(sizes, (*[activation] * (len(sizes) - 2), "identity"), "half_squared_error")
    return net, net.initial(seed=1)


def test_every_quantity_is_the_networks():
    net, theta = network()
    x, t = np.array([0.3, -1.0, 0.5]), np.array([1.0, 2.0])
    e = cr.explain(net, theta, x, t, "menon")
    forward, backward = net.forward(theta, x[None]), net.backward(theta, x[None], t[None])
    found = {(q.line.tag, q.line.layer): q.array for q in e}
    np.testing.assert_array_equal(found["F1", 2], forward.z[2].T)
    np.testing.assert_array_equal(found["B2", 1], backward.delta[1].T)
    np.testing.assert_array_equal(found["B3", 2], backward.weights[2])
    assert found["J", None].item() == backward.value
    given = {q.line.text(): q.array for q in e if q.line.reason == "given"}
    for l, (W, b) in enumerate(net.layers(theta), start=1):
        np.testing.assert_array_equal(given[f"w{'⁰¹²³'[l]}"], W)
        np.testing.assert_array_equal(given[f"b{'⁰¹²³'[l]}"].ravel(), b)
    np.testing.assert_array_equal(given["y"].ravel(), t)


@pytest.mark.parametrize("loss", ["categorical_cross_entropy(0.1)", "quantile(0.1, 0.9)"])
@pytest.mark.parametrize("notation", ["rows", "watters", "chains"])
def test_every_symbol_of_a_shown_line_has_its_numbers(loss, notation):
    from chainrule.symbolic.expression import symbols

    output, width = ("softmax", 3) if loss.startswith("c") else ("identity", 6)
    net = cr.Network((3, 4, width), ("softmax", output), loss)
    shown = list(cr.explain(net, net.initial(seed=1), np.ones(3), np.eye(net.n_targets)[0], notation))
    named = {q.line.left.name for q in shown} | {"input_0"}
    if notation == "watters":  # W is what is left of the matrix shown when its column of biases is dropped
        named |= {"weights_1", "weights_2"}
    for q in shown:
        assert {name for form in q.line.right for name in symbols(form)} <= named, q.line.text()


def all_ways(net, theta, x, t, l, to, source):
    """The products of the factors of all ways, by brute force: from every z on to every a that depends on it."""
    forward, backward = net.forward(theta, x), net.backward(theta, x, t)
    layers = net.layers(theta)

    def slopes(k, unit):
        a = forward.a[k][0]
        if net.activation(k).name == "softmax":
            return [(j, a[j] * ((j == unit) - a[unit])) for j in range(len(a))]
        return [(unit, 1 - a[unit] ** 2)]

    def onward(k, unit):
        if k == net.depth:
            return [backward.delta[k][0, unit]]
        return [
            slope * layers[k].weights[above, leaves] * rest
            for leaves, slope in slopes(k, unit)
            for above in range(net.sizes[k + 1])
            for rest in onward(k + 1, above)
        ]

    return [forward.a[l - 1][0, source] * way for way in onward(l, to)]


@pytest.mark.parametrize("hidden", [("tanh", "tanh"), ("softmax", "tanh"), ("tanh", "softmax"), ("softmax", "softmax")])
@pytest.mark.parametrize("weight", [(1, 2, 0), (2, 4, 3), (3, 1, 4)])
@pytest.mark.parametrize("notation", ["rows", "watters"])
def test_the_ways_add_up_and_the_strongest_is_the_strongest(hidden, weight, notation):
    net = cr.Network((3, 4, 5, 2), (*hidden, "identity"), "squared_error")
    theta = net.initial(seed=1)
    x, t = np.array([[0.3, -1.0, 0.5]]), np.array([[1.0, 2.0]])
    path = cr.explain(net, theta, x, t, notation, weight=weight).path
    ways = all_ways(net, theta, x, t, *weight)
    assert path.ways == len(ways)
    assert path.gradient == pytest.approx(sum(ways), rel=1e-12)
    assert path.sum_of_ways == pytest.approx(sum(ways), rel=1e-12)
    assert abs(path.contribution) == pytest.approx(max(map(abs, ways)), rel=1e-12)
    assert path.contribution == pytest.approx(np.prod([f.number for f in path.factors]), rel=1e-12)


def test_the_sum_within_a_softmax_is_shown():
    net = cr.Network((3, 40, 2), ("softmax", "softmax"), "categorical_cross_entropy")
    theta = net.initial(seed=1)
    e = cr.explain(net, theta, [0.3, -1.0, 0.5], [1.0, 0.0], "menon", weight=(1, 2, 0))
    hidden, output = e.path.passages
    delta = net.backward(theta, np.array([[0.3, -1.0, 0.5]]), np.array([[1.0, 0.0]])).delta
    for passage, number in ((hidden, delta[1][0, 2]), (output, delta[2][0, e.path.hops[-1].enters])):
        assert passage.delta.number == number
        assert sum(a.number * b.number for a, b in passage.terms) == pytest.approx(number, rel=1e-9)
    text = e.text()
    assert "φ¹[2], the sum over all outputs of the softmax" in text
    assert "∂a¹[2]/∂z¹[2] ∂L/∂a¹[2]" in text
    assert "32 more" in text
    assert "all 80 ways add up to" in text
    assert "32 more" in e.latex()
    assert "32 more" in e.html()


def test_dead_and_saturated_units_are_named():
    net, theta = network("relu", (2, 3, 2))
    layers = [list(layer) for layer in net.layers(theta.copy())]
    layers[0][1] = np.array([-100.0, 5.0, 5.0])  # unit 0 is off for every sample
    e = cr.explain(net, net.pack(layers), [[0.1, 0.2], [0.3, 0.1]], [[1.0, 0.0], [0.0, 1.0]])
    assert e.layers[0].dead == (0,)
    assert "dead: unit 0" in e.text()
    net, theta = network("tanh", (2, 3, 2))
    layers = [list(layer) for layer in net.layers(theta.copy())]
    layers[0][1] = np.array([0.0, 8.0, 0.0])
    assert cr.explain(net, net.pack(layers), [0.1, 0.2], [1.0, 0.0]).layers[0].saturated == (1,)


def test_a_deep_sigmoid_network_shrinks_the_gradient():
    net, theta = network("sigmoid", (2, 4, 4, 4, 4, 1))
    e = cr.explain(net, 0.3 * theta, [0.1, 0.2], [1.0])
    assert "shrinks" in {r.verdict for r in e.layers}


def test_the_step_is_predicted_to_second_order():
    net, theta = network()
    errors = []
    for rate in (1e-2, 1e-3):
        s = cr.explain(net, theta, [0.3, -1.0, 0.5], [1.0, 2.0], learning_rate=rate).step
        assert s.after < s.before
        errors.append(abs(s.predicted - s.after))
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.2)


def test_large_arrays_are_abbreviated():
    net, theta = network("relu", (50, 40, 10))
    text = cr.explain(net, theta, np.ones(50), np.zeros(10)).text()
    assert "40 x 50, norm" in text
    assert len(text.splitlines()) < 140


def test_a_saturated_output_is_shown_without_a_warning():
    net = cr.Network((1, 2), ("softmax",), "categorical_cross_entropy")
    e = cr.explain(net, np.array([800.0, -800.0, 0.0, 0.0]), [1.0], [0.0, 1.0])
    assert e.path.factors[-1].name == "δ₂[0]".replace("₂", "₁")
    assert e.path.contribution == pytest.approx(1.0)
    assert "inf" in e.text()


def test_errors():
    net, theta = network()
    with pytest.raises(ValueError, match="W_1 is 4 x 3"):
        cr.explain(net, theta, [1, 2, 3], [1, 2], weight=(1, 9, 0))
    with pytest.raises(ValueError, match="takes 3 inputs"):
        cr.explain(net, theta, [1, 2], [1, 2])
    with pytest.raises(ValueError, match="one sample at a time"):
        cr.explain(net, theta, np.ones((2, 3)), np.ones((2, 2)), "menon")
