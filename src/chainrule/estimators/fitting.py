"""Fitting, the way of the data: checked, encoded, prepared, then handed to a solver.

scikit-learn's alpha and our l1 are penalties divided by the sum of a mini-batch's weights:
J = (sum_n w_n loss_n + l1 sum |W| + alpha/2 sum W^2) / sum_n w_n.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from chainrule.descent import stored
from chainrule.engine.choosing import choose
from chainrule.engine.protocol import Engine, Job
from chainrule.estimators import course, quasi_newton, rules
from chainrule.estimators.building import hidden_sizes, public_name
from chainrule.estimators.inputs import preparation_of, without_mask
from chainrule.estimators.starting import first_theta
from chainrule.estimators.validation import Held, split
from chainrule.estimators.weights import all_finite, attach, theta_of
from chainrule.network.loss import check_targets
from chainrule.network.spec import Network
from chainrule.training.inputs import checked_dropout

__all__ = ["FLOATS", "Data", "grow_memory", "held_data", "train", "validated"]

Array = NDArray[Any]
FLOATS = (np.float64, np.float32)


class Data(NamedTuple):
    """Rows with what belongs to them: as given to fit, or to validate on."""

    X: Any
    y: Any
    sample_weight: Any = None


def train(model: Any, data: Data, held: Data | None = None, *, mode: str = "fit", classes: Any = None) -> Any:
    """Fit the model in one of the modes "fit", "partial" (one epoch) and "initialize" (none); returns it."""
    hidden_sizes(model)
    first = not hasattr(model, "coefs_") or (not model.warm_start and mode != "partial")
    X, y = model._validated(data.X, data.y, reset=first)
    sample_weight = _weights(model, data.sample_weight, X, y, mode)
    random = check_random_state(model.random_state)
    before = getattr(model, "network_", None)
    T = model._learn_targets(y, sample_weight, mode=mode, classes=classes)
    if first or not hasattr(model, "_preparation"):
        settings = {"impute": model.missing == "impute", "standardize": bool(model.standardize)}
        model._preparation = preparation_of(X, sample_weight, **settings)
    network = model._network_for(model._preparation.width(X.shape[1]))
    check_targets(network.loss, T)
    theta = first_theta(network, random, X.dtype) if first else _kept_theta(model, before, network)
    attach(model, network, theta)
    _begin(model, network, first)
    if mode != "initialize":
        rows = _of_one_dtype(Data(model._preparation.apply(X), T, sample_weight), theta.dtype)
        _solve(model, rows, Data(data.X, y), held, random, incremental=mode == "partial")
    return model


def validated(model: Any, X: Any, y: Any = "no_validation", *, reset: bool, **checks: Any) -> Any:
    """scikit-learn's checks of X (and y): float64 or float32, dense or sparse, feature names, finite numbers."""
    return validate_data(
        model,
        without_mask(X, "X", fill=model.missing == "impute"),
        without_mask(y, "y"),
        accept_sparse=["csr", "csc"],
        dtype=FLOATS,
        reset=reset,
        ensure_all_finite="allow-nan" if model.missing == "impute" else True,
        **checks,
    )


def _weights(model: Any, given: Any, X: Any, y: Any, mode: str) -> Array | None:
    """The weights of the samples, those of their classes included; None where all are 1."""
    weight = _checked_weight(given, X)
    by_class = model._class_weights(y, mode)
    if by_class is None:
        return weight
    weight = np.asarray(by_class.astype(X.dtype) * (1.0 if weight is None else weight))
    if not weight.any():
        raise ValueError(f"with class_weight={model.class_weight!r} no row has any weight; leave such rows out")
    return weight


def _checked_weight(given: Any, X: Any) -> Array | None:
    if given is None:
        return None
    given = without_mask(given, "sample_weight")
    return _check_sample_weight(given, X, dtype=X.dtype, ensure_non_negative=True)  # type: ignore[no-any-return]


def _of_one_dtype(rows: Data, dtype: Any) -> Data:
    """The form an engine relies on: everything in theta's dtype."""
    return Data(*(None if part is None else part.astype(dtype, copy=False) for part in rows))


def _kept_theta(model: Any, before: Network | None, network: Network) -> Array:
    """The parameters to go on from; a network that has got new classes has grown."""
    if before is not None and before.sizes != network.sizes and before.sizes[:-1] == network.sizes[:-1]:
        return model._grown(before, network)  # type: ignore[no-any-return]
    try:
        return theta_of(model, network)
    except ValueError as error:
        raise ValueError(
            f"this model has parameters for another network than {network}, which its parameters now ask for: {error}; "
            "set warm_start=False to begin anew, or clone the model"
        ) from error


def _begin(model: Any, network: Network, first: bool) -> None:
    """The attributes that a fit counts on, at zero if it is the first."""
    model.n_layers_, model.out_activation_ = len(network.sizes), public_name(network.activations[-1])
    if first or not hasattr(model, "_epochs"):
        model.n_iter_, model.t_, model._no_improvement_count, model._epochs = 0, 0, 0, []
        model.loss_curve_, model.best_loss_ = [], None if model.early_stopping else np.inf
        model.validation_scores_ = model.validation_loss_curve_ = model.best_validation_score_ = None
    if model.early_stopping and not rules.is_quasi_newton(model.solver) and model.best_validation_score_ is None:
        model.best_validation_score_, model._best_theta = -np.inf, model._theta.copy()
    if not model.early_stopping and model.best_loss_ is None:
        model.best_loss_ = np.inf


