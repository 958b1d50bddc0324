"""Columns to X: what is learned from the training rows, what is left out, and new rows that look different."""

import json
import subprocess
import sys

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule.table import Column, Encoder, Table, TableError, column_of, learn_encoder, table_of
from chainrule.table.columns import MOST_LEVELS
from chainrule.table.features import BUCKETS, HASHES, LIMIT, Hashed, LeftOut, Number, learn_feature

RNG = np.random.default_rng(0)
NUMBER = {"type": "number", "name": "x", "kind": "number", "median": 0, "mean": 0, "std": 1, "indicator": False}


def test_numbers_agree_with_scikit_learn() -> None:
    x = RNG.normal(5, 3, 200)
    x[::7] = np.nan
    X = learn_encoder(table_of({"x": x})).transform(table_of({"x": x}))
    imputed = SimpleImputer(strategy="median", add_indicator=True).fit_transform(x[:, None])
    np.testing.assert_allclose(X[:, 0], StandardScaler().fit_transform(imputed[:, :1])[:, 0], atol=1e-12)
    np.testing.assert_array_equal(X[:, 1], imputed[:, 1])


def test_categories_agree_with_scikit_learn() -> None:
    x = RNG.choice(["red", "green", "blue"], 100)
    X = learn_encoder(table_of({"x": x})).transform(table_of({"x": x}))
    np.testing.assert_array_equal(X, OneHotEncoder(sparse_output=False).fit_transform(x[:, None]))


def test_rare_levels_share_a_column_which_new_ones_join() -> None:
    encoder = learn_encoder(table_of({"x": ["a"] * 500 + ["b"] * 300 + ["c"] * 3 + ["d"] * 2}))
    assert encoder.outputs == ("x = a", "x = b", "x is another")
    X = encoder.transform(table_of({"x": ["a", "c", "never seen", None]}))
    np.testing.assert_array_equal(X, [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]])


def test_more_texts_than_are_kept_are_levels_never_seen() -> None:
    encoder = learn_encoder(table_of({"x": ["a"] * 500 + ["b"] * 300 + ["c"] * 3}))
    table = table_of({"x": [None, *map(str, range(MOST_LEVELS + 1)), "a"]})
    assert table["x"].kind == "text"
    X = encoder.transform(table)
    np.testing.assert_array_equal(X[[0, 1, -1]], [[0, 0, 0], [0, 0, 1], [0, 0, 1]])
    (note,) = encoder.unreadable(table)
    assert "'x' has over 100000 different texts; all count as never seen" in note


@pytest.mark.parametrize(
    "fields",
    [
        {"median": 10**400},
        {"mean": float("nan")},
        {"std": 0.0},
        {"kind": "category"},
        {"type": "category", "levels": ["a"], "pooled": False, "kind": "date"},
        {"type": "date", "elapsed": {}, "cycles": ["day"]},
        {"type": "date", "elapsed": NUMBER, "cycles": ["moon"], "kind": "date"},
        {"type": "date", "elapsed": NUMBER, "cycles": [], "kind": "number"},
    ],
)
def test_a_file_cannot_make_a_column_that_no_data_make(fields: dict[str, object]) -> None:
    assert Encoder.from_json({"features": [NUMBER]}).n_outputs == 1
    with pytest.raises(ValueError, match=r"median|must be finite|cannot be|is missing"):
        Encoder.from_json({"features": [NUMBER | fields]})


def test_missing_categories_have_a_column_where_training_had_them() -> None:
    encoder = learn_encoder(table_of({"x": ["a", "b", None] * 30}))
    np.testing.assert_array_equal(encoder.transform(table_of({"x": [None, "a"]})), [[0, 0, 1], [1, 0, 0]])


def test_outliers_are_clipped() -> None:
    encoder = learn_encoder(table_of({"x": RNG.normal(size=1000)}))
    np.testing.assert_array_equal(encoder.transform(table_of({"x": [1e300, -1e300]}))[:, 0], [LIMIT, -LIMIT])


