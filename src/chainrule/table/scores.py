"""How good predictions are, in the measures people know for each kind of target.

Classes: accuracy, log loss = -mean log p(true class), and for two classes the area under the ROC curve.
Numbers: R2 = 1 - sum (t - y)^2 / sum (t - mean t)^2, root mean square error and mean absolute error in the target's
units; several numbers are averaged. With quantiles the coverage, too.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Table
from .target import Target

Array = NDArray[np.float64]


def score(target: Target, outputs: NDArray[Any], table: Table) -> dict[str, float]:
    """Scores of the network's outputs for the rows of a table, by name; the first is the leading one."""
    return score_arrays(target, outputs, truth(target, table))


def truth(target: Target, table: Table) -> NDArray[Any]:
    """The targets of a table as scores take them: class numbers (n,), or columns (n, columns) in their units."""
    return target.codes(table) if target.classes else target.numbers(table)


def score_arrays(target: Target, outputs: NDArray[Any], t: NDArray[Any]) -> dict[str, float]:
    """The same for targets given by `truth`."""
    outputs = np.asarray(outputs, np.float64)
    if target.kind == "numbers":
        return _score_numbers(target.values(outputs), t) | _score_quantiles(target, outputs, t)
    if target.kind == "labels":
        return _score_labels(outputs, t)
    return _score_classes(target.probabilities(outputs), t)


def baseline_outputs(target: Target, n: int) -> Array:
    """What a network would give that knows nothing but the training targets: their mean or shares, (n, n_outputs)."""
    if target.kind == "numbers":
        at_mean = 1.0 if target.output == "exp" else 0.0
        return np.full((n, target.n_outputs), at_mean)
    if not target.shares:  # not known: all are the same
        return np.full((n, target.n_outputs), 1 / (len(target.classes) or 2))
    shares = target.shares[1:] if target.kind == "two classes" else target.shares
    return np.tile(np.asarray(shares, np.float64), (n, 1))


def _score_quantiles(target: Target, outputs: Array, t: Array) -> dict[str, float]:
    """The share of the targets between the lowest and the highest quantile."""
    if len(target.levels) < 2:
        return {}
    quantiles = target.quantiles(outputs)
    inside = (quantiles.min(axis=2) <= t) & (t <= quantiles.max(axis=2))
    return {"coverage": float(inside.mean())}


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