def _solve(model: Any, rows: Data, given: Data, held: Data | None, random: Any, *, incremental: bool) -> None:
    """Hand the data to the solver and check what comes back."""
    network, model.converged_ = model.network_, False
    if rules.is_quasi_newton(model.solver):
        if model.dropout:
            raise ValueError(
                f"dropout={model.dropout!r} needs a stochastic solver, such as 'adam'; {model.solver!r} is none"
            )
        kept_back = None if held is None else _held_back(model, rows, given, held, random, incremental)[1]
        job, engine = _job(model, network, rows, random)
        _ready_for(model, kept_back)
        offset = course.mean_constant(model._constants(rows.y), rows.sample_weight)
        quasi_newton.minimize(model, job, engine, theta_of(model), kept_back, offset)
    else:
        _solve_stochastic(model, rows, given, held, random, incremental=incremental)
    if not all_finite(model):
        raise course.NonFiniteParametersError(course.NON_FINITE)


def _solve_stochastic(
    model: Any, rows: Data, given: Data, held: Data | None, random: Any, *, incremental: bool
) -> None:
    theta = theta_of(model)
    model._optimizer = rules.optimizer_for(model, theta, go_on=incremental or model.warm_start)
    if not incremental:
        rules.at_start(model, model._optimizer)
    rows, kept_back = _held_back(model, rows, given, held, random, incremental)
    _ready_for(model, kept_back)
    job, engine = _job(model, model.network_, rows, random)
    session = engine.session(job, theta, model._optimizer.memory, model._optimizer.updates)
    try:
        course.run(
            course.Course(
                model=model,
                job=job,
                engine=engine,
                session=session,
                theta=theta,
                held=kept_back,
                random=random,
                constants=model._constants(rows.y),
                incremental=incremental,
                began=time.perf_counter(),
                before=model._epochs[-1].seconds if model._epochs else 0.0,
            )
        )
    finally:
        if model.early_stopping and (not incremental or model.converged_):
            theta[...] = model._best_theta


def _ready_for(model: Any, kept_back: Held | None) -> None:
    """Lists for what the validation set will say."""
    if kept_back is not None and model.validation_scores_ is None:
        model.validation_scores_, model.validation_loss_curve_ = [], []


def _held_back(
    model: Any, rows: Data, given: Data, held: Data | None, random: Any, incremental: bool
) -> tuple[Data, Held | None]:
    """The rows to train on and those to validate on: given, or split off for early stopping."""
    if held is not None:
        X, y = model._validated(held.X, held.y, reset=False)
        own = Data(model._preparation.apply(X), model._encoded(y), _checked_weight(held.sample_weight, X))
        return rows, Held(*_of_one_dtype(own, rows.y.dtype), held.X, y)
    if not model.early_stopping:
        return rows, None
    if incremental:
        raise ValueError(
            "partial_fit does not support early_stopping=True without validation data: "
            "give it X_val and y_val, since no part of the batches can be held back for it"
        )
    train_rows, held_rows = split(model, rows.X.shape[0], rows.y, model._stratified(), random)
    weights = (None, None) if rows.sample_weight is None else (rows.sample_weight[i] for i in (train_rows, held_rows))
    w_train, w_held = weights
    if w_train is not None and w_held is not None and not (w_train.any() and w_held.any()):
        raise ValueError(
            "after the split for early stopping all weights of one part are zero: give X_val and y_val, "
            "or leave the rows without weight out"
        )
    X_held, y_held = _safe_indexing(given.X, held_rows), _safe_indexing(given.y, held_rows)
    kept_back = Held(rows.X[held_rows], rows.y[held_rows], w_held, X_held, y_held)
    return Data(rows.X[train_rows], rows.y[train_rows], w_train), kept_back


def _job(model: Any, network: Network, rows: Data, random: Any) -> tuple[Job, Engine]:
    """What an engine shall do, and which does it."""
    dropout = checked_dropout(network, model.dropout)
    job = Job(
        network=network,
        X=rows.X,
        T=rows.y,
        sample_weight=rows.sample_weight,
        optimizer=None if rules.is_quasi_newton(model.solver) else model._optimizer.rule,
        batch_size=_batch_size(model, rows.X.shape[0]),
        l1=float(model.l1),
        l2=float(model.alpha),
        penalty_per_weight=True,
        dropout=dropout,
        seed=int(random.randint(2**31)) if dropout else 0,
    )
    engine = choose(model.engine, job)
    model._engine = engine.NAME if isinstance(model.engine, str) else model.engine
    return job, engine


def _batch_size(model: Any, n_samples: int) -> int:
    if rules.is_quasi_newton(model.solver):
        return n_samples
    if model.batch_size == "auto":
        return min(200, n_samples)
    if model.batch_size > n_samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=8
        )
    return int(np.clip(model.batch_size, 1, n_samples))


def held_data(X: Any, y: Any, sample_weight: Any) -> Data | None:
    """A validation set as it is handed to fit; both or none of X_val and y_val."""
    if (X is None) != (y is None):
        raise ValueError("X_val and y_val belong together: give both, or none of them")
    return None if X is None else Data(X, y, sample_weight)


def grow_memory(model: Any, theta: Array, grow: Callable[[Array], Array]) -> None:
    """Bring what the update rule remembers, and the best parameters so far, to the form of a grown theta."""
    optimizer = getattr(model, "_optimizer", None)
    if optimizer is not None:
        memory = optimizer.rule.init(theta)
        for name, array in stored(optimizer.memory).items():
            memory[name][...] = array if array.shape == memory[name].shape else grow(array)
        optimizer.memory = memory
    if hasattr(model, "_best_theta"):
        model._best_theta = grow(model._best_theta)
