"""How good a model is on new rows: scores with intervals, where it errs, and whether its chances are honest.

An interval comes from the bootstrap: the rows are drawn again with replacement many times, and the middle 95 % of the
scores so found are reported. The calibration error is sum_b n_b/n |share right in b - mean chance in b| over ten bins b
of the chance that the model gave its own answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Table
from .errors import TableError
from .model import TableModel
from .scores import baseline_outputs, score_arrays, truth
from .target import rows_with_target

DRAWS = 1000
BINS = 10
_MOST_ROWS_DRAWN = 20_000_000  # of all draws together, so that large tables do not take long


@dataclass(frozen=True)
class Bin:
    """Rows whose answer the model gave about the same chance: how many, their mean chance, the share that was right."""

    n: int
    chance: float
    right: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found on some rows.

    Parameters
    ----------
    n_rows : int
        Rows that have a target.
    scores, baseline : dict of str to float
        Of the model and of the trivial prediction.
    intervals : dict of str to (float, float)
        95 % bootstrap intervals of the scores.
    confusion : array (K, K) of int, or None
        Rows of class i that were taken for class j.
    calibration : tuple of Bin
        Empty for numbers.
    calibration_error : float or None
    """

    n_rows: int
    scores: dict[str, float]
    baseline: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    confusion: NDArray[np.int64] | None
    calibration: tuple[Bin, ...]
    calibration_error: float | None


def evaluate(model: TableModel, table: Table, seed: int = 0) -> Evaluation:
    """Evaluate a model on the rows of a table that have a target.

    Parameters
    ----------
    model : TableModel
    table : Table
    seed : int
        Of the bootstrap.

    Raises
    ------
    TableError
        Columns are missing, or the target has classes that the model never saw.
    """
    target = model.target
    table = table.take(rows_with_target(table, target.names))
    if table.n_rows == 0:
        raise TableError(f"{table.source} has no row with a target")
    outputs, t = model.outputs(table), truth(target, table)
    scores = score_arrays(target, outputs, t)
    chances = target.probabilities(np.asarray(outputs, np.float64)) if target.classes else None
    bins = () if chances is None else _calibration(chances, t)
    return Evaluation(
        n_rows=table.n_rows,
        scores=scores,
        baseline=score_arrays(target, baseline_outputs(target, table.n_rows), t),
        intervals=_intervals(model, outputs, t, seed),
        confusion=None if chances is None else confusion_matrix(t, chances.argmax(axis=1), len(target.classes)),
        calibration=bins,
        calibration_error=sum(b.n * abs(b.right - b.chance) for b in bins) / table.n_rows if bins else None,
    )


def confusion_matrix(t: NDArray[Any], y: NDArray[Any], n_classes: int) -> NDArray[np.int64]:
    """Counts of true class i (rows) and predicted class j (columns).

    Examples
    --------
    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    return np.bincount(t * n_classes + y, minlength=n_classes**2).reshape(n_classes, n_classes)


def _intervals(model: TableModel, outputs: NDArray[Any], t: NDArray[Any], seed: int) -> dict[str, tuple[float, float]]:
    rng, n = np.random.default_rng(seed), len(t)
    found: dict[str, list[float]] = {}
    for _ in range(min(DRAWS, max(100, _MOST_ROWS_DRAWN // max(n, 1)))):
        rows = rng.integers(n, size=n)
        for name, value in score_arrays(model.target, outputs[rows], t[rows]).items():
            found.setdefault(name, []).append(value)
    return {name: (float(np.quantile(v, 0.025)), float(np.quantile(v, 0.975))) for name, v in found.items()}


def _calibration(chances: NDArray[Any], t: NDArray[Any]) -> tuple[Bin, ...]:
    chance, right = chances.max(axis=1), chances.argmax(axis=1) == t
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(int(rows.sum()), float(chance[rows].mean()), float(right[rows].mean()))
        for rows in (place == b for b in range(BINS))
        if rows.any()
    )
