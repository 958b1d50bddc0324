"""A derivation as one self-contained HTML page: MathML, no script, no font, no network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from chainrule.symbolic.document import subtitle, title
from chainrule.symbolic.mathml import mathml
from chainrule.symbolic.text import text

if TYPE_CHECKING:
    from chainrule.symbolic.boxes import Box
    from chainrule.symbolic.derivation import Derivation, Line, Section

STYLE = """
.chainrule { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --band: #f4f6f8;
  --mark: #0b5cad; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
@media (prefers-color-scheme: dark) {
  .chainrule { --ink: #e6e9ec; --soft: #a2abb5; --paper: #14171a; --band: #1e2328; --mark: #7ab8ff; }
}
body.chainrule { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 62rem; }
.chainrule * { box-sizing: border-box; }
.chainrule h1 { font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
.chainrule h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.chainrule p { margin: 0; }
.chainrule .by, .chainrule .why, .chainrule .dims { color: var(--soft); }
.chainrule .line { padding: .6rem .9rem; margin: .5rem 0; background: var(--band); border-radius: .4rem; }
.chainrule .head { display: flex; gap: 1rem; justify-content: space-between; flex-wrap: wrap; }
.chainrule .tag { color: var(--mark); font-weight: 600; }
.chainrule .formula { overflow: auto hidden; padding: .35rem 0; }
.chainrule math { font-size: 1.15rem;
  font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Serif", serif; }
.chainrule math .bold { font-weight: 700; }
.chainrule mtd { text-align: left; padding: .1rem .4rem; }
.chainrule summary { cursor: pointer; color: var(--mark); width: fit-content; }
.chainrule :is(summary, .formula, .scroll):focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
.chainrule table { border-collapse: collapse; margin: .4rem 0; }
.chainrule :is(td, th) { padding: .15rem .6rem; text-align: right; }
.chainrule th { font-weight: 600; }
.chainrule tbody tr:nth-child(odd) { background: var(--band); }
.chainrule .scroll { overflow: auto hidden; }
@media print {
  .chainrule { --ink: #000; --soft: #444; --paper: #fff; --mark: #000; }
  body.chainrule { max-width: none; }
  .chainrule .line { background: none; border: 1px solid #bbb; break-inside: avoid; }
  .chainrule h2 { break-after: avoid; }
}
"""


def formula(box: Box) -> str:
    """A formula on its own line that a screen reader reads as text and a keyboard can scroll."""
    label = escape(text(box), quote=True)
    return f'<div class="formula" tabindex="0" role="group" aria-label="{label}">{mathml(box, display=True)}</div>'


def shell(heading: str, by: str, body: str) -> str:
    """A whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(heading)}</title>\n<style>{STYLE}</style>\n</head>\n<body class="chainrule">\n<main>\n'
        f'<h1>{escape(heading)}</h1>\n<p class="by">{escape(by)}</p>\n{body}\n</main>\n</body>\n</html>\n'
    )


def html_page(derivation: Derivation) -> str:
    """The derivation as a page."""
    body = "\n".join(_section(section, derivation.notation.indices) for section in derivation.sections)
    return shell(title(derivation), subtitle(derivation), body)


def html_fragment(derivation: Derivation) -> str:
    """The same for a notebook."""
    sections = "\n".join(_section(section, derivation.notation.indices) for section in derivation.sections)
    heading = f'<h1>{escape(title(derivation))}</h1>\n<p class="by">{escape(subtitle(derivation))}</p>'
    return notebook(f"{heading}\n{sections}")


def notebook(body: str) -> str:
    """A body for a notebook's cell: its style touches nothing outside of it."""
    return f'<div class="chainrule">\n<style>{STYLE}</style>\n{body}\n</div>'


def _section(section: Section, unfolded: bool) -> str:
    lines = "\n".join(_line(line, unfolded) for line in section.lines)
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{lines}\n</section>"


def _line(line: Line, unfolded: bool) -> str:
    tag = "" if line.tag == "def" else f'<span class="tag">{escape(line.tag)}</span> '
    steps = "".join(formula(c) for c in line.components)
    state = " open" if unfolded else ""
    more = f"<details{state}><summary>by indices</summary>{steps}</details>" if steps else ""
    return (
        f'<div class="line"><div class="head"><p>{tag}{escape(line.title)}</p>'
        f'<p class="dims">{mathml(line.shape())}</p></div>{formula(line.box())}'
        f'<p class="why">{escape(line.reason)}</p>{more}</div>'
    )
