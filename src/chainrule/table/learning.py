"""From a table to a trained model: the training, and the scores after it.

Training rows move the weights, validation rows choose the epoch, test rows give the last scores and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .columns import Table
from .inferring import learn_target
from .model import TableModel
from .preparing import PARTS, Prepared, prepare, usable
from .records import to_json
from .scores import baseline_outputs, score
from .settings import OPTIMIZERS, Settings, optimizer_of
from .split import folds

if TYPE_CHECKING:
    from chainrule.training.history import Epoch, History

__all__ = ["OPTIMIZERS", "PARTS", "Learned", "Prepared", "Settings", "cross_validate", "learn", "prepare"]


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained model, its scores by part ("baseline" is the trivial one, on the last part), and its history."""

    model: TableModel
    scores: dict[str, dict[str, float]]
    history: History
    best_epoch: int
    stopped: str


def learn(prepared: Prepared, *, callbacks: Iterable[Callable[[Epoch], Any]] = (), progress: Any = False) -> Learned:
    """Train the network that was prepared, and score it.

    Parameters
    ----------
    prepared : Prepared
    callbacks : callables taking an `Epoch`
        As for `cr.fit`.
    progress : True, False, "auto" or rich Console
        As for `cr.fit`.

    Raises
    ------
    NonFiniteError
        The loss was no number any more.
    """
    from chainrule.training.fit import fit

    settings = prepared.settings
    data = {part: prepared.arrays(part) for part, table in prepared.parts.items() if table.n_rows}
    X, T = data["train"]
    result = fit(
        prepared.network,
        X,
        T,
        optimizer=optimizer_of(settings),
        batch_size=settings.batch_size,
        epochs=settings.epochs or 1,
        seed=settings.seed,
        sample_weight=_row_weights(prepared),
        validation=data.get("validation"),
        callbacks=callbacks,
        dtype=np.float32,
        l2=settings.l2,
        dropout=settings.dropout or 0.0,
        patience=settings.patience or None,
        restore_best="validation" in data,
        time_limit=settings.time_limit,
        progress=progress,
    )
    model = TableModel(prepared.encoder, prepared.target, prepared.network, result.theta)
    scores = _scores(prepared, model)
    model = replace(model, record=_record(prepared, scores, result.stopped))
    return Learned(model, scores, result.history, result.best_epoch, result.stopped)


def cross_validate(table: Table, names: Sequence[str], settings: Settings, n_folds: int) -> Iterator[dict[str, float]]:
    """Scores of models that were each trained without one of several equal parts of the rows, on that part.

    Parameters
    ----------
    table, names, settings
        As for `prepare`; the share of test rows plays no part.
    n_folds : int
        From 2 to the number of rows.
    """
    rows, _ = usable(table, names, settings)
    target = learn_target(rows, names, settings.kind, settings.loss)
    groups = rows[settings.group].values if settings.group else None
    strata = target.codes(rows) if target.classes else None
    settings = replace(settings, drop=())  # they are gone
    for split in folds(rows.n_rows, n_folds, settings.seed, settings.validation, strata=strata, groups=groups):
        yield learn(prepare(rows, names, settings, split)).scores["test"]


def _row_weights(prepared: Prepared) -> NDArray[Any] | None:
    """For balanced classes n/(K n_k) for a row of class k, else None."""
    target = prepared.target
    if prepared.settings.class_weight == "none" or not target.classes:
        return None
    codes = target.codes(prepared.parts["train"])
    counts = np.bincount(codes, minlength=len(target.classes))
    return np.asarray((len(codes) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[codes])


def _scores(prepared: Prepared, model: TableModel) -> dict[str, dict[str, float]]:
    parts = {name: table for name, table in prepared.parts.items() if table.n_rows}
    last = list(parts.values())[-1]
    scores = {name: model.score(table) for name, table in parts.items()}
    return scores | {"baseline": score(model.target, baseline_outputs(model.target, last.n_rows), last)}


def _record(prepared: Prepared, scores: dict[str, dict[str, float]], stopped: str) -> dict[str, Any]:
    """What the model file tells about its making; no times, so that the same run gives the same file."""
    rows = {name: table.n_rows for name, table in prepared.parts.items()}
    source = prepared.parts["train"].source
    settings = to_json(prepared.settings)
    return {"source": source, "settings": settings, "rows": rows, "scores": scores, "stopped": stopped}
