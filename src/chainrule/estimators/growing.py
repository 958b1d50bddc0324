"""A network that learns of new classes: the old rows of the output layer stay, the new ones begin at zero.

A single sigmoid output z becomes the pair (0, z) of a softmax, which says the same: e^z / (e^0 + e^z) = sigmoid(z).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.labels import Labels
from chainrule.network.spec import Network

__all__ = ["grown"]

Array = NDArray[Any]


def grown(vector: Array, old: tuple[Network, Labels], new: tuple[Network, Labels]) -> Array:
    """theta, or a vector of the same form that an update rule keeps, for the network with more classes.

    Examples
    --------
    >>> from chainrule.estimators.labels import labels_of_classes
    >>> two, three = labels_of_classes([0, 2]), labels_of_classes([0, 1, 2])
    >>> before = Network.parse("1-1:sigmoid", loss="binary_cross_entropy")
    >>> after = Network.parse("1-3:softmax", loss="categorical_cross_entropy")
    >>> grown(np.array([5.0, 6.0]), (before, two), (after, three))
    array([0., 0., 5., 0., 0., 6.])
    """
    (before, old_labels), (after, new_labels) = old, new
    *below, (W, b) = before.layers(vector)
    width, place = after.sizes[-1], np.searchsorted(new_labels.classes[0], old_labels.classes[0])
    if old_labels.kind == "binary":
        place = place[1:]  # the output speaks for the second class; a single class had none
    W_new, b_new = np.zeros((width, W.shape[1]), vector.dtype), np.zeros(width, vector.dtype)
    W_new[place] = W[: len(place)]
    if b is not None:
        b_new[place] = b[: len(place)]
    return np.asarray(after.pack([*below, (W_new, b_new)]))
