"""What is to be predicted: its kind, its way into T and back."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import log_loss, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error

from chainrule.table import Table, TableError, learn_target, table_of
from chainrule.table.records import from_json, to_json
from chainrule.table.scores import baseline_outputs, score
from chainrule.table.target import Target

RNG = np.random.default_rng(0)


def _target(kind: str = "auto", **columns: object) -> tuple[Target, Table]:
    table = table_of(columns)
    return learn_target(table, list(columns), kind), table


@pytest.mark.parametrize(
    ("values", "kind", "classes"),
    [
        (["no", "yes", "no"], "two classes", ("no", "yes")),
        (["b", "a", "c"] * 3, "classes", ("a", "b", "c")),
        ([True, False], "two classes", ("false", "true")),
        ([0, 1, 1], "two classes", ("0", "1")),
        ([0.5, 2.5], "two classes", ("0.5", "2.5")),
        (np.repeat(np.arange(8, 12), 10), "classes", ("8", "9", "10", "11")),
        (np.arange(100), "numbers", ()),
        (np.repeat(np.arange(8), 9), "numbers", ()),
        (RNG.normal(size=50), "numbers", ()),
    ],
)
def test_the_kind_is_found(values, kind: str, classes: tuple[str, ...]) -> None:
    target, _ = _target(y=values)
    assert (target.kind, target.classes) == (kind, classes)
    assert target.reason


def test_the_kind_can_be_asked_for() -> None:
    assert _target("number", y=[0, 1, 1])[0].kind == "numbers"
    assert _target("classes", y=np.repeat(np.arange(30), 5))[0].kind == "classes"


def test_several_columns() -> None:
    assert _target(a=[1.5, 2.5, 4], b=[1, 2, 3])[0].kind == "numbers"
    assert _target(a=[0, 1, 1], b=[True, False, True])[0].kind == "labels"
    with pytest.raises(TableError, match="'b' hold texts: train one model for each"):
        _target(a=[1.5, 2.5], b=["x", "y"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 1.0], "'y' is '1' in every row; there is nothing to learn"),
        (["only"] * 3, "'y' is 'only' in every row"),
        ([None, None], "'y' has no values"),
        ([f"text {j}" for j in range(40)], "40 classes in 40 rows"),
    ],
)
def test_what_cannot_be_learned(values, message: str) -> None:
    with pytest.raises(TableError, match=message):
        _target(y=values)


def test_texts_are_no_numbers() -> None:
    with pytest.raises(TableError, match="holds texts, not numbers"):
        _target("number", y=["a", "b", "c"])


@pytest.mark.parametrize(
    "values", [["no", "yes", "no"], [True, False, True], [3, 7, 3], ["a", "b", "c", "a", "a", "b"]]
)
def test_labels_come_back(values) -> None:
    target, table = _target(y=values)
    decoded = target.decode(target.encode(table))
    column = table["y"].as_kind("category")
    assert decoded["y"].tolist() == [column.levels[code] for code in column.values]
    probabilities = np.column_stack([decoded[f"probability of {label}"] for label in target.classes])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_units_come_back() -> None:
    target, table = _target(metres=RNG.normal(1e6, 3, 50), seconds=RNG.normal(0, 1e-6, 50))
    T = target.encode(table)
    np.testing.assert_allclose(T.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(T.std(axis=0), 1)
    for name, column in target.decode(T).items():
        np.testing.assert_allclose(column, table[name].values, rtol=1e-12)


def test_classes_seen_for_the_first_time_are_an_error() -> None:
    target, _ = _target(y=["a", "b", "a"])
    with pytest.raises(TableError, match="has the classes 'c', which the model never saw"):
        target.codes(table_of({"y": ["a", "c"]}))
    np.testing.assert_array_equal(target.codes(table_of({"y": ["b", "a"]})), [1, 0])


def test_rows_without_a_class_are_no_class() -> None:
    target, _ = _target(y=["a", "b", "a"])
    with pytest.raises(TableError, match="1 rows of data have no 'y'; leave them out"):
        target.codes(table_of({"y": ["a", None]}))


@pytest.mark.parametrize("columns", [{"y": ["a", "b"] * 4}, {"y": ["a", "b", "c"] * 4}, {"y": RNG.normal(size=9)}])
def test_no_rows_give_no_predictions(columns) -> None:
    target, _ = _target(**columns)
    decoded = target.decode(np.empty((0, target.n_outputs)))
    assert tuple(decoded) == target.columns
    assert all(len(column) == 0 for column in decoded.values())


def test_predictions_of_two_targets_have_names_of_their_own() -> None:
    values = {"v": [0, 1, 1], "probability of v": [1, 0, 1]}
    with pytest.raises(TableError, match="two columns 'probability of v': name each target once, or rename it"):
        _target(**values)
    with pytest.raises(TableError, match="two columns 'v'"):
        learn_target(table_of({"v": [1.5, 2.5, 4]}), ["v", "v"])


TWO = {"names": ["y"], "kind": "two classes", "reason": "", "classes": ["a", "b"], "mean": [], "std": []}
NUMBER = TWO | {"kind": "numbers", "classes": [], "mean": [0.0], "std": [1.0]}


@pytest.mark.parametrize(
    "fields",
    [
        TWO | {"classes": ["a", "b", "c"]},
        TWO | {"classes": ["a", "a"]},
        TWO | {"names": ["y", "z"]},
        TWO | {"mean": [0.0]},
        TWO | {"shares": [0.5]},
        TWO | {"kind": "classes", "classes": []},
        TWO | {"kind": "labels"},
        NUMBER | {"mean": []},
        NUMBER | {"mean": [0.0, 0.0]},
        NUMBER | {"mean": [10**400]},
        NUMBER | {"mean": [float("nan")]},
        NUMBER | {"std": [0.0]},
        NUMBER | {"std": [float("inf")]},
        NUMBER | {"names": []},
        NUMBER | {"classes": ["a", "b"]},
        NUMBER | {"number_loss": "hinge"},
        NUMBER | {"interval": 1.0},
    ],
)
def test_a_file_cannot_make_a_target_that_no_data_make(fields: dict[str, object]) -> None:
    whole = {"shares": [], "number_loss": "half_squared_error"}
    assert from_json(Target, whole | TWO).n_outputs == from_json(Target, whole | NUMBER).n_outputs == 1
    with pytest.raises(ValueError, match=r"Target|do not make a target|must be finite|two columns|interval"):
        from_json(Target, whole | fields)


@pytest.mark.parametrize("columns", [{"y": ["a", "b", "c"] * 4}, {"y": [0, 1, 1]}, {"a": [1.5, 2], "b": [0, 9]}])
def test_json_and_back_is_the_same_target(columns) -> None:
    target, _ = _target(**columns)
    assert from_json(Target, to_json(target)) == target


# Scores, against scikit-learn's.


def test_scores_of_classes() -> None:
    target, table = _target(y=RNG.choice(["a", "b", "c"], 60))
    P = RNG.dirichlet(np.ones(3), 60)
    scores = score(target, P, table)
    t = target.codes(table)
    assert scores["accuracy"] == np.mean(P.argmax(axis=1) == t)
    assert scores["log loss"] == pytest.approx(log_loss(t, P, labels=[0, 1, 2]))


def test_scores_of_two_classes() -> None:
    target, table = _target(y=RNG.integers(0, 2, 60))
    p = RNG.uniform(0.05, 0.95, (60, 1)).round(1)  # with ties
    t = target.codes(table)
    scores = score(target, p, table)
    assert scores["ROC AUC"] == pytest.approx(roc_auc_score(t, p[:, 0]))
    assert scores["log loss"] == pytest.approx(log_loss(t, p[:, 0]))


def test_scores_of_numbers() -> None:
    target, table = _target(a=RNG.normal(5, 2, 40), b=RNG.normal(size=40))
    Y = RNG.normal(size=(40, 2))
    decoded, given = (
        np.column_stack(list(target.decode(Y).values())),
        np.column_stack([c.values for c in table.columns]),
    )
    scores = score(target, Y, table)
    assert scores["R2"] == pytest.approx(r2_score(given, decoded))
    assert scores["RMSE"] == pytest.approx(root_mean_squared_error(given, decoded))
    assert scores["MAE"] == pytest.approx(mean_absolute_error(given, decoded))


def test_the_baseline_knows_only_the_mean() -> None:
    target, table = _target(y=["a"] * 30 + ["b"] * 10)
    scores = score(target.scaled_by(table), baseline_outputs(target.scaled_by(table), 40), table)
    assert scores["accuracy"] == 0.75
    assert scores["log loss"] == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    assert scores["ROC AUC"] == 0.5
    target, table = _target(y=RNG.normal(size=30))
    assert score(target, baseline_outputs(target, 30), table)["R2"] == pytest.approx(0)


# Other losses of numbers.


def test_quantiles_come_back_in_units_and_never_cross() -> None:
    table = table_of({"y": RNG.normal(100, 5, 50)})
    target = learn_target(table, ["y"], loss="quantile(0.9, 0.1, 0.5)")
    assert target.n_outputs == 3
    outputs = RNG.normal(size=(50, 3))
    columns = target.decode(outputs)
    in_units = np.sort(outputs, axis=1) * target.std[0] + target.mean[0]
    np.testing.assert_allclose(columns["quantile 0.1 of y"], in_units[:, 0])
    np.testing.assert_allclose(columns["quantile 0.9 of y"], in_units[:, 2])
    np.testing.assert_array_equal(columns["y"], columns["quantile 0.5 of y"])
    t = table["y"].values
    coverage = np.mean((in_units[:, 0] <= t) & (t <= in_units[:, 2]))
    assert score(target, outputs, table)["coverage"] == coverage


def test_counts_are_scaled_by_their_mean() -> None:
    table = table_of({"y": RNG.poisson(7, 40)})
    target = learn_target(table, ["y"], "number", "poisson")
    assert target.output == "exp"
    np.testing.assert_allclose(target.encode(table).mean(), 1)
    np.testing.assert_allclose(target.decode(target.encode(table))["y"], table["y"].values)
    assert score(target, baseline_outputs(target, 40), table)["R2"] == pytest.approx(0)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_intervals_of_a_normal_distribution(share: float) -> None:
    table = table_of({"a": RNG.normal(100, 5, 50), "b": RNG.normal(-1, 0.01, 50)})
    target = replace(learn_target(table, ["a", "b"], loss="gaussian_nll"), interval=share)
    outputs = RNG.normal(size=(30, 4))
    columns = target.decode(outputs)
    for j, name in enumerate("ab"):
        normal = norm(outputs[:, j] * target.std[j] + target.mean[j], np.exp(outputs[:, 2 + j] / 2) * target.std[j])
        low, high = normal.interval(share)
        np.testing.assert_allclose(columns[name], normal.mean())
        np.testing.assert_allclose(columns[f"standard deviation of {name}"], normal.std())
        np.testing.assert_allclose(columns[f"quantile {(1 - share) / 2:g} of {name}"], low)
        np.testing.assert_allclose(columns[f"quantile {(1 + share) / 2:g} of {name}"], high)
    assert tuple(columns) == target.columns
    assert from_json(Target, to_json(target)) == target


@pytest.mark.parametrize(
    ("values", "loss", "message"),
    [
        (["a", "b"], "huber(1.0)", "does not suit 2 classes"),
        ([1.5, 2.5, 4], "hinge", "does not suit a number"),
        ([1.5, 2.5, 4], "quantile", "say which quantiles"),
        ([1.5, -2.5, 4], "poisson", "takes positive targets; the smallest is -2.5"),
        ([0.0, 2.5, 4], "gamma", "takes positive targets; the smallest is 0"),
    ],
)
def test_losses_that_do_not_suit(values, loss: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learn_target(table_of({"y": values}), ["y"], loss=loss)
