"""``chainrule derive`` and ``chainrule explain``."""

import json
from pathlib import Path

import pytest


def test_an_expression(run) -> None:
    outcome = run("derive", "1/2*norm2(A*sigma(B*x)-y)^2", "--wrt", "B")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "∂C/∂B = ((Aᵀ (A σ(B x) − y)) ⊙ σ′(B x)) xᵀ"
    assert [line.rpartition("   ")[2] for line in outcome.out.splitlines()[:-2]] == [
        "elementwise product", "power", "norm", "sum", "product", "chain rule", "product",
    ]  # fmt: skip
    latex = run("derive", "1/2*norm2(A*sigma(B*x)-y)^2", "--wrt", "B", "--format", "latex").out
    assert latex.startswith("\\documentclass")
    assert "chain rule: an elementwise function has a diagonal Jacobian" in latex


def test_shapes_can_be_said(run) -> None:
    outcome = run("derive", "x'*A*x", "--wrt", "x", "--shape", "A=symmetric", "--json")
    assert json.loads(outcome.out)["text"] == "2 A x"


def test_a_network_in_every_format(run, tmp_path: Path) -> None:
    starts = {"text": "Backpropagation of", "latex": "\\documentclass", "html": "<!doctype html>", "mathml": "<math"}
    for name, start in starts.items():
        path = tmp_path / name
        outcome = run("derive", "784-256:relu-10:softmax", "--notation", "wichmann", "--format", name, "-o", path)
        assert outcome.code == 0
        assert path.read_text().startswith(start)


def test_a_derivation_is_verified(run) -> None:
    outcome = run("derive", "4-8:tanh-3:softmax", "--verify", "--l2", 0.1, "--weights")
    assert outcome.code == 0
    assert "largest relative error" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("derive", "x'*A*x"), "say by what: --wrt"),
        (("derive", "x*y", "--wrt", "x"), "two columns have no product"),
        (("derive", "3-2", "--notation", "nobody"), "no notation is called"),
        (("derive", "x'*b", "--wrt", "x", "--shape", "b"), "NAME=SHAPE"),
        (("derive", "x' + ", "--wrt", "x"), "an expression was expected"),
    ],
)
def test_a_wrong_call_says_what_to_do(run, arguments: tuple[str, ...], said: str) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_row_is_explained(run, trained: Path, visits: Path) -> None:
    outcome = run("explain", trained, visits, "--row", 3, "--weight", "1,5,1")
    assert outcome.code == 0
    assert "weight W₁[5, 1] = " in outcome.out
    found = json.loads(run("explain", trained, visits, "--row", 3, "--notation", "menon", "--json").out)
    assert found["notation"] == "menon"
    assert found["path"]["sum_of_ways"] == pytest.approx(found["path"]["gradient"])
    for name, start in (("latex", "\\documentclass"), ("html", "<!doctype html>")):
        assert run("explain", trained, visits, "--row", 3, "--format", name).out.startswith(start)
    assert found["step"]["after"] < found["step"]["before"]


def test_a_row_that_is_not_there(run, trained: Path, visits: Path) -> None:
    outcome = run("explain", trained, visits, "--row", 100_000)
    assert outcome.code == 2
    assert "the table has 240 rows" in outcome.err
