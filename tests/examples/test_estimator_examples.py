"""The examples of the estimators run as scripts, and what they print is what they promise."""

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def printed(capsys):
    """A function that runs an example as a script and returns the lines that it prints."""

    def run(name):
        runpy.run_path(str(EXAMPLES / f"estimator_{name}.py"), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", text)]


def test_every_example_is_tested():
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem.removeprefix("estimator_") for path in EXAMPLES.glob("estimator_*.py")} <= tests


def test_drop_in(printed):
    search, network, history, gradient = printed("drop_in")
    assert numbers(search)[-1] > 0.9
    assert re.search(r"13-(4|16):relu", network)
    first, last = numbers(history)[1:]
    assert last < first / 100
    assert "right" in gradient


def test_architecture(printed):
    lines = printed("architecture")
    assert all(numbers(line)[-1] > 0.98 for line in lines[:6])
    networks = [re.search(r"1-16\S*", line)[0] for line in lines[:6]]
    assert networks[:2] == ["1-16:tanh-8:gelu-1:identity", "1-16:leaky_relu(0.2)-1:identity"]
    assert networks[2:4] == ["1-16:bent-1:identity", "1-16:tanh-1:tanh"]
    said, predicted = numbers(lines[6])[-2:]
    assert said == predicted
    assert 0 < numbers(lines[7])[-1] <= 0.0011  # one step of Adam
    assert numbers(lines[8]) == [8, 200]


def test_training(printed):
    _, *table, callback, clock, warm = printed("training")
    rows = {line[:22].strip(): numbers(line[22:]) for line in table}
    assert all(accuracy > 0.8 for accuracy, _, _ in rows.values())
    assert rows["balanced classes"][1] > rows["as in scikit-learn"][1] + 0.1
    assert rows["l1"][2] > 5 * rows["as in scikit-learn"][2]
    assert numbers(callback)[0] < 60
    assert clock.endswith("True")
    assert numbers(warm)[-1] < 1e-10


def test_validation(printed):
    stopped, loss, parts, pipeline = printed("validation")
    epochs, best, _ = numbers(stopped)
    assert best < epochs < 500
    there, end = numbers(loss)
    assert there <= end
    assert numbers(stopped)[-1] == -there
    assert numbers(parts)[1] > 0.9
    assert parts.endswith("True")
    assert numbers(pipeline)[0] > 0.9


def test_labels(printed):
    strings, outputs, several, later = printed("labels")
    assert numbers(strings)[0] > 0.9
    assert numbers(outputs)[0] > 0.95
    assert outputs.endswith("[3, 2]")
    assert numbers(several)[0] > 0.9
    assert min(numbers(later)) > 0.9


def test_intervals(printed):
    *intervals, at_zero = printed("intervals")
    for line in intervals:
        inside, left, right = numbers(line.split(")")[-1] if ")" in line else line)
        assert inside == pytest.approx(90, abs=4)
        assert right > 2 * left
    _, mean, deviation, *truth = numbers(at_zero)
    assert [mean, deviation] == pytest.approx(truth, rel=0.15)


def test_data(printed):
    pytest.importorskip("polars")
    gaps, names, features, sparse = printed("data")
    columns, missing, inputs, _, score = numbers(gaps)
    assert (columns, inputs) == (10, 20)
    assert 300 < missing < 600
    assert score > 0.4
    assert names.count(",") == 9
    assert "polars" in features
    assert numbers(sparse)[0] > 0.95
