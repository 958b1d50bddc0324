"""The benchmark of large tables runs, here on a small one."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "table.py"


def test_the_page_of_large_tables(tmp_path):
    page = tmp_path / "page.md"
    sizes = ["--rows", "3000", "--columns", "3", "--epochs", "2", "--repeat", "1"]
    subprocess.run([sys.executable, str(SCRIPT), *sizes, "--write", str(page)], check=True, capture_output=True)
    text = page.read_text()
    for step in ("reading", "preparing", "epoch"):
        wall, processors = re.search(rf"\| {step} \| ([\d.]+) s \| ([\d.]+) s \|", text).groups()
        assert 0 <= float(wall) < 60
        assert 0 <= float(processors) < 60
    before, above, peak = (float(found) for found in re.findall(r"\| (\d+) \| [\d.]+ \|\n", text))
    assert 20 < before < peak < 1000
    assert abs(before + above - peak) <= 1.5
