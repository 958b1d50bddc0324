"""``chainrule evaluate`` against scikit-learn's measures."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

import chainrule as cr
from chainrule.table import read_table
from chainrule.table.evaluation import evaluate


def test_what_is_shown(run, trained: Path, visits: Path) -> None:
    outcome = run("evaluate", trained, visits)
    assert outcome.code == 0
    for piece in ("95 % interval", "baseline", "true \\ predicted", "chance given", "calibration error"):
        assert piece in outcome.out
    assert "the model was trained on rows of" in outcome.err


def test_json(run, trained: Path, visits: Path) -> None:
    results = json.loads(run("evaluate", trained, visits, "--json").out)
    model, table = cr.load(trained), read_table(visits)
    t, y = (np.array(labels) for labels in (model.target.codes(table), model.outputs(table)[:, 0] > 0.5))
    np.testing.assert_array_equal(results["confusion"], confusion_matrix(t, y))
    assert results["scores"]["accuracy"] == np.mean(t == y)
    for name, (low, high) in results["intervals"].items():
        assert low <= results["scores"][name] <= high
    assert sum(b["n"] for b in results["calibration"]) == results["n_rows"] == 240


def test_numbers_have_no_confusion(run, tmp_path: Path) -> None:
    run("train", "diabetes", "--epochs", 20, "--model", tmp_path / "m", "--no-plot", "-q")
    results = json.loads(run("evaluate", tmp_path / "m", "diabetes", "--json").out)
    assert results["confusion"] is None
    assert results["calibration"] == []
    assert abs(results["baseline"]["R2"]) < 0.05


def test_the_interval_is_that_of_a_share(trained: Path, visits: Path) -> None:
    """For an accuracy p the bootstrap's width is near that of the normal approximation, 2 * 1.96 sqrt(p (1 - p)/n)."""
    found = evaluate(cr.load(trained), read_table(visits))
    p, (low, high) = found.scores["accuracy"], found.intervals["accuracy"]
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(p * (1 - p) / found.n_rows), rel=0.25)


def test_rows_without_a_target_are_said(run, trained: Path, visits: Path, tmp_path: Path) -> None:
    lines = visits.read_text().splitlines()
    (tmp_path / "v.csv").write_text("\n".join([*lines[:50], *(line.rpartition(",")[0] + "," for line in lines[50:60])]))
    outcome = run("evaluate", trained, tmp_path / "v.csv")
    assert "10 of 59 rows have no target and are left out" in outcome.err
    assert "the model was trained on" not in outcome.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age,town,day\n1,Oslo,2023-01-01\n", "has no column 'bought'"),
        ("age,town,day,bought\n1,Oslo,2023-01-01,perhaps\n", "has the classes 'perhaps', which the model never saw"),
        ("age,town,day,bought\n1,Oslo,2023-01-01,\n", "no row with a target"),
    ],
)
def test_what_cannot_be_evaluated(run, trained: Path, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "v.csv").write_text(text)
    outcome = run("evaluate", trained, tmp_path / "v.csv")
    assert outcome.code == 2
    assert message in outcome.err


def test_codes_of_digits_are_texts_where_training_read_texts(run, tmp_path: Path) -> None:
    """A part of the table, in which all codes and classes happen to be digits, is read as the whole was."""
    rng = np.random.default_rng(0)
    place, x = rng.integers(0, 12, 600), rng.normal(size=600)
    codes = [f"{'A' if p == 11 else '0'}{p}" for p in place]
    lines = [f"{code},{v:.3f},{'B' if p == 11 else '0'}{p % 2}" for code, p, v in zip(codes, place, x, strict=True)]
    (tmp_path / "whole.csv").write_text("\n".join(["code,x,y", *lines]))
    (tmp_path / "part.csv").write_text("\n".join(["code,x,y", *(line for line in lines if line[0] == "0")]))
    run("train", tmp_path / "whole.csv", "-t", "y", "--epochs", 40, "--no-plot", "--model", tmp_path / "m", "-q")
    scores = json.loads(run("evaluate", tmp_path / "m", tmp_path / "part.csv", "--json").out)["scores"]
    assert scores["accuracy"] > 0.95
    assert run("check", tmp_path / "m", tmp_path / "part.csv", "-q").code == 0
