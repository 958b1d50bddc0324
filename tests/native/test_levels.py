"""The instruction levels that this processor has but this process does not use, each in a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("chainrule.engine.native", reason="the compiled engine was not built")

from chainrule.engine import native_loading

HERE = Path(__file__).parent
OTHERS = [
    level
    for level in native_loading.LEVELS
    if level != native_loading.level()
    and find_spec(f"chainrule.engine._native_{level}")
    and native_loading.NEEDED[level] <= native_loading._features()
]


@pytest.mark.skipif(not OTHERS, reason="this processor has one level, which every other test uses")
@pytest.mark.parametrize("level", OTHERS)
def test_the_level_computes_what_the_reference_computes(level):
    files = [str(HERE / f"test_{name}.py") for name in ("parity", "functions", "inputs")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
    environment = {**os.environ, "CHAINRULE_ISA": level}
    root = HERE.parents[1]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
