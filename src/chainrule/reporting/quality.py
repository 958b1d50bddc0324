"""How good predictions are, beside the trivial ones: always the commonest class, always the mean.

accuracy = share of rows that are right          R^2 = 1 - sum (t - y)^2 / sum (t - mean t)^2
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Score = tuple[str, float | None, float | None]
MOST_CLASSES, MOST_TARGETS = 30, 12  # more than these are no table for a reader
RESIDUALS = ("mean", "std", "least", "5 %", "25 %", "median", "75 %", "95 %", "greatest")


@dataclass(frozen=True)
class Quality:
    """Scores as (name, value, baseline's), and what lies behind them."""

    n_rows: int
    scores: list[Score]
    baseline: str
    labels: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    residuals: tuple[tuple[float, ...], ...] = ()
    notes: tuple[str, ...] = ()


def quality_of(model: Any, network: Any, theta: Array, X: Any, T: Any) -> Quality:
    """Predict once, and compare.

    The model of a table finds T in X itself, where T is None.

    Raises
    ------
    ValueError
        X and T have another number of rows, or none.
    TypeError
        The model has no predictions that can stand beside T.
    """
    if hasattr(model, "judged"):
        return _of_table(model.target, model.judged(X, T))
    found = model.predict(X)
    if isinstance(found, Mapping):
        raise TypeError(f"a {type(model).__name__} predicts columns by name, which cannot stand beside T")
    Y, T = np.asarray(found), np.asarray(T)
    if T.shape[:1] != Y.shape[:1] or not len(Y):
        raise ValueError(f"X gives {len(Y)} predictions and T has shape {T.shape}: give one row of T for each row of X")
    if hasattr(model, "network_"):
        return _of_labels(model, X, Y, T) if hasattr(model, "classes_") else _of_numbers(Y, T)
    dense = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    return _of_outputs(network, Y, T, float(network.objective(theta, dense, T)))


def _of_outputs(network: Any, Y: Array, T: Array, objective: float) -> Quality:
    """What a bare network gives: outputs beside targets; its loss says whether they are classes."""
    T = T.reshape(len(T), -1)
    own: list[Score] = [("J, the loss without penalties", objective, None)]
    if Y.shape != T.shape:
        note = f"The loss {network.loss.spec} has several outputs for a target: only J is told."
        return Quality(len(T), own, "none", notes=(note,))
    if network.loss.output not in ("sigmoid", "softmax") and not network.loss.target_values:
        return _with(_of_numbers(Y, T), own)
    threshold = 0.0 if network.loss.target_values else 0.5
    if T.shape[1] == 1:
        return _with(
            _of_classes((Y[:, 0] > threshold).astype(int).tolist(), (T[:, 0] > threshold).astype(int).tolist()), own
        )
    if np.all((T.max(axis=1, keepdims=True) == T).sum(axis=1) == 1):
        return _with(_of_classes(Y.argmax(axis=1).tolist(), T.argmax(axis=1).tolist(), range(T.shape[1])), own)
    return _with(_of_several(threshold < Y, threshold < T), own)


def _of_table(target: Any, judged: Any) -> Quality:
    """Named columns: labels as texts, numbers in their units."""
    Y, T = judged.answers, judged.truth
    if target.kind == "numbers":
        found = _of_numbers(Y, T)
    elif target.kind == "labels":
        found = _of_several(Y, T)
    else:
        found = _with(
            _of_classes(Y.tolist(), T.tolist(), target.classes), _surprise(judged.probabilities, T, target.classes)
        )
    return _noting_left_out(found, judged.n_given)


def _of_labels(model: Any, X: Any, Y: Array, T: Array) -> Quality:
    if T.ndim == 2 and T.shape[1] == 1:
        T = T[:, 0]
    if Y.ndim == 2:
        return _of_several(Y, T.reshape(Y.shape))
    known = [row for row, label in enumerate(T.tolist()) if label is not None and label == label]  # noqa: PLR0124  NaN
    classes = np.asarray(model.classes_).tolist()
    true = T[known].tolist()
    found = _of_classes(Y[known].tolist(), true, classes)
    if hasattr(model, "predict_proba") and set(true) <= set(classes):
        found = _with(found, _surprise(np.asarray(model.predict_proba(X))[known], true, classes))
    return _noting_left_out(found, len(T))


def _surprise(chances: Array, true: Iterable[Any], classes: Sequence[Any]) -> list[Score]:
    """The log loss, beside that of the shares of these rows."""
    place = {label: k for k, label in enumerate(classes)}
    codes = np.array([place[label] for label in true])
    shares = np.unique(codes, return_counts=True)[1] / len(codes)
    chance = chances[np.arange(len(codes)), codes].astype(float)
    return [("log loss", float(-np.log(np.maximum(chance, 1e-15)).mean()), float(-(shares * np.log(shares)).sum()))]


def _of_classes(Y: Sequence[Any], T: Sequence[Any], classes: Sequence[Any] = ()) -> Quality:
    if not T:
        raise ValueError("T has no row with a class; there is nothing to score")
    labels = list(dict.fromkeys([*classes, *sorted({*T, *Y} - set(classes), key=str)]))
    place = {label: k for k, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), int)
    np.add.at(counts, ([place[t] for t in T], [place[y] for y in Y]), 1)
    rows = counts.sum(axis=1)
    seen = rows > 0
    scores: list[Score] = [
        ("accuracy", float(np.trace(counts) / len(T)), float(rows.max() / len(T))),
        ("balanced accuracy", float((np.diag(counts)[seen] / rows[seen]).mean()), float(1 / seen.sum())),
    ]
    baseline = f"always {labels[int(rows.argmax())]}, the commonest class of these rows"
    if len(labels) > MOST_CLASSES:
        note = f"There are {len(labels)} classes; the confusion matrix is told up to {MOST_CLASSES}."
        return Quality(len(T), scores, baseline, notes=(note,))
    shown = tuple(str(label) for label in labels)
    return Quality(len(T), scores, baseline, shown, tuple(tuple(row) for row in counts.tolist()))


