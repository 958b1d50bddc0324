"""From a table to a trained model: what is decided before the first epoch, the training, and the scores after it.

`prepare` decides, and says what it decided; `learn` trains. Only training rows are looked at for medians, scales,
levels and the network's weights; validation rows choose the epoch; test rows give the last scores and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .columns import Kind, Table
from .encoder import Encoder, learn_encoder
from .model import TableModel
from .records import to_json
from .scores import baseline_outputs, score
from .split import Split, split_rows
from .target import Target, learn_target, rows_with_target

if TYPE_CHECKING:
    from chainrule.network.spec import Network
    from chainrule.training.history import Epoch, History

PARTS = ("train", "validation", "test")
CATEGORY: Kind = "category"
NUMBER: Kind = "number"
OPTIMIZERS = {
    name.lower(): name
    for name in ("Adam", "AdamW", "NAdam", "SGD", "Momentum", "Nesterov", "RMSProp", "AdaGrad", "LBFGS")
}


@dataclass(frozen=True)
class Settings:
    """How to learn; a model file holds it, so that a run can be repeated.

    Parameters
    ----------
    hidden : str
        Hidden layers in the grammar of `cr.Network.parse`, such as ``64:relu-32:tanh``; empty or "none" for none.
    kind : {"auto", "classes", "number"}
        The kind of the target.
    epochs, batch_size : int, optional
        By default `default_batch_size` and `default_epochs` of the number of training rows.
    test, validation : float
        Shares of the rows.
    drop, categories, numbers : tuple of names
        Columns to leave out, to read as categories, and to use as numbers even if they look like identifiers.
    dropout : float, optional
        By default 0.3 for classes; 0 for numbers, whose last digits dropout costs, and with L-BFGS, which takes none.
    smoothing : float
        Label smoothing of classes.
    patience : int
        Epochs without a better validation loss before training stops; 0 to train all epochs.
    """

    hidden: str = "128:silu"
    kind: str = "auto"
    seed: int = 0
    epochs: int | None = None
    batch_size: int | None = None
    optimizer: str = "adam"
    learning_rate: float = 5e-3
    l2: float = 1e-3
    dropout: float | None = None
    smoothing: float = 0.02
    patience: int = 0
    test: float = 0.25
    validation: float = 0.1
    drop: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that is decided before the first epoch. ``notes`` are sentences for the person who asked."""

    settings: Settings
    parts: dict[str, Table]
    target: Target
    encoder: Encoder
    network: Network
    stratified: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained model, its scores by part ("baseline" is the trivial one, on the last part), and its history."""

    model: TableModel
    scores: dict[str, dict[str, float]]
    history: History
    best_epoch: int
    stopped: str


def prepare(table: Table, names: Sequence[str], settings: Settings) -> Prepared:
    """Decide the target's kind, the split, the use of each column and the network.

    Parameters
    ----------
    table : Table
    names : names of columns
        The target, or several targets.
    settings : Settings
        Those of the result have the sizes filled in that were left open.

    Raises
    ------
    TableError
        There is nothing to learn, or nothing to learn from; the message says why.
    ValueError
        The hidden layers are not of the grammar.
    """
    for name in (*names, *settings.drop):
        table[name]
    kinds: dict[str, Kind] = dict.fromkeys(settings.categories, CATEGORY)
    kinds |= dict.fromkeys(settings.numbers, NUMBER)
    rows = rows_with_target(table, names)
    table, given = table.without(settings.drop).with_kinds(kinds).take(rows), table.n_rows
    target = learn_target(table, names, settings.kind)
    split = _split(table, target, settings)
    parts = {part: table.take(getattr(split, part)) for part in PARTS}
    if target.kind == "numbers":
        target = replace(learn_target(parts["train"], names, "number"), reason=target.reason)
    encoder = learn_encoder(parts["train"].without(names), forced=settings.numbers + settings.categories)
    notes = list(table.notes)
    if given > len(rows):
        notes.append(f"{given - len(rows)} of {given} rows have no target and are left out")
    notes += _suspects(parts["train"], target, encoder)
    network = _network(encoder.n_outputs, target, settings)
    settings = _filled(settings, target, parts["train"].n_rows)
    return Prepared(settings, parts, target, encoder, network, bool(target.classes), tuple(notes))


def default_batch_size(n: int) -> int:
    """32 rows, and for large tables a power of two near n/256, up to 1024.

    Examples
    --------
    >>> [default_batch_size(n) for n in (10, 1_000, 20_000, 10**6)]
    [32, 32, 64, 1024]
    """
    return min(1024, max(32, 1 << max(0, (n // 256).bit_length() - 1)))


def default_epochs(n: int, batch_size: int) -> int:
    """What makes about 4,000 updates of the weights, from 20 to 400 epochs.

    Examples
    --------
    >>> [default_epochs(n, 32) for n in (100, 1_000, 20_000)]
    [400, 125, 20]
    """
    return min(400, max(20, -(-4_000 // -(-n // batch_size))))


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
    data = {name: _arrays(prepared, table) for name, table in prepared.parts.items() if table.n_rows}
    X, T = data["train"]
    result = fit(
        prepared.network,
        X,
        T,
        optimizer=_optimizer(settings),
        batch_size=settings.batch_size,
        epochs=settings.epochs or 1,
        seed=settings.seed,
        validation=data.get("validation"),
        callbacks=callbacks,
        dtype=np.float32,
        l2=settings.l2,
        dropout=settings.dropout or 0.0,
        patience=settings.patience or None,
        restore_best="validation" in data,
        progress=progress,
    )
    model = TableModel(prepared.encoder, prepared.target, prepared.network, result.theta)
    scores = _scores(prepared, model, T)
    model = replace(model, record=_record(prepared, scores, result.stopped))
    return Learned(model, scores, result.history, result.best_epoch, result.stopped)


def _arrays(prepared: Prepared, table: Table) -> tuple[NDArray[Any], NDArray[Any]]:
    return prepared.encoder.transform(table, np.float32), prepared.target.encode(table).astype(np.float32)


def _optimizer(settings: Settings) -> Any:
    """The update rule of that name, its learning rate falling along a cosine to 0 at the last epoch."""
    from chainrule import descent

    rule = OPTIMIZERS.get(settings.optimizer)
    if rule is None:
        raise ValueError(f"there is no optimizer {settings.optimizer!r}; there are {', '.join(OPTIMIZERS)}")
    if rule == "LBFGS":
        return descent.LBFGS()
    return getattr(descent, rule)(descent.schedules.Cosine(settings.learning_rate))


def _scores(prepared: Prepared, model: TableModel, T: NDArray[Any]) -> dict[str, dict[str, float]]:
    parts = {name: table for name, table in prepared.parts.items() if table.n_rows}
    scores = {name: model.score(table) for name, table in parts.items()}
    last = list(parts.values())[-1]
    return scores | {"baseline": score(model.target, baseline_outputs(model.target, T, last.n_rows), last)}


def _record(prepared: Prepared, scores: dict[str, dict[str, float]], stopped: str) -> dict[str, Any]:
    """What the model file tells about its making; no times, so that the same run gives the same file."""
    rows = {name: table.n_rows for name, table in prepared.parts.items()}
    source = prepared.parts["train"].source
    settings = to_json(prepared.settings)
    return {"source": source, "settings": settings, "rows": rows, "scores": scores, "stopped": stopped}


def _filled(settings: Settings, target: Target, n: int) -> Settings:
    """The settings with what was left to the target and to the number of training rows."""
    batch_size = min(settings.batch_size or default_batch_size(n), n)
    epochs = settings.epochs or default_epochs(n, batch_size)
    dropout = settings.dropout
    if dropout is None:
        dropout = 0.0 if target.kind == "numbers" or settings.optimizer == "lbfgs" else 0.3
    return replace(settings, batch_size=batch_size, epochs=epochs, dropout=dropout)


def _split(table: Table, target: Target, settings: Settings) -> Split:
    strata = target.codes(table) if target.classes else None
    return split_rows(table.n_rows, settings.seed, test=settings.test, validation=settings.validation, strata=strata)


def _network(n_inputs: int, target: Target, settings: Settings) -> Network:
    from chainrule.network.spec import Network

    hidden = "" if settings.hidden.strip().lower() in ("", "none", "0") else f"{settings.hidden}-"
    loss = f"{target.loss}({settings.smoothing})" if settings.smoothing and target.kind != "numbers" else target.loss
    return Network.parse(f"{n_inputs}-{hidden}{target.n_outputs}:{target.output}", loss)


def _suspects(table: Table, target: Target, encoder: Encoder) -> list[str]:
    """Columns that give the target away, each value of them coming with one value of the target."""
    if len(target.names) > 1:
        return []
    column = table[target.names[0]]
    t = column.values
    notes = []
    for name in encoder.names:
        other = table[name]
        x = other.values
        same = other.kind == column.kind == "number" and np.array_equal(x, t)
        if same or (target.classes and other.kind == "category" and _determines(x, t, len(other.levels))):
            notes.append(f"column {name!r} tells the target exactly: will it be known when predicting?")
    return notes


def _determines(codes: NDArray[Any], t: NDArray[Any], levels: int) -> bool:
    """Whether each of a few levels comes with one value of the target."""
    pairs = len(np.unique(np.column_stack([codes, t]), axis=0))
    return pairs == len(np.unique(codes)) and levels <= len(t) / 10
