"""The page of benchmarks is written from whatever figures there are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

STEPS = Path(__file__).parents[2] / "benchmarks" / "steps"


def row(seconds, missing=None, cores=1):
    case = {"case": "tiny relu float32", "shape": "tiny", "cores": cores, "operations": 94208}
    return case | {
        "seconds": seconds,
        "missing": missing or {},
        "rounds": {"JAX scan": 5},
        "spread": {"JAX scan": 0.1},
        "idle": 0.9,
        "whole": [True, False],
    }


def page(tmp_path, **figures):
    (tmp_path / "figures.json").write_text(json.dumps({"machine": "Here.", "left_out": [], "fits": []} | figures))
    command = [sys.executable, STEPS / "page.py", "figures.json", "page.md"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "page.png").stat().st_size > 1000
    return (tmp_path / "page.md").read_text()


def test_ratios_are_the_peers_times_over_ours_and_the_floor_is_the_other_way_round(tmp_path):
    pytest.importorskip("matplotlib")
    one = row({"chainrule": 4e-6, "BLAS alone": 2e-6, "JAX scan": 1e-5})
    two = row({"chainrule": 4e-6, "chainrule on one core": 6e-6, "JAX scan": 2e-5}, cores=2)
    text = page(tmp_path, steps=[one, two])
    assert "| tiny relu float32 | 4.0 | 24 | 2.00 | 2.50 |" in text
    assert "| tiny relu float32 | 4.0 | 24 | 1.50 | 5.0 |" in text
    assert "1 of 2 rounds had two whole cores." in text


def test_what_could_not_run_is_named_with_its_reason(tmp_path):
    pytest.importorskip("matplotlib")
    rows = [
        row({"JAX scan": 1e-5}, {"chainrule": "ImportError: no engine"}),
        row({"chainrule": 4e-6}, {"Keras": "slow"}),
    ]
    text = page(tmp_path, steps=rows, left_out=["large tanh float32 (no time left)"])
    assert "Missing: chainrule in tiny relu float32 (ImportError: no engine)." in text
    assert "Missing: Keras in tiny relu float32 (slow)." in text
    assert "Left out: large tanh float32 (no time left)." in text
