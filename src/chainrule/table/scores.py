"""How good predictions are, in the measures people know for each kind of target.

Classes: accuracy, log loss = -mean log p(true class), and for two classes the area under the ROC curve.
Numbers: R2 = 1 - sum (t - y)^2 / sum (t - mean t)^2, root mean square error and mean absolute error in the target's
units; several numbers are averaged.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Table
from .target import Target

Array = NDArray[np.float64]
LARGER_IS_BETTER = {"accuracy": True, "log loss": False, "ROC AUC": True, "R2": True, "RMSE": False, "MAE": False}


def score(target: Target, outputs: NDArray[Any], table: Table) -> dict[str, float]:
    """Scores of the network's outputs for the rows of a table, by name; the first is the leading one."""
    outputs = np.asarray(outputs, np.float64)
    if target.kind == "numbers":
        std, mean = np.asarray(target.std), np.asarray(target.mean)
        return _score_numbers(outputs * std + mean, target.encode(table) * std + mean)
    if target.kind == "labels":
        return _score_labels(outputs, target.encode(table))
    return _score_classes(target.probabilities(outputs), target.codes(table))


def baseline_outputs(target: Target, T: NDArray[Any], n: int) -> Array:
    """What a network would give that knows nothing but the training targets T: their mean, (n, n_outputs)."""
    return np.tile(np.asarray(T, np.float64).mean(axis=0), (n, 1))


def _score_classes(p: Array, t: NDArray[np.int64]) -> dict[str, float]:
    chosen = np.clip(p[np.arange(len(t)), t], np.finfo(np.float64).tiny, 1)
    scores = {"accuracy": float((p.argmax(axis=1) == t).mean()), "log loss": float(-np.log(chosen).mean())}
    if p.shape[1] == 2 and 0 < t.sum() < len(t):
        scores["ROC AUC"] = roc_auc(p[:, 1], t)
    return scores


def _score_labels(p: Array, T: Array) -> dict[str, float]:
    chosen = np.clip(np.where(T > 0.5, p, 1 - p), np.finfo(np.float64).tiny, 1)
    return {"accuracy": float(((p > 0.5) == (T > 0.5)).mean()), "log loss": float(-np.log(chosen).mean())}


def _score_numbers(Y: Array, T: Array) -> dict[str, float]:
    residual = ((T - Y) ** 2).sum(axis=0)
    spread = ((T - T.mean(axis=0)) ** 2).sum(axis=0)
    r2 = np.where(spread > 0, 1 - residual / np.where(spread > 0, spread, 1), np.nan)
    scores = {} if np.isnan(r2).any() else {"R2": float(r2.mean())}
    return scores | {"RMSE": float(np.sqrt(residual / len(T)).mean()), "MAE": float(np.abs(T - Y).mean())}


def roc_auc(p: Array, t: NDArray[np.int64]) -> float:
    """The chance that a random positive is ranked above a random negative, ties counting half.

    Examples
    --------
    >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75
    """
    _, place, counts = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positive = t == 1
    n1, n0 = positive.sum(), (~positive).sum()
    return float((rank[positive].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
