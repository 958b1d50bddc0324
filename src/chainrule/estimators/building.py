"""From an estimator's parameters to a network: sizes, activations and loss by scikit-learn's names and by ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from chainrule.estimators.grouped import softmax_groups
from chainrule.estimators.labels import Labels
from chainrule.network.activation import Activation, activation
from chainrule.network.loss import Loss
from chainrule.network.loss import loss as find_loss
from chainrule.network.spec import Network

__all__ = ["classifier_network", "hidden_sizes", "public_name", "regressor_network"]

OURS = {"logistic": "sigmoid"}  # scikit-learn's name -> ours
THEIRS = {ours: theirs for theirs, ours in OURS.items()}
LOG_LOSS = re.compile(r"log_loss\s*(\(.*\))?")


def hidden_sizes(model: Any) -> list[int]:
    """The widths of the hidden layers: hidden_layer_sizes, or n_layers times width where one of them is given.

    Raises
    ------
    ValueError
        If a width is not a whole number above 0.
    """
    if model.n_layers is not None or model.width is not None:
        n_layers = 1 if model.n_layers is None else model.n_layers
        return [100 if model.width is None else int(model.width)] * int(n_layers)
    given = model.hidden_layer_sizes
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if np.any(np.array(sizes) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    if not all(isinstance(size, Integral) for size in sizes):
        raise ValueError(f"hidden_layer_sizes are whole numbers, got {sizes}.")
    return [int(size) for size in sizes]


def regressor_network(model: Any, n_inputs: int, n_targets: int) -> Network:
    """The network of a regressor; scikit-learn's "squared_error" is half the squared error."""
    given = model.loss
    loss = find_loss("half_squared_error" if given == "squared_error" else given)
    output = _activation(loss.output if model.output_activation is None else model.output_activation)
    return _network(model, n_inputs, n_targets * loss.outputs_per_target, output, loss)


def classifier_network(model: Any, n_inputs: int, labels: Labels) -> Network:
    """The network of a classifier: sigmoid for yes or no, softmax for one of several, unless asked otherwise."""
    loss = classifier_loss(model.loss, labels)
    if model.output_activation is not None:
        output = _activation(model.output_activation)
    elif loss.target_values:  # -1 and 1, a margin
        output = activation("identity")
    elif labels.kind == "multioutput":
        output = softmax_groups(labels.widths)
    else:
        output = activation("softmax" if labels.kind == "multiclass" else "sigmoid")
    return _network(model, n_inputs, sum(labels.widths), output, loss)


def classifier_loss(given: Any, labels: Labels) -> Loss:
    """The loss for this kind of target; "log_loss(0.1)" smooths the labels by 0.1."""
    match = LOG_LOSS.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        return find_loss(given)
    many = labels.kind in ("multiclass", "multioutput")
    return find_loss(("categorical" if many else "binary") + "_cross_entropy" + (match[1] or ""))


def public_name(sigma: Activation) -> str:
    """The activation by the name that scikit-learn gives it, where it has one."""
    return THEIRS.get(sigma.name, sigma.spec)


def _network(model: Any, n_inputs: int, n_outputs: int, output: Activation, loss: Loss) -> Network:
    sizes = hidden_sizes(model)
    return Network((n_inputs, *sizes, n_outputs), (*_hidden(model.activation, len(sizes)), output), loss)


def _hidden(given: Any, n_hidden: int) -> Sequence[Activation]:
    """One activation for each hidden layer."""
    if isinstance(given, str | Activation):
        return [_activation(given)] * n_hidden
    if len(given) != n_hidden:
        raise ValueError(
            f"activation has {len(given)} entries, but there are {n_hidden} hidden layers: "
            f"give one for all of them, or one for each, given {given!r}"
        )
    return [_activation(entry) for entry in given]


def _activation(given: Any) -> Activation:
    return activation(OURS.get(given, given) if isinstance(given, str) else given)
