"""The reference page names what is public, all of it and nothing else."""

import re
from pathlib import Path

import chainrule as cr


def test_the_reference_lists_every_public_name():
    page = (Path(__file__).parents[1] / "docs" / "reference" / "api.md").read_text()
    listed = re.findall(r"^   (\w+)$", page, flags=re.MULTILINE)
    assert sorted(listed) == sorted(set(cr.__all__) - {"__version__"})
