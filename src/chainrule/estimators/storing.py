"""A fitted estimator in one file: theta and the arrays it predicts with, and a header that people can read, too.

Kept are the parameters that JSON can hold, the network, the classes or the scale of the targets, the preparation of the
inputs and the history. Left out are functions (callbacks, a scorer, an update rule of one's own) and what the update
rule remembers: a loaded model predicts the same bits, and trains on from its weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule.estimators.grouped import softmax_groups
from chainrule.estimators.inputs import Preparation
from chainrule.estimators.labels import Labels
from chainrule.estimators.numbers import Numbers
from chainrule.estimators.weights import attach
from chainrule.models import network_of
from chainrule.network.activation import Activation
from chainrule.network.loss import Loss
from chainrule.storage import Stored
from chainrule.training.history import History

__all__ = ["stored", "unstored"]

ATTRIBUTES = (
    "n_features_in_",
    "n_outputs_",
    "n_layers_",
    "n_iter_",
    "t_",
    "out_activation_",
    "converged_",
    "loss_",
    "best_loss_",
    "best_validation_score_",
    "loss_curve_",
    "validation_scores_",
    "validation_loss_curve_",
)


def stored(model: Any) -> Stored:
    """What a fitted estimator stores."""
    targets = getattr(model, "_labels", None) or model._numbers
    prepared = {f"inputs.{f.name}": getattr(model._preparation, f.name) for f in fields(Preparation)}
    arrays = {"theta": model.theta_, **{name: array for name, array in prepared.items() if array is not None}}
    header = {
        "parameters": {name: kept for name, value in model.get_params().items() if (kept := _plain(value)) is not ...},
        "network": model.network_.describe(),
        "attributes": {name: _number(getattr(model, name)) for name in ATTRIBUTES if hasattr(model, name)},
        "no_improvement": int(model._no_improvement_count),
        "history": json.loads(model.history_.to_json()),
        "engine": model._engine if isinstance(getattr(model, "_engine", None), str) else "reference",
    }
    if hasattr(model, "feature_names_in_"):
        header["feature_names"] = list(model.feature_names_in_)
    if isinstance(targets, Labels):
        header["labels"] = {"kind": targets.kind, "sparse": targets.sparse, "classes": _classes(targets)}
    else:
        arrays |= {"targets.mean": targets.mean, "targets.scale": targets.scale}
    return Stored(type(model).__name__, header, arrays)


def unstored(kind: type, given: Stored, custom: Iterable[Any]) -> Any:
    """The estimator built again.

    Raises
    ------
    ValueError
        If the parts do not fit each other.
    """
    try:
        return _unstored(kind, given, list(custom))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is not a whole {kind.__name__}: {error!r}") from error


def _unstored(kind: type, given: Stored, custom: list[Any]) -> Any:
    header, arrays = given.header, given.arrays
    labels = _labels(header["labels"]) if "labels" in header else None
    groups = [softmax_groups(labels.widths)] if labels is not None and labels.kind == "multioutput" else []
    network, theta = network_of(given, [*custom, *groups])
    own = {"loss": network.loss, "activation": network.activations[:-1], "output_activation": network.activations[-1]}
    known = set(kind._get_param_names())  # type: ignore[attr-defined]
    parameters = {n: header["parameters"].get(n, own.get(n, ...)) for n in known}
    model = kind(**{name: value for name, value in parameters.items() if value is not ...})
    for name in ATTRIBUTES:
        if name in header["attributes"]:
            setattr(model, name, header["attributes"][name])
    if "feature_names" in header:
        model.feature_names_in_ = np.array(header["feature_names"], dtype=object)
    parts: dict[str, Any] = {f.name: arrays.get(f"inputs.{f.name}") for f in fields(Preparation)}
    model._preparation = Preparation(**parts)
    if model._preparation.width(model.n_features_in_) != network.sizes[0]:
        raise ValueError(f"the network {network} does not fit {model.n_features_in_} features")
    if labels is not None:
        model._labels, model.classes_ = labels, labels.public
    else:
        model._numbers = Numbers(arrays["targets.mean"], arrays["targets.scale"])
    model._no_improvement_count, model._engine = header["no_improvement"], header["engine"]
    model._epochs = list(History.from_json(json.dumps(header["history"])))
    attach(model, network, theta.copy())
    if model.early_stopping:
        model._best_theta = theta.copy()
    return model


def _plain(value: Any) -> Any:
    """A value as JSON holds it; `...` for one that it cannot hold."""
    if isinstance(value, Activation | Loss):
        return value.spec if value.code is not None else ...
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()} if all(isinstance(k, str) for k in value) else ...
    if isinstance(value, list | tuple):
        parts = [_plain(part) for part in value]
        return ... if any(part is ... for part in parts) else parts
    if isinstance(value, float) and not np.isfinite(value):
        return ...
    return value if value is None or isinstance(value, bool | int | float | str) else ...


def _number(value: Any) -> Any:
    """A fitted attribute as JSON holds it: None for what is not finite."""
    if isinstance(value, list):
        return [_number(part) for part in value]
    plain = _plain(value)
    return None if plain is ... else plain


def _classes(labels: Labels) -> list[dict[str, Any]]:
    for classes in labels.classes:
        if any(_plain(label) is ... for label in classes):
            raise TypeError(f"labels of type {type(classes[0]).__name__} cannot be stored; numbers and strings can")
    return [{"dtype": classes.dtype.str, "labels": classes.tolist()} for classes in labels.classes]


def _labels(header: dict[str, Any]) -> Labels:
    classes = tuple(np.array(entry["labels"], dtype=entry["dtype"]) for entry in header["classes"])
    return Labels(header["kind"], classes, header["sparse"])
