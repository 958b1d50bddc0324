"""TabularClassifier, TabularRegressor and TableTransformer as scikit-learn's own tools use them."""

import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import chainrule as cr
from chainrule.table import TableError, TableModel

RNG = np.random.default_rng(0)
N = 300
TABLE = pl.DataFrame(
    {
        "row": np.arange(N),
        "age": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(50, 10, N)),
        "town": RNG.choice(["Oslo", "Bergen"], N),
        "since": np.datetime64("2020-01-01") + RNG.integers(0, 900, N),
    }
)
LABELS = np.where((TABLE["age"].fill_nan(50).to_numpy() > 50) != (TABLE["town"] == "Oslo").to_numpy(), "yes", "no")
AMOUNTS = 100 + 2 * TABLE["age"].fill_nan(50).to_numpy() + 30 * (TABLE["town"] == "Oslo").to_numpy()
QUICK = {"hidden": "16:tanh", "epochs": 80, "learning_rate": 0.02, "dropout": 0.0, "drop": ["since"]}


def test_a_table_of_mixed_columns() -> None:
    model = cr.TabularClassifier(**QUICK | {"drop": ()}).fit(TABLE, LABELS)
    assert model.score(TABLE, LABELS) > 0.9
    assert model.left_out_ == {"row": "it numbers the rows"}
    np.testing.assert_allclose(model.predict_proba(TABLE).sum(axis=1), 1, rtol=1e-6)
    regressor = cr.TabularRegressor(**QUICK).fit(TABLE, AMOUNTS)
    assert regressor.score(TABLE, AMOUNTS) > 0.95


@pytest.mark.parametrize("labels", [[True, False], [7, 3], [0.5, 2.5], ["b", "a"], [10, 9]])
def test_labels_come_back_as_they_were(labels: list[object]) -> None:
    y = np.array(labels)[(LABELS == "yes").astype(int)]
    model = cr.TabularClassifier(**QUICK).fit(TABLE, y)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    assert model.predict(TABLE).dtype == y.dtype
    assert np.mean(model.predict(TABLE) == y) > 0.9


def test_inside_scikit_learn() -> None:
    X = np.column_stack([TABLE["age"], (TABLE["town"] == "Oslo").to_numpy()])
    assert cross_val_score(cr.TabularClassifier(**QUICK | {"drop": ()}), X, LABELS, cv=3).mean() > 0.85
    search = GridSearchCV(cr.TabularRegressor(**QUICK | {"drop": ()}), {"l2": [1e-3, 10.0]}, cv=2).fit(X, AMOUNTS)
    assert search.best_params_ == {"l2": 1e-3}
    assert clone(search.best_estimator_).get_params()["hidden"] == "16:tanh"


def test_the_transformer_before_another_estimator() -> None:
    model = make_pipeline(cr.TableTransformer(drop=["since"]), LogisticRegression()).fit(TABLE, AMOUNTS > 210)
    assert model.score(TABLE, AMOUNTS > 210) > 0.9
    assert model[0].get_feature_names_out().tolist() == ["age", "age is missing", "town = Bergen", "town = Oslo"]


def test_several_numbers_and_quantiles() -> None:
    both = np.column_stack([AMOUNTS, -AMOUNTS])
    model = cr.TabularRegressor(**QUICK).fit(TABLE, both)
    assert model.predict(TABLE).shape == (N, 2)
    assert model.score(TABLE, both) > 0.95
    quantiles = cr.TabularRegressor("quantile(0.1, 0.9)", **QUICK).fit(TABLE, AMOUNTS).predict_quantiles(TABLE)
    assert quantiles.shape == (N, 2)
    assert np.all(quantiles[:, 0] <= quantiles[:, 1])
    with pytest.raises(ValueError, match="train with loss='quantile"):
        model.predict_quantiles(TABLE)


