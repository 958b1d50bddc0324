"""docs/errata.md and the checks of the errata are the same list."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "errata.md"


def checked():
    """The names of the checks, from the text of the tests."""
    files = sorted(HERE.glob("test_errata_*.py"))
    names = [name for file in files for name in re.findall(r'\berratum\(\s*"([\w.-]+)"', file.read_text("utf-8"))]
    assert len(names) == len(set(names)), "an erratum is shown twice"
    return set(names)


def test_every_row_of_the_page_is_understood(errata):
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    headers = [line for line in rows if line.startswith("| name |")]
    assert len(errata) == len(rows) - len(headers)


def test_page_and_checks_correspond(errata):
    assert {name for name, shown in errata.items() if shown != "reading"} == checked()


def test_a_right_form_is_not_accepted_as_an_erratum(erratum):
    with pytest.raises(AssertionError, match="the printed form is right"):
        erratum("watters-25", truth=[1.0, 2.0], printed=lambda: [1.0, 2.0], corrected=lambda: [1.0, 2.0])


def test_a_wrong_correction_is_not_accepted(erratum):
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        erratum("watters-25", truth=[1.0, 2.0], printed=lambda: [3.0, 2.0], corrected=lambda: [1.0, 2.1])


def test_the_kind_of_failure_matters(erratum):
    with pytest.raises(AssertionError, match=r"printed \(1,\), right \(2,\)"):
        erratum("watters-25", truth=[1.0, 2.0], printed=lambda: [1.0], corrected=lambda: [1.0, 2.0])
    with pytest.raises(AssertionError, match="the shapes of the printed form do fit"):
        erratum("watters-50", truth=[1.0, 2.0], printed=lambda: [1.0, 3.0], corrected=lambda: [1.0, 2.0])
