"""Smoothed labels spread over as many classes as the network has outputs, in every notation."""

import numpy as np
import pytest

import chainrule as cr

NOTATIONS = ["rows", "watters", "wichmann", "chains", "neuron", "menon"]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("4-3:softmax", "categorical_cross_entropy(0.02)"),
        ("4-2:tanh-5:softmax", "categorical_cross_entropy(0.3)"),
        ("4-3:sigmoid", "binary_cross_entropy(0.1)"),
    ],
)
def test_every_line_holds(text, loss, notation):
    net = cr.Network.parse(text, loss=loss)
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(6, 4)), np.eye(net.sizes[-1])[rng.integers(0, net.sizes[-1], 6)]
    assert cr.derive(net, notation=notation).verify(net.initial(0), X, T).ok
