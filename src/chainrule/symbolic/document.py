"""A derivation as plain text and as a LaTeX document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.symbolic.latex import escape, latex
from chainrule.symbolic.text import text

if TYPE_CHECKING:
    from chainrule.symbolic.derivation import Derivation, Line

_FITS = 78  # characters of an equation that fit a line; a longer one is set smaller
_PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb,graphicx}
\usepackage[margin=25mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\allowdisplaybreaks
\begin{document}
"""


def title(derivation: Derivation) -> str:
    """What the derivation is of."""
    return f"Backpropagation of {derivation.network}"


def subtitle(derivation: Derivation) -> str:
    notation = derivation.notation
    return f"in the notation {notation.name}" + (f" ({notation.source})" if notation.source else "")


def plain_text(derivation: Derivation, components: bool, reasons: bool) -> str:
    """All lines, one equation to a line, with tags, dimensions and reasons."""
    parts = [title(derivation), subtitle(derivation)]
    for section in derivation.sections:
        parts += ["", section.title, "-" * len(section.title)]
        width = max(len(line.text()) for line in section.lines)
        for line in section.lines:
            parts += _line_text(line, min(width, 72), components, reasons)
    return "\n".join(parts)


def _line_text(line: Line, width: int, components: bool, reasons: bool) -> list[str]:
    tag = "" if line.tag == "def" else line.tag
    lines = [f"{tag:3} {line.text():{width}}   ({text(line.shape())})"]
    if reasons:
        lines.append(f"      {line.reason}")
    if components:
        lines += [f"        {text(c)}" for c in line.components]
    return lines


def coloured(derivation: Derivation, components: bool) -> Any:
    """The same for rich: tags and titles in colour."""
    from rich.text import Text

    shown = Text()
    shown.append(title(derivation) + "\n", "bold")
    shown.append(subtitle(derivation) + "\n", "dim")
    for section in derivation.sections:
        shown.append(f"\n{section.title}\n", "bold cyan")
        width = min(max(len(line.text()) for line in section.lines), 72)
        for line in section.lines:
            shown.append(f"{'' if line.tag == 'def' else line.tag:3} ", "green")
            shown.append(f"{line.text():{width}}")
            shown.append(f"   ({text(line.shape())})\n", "dim")
            shown.append(f"      {line.reason}\n", "italic dim")
            for box in line.components if components else ():
                shown.append(f"        {text(box)}\n")
    return shown


def latex_body(derivation: Derivation) -> str:
    """The sections without a preamble, for a notebook or one's own document."""
    parts = []
    for section in derivation.sections:
        parts.append(rf"\subsection*{{{escape(section.title)}}}")
        parts += [_line_latex(line) for line in section.lines]
    return "\n".join(parts)


def _line_latex(line: Line) -> str:
    tag = "" if line.tag == "def" else rf" \tag{{{line.tag}}}"
    sides = [latex(line.left, line.script), *(latex(r, line.script) for r in line.right)]
    sign = r"\leftarrow" if line.relation == "←" else "="
    body = rf" \\ &{sign} ".join(sides[1:])
    aligned = rf"\begin{{aligned}}{sides[0]} &{sign} {body}\end{{aligned}}"
    widest = len(text(line.left, line.script)) + max(len(text(r, line.script)) for r in line.right)
    if widest > _FITS:
        aligned = rf"\resizebox{{.92\linewidth}}{{!}}{{$\displaystyle {aligned}$}}"
    equation = rf"\begin{{equation*}}{aligned}{tag}\end{{equation*}}"
    shape = rf"\hfill $({latex(line.shape())})$"
    steps = [rf"\begin{{equation*}}\small {latex(c)}\end{{equation*}}" for c in line.components]
    return "\n".join([rf"{escape(line.title)}: {escape(line.reason)}. {shape}", equation, *steps])


def latex_document(derivation: Derivation) -> str:
    """A document that compiles as it stands."""
    return latex_file(title(derivation), subtitle(derivation), latex_body(derivation))


def latex_file(heading: str, by: str, body: str) -> str:
    """A body with the preamble that it needs."""
    under = escape(by[:1].upper() + by[1:]) + "." if by else ""
    return f"{_PREAMBLE}\\section*{{{escape(heading)}}}\n{under}\n{body}\n\\end{{document}}\n"
