"""From a table to a trained model: the training, and the scores after it.

Training rows move the weights, validation rows choose the epoch, test rows give the last scores and nothing else.
Where rows are few, training rows take turns as validation rows first, and then all of them are trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .columns import Table
from .holdouts import holdouts, lowest, mean_curve, of_one_fit, takes_turns, validation_share
from .inferring import learn_target
from .model import TableModel
from .preparing import PARTS, Prepared, prepare, usable
from .records import to_json
from .scores import baseline_outputs, score
from .settings import OPTIMIZERS, Settings, optimizer_of
from .split import folds

if TYPE_CHECKING:
    from chainrule.training.fit import Fit
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
    if not takes_turns(prepared.settings, prepared.parts["train"].n_rows, prepared.parts["validation"].n_rows):
        return _learned(prepared, _trained(prepared, callbacks=callbacks, progress=progress))
    turns = []
    for holdout in holdouts(of_one_fit(prepared)):
        turns.append(_trained(holdout))
        if turns[-1].stopped == "interrupted":
            return _learned(replace(holdout, parts=prepared.parts, settings=prepared.settings), turns[-1])
    return _learned_after(turns, prepared, callbacks, progress)


def _learned_after(turns: list[Fit], prepared: Prepared, callbacks: Any, progress: Any) -> Learned:
    """All rows trained for as many epochs as the holdouts say; their mean is the validation loss that is told."""
    curve = mean_curve([turn.history.validation for turn in turns])
    if not len(curve):
        return _learned(prepared, _trained(prepared, callbacks=callbacks, progress=progress))

    def judged(epoch: Epoch) -> Epoch:
        return replace(epoch, validation=float(curve[epoch.number - 1]))

    told = [lambda epoch, tell=tell: tell(judged(epoch)) for tell in callbacks]
    result = _trained(of_one_fit(prepared), lowest(curve), callbacks=told, progress=progress)
    history = type(result.history)(tuple(map(judged, result.history)))
    cut = any(turn.stopped == "time_limit" for turn in turns)
    result = replace(result, history=history, stopped="time_limit" if cut else result.stopped)
    return replace(_learned(prepared, result), best_epoch=len(history))


def _trained(prepared: Prepared, last: int | None = None, *, callbacks: Any = (), progress: Any = False) -> Fit:
    """The network trained, up to the epoch ``last`` of the schedule of all."""
    from chainrule.training.fit import fit

    settings = prepared.settings
    X, T = prepared.arrays("train")
    validation = prepared.arrays("validation") if prepared.parts["validation"].n_rows else None
    epochs, batch_size = settings.epochs or 1, settings.batch_size or len(X)
    return fit(
        prepared.network,
        X,
        T,
        optimizer=optimizer_of(settings, steps=epochs * -(-len(X) // batch_size)),
        batch_size=batch_size,
        epochs=last or epochs,
        seed=settings.seed,
        sample_weight=_row_weights(prepared),
        validation=validation,
        callbacks=callbacks,
        dtype=np.float32,
        l2=settings.l2,
        dropout=settings.dropout or 0.0,
        patience=settings.patience if last is None and settings.patience else None,
        restore_best=validation is not None,
        time_limit=settings.time_limit,
        progress=progress,
    )


def _learned(prepared: Prepared, result: Fit) -> Learned:
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
    held = validation_share(replace(settings, test=1 / n_folds), rows.n_rows)
    for split in folds(rows.n_rows, n_folds, settings.seed, held, strata=strata, groups=groups):
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
