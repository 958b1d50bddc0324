"""The page about tables runs and names options that exist."""

import doctest
import re
from pathlib import Path

from chainrule.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "learn-from-a-table.md"


def test_every_block_says_what_it_says() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("```", "")
    example = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, PAGE.name, 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_every_option_exists(capsys) -> None:
    helped = ""
    for command in ([], ["train"], ["predict"], ["evaluate"], ["check"], ["info"]):
        main([*command, "--help"])
        helped += capsys.readouterr().out
    named = set(re.findall(r"--[a-z][a-z0-9-]*", PAGE.read_text(encoding="utf-8")))
    assert named
    assert named <= set(re.findall(r"--[a-z][a-z0-9-]*", helped))
