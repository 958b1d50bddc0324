"""Readers and model files under a fuzzer that looks for new paths through the code; it needs the extra ``fuzz``."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 20_000
TARGETS = ["csv", "json_lines", "blocks", "file", "header"]


@pytest.mark.soak
@pytest.mark.parametrize("target", TARGETS)
def test_no_input_crashes_hangs_or_takes_much_memory(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install 'chainrule[fuzz]', where there is a wheel of it")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    limits = ["-timeout=60", "-rss_limit_mb=2048", "-max_len=8192", f"-artifact_prefix={tmp_path}/"]
    script = Path(__file__).with_name("target.py")
    command = [sys.executable, script, target, corpus, f"-runs={RUNS}", "-seed=1", "-close_fd_mask=1", *limits]
    outcome = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found = {path.name: path.read_bytes()[:300] for path in tmp_path.iterdir() if path.is_file()}
    assert outcome.returncode == 0, f"{outcome.stderr[-3000:]}\n{found}"
    assert f"Done {RUNS} runs" in outcome.stderr