def _of_several(Y: Array, T: Array) -> Quality:
    """Several labels a row: the baseline says the commonest of each column."""
    right = Y == T
    common = np.stack([column == _commonest(column) for column in T.T], axis=1)
    scores: list[Score] = [
        ("labels right", float(right.mean()), float(common.mean())),
        ("rows wholly right", float(right.all(axis=1).mean()), float(common.all(axis=1).mean())),
    ]
    return Quality(len(T), scores, "the commonest label of each column of these rows")


def _commonest(column: Array) -> Any:
    values, counts = np.unique(column, return_counts=True)
    return values[counts.argmax()]


def _of_numbers(Y: Array, T: Array) -> Quality:
    """All targets together; the residuals t - y of each."""
    n_given = len(T)
    Y, T = Y.reshape(n_given, -1).astype(float), T.reshape(n_given, -1).astype(float)
    if Y.shape != T.shape:
        raise ValueError(f"the model predicts {Y.shape[1]} numbers for a row and T has {T.shape[1]}")
    known = np.isfinite(T).all(axis=1)
    if not known.any():
        raise ValueError("T has no row of numbers; there is nothing to score")
    Y, T = Y[known], T[known]
    residual, spread = T - Y, T - T.mean(axis=0)
    total = (spread**2).sum(axis=0)
    varied = total > 0
    explained = 1 - (residual**2).sum(axis=0)[varied] / total[varied]
    scores: list[Score] = [
        ("R²", float(explained.mean()) if varied.any() else None, 0.0 if varied.any() else None),
        ("root mean squared error", float(np.sqrt((residual**2).mean())), float(np.sqrt((spread**2).mean()))),
        ("mean absolute error", float(np.abs(residual).mean()), float(np.abs(spread).mean())),
    ]
    found = Quality(len(T), scores, "always the mean of these rows", residuals=_summaries(residual))
    return _noting_left_out(found, n_given)


def _summaries(residual: Array) -> tuple[tuple[float, ...], ...]:
    quantiles = np.quantile(residual, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1], axis=0)
    columns = np.vstack([residual.mean(axis=0), residual.std(axis=0), quantiles]).T[:MOST_TARGETS]
    return tuple(tuple(row) for row in columns.tolist())


def _with(found: Quality, more: list[tuple[str, Any, Any]]) -> Quality:
    return Quality(**{**vars(found), "scores": found.scores + more})


def _noting_left_out(found: Quality, n_given: int) -> Quality:
    missing = n_given - found.n_rows
    if not missing:
        return found
    return Quality(**{**vars(found), "notes": (*found.notes, f"{missing} of {n_given} rows have no target; left out.")})
