"""What is decided before the first epoch: the target's kind, the split, the use of each column, the network.

Only training rows are looked at for medians, scales and levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .columns import Kind, Table
from .encoder import Encoder, learn_encoder
from .features import Hashed
from .holdouts import HOLDOUTS, takes_turns, validation_share
from .inferring import COUNTS, learn_target
from .settings import Settings, filled
from .split import Split, split_groups, split_in_time, split_rows
from .target import Target, rows_with_target

if TYPE_CHECKING:
    from chainrule.network.spec import Network

PARTS = ("train", "validation", "test")
CATEGORY: Kind = "category"
NUMBER: Kind = "number"


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything that is decided before the first epoch.

    ``split`` says how the rows were divided; ``notes`` are sentences for the person who asked.
    """

    settings: Settings
    parts: dict[str, Table]
    target: Target
    encoder: Encoder
    network: Network
    split: str
    notes: tuple[str, ...]

    def arrays(self, part: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """X and T of a part of the rows, in float32."""
        table = self.parts[part]
        return self.encoder.transform(table, np.float32), self.target.encode(table).astype(np.float32)


def prepare(table: Table, names: Sequence[str], settings: Settings, split: Split | None = None) -> Prepared:
    """Decide the target's kind, the split, the use of each column and the network.

    Parameters
    ----------
    table : Table
    names : names of columns
        The target, or several targets.
    settings : Settings
        Those of the result have the sizes filled in that were left open.
    split : Split, optional
        Of the rows that have a target; by default one is drawn as the settings say.

    Raises
    ------
    TableError
        There is nothing to learn, or nothing to learn from; the message says why.
    ValueError
        The hidden layers are not of the grammar.
    """
    table, notes = usable(table, names, settings)
    target = learn_target(table, names, settings.kind, settings.loss)
    how = "given" if split is not None else _how(target, settings)
    split = split or draw_split(table, target, settings)
    if takes_turns(settings, len(split.train), len(split.validation)):
        how += f"; {HOLDOUTS} fifths of the train rows take turns to validate"
    parts = {part: table.take(getattr(split, part)) for part in PARTS}
    target = target.scaled_by(parts["train"])
    if target.reason == COUNTS:
        notes.append(f"the target's loss is {target.loss}: {COUNTS}; the loss half_squared_error takes any numbers")
    features = parts["train"].without([*names, settings.group])
    encoder = learn_encoder(features, forced=settings.numbers + settings.categories, scaling=settings.scaling)
    notes += _hashed(encoder)
    notes += _suspects(parts["train"], target, encoder)
    network = _network(encoder.n_outputs, target, settings)
    settings = filled(settings, target, parts["train"].n_rows)
    return Prepared(settings, parts, target, encoder, network, how, tuple(notes))


def usable(table: Table, names: Sequence[str], settings: Settings) -> tuple[Table, list[str]]:
    """The rows that have a target and the columns that are not dropped, and what is to be said about it."""
    for name in (*names, *settings.drop, *filter(None, (settings.group, settings.time))):
        table.require(name)
    kinds: dict[str, Kind] = dict.fromkeys(settings.categories, CATEGORY)
    kinds |= dict.fromkeys(settings.numbers, NUMBER)
    rows = rows_with_target(table, names)
    notes = list(table.notes)
    if table.n_rows > len(rows):
        notes.append(f"{table.n_rows - len(rows)} of {table.n_rows} rows have no target and are left out")
    table = table.without(settings.drop).with_kinds(kinds)
    return table if len(rows) == table.n_rows else table.take(rows), notes


def draw_split(table: Table, target: Target, settings: Settings) -> Split:
    """The rows divided at random, classes in equal shares, or by groups, or in the order of time."""
    shares = {"test": settings.test, "validation": validation_share(settings, table.n_rows)}
    if settings.group:
        return split_groups(table[settings.group], settings.seed, **shares)
    if settings.time:
        return split_in_time(table[settings.time], **shares)
    return split_rows(table.n_rows, settings.seed, **shares, strata=target.codes(table) if target.classes else None)


def _how(target: Target, settings: Settings) -> str:
    """How the rows were divided."""
    if settings.group:
        return f"split by groups of {settings.group!r}, seed {settings.seed}"
    if settings.time:
        return f"split in the order of {settings.time!r}"
    return f"{'stratified' if target.classes else 'random'} split, seed {settings.seed}"


def _network(n_inputs: int, target: Target, settings: Settings) -> Network:
    from chainrule.network.spec import Network

    hidden = f"{settings.layers}-" if settings.layers else ""
    loss = f"{target.loss}({settings.smoothing})" if settings.smoothing and target.kind != "numbers" else target.loss
    return Network.parse(f"{n_inputs}-{hidden}{target.n_outputs}:{target.output}", loss)


def _hashed(encoder: Encoder) -> list[str]:
    """What is to be said of categories with more levels than columns."""
    return [
        f"column {feature.name!r} has {feature.distinct} different values, hashed into {feature.buckets} columns"
        for feature in encoder.features
        if isinstance(feature, Hashed)
    ]


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
        if same or (target.classes and other.kind == column.kind == "category" and _determines(x, t)):
            notes.append(f"column {name!r} tells the target exactly: will it be known when predicting?")
    return notes


def _determines(codes: NDArray[Any], t: NDArray[Any]) -> bool:
    """Whether each of a few levels comes with one value of the target; -1 is a level, too."""
    levels, classes = int(codes.max()) + 2, int(t.max()) + 1
    if levels * 10 > len(t):
        return False
    pairs = np.bincount((codes + 1) * classes + t, minlength=levels * classes).reshape(levels, classes)
    return bool((np.count_nonzero(pairs, axis=1) <= 1).all())
