"""Rows to train, to validate and to test on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.table import TableError, column_of
from chainrule.table.split import Split, folds, split_groups, split_in_time, split_rows


def _all(split: Split) -> list[int]:
    return sorted(np.concatenate([split.train, split.validation, split.test]).tolist())


@given(
    n=st.integers(5, 200), seed=st.integers(0, 5), test=st.sampled_from([0, 0.2, 0.5]), held=st.sampled_from([0, 0.1])
)
def test_every_row_is_in_one_part(n: int, seed: int, test: float, held: float) -> None:
    split = split_rows(n, seed, test=test, validation=held, strata=np.arange(n) % 3)
    assert _all(split) == list(range(n))
    assert len(split.test) == (max(1, round(n * test)) if test else 0)


def test_the_seed_decides() -> None:
    one, same, other = (split_rows(50, seed).test.tolist() for seed in (1, 1, 2))
    assert one == same != other


@given(groups=st.lists(st.integers(0, 12), min_size=40, max_size=80), seed=st.integers(0, 5))
def test_groups_stay_together(groups: list[int], seed: int) -> None:
    if len(set(groups)) < 4:
        return
    try:
        split = split_groups(column_of("g", groups), seed)
    except TableError as error:
        assert "too few" in str(error)  # noqa: PT017
        return
    assert _all(split) == list(range(len(groups)))
    parts = [{groups[row] for row in part} for part in (split.train, split.validation, split.test)]
    assert all(parts)
    assert sum(map(len, parts)) == len(set(groups))


def test_groups_meet_the_shares() -> None:
    split = split_groups(column_of("g", np.repeat(np.arange(200), 5)), 0)
    assert abs(len(split.test) - 250) <= 10
    assert abs(len(split.validation) - 100) <= 10


def test_too_few_groups() -> None:
    with pytest.raises(TableError, match="has 2 groups, too few for 3 parts"):
        split_groups(column_of("g", ["a", "b"] * 20), 0)


def test_time_goes_forward() -> None:
    times = np.random.default_rng(0).permutation(100)
    split = split_in_time(column_of("t", times))
    assert _all(split) == list(range(100))
    assert times[split.train].max() < times[split.validation].min()
    assert times[split.validation].max() < times[split.test].min()
    assert len(split.test) == 25


@given(n=st.integers(6, 60), n_folds=st.integers(2, 6), seed=st.integers(0, 3), grouped=st.booleans())
def test_folds_test_every_row_once(n: int, n_folds: int, seed: int, grouped: bool) -> None:
    groups = np.arange(n) // 1 if not grouped else np.arange(n) % 6
    found = []
    for split in folds(n, n_folds, seed, 0.1, groups=groups if grouped else None):
        assert _all(split) == list(range(n))
        assert not (set(groups[split.test]) & set(groups[split.train]))
        found += split.test.tolist()
    assert sorted(found) == list(range(n))


def test_folds_share_the_classes() -> None:
    strata = np.repeat([0, 1], [80, 20])
    for split in folds(100, 5, 0, strata=strata):
        assert np.bincount(strata[split.test]).tolist() == [16, 4]
