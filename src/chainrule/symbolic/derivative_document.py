"""The derivative of an expression with its steps and the rule of each: text, LaTeX document, page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from chainrule.symbolic.document import latex_file
from chainrule.symbolic.latex import escape as latex_words
from chainrule.symbolic.latex import latex
from chainrule.symbolic.page import formula, notebook, shell
from chainrule.symbolic.text import text

if TYPE_CHECKING:
    from chainrule.symbolic.derivative import Derivative

_WIDEST = 72  # columns after which the rule is no longer aligned


def derivative_text(derivative: Derivative) -> str:
    """The steps, each with its rule in a column of its own, and the derivative."""
    shown = [text(step.box()) for step in derivative.steps]
    width = min(max(map(len, shown), default=0), _WIDEST)
    lines = [
        f"{equation:{width}}   {', '.join(step.rules)}" for equation, step in zip(shown, derivative.steps, strict=True)
    ]
    return "\n".join([*lines, "", str(derivative)] if lines else [str(derivative)])


def derivative_latex(derivative: Derivative) -> str:
    """A document that compiles as it stands."""
    body = [rf"\begin{{equation*}}{latex(derivative.equation())}\end{{equation*}}", r"\subsection*{Steps}"]
    for step in derivative.steps:
        why = latex_words(f"{', '.join(step.rules)}: {'; '.join(step.reasons)}.")
        body.append(f"{why}\n\\begin{{equation*}}{latex(step.box())}\\end{{equation*}}")
    heading = f"Derivative by {derivative.variable.name}"
    return latex_file(heading, "", "\n".join([rf"Of ${latex(derivative.function)}$.", *body]))


def derivative_body(derivative: Derivative) -> str:
    """The derivative and its steps, for a page."""
    steps = "".join(
        f'<div class="line"><p class="tag">{escape(", ".join(step.rules))}</p>{formula(step.box())}'
        f'<p class="why">{escape("; ".join(step.reasons))}</p></div>'
        for step in derivative.steps
    )
    return f"{formula(derivative.equation())}\n<section>\n<h2>Steps</h2>\n{steps}\n</section>"


def derivative_page(derivative: Derivative) -> str:
    """One self-contained page."""
    return shell(f"Derivative by {derivative.variable.name}", f"of {derivative.function}", derivative_body(derivative))


def derivative_cell(derivative: Derivative) -> str:
    """For a notebook: the derivative, its steps to unfold."""
    equation, _, steps = derivative_body(derivative).partition("\n")
    return notebook(f"{equation}\n<details><summary>{len(derivative.steps)} steps</summary>{steps}</details>")
