"""The surface of the package: its names, what importing it loads, and how its modules open."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr

SOURCES = sorted((Path(__file__).parents[1] / "src" / "chainrule").rglob("*.py"))
HEAVY = {"scipy", "sklearn", "matplotlib", "polars", "rich", "typer", "safetensors", "array_api_compat", "torch"}


def test_every_public_name_is_there():
    for name in cr.__all__:
        assert getattr(cr, name) is not None
    assert dir(cr) == sorted(cr.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Netwrok'"):
        _ = cr.Netwrok


def test_type_checkers_read_the_same_names():
    stub = ast.parse((SOURCES[0].parent / "__init__.pyi").read_text())
    imported = {node.names[0].asname: node.module for node in stub.body if isinstance(node, ast.ImportFrom)}
    assert imported == cr._PUBLIC


def test_every_public_object_is_documented_with_an_example():
    for name in cr.__all__:
        entry = getattr(cr, name)
        if callable(entry):
            assert entry.__doc__, name
            assert ">>>" in entry.__doc__, f"cr.{name} has no example"


@pytest.mark.parametrize(
    "statement", ["import chainrule", "import chainrule as cr; cr.Network.parse('2-3-1', loss='huber')"]
)
def test_importing_loads_nothing_heavy(statement):
    code = f"{statement}\nimport sys; print(*(m.partition('.')[0] for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not HEAVY & set(loaded.split())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: "/".join(path.parts[-2:]))
def test_modules_open_with_a_sentence(path):
    doc = ast.get_docstring(ast.parse(path.read_text()))
    assert doc, f"{path} has no docstring"
    assert doc.split("\n\n")[0].rstrip().endswith((".", ":")), path
