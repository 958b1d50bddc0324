"""How many epochs to train where rows are few: validation rows of their own would be too few, and missed in training.

Another fifth of the training rows is held out, three times. Their validation losses are averaged, epoch by epoch, and
smoothed; all of the rows are then trained up to the epoch in which that mean is the smallest, along the same schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .columns import Table
from .errors import TableError
from .settings import Settings
from .split import Split, folds
from .target import Target

if TYPE_CHECKING:
    from .preparing import Prepared

FEWEST, FEW = 20, 1_000  # rows to train on; with less a fifth tells nothing, with more a part of them can be spared
HOLDOUTS, FIFTHS = 3, 5
SHARE = 0.1  # of the rows that choose the best epoch where rows are not few
SMOOTHED = 25  # an epoch is judged together with those beside it, a 25th of all

Array = NDArray[np.float64]


def validation_share(settings: Settings, n: int) -> float:
    """The share of n rows, the test rows among them, to validate on: that of the settings, or what suits n.

    Examples
    --------
    >>> [validation_share(Settings(), n) for n in (150, 10_000)], validation_share(Settings(validation=0.2), 150)
    ([0.0, 0.1], 0.2)
    """
    if settings.validation is not None:
        return settings.validation
    few = n * (1 - settings.test) <= FEW and not settings.time  # the past is not judged by the future
    return 0.0 if few else SHARE


def takes_turns(settings: Settings, n_train: int, n_validation: int) -> bool:
    """Whether training rows take turns as validation rows."""
    return settings.validation is None and n_validation == 0 and FEWEST <= n_train <= FEW and not settings.time


def holdouts(prepared: Prepared) -> Iterator[Prepared]:
    """The same for each holdout, everything learned again from the rows that are left; one without variety is none."""
    from .preparing import prepare

    rows, settings, target = prepared.parts["train"], prepared.settings, prepared.target
    settings = replace(settings, kind=_kind(target), loss=target.loss if target.kind == "numbers" else "auto", drop=())
    nothing = np.array([], np.int64)
    for fold in islice(_fifths(rows, target, settings), HOLDOUTS):
        try:
            yield prepare(rows, target.names, settings, Split(fold.train, fold.test, nothing))
        except TableError:  # one class or one value is left of the target, or no column
            continue


def of_one_fit(prepared: Prepared) -> Prepared:
    """The same with the share of the time limit that one of the fits has."""
    settings = prepared.settings
    if not settings.time_limit:
        return prepared
    return replace(prepared, settings=replace(settings, time_limit=settings.time_limit / (HOLDOUTS + 1)))


def mean_curve(curves: Sequence[Array]) -> Array:
    """The mean of curves up to the end of the shortest; empty without any."""
    shortest = min((len(curve) for curve in curves), default=0)
    return np.mean([curve[:shortest] for curve in curves], axis=0) if shortest else np.empty(0)


def lowest(curve: Array) -> int:
    """The number, from 1, of the epoch where a smoothed curve is lowest.

    Examples
    --------
    >>> curve = np.linspace(-1, 1, 100) ** 2
    >>> curve[5] = -1  # by chance
    >>> lowest(curve)
    50
    """
    beside = len(curve) // (2 * SMOOTHED)
    padded = np.pad(curve, beside, mode="edge")
    return int(np.argmin(np.convolve(padded, np.ones(2 * beside + 1), "valid"))) + 1


def _fifths(rows: Table, target: Target, settings: Settings) -> Iterator[Split]:
    groups: Any = rows[settings.group].values if settings.group else None
    units = rows.n_rows if groups is None else len(np.unique(groups))
    if units < 2:
        return iter(())
    strata = target.codes(rows) if target.classes else None
    return folds(rows.n_rows, min(FIFTHS, units), settings.seed, 0.0, strata=strata, groups=groups)


def _kind(target: Target) -> str:
    """As the settings name it, so that fewer rows do not lead to another kind."""
    return {"numbers": "number", "labels": "auto"}.get(target.kind, "classes")
