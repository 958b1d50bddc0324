"""``chainrule predict``: each row one line, whatever the new table looks like."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from chainrule.table import read_table


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_are_those_of_python(run, trained: Path, visits: Path) -> None:
    rows = _rows(run("predict", trained, visits).out)
    expected = cr.load(trained).predict(read_table(visits))
    assert [row["bought"] for row in rows] == expected["bought"].tolist()
    got = [float(row["probability of yes"]) for row in rows]
    assert got == pytest.approx(expected["probability of yes"].tolist(), rel=1e-6)
    truth = [row["bought"] for row in _rows(visits.read_text())]
    assert sum(row["bought"] == label for row, label in zip(rows, truth, strict=True)) > 0.8 * len(rows)


def test_shuffled_columns_unseen_categories_and_gaps(run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("more,town,day,age\n1,Atlantis,2023-05-01,30\n2,Oslo,,30\n3,,2024-01-01,\n")
    outcome = run("predict", trained, tmp_path / "new.csv")
    assert (outcome.code, outcome.err) == (0, "")
    rows = _rows(outcome.out)
    assert len(rows) == 3
    assert rows[1]["bought"] == "yes"


def test_values_of_another_kind_are_said(run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("town,day,age\nOslo,2023-05-01,old\nOslo,2023-05-01,30\n")
    outcome = run("predict", trained, tmp_path / "new.csv")
    assert outcome.code == 0
    assert "1 values of 'age' are not numbers and count as missing" in outcome.err


def test_missing_columns_are_named(run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("town,spare\nOslo,1\n")
    outcome = run("predict", trained, tmp_path / "new.csv")
    assert outcome.code == 2
    assert "lacks 'age' and 'day'; the model needs 'age', 'town' and 'day'" in outcome.err


def test_json_lines(run, trained: Path, visits: Path) -> None:
    rows = [json.loads(line) for line in run("predict", trained, visits, "--json").out.splitlines()]
    assert len(rows) == 240
    assert rows[0].keys() == {"bought", "probability of no", "probability of yes"}


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
def test_an_output_file(run, trained: Path, visits: Path, tmp_path: Path, name: str) -> None:
    outcome = run("predict", trained, visits, "--output", tmp_path / name)
    assert outcome.out == ""
    assert "240 predictions to" in outcome.err
    read = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}[name.partition(".")[2]]
    frame = read(tmp_path / name)
    assert frame["bought"].unique().sort().to_list() == ["no", "yes"]
    assert frame.shape == (240, 3)


def test_standard_output_by_name_is_a_stream(trained: Path, visits: Path) -> None:
    command = [sys.executable, "-m", "chainrule.cli", "predict", trained, visits, "-q"]
    named = subprocess.run([*command, "--output", "/dev/stdout"], check=True, capture_output=True)
    assert named.stdout == subprocess.run(command, check=True, capture_output=True).stdout


def test_parquet_in(run, trained: Path, visits: Path, tmp_path: Path) -> None:
    pl.read_csv(visits, null_values=["NA", ""], try_parse_dates=True).write_parquet(tmp_path / "v.parquet")
    assert run("predict", trained, tmp_path / "v.parquet").out == run("predict", trained, visits).out


def test_json_lines_in(run, trained: Path, visits: Path, tmp_path: Path) -> None:
    pl.read_csv(visits, null_values=["NA", ""], try_parse_dates=True).write_ndjson(tmp_path / "v.jsonl")
    assert run("predict", trained, tmp_path / "v.jsonl").out == run("predict", trained, visits).out


def test_a_network_without_columns_cannot_predict(run, visits: Path, tmp_path: Path) -> None:
    net = cr.Network.parse("2-3:tanh-1", loss="half_squared_error")
    cr.save(cr.Model(net, net.initial(seed=0)), tmp_path / "bare.safetensors")
    outcome = run("predict", tmp_path / "bare.safetensors", visits)
    assert outcome.code == 2
    assert "holds a bare network, which knows no columns" in outcome.err


def test_intervals_of_any_width(run, visits: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    training = ("train", visits, "-t", "spent", "--drop", "bought", "--hidden", "8:tanh", "--epochs", 40, "--no-plot")
    outcome = run(*training, "--loss", "gaussian_nll", "--scaling", "robust", "--model", model)
    assert outcome.code == 0
    assert "coverage" in outcome.out
    assert 'scaling = "robust"' in model.with_suffix(".run.toml").read_text()
    widths = {}
    for share in (None, 0.5):
        options = () if share is None else ("--interval", share)
        rows = [json.loads(line) for line in run("predict", model, visits, "--json", *options).out.splitlines()]
        low, high = ("0.05", "0.95") if share is None else ("0.25", "0.75")
        for row in rows:
            width = row[f"quantile {high} of spent"] - row[f"quantile {low} of spent"]
            assert row[f"quantile {low} of spent"] < row["spent"] < row[f"quantile {high} of spent"]
            widths.setdefault(share, []).append(width / row["standard deviation of spent"])
    np.testing.assert_allclose(widths[None], 2 * 1.6448536, rtol=1e-4)
    np.testing.assert_allclose(widths[0.5], 2 * 0.6744898, rtol=1e-4)
    outcome = run("predict", model, visits, "--interval", 90)
    assert outcome.code == 2
    assert "share between 0 and 1" in outcome.err


def test_intervals_that_were_not_learned(run, trained: Path, visits: Path) -> None:
    outcome = run("predict", trained, visits, "--interval", 0.5)
    assert outcome.code == 2
    assert "train with the loss gaussian_nll" in outcome.err
