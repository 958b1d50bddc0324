"""Every example runs as a script, and what it prints is what it promises."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def printed(capsys):
    """A function that runs an example as a script and returns what it prints."""

    def run(name):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        return capsys.readouterr().out

    return run


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", text)]


def test_every_example_is_tested():
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    elsewhere = ("estimator_", "derive_")  # test_estimator_examples.py, test_derive_examples.py
    examples = {path.stem for path in EXAMPLES.glob("*.py") if not path.stem.startswith(elsewhere)}
    assert examples <= tests


def test_xor(printed):
    rows = [numbers(line) for line in printed("xor").splitlines()[1:5]]
    targets, flat, deep = np.array(rows).T[2:]
    assert targets.tolist() == [0, 1, 1, 0]
    np.testing.assert_allclose(flat, 0.5, atol=0.01)
    np.testing.assert_allclose(deep, targets, atol=0.05)


def test_flower(printed):
    *picture, line, petals = printed("flower").splitlines()
    assert line.startswith("2-1:sigmoid")
    assert petals.startswith("2-4:tanh-1:sigmoid")
    assert numbers(line)[-1] < 60
    assert 89 < numbers(petals)[-1] < 97
    drawn = "\n".join(picture)
    assert min(drawn.count(mark) for mark in ".ox") > 50


@pytest.mark.soak
def test_flower_from_eight_seeds():
    example = runpy.run_path(str(EXAMPLES / "flower.py"), run_name="example")
    for seed in range(8):
        X, y = example["flower"](seed)
        assert 0.88 < example["accuracy"](example["learn"]("2-4:tanh-1:sigmoid", X, y, seed=seed), X, y) < 0.97


def test_digits(printed):
    text = printed("digits")
    accuracy, baseline = (float(share) for share in re.search(r"accuracy ([\d.]+)%.* ([\d.]+)%", text).groups())
    pictures, wrong = numbers(re.search(r"held out: .*", text)[0])
    assert accuracy >= 97
    assert baseline < 11
    assert accuracy == pytest.approx(100 * (1 - wrong / pictures), abs=0.05)
    assert text.count("taken for") == wrong


def test_quantiles(printed):
    lines = {line[:20].strip(): numbers(line[20:]) for line in printed("quantiles").splitlines()}
    assert lines["below the 10 % line"][0] == pytest.approx(10, abs=7)
    assert lines["below the median"][0] == pytest.approx(50, abs=10)
    assert lines["below the 90 % line"][0] == pytest.approx(90, abs=7)
    for row in ("width of the range", "quantile loss"):
        network, same_for_everyone = lines[row]
        assert network < 0.9 * same_for_everyone


def test_custom_activation(printed):
    text = printed("custom_activation")
    right, slip = (numbers(line)[-1] for line in text.splitlines()[:2])
    assert "isru              derivative right" in text
    assert "isru_with_a_slip  derivative wrong" in text
    assert right < 1e-8
    assert slip > 1e-2
    assert "give df(xp, z, a)" in text
    assert numbers(re.search(r"learned to .* at worst", text)[0])[0] < 0.05
