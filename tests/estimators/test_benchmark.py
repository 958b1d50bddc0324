"""As accurate as scikit-learn with its defaults, and sooner done: the benchmark holds what the page promises."""

import runpy
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def compare():
    return runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "estimators.py"), run_name="benchmark")[
        "compare"
    ]


def assert_as_good_and_quicker(row):
    theirs, ours = row["scikit_learn"], row["chainrule"]
    assert abs(ours["score"] - theirs["score"]) <= max(theirs["spread"], 1e-3)
    assert row["ratio"] > 1


def test_three_seeds(compare):
    assert_as_good_and_quicker(compare("breast_cancer", 3, "auto"))


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["auto", "reference"])
@pytest.mark.parametrize("data", ["digits", "breast_cancer", "wine", "diabetes"])
def test_ten_seeds(compare, data, engine):
    assert_as_good_and_quicker(compare(data, 10, engine))