def test_intervals_of_any_width() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 3000)
    y = 100 + 10 * x + (1 + 3 * np.abs(x)) * rng.normal(size=3000)
    train, test = {"x": x[:1000]}, {"x": x[1000:]}
    model = cr.TabularRegressor("gaussian_nll", hidden="16:tanh", epochs=80).fit(train, y[:1000])
    assert model.score(test, y[1000:]) > 0.7
    for level in (0.5, 0.9):
        low, high = model.predict_interval(test, level).T
        assert np.mean((low <= y[1000:]) & (y[1000:] <= high)) == pytest.approx(level, abs=0.05)
    columns = model.model_.predict(test, interval=0.5)
    assert tuple(columns) == (
        "target",
        "standard deviation of target",
        "quantile 0.25 of target",
        "quantile 0.75 of target",
    )
    spread = columns["standard deviation of target"]
    assert np.corrcoef(spread, 1 + 3 * np.abs(x[1000:]))[0, 1] > 0.8
    assert model.model_.score(test | {"target": y[1000:]})["coverage"] == pytest.approx(0.9, abs=0.05)
    for wrong in (0.0, 1.0, 90.0):
        with pytest.raises(ValueError, match="share between 0 and 1"):
            model.predict_interval(test, wrong)
    with pytest.raises(ValueError, match="train with the loss gaussian_nll"):
        cr.TabularRegressor(epochs=1).fit(train, y[:1000]).predict_interval(test)


@pytest.mark.parametrize("gap", [None, np.nan])
def test_rows_without_a_target_are_neither_learned_nor_scored(gap: object) -> None:
    holed, known = LABELS.astype(object), np.arange(N) % 5 > 0
    holed[~known] = gap
    model = cr.TabularClassifier(**QUICK).fit(TABLE, holed)
    assert model.classes_.tolist() == ["no", "yes"]
    assert "60 of 300 rows have no target and are left out" in model.notes_
    assert model.score(TABLE, holed) == model.score(TABLE.filter(known), LABELS[known])
    amounts = np.where(known, AMOUNTS, np.nan)
    regressor = cr.TabularRegressor(**QUICK | {"epochs": 5}).fit(TABLE, amounts)
    weights = np.arange(N)
    assert regressor.score(TABLE, amounts, weights) == regressor.score(
        TABLE.filter(known), AMOUNTS[known], weights[known]
    )
    assert regressor.predict(TABLE.head(0)).shape == (0,)
    with pytest.raises(TableError, match="X has 300 rows and y has 299"):
        model.score(TABLE, holed[1:])


def test_what_a_file_keeps_is_the_table_model(tmp_path: Path) -> None:
    model = cr.TabularClassifier(**QUICK | {"epochs": 2}).fit(TABLE, (LABELS == "yes").astype(int))
    cr.save(model, tmp_path / "m")
    again = cr.load(tmp_path / "m")
    assert isinstance(again, TableModel)
    assert [int(label) for label in again.predict(TABLE)["target"]] == model.predict(TABLE).tolist()


def test_saved_and_pickled_it_predicts_the_same(tmp_path: Path) -> None:
    model = cr.TabularClassifier(**QUICK).fit(TABLE, LABELS)
    cr.save(model, tmp_path / "m")
    assert cr.load(tmp_path / "m").predict(TABLE)["target"].tolist() == model.predict(TABLE).tolist()
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(again.predict_proba(TABLE), model.predict_proba(TABLE))


def test_the_mathematics_is_one_step_away() -> None:
    model = cr.TabularClassifier(**QUICK).fit(TABLE, LABELS)
    X = model.model_.inputs(TABLE)
    T = (LABELS == "yes").astype(float)
    assert cr.check_gradient(model.network_, model.theta_.astype(float), X[:20].astype(float), T[:20]).ok


def test_what_cannot_be() -> None:
    with pytest.raises(NotFittedError):
        cr.TabularClassifier().predict(TABLE)
    with pytest.raises(TableError, match="X has 300 rows and y has 299"):
        cr.TabularClassifier().fit(TABLE, LABELS[1:])
    with pytest.raises(TableError, match="there is nothing to learn"):
        cr.TabularClassifier().fit(TABLE, ["same"] * N)
    with pytest.raises(TableError, match="'target', which is the name of the target"):
        cr.TabularClassifier().fit({"target": AMOUNTS}, LABELS)
    with pytest.raises(ValueError, match="no optimizer 'luck'"):
        cr.TabularRegressor(optimizer="luck").fit(TABLE, AMOUNTS)
