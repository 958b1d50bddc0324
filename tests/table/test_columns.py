"""Columns of whatever people hand over, and one kind read as another."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest

from chainrule.table import TableError, column_of, table_of
from chainrule.table.columns import listed


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2], "number"),
        (np.array([1.5], np.float32), "number"),
        ([True, False], "boolean"),
        ([True, None], "boolean"),
        ([1, None, 2.5], "number"),
        (["a", "b"], "category"),
        (["1", "2"], "category"),
        (np.array(["2020-01-01"], "M8[D]"), "date"),
    ],
)
def test_the_kind_follows_the_values(values, kind: str) -> None:
    assert column_of("x", values).kind == kind


def test_none_nan_and_infinity_are_missing() -> None:
    assert column_of("x", [1.0, None, float("nan"), float("inf")]).missing.tolist() == [False, True, True, True]
    assert column_of("x", ["a", None, float("nan")]).missing.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([date(1970, 1, 2), None], "date", [86_400, np.nan]),
        ([datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC), datetime(1969, 12, 31, tzinfo=UTC)], "date", [1.5, -86_400]),
        ([datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), None], "date", [0, np.nan]),
        ([np.datetime64("1970-01-02"), None, np.datetime64("NaT")], "date", [86_400, np.nan, np.nan]),
        (pd.to_datetime(["2020-01-01", None]).tz_localize("Europe/Oslo"), "date", [1_577_833_200, np.nan]),
        ([Decimal("1.5"), Decimal("NaN"), Fraction(1, 4)], "number", [1.5, np.nan, 0.25]),
        ([10**400, -(10**400), None, 2], "number", [np.inf, -np.inf, np.nan, 2]),
        ([timedelta(minutes=2), None], "number", [120, np.nan]),
        (np.array([1500, "NaT"], "m8[ms]"), "number", [1.5, np.nan]),
        (pd.array([True, None], dtype="boolean"), "boolean", [1, np.nan]),
        (pd.array([3, None], dtype="Int64"), "number", [3, np.nan]),
        (pd.array(["b", None, "a"], dtype="string"), "category", [1, -1, 0]),
        (pd.Categorical(["b", None, "a"]), "category", [1, -1, 0]),
    ],
)
def test_objects_are_what_they_say(values, kind: str, expected: list[float]) -> None:
    column = column_of("x", values)
    assert column.kind == kind
    np.testing.assert_array_equal(column.values, expected)
    assert column.missing.tolist() == [not np.isfinite(v) or v == -1 for v in expected]


def test_numbers_as_categories_keep_their_order_and_gaps() -> None:
    column = column_of("zip", [10.0, 2.0, None, 10.0, 2.5]).as_kind("category")
    assert [column.levels[code] if code >= 0 else None for code in column.values] == ["10", "2", None, "10", "2.5"]


def test_texts_as_numbers_lose_what_is_no_number() -> None:
    np.testing.assert_array_equal(
        column_of("x", ["1", "-2e3", "many", None]).as_kind("number").values, [1, -2e3, *[np.nan] * 2]
    )


def test_polars_and_mappings_give_the_same_table() -> None:
    data = {"a": [1.5, None, 3.0], "b": ["x", "y", None], "c": [True, False, None]}
    for one, other in zip(table_of(data).columns, table_of(pl.DataFrame(data)).columns, strict=True):
        assert (one.name, one.kind, one.levels) == (other.name, other.kind, other.levels)
        np.testing.assert_array_equal(one.values, other.values)


def test_an_array_names_its_columns() -> None:
    assert table_of(np.zeros((2, 3))).names == ("x0", "x1", "x2")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(3), "a table has two, rows and columns"),
        ({"a": [1, 2], "b": [1]}, "different lengths: 1, 2"),
        ({"a": [[1, 2], [3, 4]]}, "a column has one"),
        ({"a": [1j]}, "complex128"),
        ({"a": [[1], [2, 3]]}, "sequences of different lengths; a cell has one value"),
        ({"a": np.array([[1], {}, None], object)}, "holds 'dict' and 'list'; numbers, texts"),
    ],
)
def test_what_is_no_table(data, message: str) -> None:
    with pytest.raises(TableError, match=message):
        table_of(data)


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(TableError, match="no column 'z'; it has 'a' and 'b'"):
        table_of({"a": [1], "b": [2]})["z"]


def test_long_lists_are_cut() -> None:
    assert listed(range(20), most=2) == "0, 1 and 18 more"
