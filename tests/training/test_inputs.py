"""Wrong input is refused at the edge, with what was given, what was expected and what to do."""

import numpy as np
import pytest

import chainrule as cr

net = cr.Network((2, 4, 3), ("tanh", "softmax"), "categorical_cross_entropy")
X = np.arange(12.0).reshape(6, 2)
T = np.eye(3)[[0, 1, 2, 0, 1, 2]]
labels = np.array([0, 1, 2, 0, 1, 2])


def spoiled(array, value):
    array = array.astype(float)
    array[4, 1] = value
    return array


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"X": X[:, :1]}, ValueError, r"X has shape \(6, 1\).*takes 2 inputs: expected \(N, 2\)"),
        ({"X": X[0]}, ValueError, r"X has shape \(2,\).*X\[:, None\].*X\[None, :\]"),
        ({"X": X[:0], "T": T[:0]}, ValueError, "X has no rows"),
        (
            {"X": spoiled(X, np.nan)},
            ValueError,
            r"X holds 1 value\(s\) that are NaN or infinite, the first at \[4, 1\]",
        ),
        ({"X": spoiled(X, -np.inf)}, ValueError, r"X holds 1 value\(s\)"),
        ({"X": spoiled(X, 1e300), "dtype": "float32"}, ValueError, "too large for float32"),
        ({"X": np.ma.masked_equal(X, 5.0)}, ValueError, r"X is a masked array with 1 masked value\(s\); fill them in"),
        ({"T": np.ma.array(T, mask=T > 0)}, ValueError, "T is a masked array with 6 masked"),
        ({"sample_weight": np.ma.array(np.ones(6), mask=labels == 1)}, ValueError, "sample_weight is a masked array"),
        ({"X": X.astype(object)}, TypeError, "X has dtype object, expected numbers"),
        ({"X": X.astype(str)}, TypeError, "one-hot"),
        ({"X": X + 1j}, TypeError, "complex"),
        ({"T": labels}, ValueError, r"one class label.*one-hot, np.eye\(3\)\[labels\]"),
        ({"T": labels[:, None]}, ValueError, "one-hot"),
        ({"T": labels.astype(float)}, ValueError, "one-hot"),
        ({"T": np.array(list("abcabc"))}, ValueError, "one-hot"),
        ({"T": T[:, :2]}, ValueError, r"T has shape \(6, 2\).*expected \(6, 3\)"),
        ({"T": T[:5]}, ValueError, r"T has shape \(5, 3\), but X has 6 samples"),
        ({"T": spoiled(T, np.nan)}, ValueError, r"T holds 1 value"),
        ({"T": -T}, ValueError, "categorical_cross_entropy"),
        ({"sample_weight": np.ones(5)}, ValueError, r"sample_weight has shape \(5,\); expected \(6,\)"),
        ({"sample_weight": -np.ones(6)}, ValueError, "negative weights, the first -1"),
        ({"sample_weight": np.zeros(6)}, ValueError, "all zero"),
        ({"sample_weight": np.full(6, np.nan)}, ValueError, "sample_weight holds 6"),
        ({"batch_size": 0}, ValueError, "batch_size is 0; give a whole number, at least 1, or None"),
        ({"batch_size": 2.5}, ValueError, "batch_size is 2.5"),
        ({"epochs": 0}, ValueError, "epochs is 0"),
        ({"epochs": True}, ValueError, "epochs is True"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": 2**64}, ValueError, "seed"),
        ({"l1": -1}, ValueError, "l1 is -1; give a finite number, at least 0"),
        ({"l2": np.nan}, ValueError, "l2 is nan"),
        ({"clip_norm": 0}, ValueError, "clip_norm is 0; give a finite number above 0, or None"),
        ({"clip_norm": 1, "clip_value": 1}, ValueError, "give one of the two"),
        ({"optimizer": cr.LBFGS(), "dropout": 0.1}, ValueError, "so it takes no dropout"),
        ({"optimizer": cr.LBFGS(), "clip_norm": 1.0}, ValueError, "so it takes no clip_norm"),
        ({"dropout": 1.0}, ValueError, "dropout is 1.0; give rates at least 0 and below 1"),
        ({"dropout": "much"}, ValueError, "dropout is 'much'"),
        ({"dropout": (0.1, 0.2, 0.3)}, ValueError, "3 rates; give one number for all hidden layers, or 2 rates"),
        ({"patience": -1}, ValueError, "patience is -1; give a whole number, at least 0"),
        ({"min_delta": -1}, ValueError, "min_delta is -1"),
        ({"time_limit": 0}, ValueError, "time_limit is 0"),
        ({"dtype": "float16"}, ValueError, "dtype is float16; training works in float32 or float64"),
        ({"theta": np.zeros(3)}, ValueError, r"theta has shape \(3,\), but the network .* has 27 parameters"),
        ({"theta": np.full(27, np.inf)}, ValueError, "theta holds 27"),
        ({"theta": np.zeros(27, complex)}, ValueError, "theta is complex128"),
        ({"validation": 1.5}, ValueError, "validation is 1.5; give"),
        ({"validation": X}, ValueError, r"an array of shape \(6, 2\)"),
        ({"validation": 0.99}, ValueError, "leaves nothing to train on"),
        ({"validation": (X, T[:3])}, ValueError, r"validation T has shape \(3, 3\)"),
        ({"validation": (X[:, :1], T)}, ValueError, "validation X has shape"),
        ({"validation": 0.5, "sample_weight": np.eye(6)[0]}, ValueError, "only weights of zero"),
        ({"optimizer": cr.Adam}, TypeError, r"the class Adam; call it"),
        ({"optimizer": "adam"}, TypeError, "'adam'; give an update rule"),
        ({"callbacks": [3]}, TypeError, "callbacks holds 3"),
        ({"engine": "gpu"}, ValueError, "engine is 'gpu'"),
        ({"progress": "always"}, ValueError, "progress is 'always'"),
        ({"state": 3}, TypeError, "state is int"),
    ],
)
def test_what_does_not_fit_is_refused(given, error, words):
    options = {"X": X, "T": T, "epochs": 1} | given
    with pytest.raises(error, match=words):
        cr.fit(net, options.pop("X"), options.pop("T"), **options)


