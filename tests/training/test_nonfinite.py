"""A loss that is no number: the error says in which epoch, mini-batch and layer it began, and what to try."""

import pickle

import numpy as np
import pytest

import chainrule as cr


def line(n=40, scale=1.0):
    X = scale * np.linspace(-1, 1, n)[:, None]
    return X, 2 * X


def test_a_learning_rate_too_large(clouds):
    X, T = line()
    net = cr.Network((1, 5, 5, 1), ("relu", "relu", "identity"), "half_squared_error")
    with pytest.raises(cr.NonFiniteError, match=r"stopped in epoch \d+, mini-batch \d+ \(update \d+\)") as caught:
        cr.fit(net, X, T, optimizer=cr.SGD(30.0), epochs=200, batch_size=10)
    error = caught.value
    assert isinstance(error, ArithmeticError)
    assert "a smaller learning rate (it was 30)" in str(error)
    assert "clip_norm=1.0" in str(error)
    assert len(error.history) == error.epoch - 1
    assert 1 <= error.batch <= 4
    assert 1 <= error.layer <= 3


def test_the_layer_is_the_one_where_it_began():
    net = cr.Network((1, 3, 3, 1), ("tanh", "exp", "identity"), "half_squared_error")
    theta = net.initial(0)
    theta[net.blocks()[2].slice] = 1e3  # W2: z_2 stays finite, exp(z_2) does not
    with pytest.raises(cr.NonFiniteError, match=r"layer 2: its activation exp overflows \(z reaches") as caught:
        cr.fit(net, *line(), theta=theta, epochs=1)
    assert (caught.value.layer, caught.value.epoch, caught.value.batch) == (2, 1, 1)
    np.testing.assert_array_equal(caught.value.theta, theta)


def test_pre_activations_that_overflow():
    net = cr.Network((1, 3, 1), ("identity", "identity"), "absolute_error")
    theta = np.full(net.n_parameters, 1e200)
    with pytest.raises(cr.NonFiniteError, match=r"layer 2: its pre-activations z overflow") as caught:
        cr.fit(net, *line(), theta=theta, epochs=1)
    assert caught.value.layer == 2


def test_a_loss_that_overflows():
    net = cr.Network((1, 1), ("identity",), "squared_error")
    with pytest.raises(cr.NonFiniteError, match=r"layer 1: the loss squared_error overflows"):
        cr.fit(net, *line(), theta=np.array([1e200, 0.0]), epochs=1)


def test_a_delta_that_overflows_on_the_way_back():
    net = cr.Network((1, 2, 1), ("identity", "tanh"), "squared_error")
    steep = cr.Activation("steep", f=lambda xp, z: xp.tanh(z), df=lambda xp, z, a: np.inf + 0 * z)
    net = cr.Network((1, 2, 1), (steep, "identity"), "squared_error")
    with pytest.raises(cr.NonFiniteError, match=r"layer 1: its delta, dJ/dz, overflows") as caught:
        cr.fit(net, *line(), epochs=1)
    assert caught.value.layer == 1


def test_a_penalty_that_overflows():
    net = cr.Network((1, 2, 1), ("tanh", "tanh"), "squared_error")
    theta = np.full(net.n_parameters, 1e200)
    with pytest.raises(cr.NonFiniteError, match="the gradient or the penalty overflows"):
        cr.fit(net, *line(), theta=theta, epochs=1, l2=1.0)


def test_data_far_from_standardised_is_named_first():
    net = cr.Network((1, 4, 1), ("relu", "identity"), "squared_error")
    X, T = line(scale=1e6)
    with pytest.raises(cr.NonFiniteError, match=r"Try standardise X \(its largest entry is 1e\+06\), standardise T"):
        cr.fit(net, X, T, optimizer=cr.SGD(0.1), epochs=100)


def test_the_last_update_of_all_is_looked_at():
    net = cr.Network((1, 1), ("identity",), "half_squared_error")
    X, T = line()
    with pytest.raises(cr.NonFiniteError, match=r"parameters W1, b1 had become infinite"):
        cr.fit(net, X, T, theta=np.array([1e3, 0.0]), optimizer=cr.SGD(1e307), batch_size=None, epochs=1)


def test_float32_is_told_of_float64():
    net = cr.Network((1, 1), ("identity",), "squared_error")
    with pytest.raises(cr.NonFiniteError, match="dtype=float64"):
        cr.fit(net, *line(), theta=np.array([1e30, 0.0], np.float32), epochs=1)


def test_a_start_at_which_lbfgs_cannot_begin():
    net = cr.Network((1, 1), ("identity",), "squared_error")
    with pytest.raises(
        cr.NonFiniteError, match=r"the loss squared_error overflows.*Try another start: the largest of theta is 1e\+200"
    ):
        cr.fit(net, *line(), theta=np.array([1e200, 0.0]), optimizer=cr.LBFGS())


def test_dropout_is_drawn_again_where_the_error_is_looked_for():
    """The mask of the failing update decides which layer overflows: with the unit dropped nothing would."""
    net = cr.Network((1, 2, 1), ("exp", "identity"), "absolute_error")
    theta = net.pack([(np.array([[1e3], [0.0]]), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))])
    with pytest.raises(cr.NonFiniteError, match="layer 1: its activation exp overflows"):
        cr.fit(net, *line(), theta=theta, dropout=0.5, epochs=5)


def test_the_error_pickles():
    net = cr.Network((1, 1), ("identity",), "squared_error")
    with pytest.raises(cr.NonFiniteError) as caught:
        cr.fit(net, *line(), theta=np.array([1e200, 0.0]), epochs=1)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  our own bytes
    assert (str(again), again.layer, again.epoch) == (str(caught.value), 1, 1)