def test_one_wild_value_does_not_spoil_the_scale() -> None:
    x = RNG.normal(size=5000)
    x[0] = 1e12
    assert 0.8 < learn_encoder(table_of({"x": x})).transform(table_of({"x": x}))[1:, 0].std() < 1.2


@pytest.mark.parametrize("scale", [1e-300, 1e-5, 1.0, 1e150, 1e307])
def test_any_scale_stays_finite(scale: float) -> None:
    x = scale * np.array([1.0, 2.0, 3.0, -4.0])
    X = learn_encoder(table_of({"x": x})).transform(table_of({"x": x}), np.float32)
    assert np.isfinite(X).all()
    assert np.all(np.argsort(X[:, 0]) == np.argsort(x))


def test_dates_give_elapsed_time_and_the_cycles_that_vary() -> None:
    days = np.arange("2020-01-01", "2021-12-31", dtype="M8[D]")
    encoder = learn_encoder(table_of({"day": days}))
    assert encoder.outputs[0] == "day"
    assert len(encoder.outputs) == 5  # week and year; every time of day is midnight
    mondays = table_of({"day": np.array(["2020-01-06", "2021-05-31"], "M8[D]")})
    week = encoder.transform(mondays)[:, 1:3]
    np.testing.assert_allclose(week, [[1, 0], [1, 0]], atol=1e-9)


def test_a_missing_date_is_no_place_in_a_cycle() -> None:
    days = np.array(["2020-01-01", "2020-07-01", "2021-03-01", "NaT"], "M8[D]")
    X = learn_encoder(table_of({"day": days})).transform(table_of({"day": days}))
    assert np.isfinite(X).all()
    np.testing.assert_array_equal(X[3, 2:], 0)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("x", [1.0] * 30, "every value is 1"),
        ("x", ["same"] * 30, "every value is same"),
        ("x", [None] * 30, "it has no values"),
        ("x", range(30), "it numbers the rows"),
        ("x", RNG.permutation(3000)[:1900], "it numbers the rows"),
        ("name", [f"person {j}" for j in range(30)], "30 of its 30 values are different"),
        ("customer_id", RNG.choice(10**9, 30, replace=False), "its name is that of an identifier"),
        ("customerId", RNG.choice(10**9, 30, replace=False), "its name is that of an identifier"),
    ],
)
def test_columns_that_say_nothing_are_left_out(name: str, values, reason: str) -> None:
    feature = learn_feature(column_of(name, values))
    assert isinstance(feature, LeftOut)
    assert reason in feature.reason


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("income", RNG.choice(10**9, 30, replace=False)),
        ("paid", RNG.integers(0, 9, 30)),
        ("height", RNG.normal(size=30)),
        ("x", [1.0] * 29 + [None]),
    ],
)
def test_columns_that_say_something_are_kept(name: str, values) -> None:
    assert not isinstance(learn_feature(column_of(name, values)), LeftOut)


def test_an_identifier_is_used_when_asked_for() -> None:
    encoder = learn_encoder(table_of({"id": np.arange(50)}), forced=["id"])
    assert encoder.names == ("id",)


def test_nothing_to_predict_from() -> None:
    with pytest.raises(TableError, match=r"no column to predict from .*'x': every value is 1"):
        learn_encoder(table_of({"x": [1, 1]}))


MIXED = table_of(
    {
        "age": [31, 47, None, 28] * 5,
        "town": ["Oslo", "Bergen", "Oslo", None] * 5,
        "member": [True, False, True, True] * 5,
        "since": np.array(["2019-05-01", "2020-02-03", "NaT", "2021-11-30"] * 5, "M8[D]"),
        "useless": ["x"] * 20,
    }
)


def test_json_and_back_is_the_same_encoder() -> None:
    encoder = learn_encoder(MIXED)
    assert Encoder.from_json(encoder.to_json()) == encoder


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(5)))
def test_the_order_of_columns_is_free(order: list[int]) -> None:
    encoder = learn_encoder(MIXED)
    shuffled = table_of({MIXED.names[j]: [None] for j in order})
    shuffled = type(MIXED)(tuple(MIXED.columns[j] for j in order), MIXED.n_rows)
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(MIXED))


