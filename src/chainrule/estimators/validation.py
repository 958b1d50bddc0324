"""The validation set of an estimator, and the score that early stopping watches.

accuracy = sum_n w_n [all columns of y_n right] / sum_n w_n
R^2 = 1 - sum_n w_n (y_n - f_n)^2 / sum_n w_n (y_n - mean y)^2, averaged over targets
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.protocol import Engine
from chainrule.estimators.epochs import say

__all__ = ["Held", "accuracy", "r2", "scorer_of", "split", "watch"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Held:
    """Rows held back: as the network takes them (X, T), and as they were given (rows, labels), for a scorer."""

    X: Any
    T: Array
    sample_weight: Array | None
    rows: Any
    labels: Any


def split(model: Any, n_samples: int, T: Array, stratify: bool, random: np.random.RandomState) -> tuple[Array, Array]:
    """The rows to train on and those to hold back, as scikit-learn's MLPs draw them.

    Raises
    ------
    ValueError
        If fewer than two rows would be held back, or a class is too small to be in both parts.
    """
    from sklearn.model_selection import train_test_split

    kept, held = train_test_split(
        np.arange(n_samples),
        random_state=random,
        test_size=model.validation_fraction,
        stratify=T.astype(bool) if stratify else None,
    )
    if len(held) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return kept, held


def accuracy(hits: NDArray[np.bool_], sample_weight: Array | None) -> float:
    """The weighted share of rows that are right."""
    return float(np.average(hits, weights=sample_weight))


def r2(Y: Array, T: Array, sample_weight: Array | None) -> float:
    """The coefficient of determination; 1 or 0 for a target that does not vary, as it is hit or not.

    Examples
    --------
    >>> r2(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]), None)
    0.5
    """
    Y, T = Y.astype(np.float64), T.astype(np.float64)
    w = np.ones(len(T)) if sample_weight is None else sample_weight
    left = w @ (T - Y) ** 2
    total = w @ (T - np.average(T, axis=0, weights=w)) ** 2
    varies = total > 0
    return float(np.where(varies, 1 - left / np.where(varies, total, 1.0), np.where(left == 0, 1.0, 0.0)).mean())


def scorer_of(model: Any) -> Callable[..., float] | None:
    """A scorer of scikit-learn for the parameter `scoring`; None for the model's own score, and for "loss"."""
    if model.scoring is None or model.scoring == "loss":
        return None
    from sklearn.metrics import check_scoring

    scorer: Callable[..., float] = check_scoring(model, scoring=model.scoring)
    return scorer


def watch(
    model: Any, engine: Engine, theta: Array | None, held: Held | None, scorer: Callable[..., float] | None
) -> tuple[float | None, float | None]:
    """Loss and score of the validation set, where there is one, written down; NaN for a theta that is None (lost)."""
    if held is None:
        return None, None
    loss, found = float("nan"), float("nan")
    if theta is not None:
        with np.errstate(all="ignore"):
            loss = engine.objective(model.network_, theta, held.X, held.T, sample_weight=held.sample_weight)
            found = _score(model, engine, theta, held, scorer, loss)
    model.validation_loss_curve_.append(loss)
    model.validation_scores_.append(found)
    say(model, f"Validation score: {found:f}")
    return loss, found


def _score(
    model: Any, engine: Engine, theta: Array, held: Held, scorer: Callable[..., float] | None, loss: float
) -> float:
    """Greater is better; NaN where the outputs are not finite."""
    if model.scoring == "loss":
        return -loss
    if scorer is not None:
        extra = {} if held.sample_weight is None else {"sample_weight": held.sample_weight}
        return float(scorer(model, held.rows, held.labels, **extra))
    Y = engine.predict(model.network_, theta, held.X)
    return float(model._own_score(Y, held.T, held.sample_weight)) if np.isfinite(Y).all() else float("nan")
