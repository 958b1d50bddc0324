"""Network: grammar, errors, data form, theta's layout and initial values."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.network import parameters
from chainrule.network.initial import SCHEMES

names = st.sampled_from(sorted(cr.ACTIVATIONS))
widths = st.integers(1, 6)


def test_a_network_pickles_after_use():
    net = cr.Network.parse("2-3:tanh-2:softmax", loss="categorical_cross_entropy")
    theta, X, T = net.initial(seed=0), np.eye(2), np.eye(2)
    J, gradient = net.value_and_gradient(theta, X, T)
    again = pickle.loads(pickle.dumps(net))  # noqa: S301
    assert again == net
    assert again.value_and_gradient(theta, X, T)[0] == J
    np.testing.assert_array_equal(again.value_and_gradient(theta, X, T)[1], gradient)


@given(st.lists(st.tuples(widths, names), min_size=1, max_size=4), widths, names, st.booleans())
def test_text_and_data_forms_round_trip(layers, width, sigma_0, bias):
    net = cr.Network(
        [width, *(n for n, _ in layers)],
        [name for _, name in layers],
        "squared_error",
        bias=bias,
        input_activation=sigma_0,
    )
    assert cr.Network.parse(str(net), loss="squared_error", bias=bias) == net
    assert cr.Network.from_description(net.describe()) == net
    assert pickle.loads(pickle.dumps(net)) == net  # noqa: S301
    theta = np.arange(net.n_parameters, dtype=float)
    np.testing.assert_array_equal(net.pack(net.layers(theta)), theta)
    if bias:
        np.testing.assert_array_equal(parameters.release(net, parameters.absorb(net, theta)), theta)


def test_grammar():
    net = cr.Network.parse("4:sine(2.0)-8:leaky_relu(0.1)-3:softmax", loss="categorical_cross_entropy")
    assert net.sizes == (4, 8, 3)
    assert net.activations[0].parameters == (0.1,)
    assert net.input_activation.spec == "sine(2.0)"
    assert cr.Network.parse("2-1", loss="poisson").activations[0].name == "exp"
    assert cr.Network.parse(" 2 - 3 : elu ( 2 ) - 1", loss="huber(0.5)").activations[0].parameters == (2.0,)


@pytest.mark.parametrize(
    "text", ["", "4", "4-", "4-x", "4-8:-3", "4--3", "4-8:tanh 3", "-4-3", "4-8:tanh(1-3", "4.5-3"]
)
def test_text_that_is_no_network_is_refused(text):
    with pytest.raises(ValueError, match="network"):
        cr.Network.parse(text, loss="squared_error")


@pytest.mark.parametrize(
    ("sizes", "activations", "loss", "message"),
    [
        ((4,), (), "squared_error", "an input width"),
        ((4, 0), ("tanh",), "squared_error", "each from 1 to"),
        ((4, 10**11), ("tanh",), "squared_error", "each from 1 to 2147483647"),
        ((4, 2), ("swish",), "squared_error", "did you mean 'silu'"),
        ((4, 2), ("ReLU",), "squared_error", "did you mean 'relu'"),
        ((4, 2), ("tanh",), "mse", "did you mean 'mean_squared_error'"),
        ((4, 2.5), ("tanh",), "squared_error", "whole numbers"),
        ("4-3", ("tanh",), "squared_error", "whole numbers"),
        ((4, 3), "tanh", "squared_error", "a sequence"),
        ((4, 3, 2), ("tanh",), "squared_error", "2 layers need 2 activations"),
        ((4, 1), ("identity",), "poisson", "use one of exp"),
        ((4, 1), ("tanh",), "binary_cross_entropy", "use one of sigmoid"),
        ((4, 1), ("softmax",), "binary_cross_entropy", "use one of sigmoid"),
        ((4, 2), ("relu",), "categorical_cross_entropy", "use one of softmax"),
        ((4, 3), ("identity",), "gaussian_nll", "multiple"),
        ((4, 4), ("identity",), "quantile(0.1, 0.5, 0.9)", "3 outputs for every target"),
        ((4, 2), ("tahn",), "squared_error", "did you mean 'tanh'"),
        ((4, 2), ("tanh",), "squared", "did you mean 'squared_error'"),
        ((4, 2), (np.tanh,), "squared_error", "cr.Activation"),
        ((4, 2), ("tanh",), np.mean, "cr.Loss"),
    ],
)
def test_errors_say_what_is_wrong(sizes, activations, loss, message):
    with pytest.raises((ValueError, TypeError), match=message):
        cr.Network(sizes, activations, loss)


@pytest.mark.parametrize(
    ("X", "T", "message"),
    [
        (np.zeros((5, 3)), np.zeros((5, 2)), r"takes 4 inputs: expected \(N, 4\)"),
        (np.zeros(4), np.zeros((1, 2)), "samples as rows"),
        (np.zeros((5, 4)), np.zeros((4, 2)), "X has 5 samples"),
        (np.zeros((5, 4)), np.zeros(5), "one-hot"),
        (np.zeros((0, 4)), np.zeros((0, 2)), "no samples"),
        ([["a", "b", "c", "d"]], [[0, 1]], "must hold numbers"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(X, T, message):
    net = cr.Network((4, 2), ("softmax",), "categorical_cross_entropy")
    with pytest.raises(ValueError, match=message):
        net.value_and_gradient(net.initial(0), X, T)


@pytest.mark.parametrize("weight", [np.ones(3), np.ones((5, 1)), np.zeros(5), [1, 1, 1, 1, -1], np.full(5, np.inf)])
def test_weights_that_make_no_mean_are_refused(weight):
    net = cr.Network((4, 2), ("softmax",), "categorical_cross_entropy")
    with pytest.raises(ValueError, match="sample_weight"):
        net.value_and_gradient(net.initial(0), np.zeros((5, 4)), np.ones((5, 2)), weight)


def test_lists_are_taken_for_arrays():
    net = cr.Network((2, 1), ("identity",), "squared_error")
    theta = net.pack([([[3, 4]], [5])])
    assert theta.tolist() == [3, 4, 5]
    assert net.objective([3, 4, 5], [[1, 2]], [3]) == net.objective(theta, np.array([[1.0, 2.0]]), np.array([[3.0]]))
    assert net.predict([3, 4, 5], [[1, 2]]) == 16


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
@pytest.mark.parametrize("library", ["numpy", "array_api_strict"])
@pytest.mark.parametrize(
    ("text", "loss"),
    [("3:sigmoid-4:tanh-2:softmax", "kl_divergence"), ("3-2:exp", "categorical_cross_entropy"), ("3-2", "huber(0.5)")],
)
def test_whole_numbers_and_truth_values_are_numbers(library, dtype, text, loss):
    """Unsigned targets would wrap round in -y, truth values cannot be multiplied."""
    xp = pytest.importorskip(library)
    net = cr.Network.parse(text, loss=loss)
    theta = net.initial(0, dtype=np.float32)
    X, T = np.array([[0, 1, 1], [1, 0, 1]]), np.array([[1, 0], [0, 1]])
    J, g = net.value_and_gradient(theta, X.astype(np.float32), T.astype(np.float32))
    found_J, found = net.value_and_gradient(*map(xp.asarray, (theta, X.astype(dtype), T.astype(dtype))))
    assert float(found_J) == float(J)
    np.testing.assert_array_equal(np.asarray(found), g)
    assert np.asarray(found).dtype == np.float32


@pytest.mark.parametrize("penalties", [{"l1": -1.0}, {"l2": np.nan}])
def test_penalties_that_reward_are_refused(penalties):
    net = cr.Network((2, 1), ("identity",), "squared_error")
    with pytest.raises(ValueError, match="not negative"):
        net.objective(net.initial(0), np.ones((1, 2)), np.ones(1), **penalties)


def test_networks_with_parameters_in_brackets_compare_equal():
    text, loss = "2-3:leaky_relu(0.2)-1:sine(3)", "huber(0.5)"
    net = cr.Network.parse(text, loss=loss)
    assert net == cr.Network.parse(text, loss=loss)
    assert net == pickle.loads(pickle.dumps(net))  # noqa: S301
    assert net != cr.Network.parse("2-3:leaky_relu(0.3)-1:sine(3)", loss=loss)


def test_theta_of_another_length_is_refused():
    net = cr.Network((4, 2), ("tanh",), "squared_error")
    with pytest.raises(ValueError, match="has 10 parameters"):
        net.layers(np.zeros(11))
    with pytest.raises(ValueError, match=r"W1 has shape \(2, 4\)"):
        net.pack([(np.zeros((4, 2)), np.zeros(2))])
    with pytest.raises(ValueError, match="2 weights and biases in all"):
        net.pack([(np.zeros((2, 4)),)])
    bare = cr.Network((4, 2), ("tanh",), "squared_error", bias=False)
    with pytest.raises(ValueError, match="no biases to absorb"):
        parameters.absorb(bare, np.zeros(8))


@pytest.mark.parametrize("data", [{}, {"sizes": [2, 1]}, {"sizes": 3, "activations": [], "loss": "huber"}])
def test_data_that_describe_no_network_are_refused(data):
    with pytest.raises(ValueError, match=r"describe|sizes"):
        cr.Network.from_description(data)


def test_custom_entries_are_handed_in_by_name():
    cube = cr.Activation("cube", f=lambda xp, z: z**3, df=lambda xp, z, a: 3 * z**2)
    net = cr.Network((2, 1), (cube,), "squared_error")
    with pytest.raises(ValueError, match="unknown activation 'cube'"):
        cr.Network.from_description(net.describe())
    assert cr.Network.from_description(net.describe(), custom=[cube]) == net


def test_layers_are_views_of_theta():
    net = cr.Network((2, 3, 1), ("tanh", "identity"), "squared_error")
    theta = net.initial(0)
    net.layers(theta)[1].weights[0, 0] = 7.0
    assert theta[9] == 7.0
    assert [block.name for block in net.blocks()] == ["W1", "b1", "W2", "b2"]


@pytest.mark.parametrize("scheme", [*SCHEMES, "constant(0.3)", "uniform(0.1)", "normal(2)", "orthogonal(1.5)"])
def test_initial_schemes(scheme):
    net = cr.Network((300, 200, 300), ("tanh", "identity"), "squared_error")
    theta = net.initial(3, scheme=scheme, dtype=np.float32)
    assert theta.dtype == np.float32
    np.testing.assert_array_equal(theta, net.initial(np.random.default_rng(3), scheme=scheme, dtype=np.float32))
    (W, b), (V, _) = net.layers(theta)
    assert not b.any()
    n_out, n_in = W.shape
    deviation = {
        "zeros": 0, "constant": 0, "uniform": 0.05 / 3**0.5, "normal": 0.05, "constant(0.3)": 0,
        "uniform(0.1)": 0.1 / 3**0.5,
        "normal(2)": 2, "orthogonal": n_in**-0.5, "orthogonal(1.5)": 1.5 * n_in**-0.5, "sine": (2 / n_in) ** 0.5,
        "glorot": (2 / (n_in + n_out)) ** 0.5, "he": (2 / n_in) ** 0.5, "lecun": n_in**-0.5,
    }  # fmt: skip
    expected = deviation.get(scheme, deviation.get(scheme.split("_")[0]))
    assert W.std() == pytest.approx(expected, rel=0.02, abs=1e-7)
    if scheme == "orthogonal":
        np.testing.assert_allclose(W @ W.T, np.eye(200), atol=1e-5)
        np.testing.assert_allclose(V.T @ V, np.eye(200), atol=1e-5)


def test_initial_scheme_follows_the_activation():
    net = cr.Network((400, 300, 300), ("relu", "identity"), "squared_error")
    (W, _), (V, _) = net.layers(net.initial(0))
    assert W.std() == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    assert V.std() == pytest.approx((2 / 600) ** 0.5, rel=0.02)
    with pytest.raises(ValueError, match="did you mean 'he_uniform'"):
        net.initial(0, scheme="he_unifrom")
    with pytest.raises(ValueError, match="one for each of the 2 layers"):
        net.initial(0, scheme=["zeros"])