def test_more_columns_do_not_matter_and_missing_ones_are_named() -> None:
    encoder = learn_encoder(MIXED)
    encoder.transform(MIXED.without(["useless"]))
    with pytest.raises(TableError, match="lacks 'age' and 'town'; the model needs"):
        encoder.transform(MIXED.without(["town", "age"]))


def test_a_column_of_another_kind_is_read_as_the_kind_of_training() -> None:
    encoder = learn_encoder(table_of({"n": [1.0, 2.0, 3.0], "c": ["1", "2", "x"]}))
    new = table_of({"n": ["2", "many", None], "c": [1, 2, 3]})
    np.testing.assert_array_equal(encoder.transform(new), [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    assert encoder.unreadable(new) == ("1 values of 'n' are not numbers and count as missing",)


def test_each_row_is_encoded_by_itself() -> None:
    encoder = learn_encoder(MIXED)
    whole = encoder.transform(MIXED)
    for row in range(4):
        np.testing.assert_array_equal(encoder.transform(MIXED.take(np.array([row]))), whole[[row]])


NUMBER = {"type": "number", "name": "x", "kind": "number", "median": 1, "mean": 0, "std": 1, "indicator": False}


@pytest.mark.parametrize(
    "change",
    [
        {"features": "none"},
        {"features": [{"type": "number"}]},
        {"features": [{"type": "wild"}]},
        {"features": [7]},
        {
            "features": [
                {
                    "type": "number",
                    "name": "x",
                    "kind": "number",
                    "median": "1",
                    "mean": 0,
                    "std": 1,
                    "indicator": False,
                }
            ]
        },
        {
            "features": [
                {"type": "number", "name": "x", "kind": "odd", "median": 1, "mean": 0, "std": 1, "indicator": False}
            ]
        },
        {"left_out": [{"name": 1}]},
    ],
)
def test_a_header_that_is_no_encoder(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"field|unknown type|columns of the table|expected"):
        Encoder.from_json(learn_encoder(MIXED).to_json() | change)


# Many levels.


def _towns(n: int, levels: int, seed: int = 0) -> list[str | None]:
    rng = np.random.default_rng(seed)
    return [None if j % 50 == 0 else f"town {level}" for j, level in enumerate(rng.integers(levels, size=n))]


def test_many_levels_are_hashed() -> None:
    table = table_of({"town": _towns(6000, 400)})
    encoder = learn_encoder(table)
    (feature,) = encoder.features
    assert feature == Hashed("town", "category", BUCKETS, 400, numeric=False, indicator=True)
    assert encoder.n_outputs == BUCKETS + 1
    X = encoder.transform(table)
    assert set(np.unique(X)) == {0, 1}
    np.testing.assert_array_equal(X[:, -1], table["town"].missing)
    np.testing.assert_array_equal(X[table["town"].missing, :-1], 0)
    of_level = {level: X[table["town"].values == code] for code, level in enumerate(table["town"].levels)}
    assert all(np.all(rows == rows[0]) for rows in of_level.values())
    codes = np.array([rows[0, :-1] for rows in of_level.values()])
    assert len(np.unique(codes, axis=0)) == 400
    assert codes.sum(axis=1).min() > HASHES / 2
    expected = BUCKETS * (1 - (1 - 1 / BUCKETS) ** HASHES)  # of HASHES balls in BUCKETS bins
    assert codes.sum(axis=1).mean() == pytest.approx(expected, rel=0.02)
    assert np.abs(codes.mean(axis=0) - expected / BUCKETS).max() < 5 * np.sqrt(expected / BUCKETS / 400)


def test_levels_that_were_never_seen_have_buckets_of_their_own_too() -> None:
    encoder = learn_encoder(table_of({"town": _towns(6000, 400)}))
    X = encoder.transform(table_of({"town": ["Vardø", "", "a\ud800", None, "town 7"]}))
    assert (X[:, :-1].sum(axis=1) > 0).tolist() == [True, True, True, False, True]
    np.testing.assert_array_equal(encoder.transform(table_of({"town": ["town 7"]}))[0], X[4])
    no_levels = Column("town", "text", np.array([0, -1, 5], np.int32))
    np.testing.assert_array_equal(encoder.transform(Table((no_levels,), 3))[:, -1], [0, 1, 0])


def test_a_level_has_the_same_buckets_in_every_process_and_forever() -> None:
    encoder = Encoder((Hashed("town", "category", 128, 400, numeric=False, indicator=False),))
    places = np.flatnonzero(encoder.transform(table_of({"town": ["Oslo"]}))[0]).tolist()
    assert places == [11, 15, 20, 25, 36, 39, 44, 53, 62, 77, 87, 99, 111, 112, 123, 127]
    code = (
        "import numpy as np\nfrom chainrule.table import Encoder, table_of\n"
        "from chainrule.table.features import Hashed\n"
        "encoder = Encoder((Hashed('town', 'category', 128, 400, numeric=False, indicator=False),))\n"
        "print(np.flatnonzero(encoder.transform(table_of({'town': ['Oslo']}))[0]).tolist())"
    )
    for seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
        )
        assert found.stdout.decode().strip() == str(places)


def test_hashed_columns_come_back_from_json() -> None:
    encoder = learn_encoder(table_of({"town": _towns(6000, 400), "x": RNG.normal(size=6000)}))
    assert Encoder.from_json(json.loads(json.dumps(encoder.to_json()))) == encoder
    for wrong in ({"buckets": 0}, {"buckets": 10**9}, {"kind": "number"}, {"distinct": "many"}):
        fields = encoder.to_json()
        fields["features"][0] |= wrong
        with pytest.raises(ValueError, match=r"buckets of kind|field 'distinct'"):
            Encoder.from_json(fields)


def test_numbers_as_categories_have_one_spelling() -> None:
    from chainrule.table.values import column_of_texts

    zips = column_of("zip", RNG.integers(100, 700, 9000)).as_kind("category")
    feature = learn_feature(zips)
    assert isinstance(feature, Hashed)
    assert feature.numeric
    column, _ = column_of_texts(feature, polars.Series(["0107", "107.0", "107"]))
    X = np.empty((3, len(feature.outputs)))
    feature.transform(column, X)
    np.testing.assert_array_equal(X, X[[0, 0, 0]])


# Robust scaling.


def test_robust_scaling_is_not_moved_by_outliers() -> None:
    x = RNG.normal(20, 3, 2001)
    wild = np.concatenate([x, np.full(200, 1e9), np.full(200, -1e9)])
    feature = learn_feature(column_of("x", wild), scaling="robust")
    assert isinstance(feature, Number)
    low, median, high = np.quantile(wild, (0.25, 0.5, 0.75))
    assert feature.mean == feature.median == median
    assert feature.std == pytest.approx((high - low) / (norm.ppf(0.75) - norm.ppf(0.25)))
    assert feature.std == pytest.approx(3, rel=0.3)
    standard = learn_feature(column_of("x", wild))
    assert isinstance(standard, Number)
    assert standard.std > 1e8
    normal = learn_feature(column_of("x", RNG.normal(20, 3, 100_000)), scaling="robust")
    assert isinstance(normal, Number)
    assert normal.std == pytest.approx(3, rel=0.02)


def test_half_of_the_values_the_same_leaves_the_standard_deviation() -> None:
    x = np.concatenate([np.zeros(800), RNG.normal(size=200)])
    assert learn_feature(column_of("x", x), scaling="robust") == learn_feature(column_of("x", x))
    yes = column_of("yes", x > 0)
    assert learn_feature(yes, scaling="robust") == learn_feature(yes)


def test_large_whole_numbers_in_float32_are_standardised_as_in_float64():
    x = 1.6e7 + np.arange(50.0) % 7
    encoder = learn_encoder(table_of({"x": x}))
    found = encoder.transform(table_of({"x": x.astype(np.float32)}))
    np.testing.assert_allclose(found, encoder.transform(table_of({"x": x})), atol=1e-12)
