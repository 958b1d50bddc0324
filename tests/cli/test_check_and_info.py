"""``chainrule check`` and ``chainrule info``."""

import json
import sys
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.network.loss import LOSSES
from chainrule.storage import FORMAT_VERSION


def test_a_model_on_its_data(run, trained: Path, visits: Path) -> None:
    outcome = run("check", trained, visits)
    assert outcome.code == 0
    assert "Gradient check: OK" in outcome.out
    assert "32 rows of" in outcome.err


def test_a_model_on_random_data(run, trained: Path) -> None:
    results = json.loads(run("check", trained, "--json", "--rows", 8).out)
    assert results["ok"]
    assert results["max_relative_error"] < 1e-7


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss_has_random_targets(run, loss: str) -> None:
    output = LOSSES[loss].output
    width = 2 * LOSSES[loss].outputs_per_target if output != "softmax" else 3
    outcome = run("check", f"4-5:tanh-{width}:{output}", "--loss", loss, "--rows", 6, "-q")
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize(
    ("network", "loss"),
    [
        ("3-4:tanh-2:softmax", "categorical_cross_entropy"),
        ("3-2:sigmoid", "binary_cross_entropy"),
        ("3-4-1", "half_squared_error"),
        ("3-4-1:exp", "poisson"),
    ],
)
def test_the_loss_follows_the_output(run, network: str, loss: str) -> None:
    assert json.loads(run("check", network, "--json").out)["loss"] == loss


def test_a_wrong_gradient_ends_with_1(run, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = cr.Activation("wrong", f=lambda xp, z: xp.tanh(z), df=lambda xp, z, a: 1 - a)
    monkeypatch.setitem(cr.ACTIVATIONS, "wrong", wrong)
    outcome = run("check", "3-4:wrong-1")
    assert outcome.code == 1
    assert "Gradient check: OK" not in outcome.out
    assert not json.loads(run("check", "3-4:wrong-1", "--json").out)["ok"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["4-8:wild-3"], "unknown activation 'wild'"),
        (["no such thing"], "is not of the form"),
        (["absent.safetensors"], "there is no model file 'absent.safetensors'"),
        (["4-3", "data.csv"], "leave FILE out"),
        (["4-3", "--loss", "wild"], "unknown loss 'wild'"),
        (["4-3", "--rows", "0"], "--rows"),
    ],
)
def test_what_cannot_be_checked(run, arguments: list[str], message: str) -> None:
    outcome = run("check", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_info_of_a_model(run, trained: Path) -> None:
    outcome = run("info", trained)
    for piece in (
        f"format version {FORMAT_VERSION}",
        ":tanh-1:sigmoid",
        "'bought': 2 classes",
        "'id': it numbers the rows",
        "accuracy",
    ):
        assert piece in outcome.out
    facts = json.loads(run("info", trained, "--json").out)
    assert facts["columns"]["age"] == "number"
    assert facts["settings"]["hidden"] == "16:tanh"


def test_info_of_a_bare_network(run, tmp_path: Path) -> None:
    net = cr.Network.parse("2-3:tanh-1", loss="half_squared_error")
    cr.save(cr.Model(net, net.initial(seed=0)), tmp_path / "bare")
    assert "2-3:tanh-1:identity, 13 parameters" in run("info", tmp_path / "bare").out


def test_info_of_the_installation(run) -> None:
    facts = json.loads(run("info", "--json").out)
    assert facts["chainrule"] == cr.__version__
    assert facts["python"] == sys.version.split()[0]
    assert "polars" in run("info").out


def test_tables_are_read_alike(run, trained: Path, visits: Path, tmp_path: Path) -> None:
    """Semicolons, another encoding, a decimal comma, for every command that takes a table."""
    other = tmp_path / "other.csv"
    text = visits.read_text().replace(",", ";").replace(".", ",").replace(";shop;", ";shöp;")
    other.write_bytes(text.encode("cp1252"))
    options = ["--delimiter", ";", "--encoding", "cp1252", "--decimal-comma"]
    for command in (["check"], ["explain", "--row", 3], ["evaluate"], ["predict"]):
        ended = [run(command[0], trained, *call, *command[1:], "--json") for call in ([visits], [other, *options])]
        assert [end.code for end in ended] == [0, 0]
        assert ended[0].out == ended[1].out
    assert run("check", trained, other, "--delimiter", "|").code == 2
