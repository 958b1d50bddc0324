"""An explanation as a LaTeX document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.symbolic.document import latex_file, subtitle, title
from chainrule.symbolic.explanation_text import abbreviated, number, path_text, step_text, summary, verdict_text
from chainrule.symbolic.latex import escape, latex

if TYPE_CHECKING:
    from chainrule.symbolic.explanation import Explanation, Quantity


def explanation_latex(explanation: Explanation, largest: int) -> str:
    """A document that compiles as it stands."""
    parts = [_quantity(q, largest) for q in explanation.quantities]
    parts.append(r"\subsection*{Where the gradient fades}")
    parts += [escape(verdict_text(r)) + r".\par" for r in reversed(explanation.layers)]
    parts += [r"\subsection*{The path of one weight}", escape(path_text(explanation)[0]) + r".\par", _path(explanation)]
    parts += [r"\subsection*{The update}", escape(step_text(explanation)) + "."]
    derivation = explanation.derivation
    return latex_file(title(derivation), subtitle(derivation), "\n".join(parts))


def _quantity(quantity: Quantity, largest: int) -> str:
    line = quantity.line
    values = _matrix(quantity.array, largest)
    equation = rf"\begin{{equation*}}{latex(quantity.label)} = {values} \tag{{{line.tag}}}\end{{equation*}}"
    more = rf"{escape(summary(quantity))}.\par" if abbreviated(quantity.array, largest) else ""
    return "\n".join([rf"{escape(line.title)}: ${latex(line.box())}$", equation, more])


def _matrix(array: Any, largest: int) -> str:
    shown = np.atleast_2d(array)[:largest, :largest]
    wide, tall = array.shape[1] > largest, array.shape[0] > largest
    rows = [" & ".join([number(v).strip() for v in row] + ([r"\cdots"] if wide else [])) for row in shown]
    rows += [r"\vdots"] if tall else []
    body = r" \\ ".join(rows)
    return rf"\left(\begin{{smallmatrix}}{body}\end{{smallmatrix}}\right)"


def _path(explanation: Explanation) -> str:
    """The factors, one under the other."""
    path = explanation.path
    rows = [rf"${latex(f.box)}$ & {number(f.number).strip()} \\" for f in path.factors]
    total = rf"\hline product & {number(path.contribution).strip()} \\"
    return "\n".join([r"\begin{tabular}{lr}", *rows, total, r"\end{tabular}"])
