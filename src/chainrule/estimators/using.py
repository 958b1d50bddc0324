"""A fitted model at work: outputs, hidden activations, the mathematics behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from chainrule.engine.choosing import choose
from chainrule.engine.predicting import predictor
from chainrule.engine.protocol import Engine
from chainrule.estimators.fitting import validated
from chainrule.estimators.weights import theta_of
from chainrule.network.spec import Network
from chainrule.training.history import History

__all__ = ["hidden", "history_of", "outputs", "predictor_of", "prepared"]

Array = NDArray[Any]
DENSE_AT_ONCE = 2**24  # entries: sparse rows become dense 128 MB at a time


def outputs(model: Any, X: Any) -> Array:
    """a_L, (N, n_L), for samples X as they are given."""
    theta, X = _ready(model, X)
    parts = [_engine(model).predict(model.network_, theta, rows) for rows in _stretches(X)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def hidden(model: Any, X: Any) -> Array:
    """a_{L-1}, (N, n_{L-1}): what the last hidden layer makes of the samples."""
    theta, X = _ready(model, X)
    parts = (rows if isinstance(rows, np.ndarray) else rows.toarray() for rows in _stretches(X))
    return np.concatenate([model.network_.forward(theta, rows).a[-2] for rows in parts])


def predictor_of(model: Any) -> Callable[[Array], Array]:
    """A function from X to a_L with nothing around it but the preparation of the inputs."""
    check_is_fitted(model)
    network: Network = model.network_
    engine: Any = model.engine if isinstance(model.engine, str) else "auto"
    predict, preparation = predictor(network, theta_of(model), engine=engine), model._preparation
    plain = preparation.scale is None and preparation.fill is None
    return predict if plain else lambda X: predict(preparation.apply(X))


def prepared(model: Any, X: Any, y: Any = None) -> Any:
    """X, or X and T, as the network takes them."""
    if y is None:
        return _ready(model, X)[1]
    check_is_fitted(model)
    X, y = model._validated(X, y, reset=False)
    dtype = theta_of(model).dtype
    return model._preparation.apply(X).astype(dtype, copy=False), model._encoded(y).astype(dtype, copy=False)


def history_of(model: Any) -> History:
    """The epochs of all training so far."""
    if not hasattr(model, "_epochs"):
        raise AttributeError(f"this {type(model).__name__} has no history yet: call fit first")
    return History(tuple(model._epochs))


def _ready(model: Any, X: Any) -> tuple[Array, Any]:
    check_is_fitted(model)
    X = validated(model, X, reset=False)
    theta = theta_of(model)
    return theta, model._preparation.apply(X).astype(theta.dtype, copy=False)


def _engine(model: Any) -> Engine:
    """The engine that trained the model; the reference where the native one is not installed here."""
    used: Any = getattr(model, "_engine", "reference")
    return choose("auto" if used == "native" else used)


def _stretches(X: Any) -> list[Any]:
    """X whole, or in parts where it would take too much memory when dense."""
    if isinstance(X, np.ndarray):
        return [X]
    rows = max(1, DENSE_AT_ONCE // max(X.shape[1], 1))
    return [X[start : start + rows] for start in range(0, X.shape[0], rows)]
