"""Expressions as NumPy source: straight-line code with a name for every part that is used twice."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from chainrule.symbolic.expression import Expression, postorder, symbols
from chainrule.symbolic.forms import split_number, with_number
from chainrule.symbolic.functions import FUNCTIONS

_SUM, _TIMES, _UNARY, _POWER, _ATOM = range(5)


def safe_name(name: str) -> str:
    """A Python identifier for a symbol."""
    name = re.sub(r"\W", "_", name)
    return name + "_" if keyword.iskeyword(name) else name


def abstract_functions(node: Expression) -> dict[str, int]:
    """The abstract functions of an expression with the highest derivative used of each."""
    found: dict[str, int] = {}
    for n in postorder(node):
        if n.op == "apply" and (n.data[0] not in FUNCTIONS or n.data[1]):
            found[n.data[0]] = max(found.get(n.data[0], 0), n.data[1])
    return found


def dimensions(node: Expression) -> dict[str, str]:
    """For every named dimension the source that reads it off an argument."""
    known: dict[str, str] = {}
    for name, s in symbols(node).items():
        for axis, dim in enumerate(s.shape):
            if isinstance(dim, str) and dim.isidentifier():
                known.setdefault(dim, f"{safe_name(name)}.shape[{axis}]")
    return known


def numpy_source(node: Expression, name: str = "derivative") -> str:
    """A function of the symbols, vectors as 1-D and matrices as 2-D arrays, that computes the expression.

    Abstract functions become arguments: ``sigma``, and ``sigma_d1`` for its first derivative.
    """
    arguments = [safe_name(s) for s in symbols(node)]
    for function, order in abstract_functions(node).items():
        arguments += [derivative_name(function, k) for k in range(order + 1) if _uses(node, function, k)]
    lines = [f"def {name}({', '.join(arguments)}):"]
    for s in symbols(node).values():
        column = "(-1, 1)" if s.shape[1] == 1 else "(1, -1)" if s.shape[0] == 1 else ""
        argument = safe_name(s.name)
        if s.is_scalar:
            lines.append(f"    {argument} = np.reshape({argument}, (1, 1))")
        elif column:
            lines.append(f"    {argument} = np.reshape({argument}, {column})")
    writer = _Writer(node)
    result = writer.write(node, _SUM)
    shaped = f"({result}).item()" if node.is_scalar else f"np.ravel({result})" if 1 in node.shape else result
    return "\n".join(
        ["import numpy as np", *writer.imports(), "", "", *lines, *writer.lines, f"    return {shaped}", ""]
    )


def compiled(node: Expression) -> Callable[..., Any]:
    """The source as a callable."""
    scope: dict[str, Any] = {}
    exec(compile(numpy_source(node), "<chainrule derivative>", "exec"), scope)  # noqa: S102 - our own text
    return scope["derivative"]  # type: ignore[no-any-return]


def derivative_name(function: str, order: int) -> str:
    return safe_name(function) + (f"_d{order}" if order else "")


def _uses(node: Expression, function: str, order: int) -> bool:
    return any(n.op == "apply" and n.data == (function, order) for n in postorder(node))


class _Writer:
    """Writes the parts in order, giving a name to every part that is used more than once."""

    def __init__(self, root: Expression) -> None:
        self.lines: list[str] = []
        self.names: dict[Expression, str] = {}
        self.taken = {safe_name(s) for s in symbols(root)}
        self.dims = dimensions(root)
        self.root = root
        self.uses = Counter(a for n in postorder(root) for a in n.args)

    def imports(self) -> list[str]:
        erf = any(n.op == "apply" and n.data == ("erf", 0) for n in postorder(self.root))
        return ["from scipy.special import erf"] if erf else []

    def dim(self, dim: object) -> str:
        if isinstance(dim, int):
            return str(dim)
        text = str(dim)
        if text.endswith("+1"):
            return f"{self.dim(text[:-2])} + 1"
        if "*" in text:
            return " * ".join(self.dim(int(part) if part.isdigit() else part) for part in text.split("*"))
        if text not in self.dims:
            raise ValueError(f"the size {text!r} follows from no argument; evaluate the expression with it given")
        return self.dims[text]

    def shape(self, node: Expression) -> str:
        return f"({self.dim(node.shape[0])}, {self.dim(node.shape[1])})"

    def write(self, node: Expression, strength: int) -> str:
        if node in self.names:
            return self.names[node]
        source, own = self.source(node)
        if self.uses[node] > 1 and node.args and node.op != "transpose":
            fresh = next(f"t{i}" for i in range(len(self.lines), 10_000) if f"t{i}" not in self.taken)
            self.taken.add(fresh)
            self.lines.append(f"    {fresh} = {source}")
            self.names[node] = fresh
            return fresh
        return source if own >= strength else f"({source})"

    def joined(self, sign: str, node: Expression, strength: int) -> tuple[str, int]:
        first, *rest = node.args
        parts = [self.write(first, strength)] + [self.write(a, strength + 1) for a in rest]
        return f" {sign} ".join(parts), strength

    def sum(self, node: Expression) -> tuple[str, int]:
        source = ""
        for term in node.args:
            factor, body = split_number(term)
            sign = "-" if factor < 0 else "+"
            part = self.write(with_number(abs(factor), body) if factor < 0 else term, _TIMES)
            source = f"{source} {sign} {part}" if source else f"-{part}" if factor < 0 else part
        return source, _SUM

    def source(self, node: Expression) -> tuple[str, int]:
        if node.op == "add":
            return self.sum(node)
        if node.op in ("scale", "hadamard") and split_number(node)[0] == -1:
            return f"-{self.write(split_number(node)[1], _POWER)}", _UNARY
        if node.op in ("hadamard", "product", "scale"):
            return self.joined("@" if node.op == "product" else "*", node, _TIMES)
        if node.op == "number":
            exact = str(node.data) if node.data.denominator == 1 else repr(float(node.data))
            return exact, _SUM if node.data < 0 else _ATOM
        if node.op == "power":
            return f"{self.write(node.args[0], _ATOM)} ** {self.write(node.args[1], _ATOM)}", _POWER
        if node.op == "apply" and node.data[0] in FUNCTIONS and node.data[1] == 0:
            template = FUNCTIONS[node.data[0]].source
            compound = not template.startswith(("np.", "erf"))
            return template.format(self.write(node.args[0], _ATOM)), _SUM if compound else _ATOM
        if node.op == "apply":
            return f"{derivative_name(*node.data)}({self.write(node.args[0], _SUM)})", _ATOM
        if node.op == "transpose":
            return f"{self.write(node.args[0], _ATOM)}.T", _ATOM
        return _CALLS[node.op](self, node, [self.write(a, _SUM) for a in node.args]), _ATOM


def _softmax(w: _Writer, n: Expression, a: list[str]) -> str:
    shifted = f"np.exp({a[0]} - np.max({a[0]}, axis={n.data}, keepdims=True))"
    return f"({shifted} / np.sum({shifted}, axis={n.data}, keepdims=True))"


def _blocks(w: _Writer, n: Expression, a: list[str]) -> str:
    _big, small = n.args
    outer, inner = (n.shape, small.shape) if n.op == "block_inner" else (small.shape, n.shape)
    sizes = ", ".join(w.dim(d) for d in (outer[0], inner[0], outer[1], inner[1]))
    letters = "iajb,ab->ij" if n.op == "block_inner" else "iajb,ij->ab"
    return f"np.einsum('{letters}', np.reshape({a[0]}, ({sizes})), {a[1]})"


def _commutation(w: _Writer, n: Expression, a: list[str]) -> str:
    rows, columns = (w.dim(d) for d in n.data)
    order = f"np.arange({rows} * {columns}).reshape({columns}, {rows}).T.ravel()"
    return f"np.eye({rows} * {columns})[{order}]"


_CALLS: dict[str, Callable[[_Writer, Expression, list[str]], str]] = {
    "symbol": lambda w, n, a: safe_name(n.name),
    "size": lambda w, n, a: f"np.full((1, 1), float({w.dim(n.data)}))",
    "ones": lambda w, n, a: f"np.ones({w.shape(n)})",
    "zeros": lambda w, n, a: f"np.zeros({w.shape(n)})",
    "identity": lambda w, n, a: f"np.eye({w.dim(n.shape[0])})",
    "commutation": _commutation,
    "softmax": _softmax,
    "logsumexp": lambda w, n, a: f"np.logaddexp.reduce({a[0]}, axis={n.data}, keepdims=True)",
    "sum": lambda w, n, a: f"np.sum({a[0]}, keepdims=True)",
    "norm2": lambda w, n, a: f"np.sqrt(np.sum(({a[0]}) ** 2, keepdims=True))",
    "trace": lambda w, n, a: f"np.trace({a[0]}).reshape(1, 1)",
    "determinant": lambda w, n, a: f"np.linalg.det({a[0]}).reshape(1, 1)",
    "logdet": lambda w, n, a: f"np.log(np.linalg.det({a[0]})).reshape(1, 1)",
    "inverse": lambda w, n, a: f"np.linalg.inv({a[0]})",
    "diag": lambda w, n, a: f"np.diag(np.ravel({a[0]}))",
    "diagonal": lambda w, n, a: f"np.diag({a[0]}).reshape(-1, 1)",
    "kron": lambda w, n, a: f"np.kron({a[0]}, {a[1]})",
    "block_inner": _blocks,
    "block_sum": _blocks,
    "vec": lambda w, n, a: f"np.reshape({a[0]}, (-1, 1), order='F')",
    "unvec": lambda w, n, a: f"np.reshape({a[0]}, {w.shape(n)}, order='F')",
    "greater": lambda w, n, a: f"np.where({a[0]} > {a[1]}, 1.0, 0.0)",
    "where": lambda w, n, a: f"np.where({a[0]} != 0, {a[1]}, {a[2]})",
    "stack": lambda w, n, a: f"np.concatenate([{', '.join(a)}], axis={n.data[0]})",
    "part": lambda w, n, a: f"np.split({a[0]}, {n.data[3]}, axis={n.data[0]})[{n.data[2]}]",
    "append_ones": lambda w, n, a: f"np.vstack([{a[0]}, np.ones((1, np.shape({a[0]})[1]))])",
    "append_zeros": lambda w, n, a: f"np.hstack([{a[0]}, np.zeros((np.shape({a[0]})[0], 1))])",
    "drop_row": lambda w, n, a: f"({a[0]})[:-1]",
    "drop_column": lambda w, n, a: f"({a[0]})[:, :-1]",
}
