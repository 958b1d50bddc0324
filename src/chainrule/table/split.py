"""Rows to train, to stop early by and to test on; drawn from a seed, classes in the same shares where asked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    if not (0 <= test < 1 and 0 <= validation < 1 and test + validation < 1):
        raise TableError(
            f"the test share {test} and the validation share {validation} must each be at least 0, together less than 1"
        )
    order = np.random.default_rng(seed).permutation(n)
    if strata is not None:
        order = order[np.argsort(_spread(strata[order]), kind="stable")]
    n_test, n_validation = _share(n, test), _share(n, validation)
    if n - n_test - n_validation < 2:
        raise TableError(f"{n} rows are too few to train on after the test and validation rows are taken out")
    parts = np.split(order, [n_test, n_test + n_validation])
    return Split(np.sort(parts[2]), np.sort(parts[1]), np.sort(parts[0]))


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
