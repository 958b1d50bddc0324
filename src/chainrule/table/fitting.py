"""What the estimators of a table share: from their parameters to settings, and from a table to their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Column, Table, column_of, table_of
from .errors import TableError
from .learning import learn
from .model import TableModel
from .preparing import prepare
from .settings import Settings

TARGET = "target"  # what the target's column is called


def settings_of(estimator: Any) -> Settings:
    """The settings that an estimator's parameters say; it keeps no rows to test on."""
    return Settings(
        hidden=estimator.hidden,
        epochs=estimator.epochs,
        batch_size=estimator.batch_size,
        optimizer=estimator.optimizer,
        learning_rate=estimator.learning_rate,
        l2=estimator.l2,
        dropout=estimator.dropout,
        patience=estimator.patience,
        time_limit=estimator.time_limit,
        validation=estimator.validation_fraction,
        test=0.0,
        scaling=estimator.scaling,
        drop=tuple(estimator.drop),
        categories=tuple(estimator.categories),
        numbers=tuple(estimator.numbers),
        seed=estimator.random_state,
    )


def learn_into(estimator: Any, X: Any, targets: list[Column], settings: Settings) -> None:
    """Learn from a table and columns of targets; what was found becomes the estimator's attributes."""
    table = table_of(X)
    if not table.columns:
        raise TableError(f"X has 0 feature(s) (shape=({len(targets[0].values)}, 0)) while a minimum of 1 is required.")
    taken = {column.name for column in targets} & set(table.names)
    if taken:
        raise TableError(f"X has a column {taken.pop()!r}, which is the name of the target; rename it")
    n_targets = len(targets[0].values)
    if n_targets != table.n_rows:
        raise TableError(f"X has {table.n_rows} rows and y has {n_targets}; give one target for each row")
    whole = Table((*table.columns, *targets), table.n_rows, table.source, table.notes)
    prepared = prepare(whole, [column.name for column in targets], settings)
    learned = learn(prepared, progress=estimator.verbose)
    estimator.model_ = learned.model
    estimator.network_, estimator.theta_ = learned.model.network, learned.model.theta
    estimator.history_ = learned.history
    estimator.notes_ = prepared.notes
    estimator.left_out_ = {column.name: column.reason for column in learned.model.encoder.left_out}
    estimator.n_features_in_ = len(table.columns)
    estimator.feature_names_in_ = np.array(table.names, object)


def required(estimator: Any, y: Any) -> NDArray[Any]:
    """y as an array; an error where it was not given."""
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    return np.asarray(y)


def outputs_of(estimator: Any, X: Any) -> NDArray[Any]:
    """What the network of a fitted estimator gives for a table; an array must have as many columns as in training."""
    return fitted_model(estimator).outputs(_of_known_width(estimator, X))


def _of_known_width(estimator: Any, X: Any) -> Table:
    table = table_of(X)
    if not (isinstance(X, Mapping | Table) or hasattr(X, "columns")) and len(table.columns) != estimator.n_features_in_:
        raise TableError(
            f"X has {len(table.columns)} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input"
        )
    return table


def rows_to_score(estimator: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Table, Any, Any]:
    """Those of the rows whose target is known, of a table, its targets and its weights."""
    fitted_model(estimator)
    table, y = _of_known_width(estimator, X), np.asarray(y)
    if len(y) != table.n_rows:
        raise TableError(f"X has {table.n_rows} rows and y has {len(y)}; give one target for each row")
    rows = np.flatnonzero(~missing_targets(y))
    return table.take(rows), y[rows], None if sample_weight is None else np.asarray(sample_weight)[rows]


def missing_targets(y: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows of y, (n,) or (n, targets), lack a target, (n,)."""
    columns = y.reshape(len(y), -1).T if y.size else y[None]
    return np.asarray(np.any([column_of(TARGET, column).missing for column in columns], axis=0))


def fitted_model(estimator: Any) -> TableModel:
    """The model that an estimator learned; scikit-learn's NotFittedError when it has none."""
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(estimator, "model_")
    model: TableModel = estimator.model_
    return model


def with_table_tags(tags: Any) -> Any:
    """scikit-learn's tags of something that takes texts, categories and gaps."""
    tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
    return tags
