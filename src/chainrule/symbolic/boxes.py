"""What is written, before it is written anywhere: boxes that the text, LaTeX and MathML printers read.

A box is a kind and its parts. Expressions are laid out as boxes (layout.py); a derivation adds boxes of its own for
sums over indices. So one formula looks the same in the terminal, in a document and on a page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "id", "bold", "upright", "number", "operator", "row", "sup", "sub", "subsup", "fraction", "root", "fence", "sum",
    "words", "cases", "space", "tilde",
]  # fmt: skip

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Delta": "Δ", "Phi": "Φ", "Sigma": "Σ", "Omega": "Ω",
    "Lambda": "Λ", "Gamma": "Γ", "Theta": "Θ", "Psi": "Ψ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a formula: its kind and its parts, boxes or strings."""

    kind: Kind
    parts: tuple[Box | str, ...]


def ident(text: str) -> Box:
    return Box("id", (text,))


def bold(text: str) -> Box:
    return Box("bold", (text,))


def upright(text: str) -> Box:
    return Box("upright", (text,))


def num(text: object) -> Box:
    return Box("number", (str(text),))


def op(text: str) -> Box:
    return Box("operator", (text,))


def words(text: str) -> Box:
    return Box("words", (text,))


SPACE = Box("space", ())


def row(*parts: Box) -> Box:
    return parts[0] if len(parts) == 1 else Box("row", parts)


def juxtapose(*parts: Box) -> Box:
    """Factors side by side with a thin space."""
    spaced: list[Box] = []
    for part in parts:
        spaced += [SPACE, part] if spaced else [part]
    return row(*spaced)


def joined(operator: str, *parts: Box) -> Box:
    """Parts with a binary operator between them."""
    result: list[Box] = []
    for part in parts:
        result += [op(operator), part] if result else [part]
    return row(*result)


def sup(base: Box, exponent: Box) -> Box:
    if base.kind == "sub":
        return Box("subsup", (base.parts[0], base.parts[1], exponent))
    return Box("sup", (base, exponent))


def sub(base: Box, index: Box) -> Box:
    if base.kind == "sup":
        return Box("subsup", (base.parts[0], index, base.parts[1]))
    return Box("sub", (base, index))


def fraction(top: Box, bottom: Box) -> Box:
    return Box("fraction", (top, bottom))


def partial(top: Box, bottom: Box) -> Box:
    """The derivative of one quantity with respect to another."""
    return fraction(row(op_prefix("∂"), top), row(op_prefix("∂"), bottom))


def op_prefix(text: str) -> Box:
    return upright(text)


def fence(inner: Box, left: str = "(", right: str = ")") -> Box:
    return Box("fence", (left, inner, right))


def call(name: Box, *arguments: Box) -> Box:
    return row(name, fence(joined(",", *arguments)))


def root(inner: Box) -> Box:
    return Box("root", (inner,))


def tilde(inner: Box) -> Box:
    return Box("tilde", (inner,))


def sum_over(index: Box, upper: Box | None, body: Box) -> Box:
    """A sum sign with its index, its last value and what is summed."""
    return Box("sum", (index, upper, body) if upper is not None else (index, body))


def cases(*rows: tuple[Box, Box]) -> Box:
    return Box("cases", tuple(part for r in rows for part in r))


def primed(name: Box, order: int) -> Box:
    """A function's name with primes for its derivatives, before a superscript index in brackets."""
    if order == 0:
        return name
    marks = "′" * order
    if name.kind == "subsup":
        return Box("subsup", (name.parts[0], name.parts[1], row(name.parts[2], upright(marks))))  # type: ignore[arg-type]
    if name.kind == "sup":
        return Box("sup", (name.parts[0], row(name.parts[1], upright(marks))))  # type: ignore[arg-type]
    return sup(name, upright(marks))


_NAME = re.compile(r"([^\W\d_]+)_?(\w*)")


def named(name: str) -> Box:
    """The box of a plain name: ``sigma1`` is a sigma with subscript 1, ``x_12`` an x with subscript 12."""
    match = _NAME.fullmatch(name)
    if match is None:
        return ident(name)
    base, index = match.groups()
    if base not in GREEK and index == "" and len(base) > 1 and base[:-1] in GREEK:
        base, index = base[:-1], base[-1]
    letter = ident(GREEK.get(base, base))
    return sub(letter, num(index) if index.isdigit() else ident(index)) if index else letter
