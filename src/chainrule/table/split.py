"""Rows to train, to choose the epoch by and to test on: at random from a seed, by groups, or in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .columns import Column
from .errors import TableError

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers, each part sorted."""

    train: Rows
    validation: Rows
    test: Rows


def split_rows(
    n: int, seed: int, *, test: float = 0.25, validation: float = 0.1, strata: NDArray[np.int64] | None = None
) -> Split:
    """Split n rows at random.

    Parameters
    ----------
    n : int
    seed : int
    test, validation : float
        Shares of all rows, each in [0, 1), together less than 1.
    strata : array (n,) of int, optional
        The class of each row; each part gets every class in its share, as nearly as whole rows allow.

    Examples
    --------
    >>> split = split_rows(10, seed=0, test=0.2, validation=0.0)
    >>> len(split.train), len(split.validation), len(split.test)
    (8, 0, 2)
    """
    _require_shares(test, validation)
    order = np.random.default_rng(seed).permutation(n)
    if strata is not None:
        order = order[np.argsort(_spread(strata[order]), kind="stable")]
    n_test, n_validation = _share(n, test), _share(n, validation)
    part_of = np.zeros(n, np.int8)  # quicker than to sort the parts
    part_of[order[n_test : n_test + n_validation]] = 1
    part_of[order[:n_test]] = 2
    return _checked(Split(*(np.flatnonzero(part_of == place) for place in range(3))))


def split_groups(column: Column, seed: int, *, test: float = 0.25, validation: float = 0.1) -> Split:
    """Split at random so that the rows of one group stay together; the shares are met as nearly as groups allow.

    Raises
    ------
    TableError
        There are too few groups for the parts asked for.
    """
    _require_shares(test, validation)
    groups, codes = np.unique(column.values, return_inverse=True)
    n_parts = 1 + (test > 0) + (validation > 0)
    if len(groups) < n_parts:
        raise TableError(f"column {column.name!r} has {len(groups)} groups, too few for {n_parts} parts of the rows")
    order = np.random.default_rng(seed).permutation(len(groups))
    sizes = np.bincount(codes)[order]
    middles = (np.cumsum(sizes) - sizes / 2) / len(codes)  # a group goes where its middle row falls
    part_of = np.empty(len(groups), np.int64)
    part_of[order] = np.searchsorted([test, test + validation], middles, side="right")
    for place, share in ((0, test), (1, validation)):  # none that was asked for stays empty
        if share > 0 and not np.any(part_of == place):
            part_of[order[place]] = place
    test_rows, validation_rows, train_rows = (np.flatnonzero(part_of[codes] == place) for place in range(3))
    return _checked(Split(train_rows, validation_rows, test_rows))


def split_in_time(column: Column, *, test: float = 0.25, validation: float = 0.1) -> Split:
    """Train on the earliest rows, validate on later ones and test on the latest; rows of one time stay in their order.

    Raises
    ------
    TableError
        The column is not of dates or numbers, or has gaps.
    """
    _require_shares(test, validation)
    if column.kind not in ("date", "number"):
        raise TableError(f"column {column.name!r} holds texts; dates or numbers are needed to order the rows in time")
    if column.missing.any():
        raise TableError(f"column {column.name!r} has {int(column.missing.sum())} gaps; every row needs a time")
    n = len(column.values)
    order = np.argsort(column.values, kind="stable")
    n_test, n_validation = _share(n, test), _share(n, validation)
    parts = np.split(order, [max(0, n - n_test - n_validation), n - n_test])
    return _checked(Split(*map(np.sort, parts)))


def folds(
    n: int,
    n_folds: int,
    seed: int,
    validation: float = 0.1,
    *,
    strata: NDArray[np.int64] | None = None,
    groups: NDArray[Any] | None = None,
) -> Iterator[Split]:
    """Cut the rows into parts of equal size; each is the test part of one split.

    Examples
    --------
    >>> [len(split.test) for split in folds(10, 3, seed=0)]
    [4, 3, 3]
    """
    units = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_units = int(units.max()) + 1 if n else 0
    if not 2 <= n_folds <= n_units:
        raise TableError(f"{n_folds} folds of {n_units} {'rows' if groups is None else 'groups'}; give 2 to {n_units}")
    rng = np.random.default_rng(seed)
    order = rng.permutation(n_units)
    if strata is not None and groups is None:
        order = order[np.argsort(strata[order], kind="stable")]  # the folds take turns within each class
    fold_of = np.empty(n_units, np.int64)
    fold_of[order] = np.arange(n_units) % n_folds
    for fold in range(n_folds):
        others = np.flatnonzero(fold_of[units] != fold)
        order = rng.permutation(others)
        held = _share(len(others), validation)
        yield _checked(Split(np.sort(order[held:]), np.sort(order[:held]), np.flatnonzero(fold_of[units] == fold)))


def _require_shares(test: float, validation: float) -> None:
    if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
        raise TableError(
            f"the test share {test} and the validation share {validation} must each be at least 0, together less than 1"
        )


def _checked(split: Split) -> Split:
    if len(split.train) < 2:
        n = sum(map(len, (split.train, split.validation, split.test)))
        raise TableError(f"{n} rows are too few to train on after the test and validation rows are taken out")
    return split


def _share(n: int, share: float) -> int:
    """At least one row when any are asked for."""
    return max(1, round(n * share)) if share > 0 else 0


def _spread(strata: NDArray[np.int64]) -> NDArray[np.float64]:
    """A key that spreads each class evenly from 0 to 1: its k-th of m rows, k = 0.., is at (k + 1/2)/m."""
    key = np.empty(len(strata))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        key[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return key
