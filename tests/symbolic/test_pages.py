"""The explanation pages: every example on them runs and prints what stands there."""

import doctest
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "explanation"
PAGES = ["matrix-derivatives", "notations", "derivations", "explaining", "cost-of-the-backward-pass"]


@pytest.mark.parametrize("page", PAGES)
def test_page(page):
    outcome = doctest.testfile(str(FOLDER / f"{page}.md"), module_relative=False)
    assert outcome.attempted > 3
    assert outcome.failed == 0


def test_the_table_of_sympy_counts_every_expression():
    import re
    import tomllib

    page = (FOLDER / "matrix-derivatives.md").read_text()
    cases = tomllib.loads(Path(__file__).with_name("expressions.toml").read_text())["cases"]
    counts = [int(n) for n in re.findall(r"^\| (?:right|wrong|a result|raises)[^|]*\| (\d+) \|", page, re.M)]
    assert sum(counts) == len(cases)
    assert f"holds {len(cases)} expressions" in page
    assert f"can write {sum(c[4] for c in cases)} of them" in page
