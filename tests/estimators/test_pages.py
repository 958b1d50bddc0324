"""The blocks on the pages about the estimators run and say what they say, and their tables name what exists."""

import doctest
import inspect
import re
from pathlib import Path

import pytest

import chainrule as cr

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("page", ["coming-from-scikit-learn", "coming-from-keras-and-pytorch"])
def test_every_block_says_what_it_says(page):
    if "pytorch" in page:
        pytest.importorskip("torch")
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8").replace("```", "")
    assert ">>>" in text
    example = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example).failed == 0


def test_the_table_names_every_parameter_of_both_estimators():
    text = (PAGES / "coming-from-scikit-learn.md").read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", text))))
    wanted = set(inspect.signature(cr.MLPClassifier).parameters) | set(inspect.signature(cr.MLPRegressor).parameters)
    assert wanted - named == set()
