"""HTML by hand: text that is escaped, tables that a screen reader can follow, one page without outside resources."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --band: #f4f6f8; --mark: #0b5cad;
  --training: #1f5fa8; --validation: #b85c14; --hit: 11 92 173; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --soft: #a2abb5; --paper: #14171a; --band: #1e2328; --mark: #7ab8ff;
    --training: #7ab8ff; --validation: #f0a35e; --hit: 122 184 255; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; overflow-wrap: anywhere; } .by { color: var(--soft); margin: 0; }
pre { margin: .5rem 0; padding: .6rem .9rem; background: var(--band); border-radius: .4rem; white-space: pre-wrap;
  overflow-wrap: anywhere; }
figure { margin: .5rem 0; } svg { display: block; width: 100%; max-width: 46rem; height: auto; }
svg text { fill: currentColor; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .4rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
td, th { padding: .25rem .55rem; text-align: right; vertical-align: top; }
th { font-weight: 600; } thead th { border-bottom: 1px solid var(--soft); white-space: pre-wrap; }
tbody th, thead th:first-child { text-align: left; } tbody th { overflow-wrap: break-word; max-width: 24rem; }
tbody tr:nth-child(odd) { background: var(--band); }
.facts th { font-weight: 400; color: var(--soft); } .facts td { text-align: left; overflow-wrap: anywhere; }
.confusion td { background: rgb(var(--hit) / var(--share)); } .confusion td.right { font-weight: 700; }
summary { cursor: pointer; color: var(--mark); width: fit-content; }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --training: #1f5fa8; --validation: #b85c14; --hit: 11 92 173; }
  body { max-width: none; padding: 0; } figure, tr { break-inside: avoid; } h2 { break-after: avoid; }
  .confusion td { print-color-adjust: exact; }
}
"""


def number(value: Any) -> str:
    """A number for a reader: counts whole, others with five digits, nothing as a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.5g}"


def shell(heading: str, by: str, sections: Iterable[str]) -> str:
    """A whole page."""
    body = "\n".join(sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(heading)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(heading)}</h1>\n<p class="by">{escape(by)}</p>\n{body}\n</main>\n</body>\n</html>\n'
    )


def section(title: str, *parts: str) -> str:
    inner = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{escape(title)}</h2>\n{inner}\n</section>"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def facts(caption: str, rows: Iterable[tuple[str, str | None]]) -> str:
    """Names and what is known of them; those of which nothing is known are left out."""
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows if value
    )
    return _scrolling(
        caption, f'<table class="facts"><caption>{escape(caption)}</caption><tbody>{lines}</tbody></table>'
    )


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the rows."""
    lines = "".join(_row(escape(first), [f"<td>{escape(cell)}</td>" for cell in rest]) for first, *rest in rows)
    return _framed(caption, "", head, lines)


def confusion_table(caption: str, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """True classes down, predicted ones across, each cell shaded by its share of the row."""
    lines = "".join(
        _row(escape(label), [_counted(count, sum(row), i == j) for j, count in enumerate(row)])
        for i, (label, row) in enumerate(zip(labels, counts, strict=True))
    )
    return _framed(caption, "confusion", ["true \\ predicted", *labels], lines)


def _counted(count: int, total: int, right: bool) -> str:
    share = 0.45 * count / total if total else 0.0
    return f'<td{" class=" + chr(34) + "right" + chr(34) if right else ""} style="--share: {share:.3f}">{count:,}</td>'


def _row(first: str, cells: Iterable[str]) -> str:
    return f'<tr><th scope="row">{first}</th>{"".join(cells)}</tr>'


def _framed(caption: str, kind: str, head: Sequence[str], lines: str) -> str:
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return _scrolling(
        caption,
        f'<table class="{kind}"><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead>'
        f"<tbody>{lines}</tbody></table>",
    )


def _scrolling(caption: str, inner: str) -> str:
    """A wide table scrolls by itself, from the keyboard too."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}">{inner}</div>'
