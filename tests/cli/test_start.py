"""Starting is quick, and help shows examples."""

import resource
import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", ["train", "predict", "evaluate", "check", "info"])
def test_help_has_examples(run, command: str) -> None:
    outcome = run(command, "--help")
    assert outcome.code == 0
    assert f"chainrule {command}" in outcome.out.partition("Examples")[2]


def test_version(run) -> None:
    assert run("--version").out.startswith("chainrule 0.")


def test_help_loads_nothing_heavy_and_is_quick() -> None:
    code = (
        "import sys; from chainrule.cli import main; main(['--help'])\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'polars', 'matplotlib', 'safetensors'} & set(sys.modules)\n"
        "print('heavy:', heavy or 'none')"
    )
    seconds = []
    for _ in range(3):
        began = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        seconds.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - began)
        assert "heavy: none" in done.stdout
    assert min(seconds) < 0.5  # 0.2 on a machine that does nothing else


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "iris", "--learning-rate", "-1"], "learning_rate is -1.0; it must be above 0"),
        (["train", "iris", "--optimizer", "adamx"], "'adamx' is not one of"),
        (["derive", "A*x", "--wrt", "A", "--shape", "A=3xx"], "the shape 'A=3xx' has an empty size"),
    ],
)
def test_wrong_values_are_named_before_anything_is_done(run, arguments: list[str], said: str) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Value error" not in outcome.err
    assert not outcome.out
