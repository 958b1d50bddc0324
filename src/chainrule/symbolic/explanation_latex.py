"""An explanation as a LaTeX document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.symbolic.document import latex_file, subtitle, title
from chainrule.symbolic.explanation_text import (
    abbreviated,
    largest_terms,
    number,
    shown_tag,
    step_text,
    sum_text,
    summary,
    verdict_text,
    way_text,
)
from chainrule.symbolic.latex import escape, latex

if TYPE_CHECKING:
    from chainrule.symbolic.explanation import Explanation, Quantity


def explanation_latex(explanation: Explanation, largest: int) -> str:
    """A document that compiles as it stands."""
    parts = [_quantity(q, largest) for q in explanation.quantities]
    parts.append(r"\subsection*{Where the gradient fades}")
    parts += [escape(verdict_text(r)) + r".\par" for r in reversed(explanation.layers)]
    parts += [r"\subsection*{The path of one weight}", *_path(explanation, largest)]
    parts += [r"\subsection*{The update}", escape(step_text(explanation)) + "."]
    derivation = explanation.derivation
    return latex_file(title(derivation), subtitle(derivation), "\n".join(parts))


def _quantity(quantity: Quantity, largest: int) -> str:
    line = quantity.line
    values = _matrix(quantity.array, largest)
    tag = rf" \tag{{{shown_tag(line)}}}" if shown_tag(line) else ""
    equation = rf"\begin{{equation*}}{latex(quantity.label)} = {values} {tag}\end{{equation*}}"
    more = rf"{escape(summary(quantity))}.\par" if abbreviated(quantity.array, largest) else ""
    head = rf"{escape(line.title)}: ${latex(line.box())}$" if line.right else escape(line.title)
    return "\n".join([head, equation, more])


def _matrix(array: Any, largest: int) -> str:
    shown = np.atleast_2d(array)[:largest, :largest]
    wide, tall = array.shape[1] > largest, array.shape[0] > largest
    rows = [" & ".join([number(v).strip() for v in row] + ([r"\cdots"] if wide else [])) for row in shown]
    rows += [r"\vdots"] if tall else []
    body = r" \\ ".join(rows)
    return rf"\left(\begin{{smallmatrix}}{body}\end{{smallmatrix}}\right)"


def _path(explanation: Explanation, largest: int) -> list[str]:
    """The factors, one under the other; the sums within a softmax."""
    path = explanation.path
    rows = [rf"${latex(f.box)}$ & {number(f.number).strip()} \\" for f in path.factors]
    rows.append(rf"\hline product & {number(path.contribution).strip()} \\")
    head = rf"weight ${latex(path.weight.box)} = {path.weight.number:.4g}$, gradient {path.gradient:.6g}"
    parts = [head + r".\par", escape(way_text(path)) + r".\par", *_table(rows)]
    for passage in path.passages:
        parts += [rf"${latex(passage.delta.box)}$, the sum over all outputs of the softmax:\par"]
        terms, others = largest_terms(passage, largest)
        shown = [rf"${latex(a.box)} \, {latex(b.box)}$ & {number(a.number * b.number).strip()} \\" for a, b in terms]
        shown += [rf"{len(others)} more & {number(sum(others)).strip()} \\"] if others else []
        parts += _table([*shown, rf"\hline sum & {number(passage.delta.number).strip()} \\"])
    return [*parts, escape(sum_text(path)) + r".\par"]


def _table(rows: list[str]) -> list[str]:
    return [r"\begin{tabular}{lr}", *rows, r"\end{tabular}\par"]
