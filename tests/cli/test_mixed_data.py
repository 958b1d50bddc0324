"""One command on mixed data with gaps, against logistic regression on the same columns of the same files."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from table.test_mixed_data import adult_like

NUMBERS, CATEGORIES = ["age", "hours", "school", "gain"], ["work", "state", "country"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train.csv with 4,500 rows, and test.csv with 1,500 whose columns stand in another order."""
    folder = tmp_path_factory.mktemp("incomes")
    table = adult_like()
    columns = {c.name: [(*c.levels, None)[v] for v in c.values] if c.levels else c.values for c in table.columns}
    frame = pl.DataFrame(columns, nan_to_null=True)
    frame[:4500].write_csv(folder / "train.csv")
    frame[4500:].select(sorted(frame.columns, reverse=True)).write_csv(folder / "test.csv", separator=";")
    return folder


def _arrays(frame: pl.DataFrame) -> np.ndarray:
    """Objects, (n, 7), with NaN and None where there is nothing."""
    numbers = [np.array(frame[name].cast(pl.Float64).fill_null(np.nan).to_list(), object) for name in NUMBERS]
    return np.column_stack([*numbers, *(np.array(frame[name].to_list(), object) for name in CATEGORIES)])


def test_one_command_beats_logistic_regression(run, files: Path) -> None:
    assert run("train", files / "train.csv", "-t", "income", "--model", files / "m", "--no-plot", "-q").code == 0
    ours = json.loads(run("evaluate", files / "m", files / "test.csv", "--json").out)["scores"]
    train, test = (pl.read_csv(files / name, separator=s) for name, s in (("train.csv", ","), ("test.csv", ";")))
    number = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    category = OneHotEncoder(handle_unknown="ignore", min_frequency=10)
    prepared = make_column_transformer((number, [0, 1, 2, 3]), (category, [4, 5, 6]))
    linear = make_pipeline(prepared, LogisticRegression(max_iter=1000)).fit(_arrays(train), train["income"].to_list())
    t = test["income"].to_list()
    assert ours["accuracy"] > accuracy_score(t, linear.predict(_arrays(test)))
    assert ours["log loss"] < log_loss(t, linear.predict_proba(_arrays(test))) - 0.01


def test_shuffled_columns_and_unseen_categories(run, files: Path, tmp_path: Path) -> None:
    """In any order the same answers; a country never seen is another one, a state never seen is no state."""
    if not (files / "m").exists():
        run("train", files / "train.csv", "-t", "income", "--model", files / "m", "--no-plot", "-q")
    test = pl.read_csv(files / "test.csv", separator=";").drop("income")
    test.select(sorted(test.columns)).write_csv(tmp_path / "sorted.csv")
    expected = run("predict", files / "m", files / "test.csv").out
    assert run("predict", files / "m", tmp_path / "sorted.csv").out == expected
    seen = set(pl.read_csv(files / "train.csv")["country"].unique())
    assert "Atlantis" not in seen
    row = {"age": 40, "hours": 45, "school": 12, "gain": 0, "work": "private", "state": "married"}
    rare = [row | {"country": country} for country in ("Atlantis", "Lemuria")]
    pl.DataFrame([*rare, rare[0] | {"state": "engaged"}]).write_csv(tmp_path / "new.csv")
    outcome = run("predict", files / "m", tmp_path / "new.csv")
    assert (outcome.code, outcome.err) == (0, "")
    chances = [float(line["probability of >50K"]) for line in csv.DictReader(io.StringIO(outcome.out))]
    assert chances[0] == chances[1]  # unseen is unseen
    assert chances[0] > chances[2]  # married people earn more in these data
