"""The explanation pages: every example on them runs and prints what stands there."""

import doctest
import importlib.util
import re
from collections import Counter
from pathlib import Path

import pytest

import chainrule as cr

FOLDER = Path(__file__).parents[2] / "docs" / "explanation"
PAGES = ["matrix-derivatives", "notations", "derivations", "explaining", "cost-of-the-backward-pass"]


@pytest.mark.parametrize("page", PAGES)
def test_page(page):
    outcome = doctest.testfile(str(FOLDER / f"{page}.md"), module_relative=False)
    assert outcome.attempted > 3
    assert outcome.failed == 0


def _benchmark():
    spec = importlib.util.spec_from_file_location(
        "symbolic_benchmark", FOLDER.parents[1] / "benchmarks" / "symbolic.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_expressions_is_the_list():
    """Every row but for SymPy's verdicts, and the sums of those."""
    benchmark, page = _benchmark(), (FOLDER / "expressions.md").read_text()
    rows = [re.findall(r"`(.+?)`|(\w[\w ]*?) (?=\|)", line) for line in page.splitlines() if line.startswith("| `")]
    shown = [[code or word for code, word in row] for row in rows]
    for (text, wrt, here, _sympy, said), case in zip(shown, benchmark.CASES, strict=True):
        assert (text, wrt) == tuple(case[:2])
        assert here == cr.differentiate(text, wrt).text()
        assert said == ("yes" if benchmark.documented(text) else "no")
    verdicts = Counter(row[3] for row in shown)
    text = (FOLDER / "matrix-derivatives.md").read_text()
    counts = [int(n) for n in re.findall(r"^\| (?:right|wrong|a result|raises)[^|]*\| (\d+) \|", text, re.M)]
    assert counts == [verdicts[v] for v in ("right", "wrong", "no value", "raises")]
    assert f"holds {len(benchmark.CASES)} expressions" in text
    assert f"can write it: {sum(row[4] == 'yes' for row in shown)} can" in text


@pytest.mark.soak
def test_sympys_verdicts_are_those_of_today():
    pytest.importorskip("sympy")
    benchmark = _benchmark()
    verdicts = {f"{c[0]} by {c[1]}": benchmark.sympy_verdict(c) for c in benchmark.CASES}
    assert benchmark.page(verdicts) == (FOLDER / "expressions.md").read_text()