def test_something_else_than_a_network_is_refused():
    with pytest.raises(TypeError, match=r"give a network, as in cr.Network.parse"):
        cr.fit("2-4-3", X, T)


def test_dropout_needs_a_hidden_layer():
    with pytest.raises(ValueError, match=r"has none; dropout=\(0.5,\) drops inputs"):
        cr.fit(cr.Network((2, 3), ("softmax",), "categorical_cross_entropy"), X, T, dropout=0.5)


def test_theta_and_state_exclude_each_other():
    state = cr.fit(net, X, T, epochs=1).state
    with pytest.raises(ValueError, match="leave theta out"):
        cr.fit(net, X, T, state=state, theta=net.initial(0))
    with pytest.raises(ValueError, match="the state has 27 parameters"):
        cr.fit(cr.Network((2, 3), ("softmax",), "categorical_cross_entropy"), X, T, state=state)
    with pytest.raises(ValueError, match="left by Adam, and the optimizer is Momentum"):
        cr.fit(net, X, T, state=state, optimizer=cr.Momentum())


def test_a_schedule_that_gives_no_number_is_named():
    def broken(steps, total):
        return np.full(len(steps), np.nan)

    with pytest.raises(ValueError, match=r"the schedule .*broken.* expected 1 finite learning rates"):
        cr.fit(net, X, T, optimizer=cr.SGD(broken))


def test_what_can_be_understood_is_taken():
    import polars as pl

    for rows in (X.tolist(), X[:, ::-1][:, ::-1], np.asfortranarray(X), X.astype(np.int8), X > 3, pl.DataFrame(X)):
        assert cr.fit(net, rows, T.tolist(), epochs=1).stopped == "epochs"
    single = cr.Network((2, 1), ("sigmoid",), "binary_cross_entropy")
    assert cr.fit(single, X, labels > 1, epochs=1).stopped == "epochs"
    frozen = X.copy()
    frozen.flags.writeable = False
    assert cr.fit(net, frozen, T, epochs=1, validation=0.5).stopped == "epochs"
