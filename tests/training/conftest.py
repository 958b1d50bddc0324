"""A small problem with a known answer: three clouds of points, one for each class."""

import numpy as np
import pytest

import chainrule as cr


@pytest.fixture
def clouds():
    """X (90, 2), one-hot T (90, 3)."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    centres = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    return centres[labels] + rng.normal(0, 0.7, (90, 2)), np.eye(3)[labels]


@pytest.fixture
def net():
    return cr.Network((2, 6, 3), ("tanh", "softmax"), "categorical_cross_entropy")
