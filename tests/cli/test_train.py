"""``chainrule train`` on real files: what it says, what it writes, how good it is."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.table import TableModel


def test_everything_decided_is_said(run, visits: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    outcome = run("train", visits, "--target", "bought", "--drop", "spent", "--hidden", "8:tanh-4", "--model", model)
    assert outcome.code == 0
    for piece in (
        "'bought': 2 classes ('no' and 'yes') (its values are texts)",
        "3 used, giving",
        "'id': it numbers the rows",
        "'place': every value is shop",
        "180 train, 0 validation, 60 test; stratified split, seed 0; 3 fifths of the train rows take turns",
        ":tanh-4:relu-1:sigmoid",
        "epochs, the best was",
        f"{model}, {model.with_suffix('.run.toml')}, {model.with_suffix('.png')}",
    ):
        assert piece in outcome.err
    for piece in ("train", "test", "baseline", "accuracy", "log loss", "ROC AUC"):
        assert piece in outcome.out
    assert model.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(cr.load(model), TableModel)


def test_json_holds_all_of_it_and_nothing_else_is_on_standard_output(run, visits: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    arguments = (
        "train",
        visits,
        "-t",
        "spent",
        "--drop",
        "bought",
        "--model",
        model,
        "--no-plot",
        "--json",
        "--seed",
        3,
    )
    outcome = run(*arguments)
    results = json.loads(outcome.out)
    assert results["target"]["kind"] == "numbers"
    assert results["columns"]["used"] == ["age", "town", "day"]
    assert set(results["columns"]["left_out"]) == {"id", "place"}
    assert results["rows"] == {"train": 180, "validation": 0, "test": 60}
    assert results["settings"]["seed"] == 3
    assert results["scores"]["test"]["R2"] > 0.8
    assert results["scores"]["baseline"]["R2"] < 0.1
    assert "plot" not in results
    assert not model.with_suffix(".png").exists()


def test_quiet_says_nothing(run, visits: Path, tmp_path: Path) -> None:
    outcome = run("train", visits, "-t", "bought", "--epochs", 2, "--model", tmp_path / "m.safetensors", "--quiet")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_files_are_named_after_the_table(run, visits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("train", visits, "-t", "bought", "--epochs", 2).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"visits.safetensors", "visits.run.toml", "visits.png"}


def test_the_same_seed_gives_the_same_files(run, visits: Path, tmp_path: Path) -> None:
    for name in ("1", "2"):
        run("train", visits, "-t", "bought", "--epochs", 3, "--model", tmp_path / f"{name}.safetensors")
    for suffix in ("safetensors", "png"):
        assert (tmp_path / f"1.{suffix}").read_bytes() == (tmp_path / f"2.{suffix}").read_bytes()


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_the_defaults_suit_tables(run, tmp_path: Path, name: str) -> None:
    scores = json.loads(run("train", name, "--model", tmp_path / "m", "--no-plot", "--json").out)["scores"]["test"]
    assert scores.get("accuracy", 1) > 0.9
    assert scores.get("R2", 1) > 0.35


def test_digits(run, tmp_path: Path) -> None:
    began = time.perf_counter()
    scores = json.loads(run("train", "digits", "--model", tmp_path / "m.safetensors", "--json").out)["scores"]
    assert scores["test"]["accuracy"] >= 0.97
    assert time.perf_counter() - began < 30  # 10 on a machine that does nothing else


@pytest.mark.soak
def test_digits_of_ten_seeds(run, tmp_path: Path) -> None:
    accuracies = []
    for seed in range(10):
        outcome = run("train", "digits", "--seed", seed, "--model", tmp_path / "m", "--no-plot", "--json")
        accuracies.append(json.loads(outcome.out)["scores"]["test"]["accuracy"])
    assert min(accuracies) >= 0.970
    assert np.mean(accuracies) >= 0.978


def test_without_matplotlib_there_is_a_model_and_a_note(run, visits: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = run("train", visits, "-t", "bought", "--epochs", 2, "--model", tmp_path / "m.safetensors")
    assert outcome.code == 0
    assert "pip install 'chainrule[report]'" in outcome.err
    assert {path.name for path in tmp_path.iterdir()} == {"m.safetensors", "m.run.toml"}


def test_training_that_ends_within_its_first_epoch(run, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    outcome = run("train", "digits", "--time-limit", 0.001, "--batch-size", 1, "--model", model)
    assert outcome.code == 0
    assert "training ended within its first epoch; there is no picture" in outcome.err
    assert {path.name for path in tmp_path.iterdir()} == {"m.safetensors", "m.run.toml"}


def test_standard_input(visits: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chainrule.cli", "train", "-", "-t", "bought", "--epochs", "2", "-q"]
    with visits.open("rb") as stream:
        subprocess.run([*command, "--model", tmp_path / "m.safetensors"], stdin=stream, check=True)
    assert (tmp_path / "m.safetensors").exists()


# Configurations.


def test_a_run_is_repeated_from_its_configuration(run, visits: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    options = ["--epochs", 4, "--hidden", "8:tanh-4", "--drop", "spent", "--seed", 5, "--test-fraction", 0.3]
    run("train", visits, "-t", "bought", *options, "--decimal-comma", "--delimiter", ",", "--model", first, "--no-plot")
    assert run("train", visits, "-t", "bought", *options, "--model", first, "--no-plot").code == 0
    outcome = run("train", "--config", first.with_suffix(".run.toml"), "--model", second, "--no-plot")
    assert outcome.code == 0
    assert first.read_bytes() == second.read_bytes()
    assert first.with_suffix(".run.toml").read_text() == second.with_suffix(".run.toml").read_text()


def test_a_configuration_may_be_written_over_itself(run, visits: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    run("train", visits, "-t", "bought", "--epochs", 2, "--model", model, "--no-plot")
    assert run("train", "--config", tmp_path / "m.run.toml", "--epochs", 3, "--model", model, "--no-plot").code == 0
    assert "epochs = 3" in (tmp_path / "m.run.toml").read_text()


def test_options_come_before_the_configuration(run, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('file = "iris"\n[settings]\nepochs = 3\nseed = 4\nl2 = 1\n')
    outcome = run(
        "train", "--config", tmp_path / "run.toml", "--seed", 9, "--model", tmp_path / "m", "--no-plot", "--json"
    )
    settings = json.loads(outcome.out)["settings"]
    assert (settings["epochs"], settings["seed"], settings["l2"]) == (3, 9, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file = iris", "is not a TOML file"),
        ('file = "iris"\nsettings = 3', "has 'settings'"),
        ('file = "iris"\n[settings]\nspeed = 3', "has 'speed' under [settings]; known are"),
        ('file = "iris"\n[settings]\nepochs = "three"', "field 'epochs' of Settings is 'three'"),
        ('file = "iris"\n[settings]\noptimizer = "luck"', "there is no optimizer 'luck'"),
        ("[settings]\nepochs = 3", "say which table to train on"),
    ],
)
def test_configurations_that_cannot_be(run, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "run.toml").write_text(text)
    outcome = run("train", "--config", tmp_path / "run.toml", "--model", tmp_path / "m")
    assert outcome.code == 2
    assert message in outcome.err
    assert {path.name for path in tmp_path.iterdir()} == {"run.toml"}


# Other ways to split and to learn.


def test_folds(run, visits: Path, tmp_path: Path) -> None:
    arguments = ("train", visits, "-t", "spent", "--drop", "bought", "--epochs", 30, "--folds", 3, "--no-plot")
    outcome = run(*arguments, "--model", tmp_path / "m")
    assert outcome.err.count("Fold") == 3
    assert "3 folds" in outcome.out
    results = json.loads(run(*arguments, "--model", tmp_path / "m", "--json").out)
    assert len(results["folds"]) == 3
    assert results["rows"] == {"train": 240, "validation": 0, "test": 0}
    assert all(fold["R2"] > 0.5 for fold in results["folds"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--group", "town"], "split by groups of 'town'"),
        (["--time", "day"], "split in the order of 'day'"),
        (["--class-weight", "balanced"], "stratified split"),
        (["--hidden", "none"], "-1:sigmoid"),
    ],
)
def test_ways_to_split_and_learn(run, visits: Path, tmp_path: Path, options: list[str], said: str) -> None:
    rest = ["--epochs", 2, "--no-plot", "--model", tmp_path / "m"]
    outcome = run("train", visits, "-t", "bought", "--drop", "spent", *options, *rest)
    assert outcome.code == 0
    assert said in outcome.err


def test_intervals(run, visits: Path, tmp_path: Path) -> None:
    loss = ["--loss", "quantile(0.1, 0.5, 0.9)"]
    outcome = run("train", visits, "-t", "spent", "--drop", "bought", *loss, "--model", tmp_path / "m", "--no-plot")
    assert "coverage" in outcome.out
    rows = [json.loads(line) for line in run("predict", tmp_path / "m", visits, "--json").out.splitlines()]
    for row in rows:
        assert row["quantile 0.1 of spent"] <= row["spent"] <= row["quantile 0.9 of spent"]


def test_a_log_has_a_line_for_each_epoch(run, visits: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    run("train", visits, "-t", "bought", "--epochs", 5, "--model", tmp_path / "m", "--no-plot", "--log", log, "-q")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3, 4, 5]
    assert all(line["validation"] > 0 and line["seconds"] > 0 for line in lines)


# The page.


@pytest.mark.parametrize(
    ("options", "pieces"),
    [
        (["-t", "bought", "--drop", "spent"], ["Confusion: rows of each true class", "log loss"]),
        (["-t", "spent", "--drop", "bought"], ["Residuals, true less predicted", "R²"]),
        (["-t", "spent", "--drop", "bought", "--folds", 2], ["scored on its "]),
    ],
)
def test_a_page(run, visits: Path, tmp_path: Path, options: list, pieces: list[str]) -> None:
    page = tmp_path / "page.html"
    rest = ["--epochs", 3, "--no-plot", "--model", tmp_path / "m", "--report", page]
    outcome = run("train", visits, *options, *rest, "--json")
    assert json.loads(outcome.out)["report"] == str(page)
    text = page.read_text(encoding="utf-8")
    for piece in (*pieces, "Learning curve", "it numbers the rows", "all epochs were done", "age, town, day"):
        assert piece in text
    scores = json.loads(outcome.out)["scores"]
    last = [part for part in scores if part != "baseline"][-1]
    value = scores[last]["accuracy" if "bought" in options[1] else "R2"]
    assert f"<td>{value:.5g}</td>" in text


def test_the_page_of_several_labels(run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b,c\n" + "".join(f"{i % 7},{i % 2},{i % 3 % 2}\n" for i in range(80)))
    arguments = ("train", tmp_path / "t.csv", "-t", "b", "-t", "c", "--epochs", 2, "--model", tmp_path / "m", "-q")
    assert run(*arguments, "--report", tmp_path / "page.html").code == 0
    assert "rows wholly right" in (tmp_path / "page.html").read_text()
