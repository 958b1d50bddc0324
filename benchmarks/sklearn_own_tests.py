"""scikit-learn's own tests of its multilayer perceptrons, run against ours: one import line changed, nothing copied.

    python benchmarks/sklearn_own_tests.py

The test file is read from the installed scikit-learn. What reaches into scikit-learn's private names must fail.
"""

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

THEIRS = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
OURS = "from chainrule import MLPClassifier, MLPRegressor"
CONFTEST = """
import pytest

@pytest.fixture
def global_random_seed():
    return 42
"""


def changed_source() -> str:
    """scikit-learn's test file with our import line."""
    source = files("sklearn.neural_network.tests").joinpath("test_mlp.py").read_text(encoding="utf-8")
    if source.count(THEIRS) != 1:
        raise RuntimeError(f"scikit-learn's test_mlp.py has no single line {THEIRS!r} to change")
    return source.replace(THEIRS, OURS)


def outcomes() -> dict[str, str]:
    """What became of each test function: "passed", "skipped", or the message of its first failure."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "test_mlp.py").write_text(changed_source(), encoding="utf-8")
        (place / "conftest.py").write_text(CONFTEST, encoding="utf-8")
        (place / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=out.xml", "test_mlp.py"]
        subprocess.run(command, cwd=place, check=False, stdout=subprocess.DEVNULL)
        return _read(ElementTree.parse(place / "out.xml").iter("testcase"))


def _read(cases) -> dict[str, str]:
    found: dict[str, str] = {}
    for case in cases:
        name = case.attrib["name"].split("[")[0]
        problem = next((part for part in case if part.tag in {"failure", "error"}), None)
        skipped = any(part.tag == "skipped" for part in case)
        result = (
            problem.attrib["message"].splitlines()[0] if problem is not None else "skipped" if skipped else "passed"
        )
        if found.get(name, "passed") in {"passed", "skipped"}:
            found[name] = result
    return found


if __name__ == "__main__":
    results = outcomes()
    for test, result in results.items():
        print(f"{test:50s} {result}")
    print(f"{sum(result == 'passed' for result in results.values())} of {len(results)} pass")
