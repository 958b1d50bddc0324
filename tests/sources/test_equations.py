"""docs/equations.md is read here: its formulas are evaluated, its places in the code and its tests looked up."""

import ast
import math
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy.special import erf

import chainrule as cr
from chainrule.network.activation import activation
from chainrule.network.arrays import namespace

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "chainrule"
PAGE = (HERE.parents[1] / "docs" / "equations.md").read_text(encoding="utf-8")
DOCUMENTS = ("Watters", "Wichmann", "Chains", "Neuron", "Menon")


def table(heading):
    """The rows of the first table under a heading, as lists of cells without their code marks."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[1:]]


# Places in the code


def tags_of(path):
    """The tags at the ends of a module's lines."""
    comments = re.findall(r"#((?: ?(?:F1|F2|J|B[1-5]|U),?)+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return set(re.findall(r"\w+", " ".join(comments)))


@pytest.mark.parametrize("row", table("Equations by tag"), ids=lambda row: row[0])
def test_tag_is_where_the_page_says(row):
    tag, places = row[0], re.findall(r"[\w.]+", row[2])
    assert places
    for place in places:
        module, name = place.rsplit(".", 1)
        found = import_module(f"chainrule.{module}")
        assert hasattr(found, name), f"{module} has no {name}"
        assert tag in tags_of(Path(found.__file__)), f"{module} has no line tagged # {tag}"


def test_every_tag_of_the_code_is_on_the_page():
    listed = {
        (row[0], place.rsplit(".", 1)[0])
        for row in table("Equations by tag")
        for place in re.findall(r"[\w.]+", row[2])
    }
    rooms = [path for room in ("network", "descent") for path in sorted((SOURCE / room).glob("*.py"))]
    written = {(tag, f"{path.parent.name}.{path.stem}") for path in rooms for tag in tags_of(path)}
    assert written == listed


# Formulas

NAMES = {
    "Phi": lambda z: (1 + erf(z / math.sqrt(2))) / 2,
    "phi": lambda z: np.exp(-z * z / 2) / math.sqrt(2 * math.pi),
    "pi": math.pi,
    **{name: getattr(np, name) for name in ("abs", "cos", "cosh", "exp", "log", "maximum", "mean", "minimum")},
    **{name: getattr(np, name) for name in ("sin", "sqrt", "sum", "tanh", "where")},
}


def evaluate(formula, **values):
    """A formula of the page with these numbers."""
    return eval(formula, {"__builtins__": {}}, NAMES | values)  # noqa: S307  the text is this repository's own


def test_tables_name_every_entry():
    assert [row[0] for row in table("Activations")] == list(cr.ACTIVATIONS)
    assert [row[0] for row in table("Losses")] == list(cr.LOSSES)


@pytest.mark.parametrize("row", table("Activations"), ids=lambda row: row[0])
def test_activation(row, agree):
    name, f, df = row
    parameters = {"leaky_relu": {"s": 0.01}, "elu": {"c": 1.0}, "sine": {"w": 1.0}}
    entry, z = activation(name), np.array([-3.7, -1.2, -0.4, 0.0, 0.3, 1.5, 3.2])
    if entry.kinks:
        z = np.append(z, entry.kinks)
    values = parameters.get(name, {}) | {"z": z}
    a = entry.f(namespace(z), z)
    agree(a, evaluate(f, **values))
    if entry.elementwise:
        agree(entry.df(namespace(z), z, a), evaluate(df, **values) * np.ones_like(z))


def loss_case(entry, rng):
    """Outputs and targets of one sample that the loss takes, and what else its formula names."""
    width = 4 if entry.name == "gaussian_nll" else 3
    f, y = rng.normal(size=width) * 2, rng.normal(size=3)
    if entry.domain.low == 0:
        f = rng.uniform(0.1, 0.9, size=3)
        y = rng.uniform(0.1, 0.9, size=3)
    if entry.name == "hinge":
        y = np.array([1.0, -1.0, 1.0])
    if entry.name == "quantile":
        return f, y[:1], {"q": np.array([0.1, 0.5, 0.9]), "f": f, "y": y[0]}
    if entry.name == "gaussian_nll":
        return f, y[:2], {"m": f[:2], "v": f[2:], "y": y[:2]}
    return f, y, {"f": f, "y": y, "d": 1.0, "gamma": 2.0, "alpha": 0.25}


@pytest.mark.parametrize("row", table("Losses"), ids=lambda row: row[0])
def test_loss(row, agree):
    entry = (
        cr.LOSSES[row[0]] if row[0] != "quantile" else cr.Network((1, 3), ("identity",), "quantile(0.1, 0.5, 0.9)").loss
    )
    f, y, values = loss_case(entry, np.random.default_rng(5))
    agree(entry.value(namespace(f), f[None], y[None])[0], evaluate(row[1], **values))


@pytest.mark.parametrize("row", table("Pairs"), ids=lambda row: f"{row[0]}-{row[1]}")
def test_pair(row, agree):
    sigma, loss, value, delta, _ = row
    rng = np.random.default_rng(6)
    z, y = rng.normal(size=3), rng.uniform(0.1, 0.9, size=3)
    head = cr.Network((3, 3), (sigma,), loss).head
    a = activation(sigma).f(namespace(z), z[None])
    agree(head.value(namespace(z), z[None], a, y[None])[0], evaluate(value, z=z, y=y))
    agree(head.delta(namespace(z), z[None], a, y[None])[0], evaluate(delta, z=z, y=y, a=a[0]))


@pytest.mark.parametrize("row", table("Derivatives by a matrix"), ids=lambda row: row[0])
def test_matrix_derivative(row, agree, complex_step):
    C, *derivatives = row
    rng = np.random.default_rng(34)
    functions = {"s": lambda p: np.log(1 + np.exp(p)), "s1": np.tanh, "s2": lambda p: np.log(1 + np.exp(p))}
    slopes = {"ds": lambda p: 1 / (1 + np.exp(-p)), "ds1": lambda p: 1 - np.tanh(p) ** 2}
    values = functions | slopes | {"ds2": slopes["ds"]}
    values |= {"A": rng.normal(size=(4, 3)), "B": rng.normal(size=(3, 5)), "y": rng.normal(size=(4, 1))}
    values["x"] = rng.normal(size=(5 if "B" in C else 3, 1))
    assert all(("B" in C) == bool(form) for form in derivatives[1:])
    for name, form in zip("AB", filter(None, derivatives), strict=False):
        truth = complex_step(lambda M, name=name: evaluate(C, **(values | {name: M}))[0, 0], values[name])
        agree(truth, evaluate(form, **values))


# The tests of the documents

RECORD = re.compile(rf"^({'|'.join(DOCUMENTS)}) (.+?): ")
FILES = {
    "Watters": ("test_watters.py",),
    "Wichmann": ("test_wichmann.py",),
    "Chains": ("test_chains.py", "test_chains_derivatives.py"),
    "Neuron": ("test_neuron.py",),
    "Menon": ("test_menon.py",),
}


def records(document):
    """[(equations, test)]: what the docstrings of a document's tests say."""
    found = []
    for name in FILES[document]:
        tree = ast.parse((HERE / name).read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                match = RECORD.match(ast.get_docstring(node) or "")
                assert match, f"{name}: {node.name} does not begin with its document and equations"
                assert match[1] == document
                found.append((match[2], node.name))
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_page_lists_the_tests(document):
    section = PAGE.split(f"\n### {document}\n", 1)[-1].split("\n### ", 1)[0]
    rows = "\n".join(
        line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| equation")
    )
    expected = "\n".join(f"| {equations} | `{test}` |" for equations, test in records(document))
    assert rows == expected, f"the rows under {document} should be:\n{expected}"


def numbers(equations):
    """ "(7)-(8), (42)" or "2.1, 2.11-2.13" as a set of (section, number); section is 0 where numbers run through."""
    found = set()
    for part in equations.replace("(", "").replace(")", "").split(", "):
        ends = [tuple(map(int, end.split("."))) for end in part.split("-")]
        (*section, first), (*_, last) = ends[0], ends[-1]
        found |= {(*section, n) for n in range(first, last + 1)}
    return found


def test_every_numbered_equation_of_watters():
    covered = set().union(*(numbers(equations) for equations, _ in records("Watters")))
    assert covered == {(n,) for n in range(1, 79)}


def test_every_numbered_equation_of_wichmann():
    covered = set().union(*(numbers(equations) for equations, _ in records("Wichmann")))
    last = {1: 5, 2: 17, 3: 12, 4: 16, 5: 20, 6: 8}
    assert covered == {(section, n) for section, count in last.items() for n in range(1, count + 1)}


def test_every_numbered_equation_of_menon():
    covered = {part for equations, _ in records("Menon") for part in equations.split(", ")}
    sections = {"1.2", "2.1", "2.2", "2.3", "2.4", "3.1", "3.1.1", "3.1.2", "3.2", "3.2.1", "3.2.2", "3.3", "3.3.1"}
    assert covered == sections | {"(1)", "(2)", "(3)", "(4)"}
