"""Nothing is wider than the terminal, and in a file a line stays a line."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import Run

ARGUMENTS: dict[str, Callable[[Path, Path], list[object]]] = {
    "train": lambda model, table: ["train", table, "-t", "bought", "--epochs", 2, "--folds", 2, "--model", "m"],
    "info": lambda model, table: ["info", model],
    "evaluate": lambda model, table: ["evaluate", model, table],
    "check": lambda model, table: ["check", model, table],
    "explain": lambda model, table: ["explain", model, table, "--row", 3, "--weight", "1,5,1"],
    "derive": lambda model, table: ["derive", "40-30:gelu-20:tanh-10:softmax", "--notation", "watters"],
    "expression": lambda model, table: ["derive", "1/2*norm2(A*sigma(B*sigma(C*x))-y)^2", "--wrt", "C"],
    "digits": lambda model, table: ["train", "digits", "--epochs", 1, "--model", "d"],
    "help": lambda model, table: ["train", "--help"],
}


def _width(line: str) -> int:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return len(line) + wide - sum(bool(unicodedata.combining(c)) for c in line)


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_on_a_terminal(
    run: Run, trained: Path, visits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, columns: int
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable, value in {"COLUMNS": columns, "FORCE_COLOR": 1, "TERM": "xterm", "LINES": 24}.items():
        monkeypatch.setenv(variable, str(value))
    outcome = run(*ARGUMENTS[name](trained, visits))
    assert outcome.code == 0
    lines = re.sub("\x1b\\[[?0-9;]*[A-Za-z]", "", outcome.out + outcome.err).splitlines()
    assert max(map(_width, lines)) <= columns
    assert "…" not in outcome.out + outcome.err or name == "help"


@pytest.mark.parametrize("name", ["info", "evaluate", "explain", "train"])
def test_in_a_pipe(run: Run, trained: Path, visits: Path, tmp_path: Path, monkeypatch, name: str) -> None:
    """The width of a terminal that is not there changes nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run(*ARGUMENTS[name](trained, visits))
    monkeypatch.delenv("COLUMNS")
    wide = run(*ARGUMENTS[name](trained, visits))
    assert narrow.out == wide.out
    assert "…" not in narrow.out
    labels = {line.split("  ")[0] for line in narrow.err.splitlines()}
    assert "" not in labels  # no line goes on below


def test_many_classes_are_told_by_what_is_most_often_mistaken(run: Run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("train", "digits", "--epochs", 1, "--hidden", "none", "--no-plot", "--model", "d", "-q")
    assert "true \\ predicted" in run("evaluate", "d", "digits").out
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out = re.sub("\x1b\\[[?0-9;]*[A-Za-z]", "", run("evaluate", "d", "digits").out)
    table = out.partition("predicted   rows")[2].partition("chance given")[0]
    counts = [int(line.split()[-1]) for line in table.splitlines()[2:] if line.strip()]
    assert len(counts) == 10
    assert counts == sorted(counts, reverse=True)
