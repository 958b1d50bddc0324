"""An explanation as one self-contained HTML page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.symbolic.document import subtitle, title
from chainrule.symbolic.explanation_text import (
    abbreviated,
    number,
    passage_rows,
    passage_title,
    share_text,
    shown_tag,
    step_text,
    sum_text,
    summary,
    verdict_text,
    way_text,
)
from chainrule.symbolic.page import formula, shell

if TYPE_CHECKING:
    from chainrule.symbolic.explanation import Explanation, Path, Quantity


def explanation_page(explanation: Explanation, largest: int) -> str:
    """The page."""
    derivation = explanation.derivation
    heading = title(derivation).replace("Backpropagation of", "The gradient of one example in")
    return shell(heading, subtitle(derivation), explanation_body(explanation, largest))


def explanation_body(explanation: Explanation, largest: int) -> str:
    """Its sections, for a page or a notebook."""
    backward = [q for q in explanation.quantities if q.line.tag.startswith("B")]
    forward = [q for q in explanation.quantities if q not in backward]
    verdicts = "".join(f"<li>{escape(verdict_text(r))}</li>" for r in reversed(explanation.layers))
    return "\n".join(
        [
            _section("Forward chain", "".join(_quantity(q, largest) for q in forward)),
            _section("Backward chain", "".join(_quantity(q, largest) for q in backward)),
            _section("Where the gradient fades", f"<ul>{verdicts}</ul>"),
            _section("The path of one weight", _path(explanation.path, largest)),
            _section("The update", f"<p>{escape(step_text(explanation))}</p>"),
        ]
    )


def _section(heading: str, body: str) -> str:
    return f"<section>\n<h2>{escape(heading)}</h2>\n{body}\n</section>"


def _quantity(quantity: Quantity, largest: int) -> str:
    more = f'<p class="why">{escape(summary(quantity))}</p>' if abbreviated(quantity.array, largest) else ""
    tag = f'<span class="tag">{escape(shown_tag(quantity.line))}</span>'
    return (
        f'<div class="line"><p>{tag} {escape(quantity.line.title)}</p>'
        f"{formula(quantity.line.box())}{_table(quantity.array, largest)}{more}</div>"
    )


def _table(array: Any, largest: int) -> str:
    shown = np.atleast_2d(array)[:largest, :largest]
    rows = "".join(f"<tr>{''.join(f'<td>{number(v).strip()}</td>' for v in row)}</tr>" for row in shown)
    return f'<div class="scroll" tabindex="0"><table><tbody>{rows}</tbody></table></div>'


def _path(path: Path, largest: int) -> str:
    factors = [*((f.name, number(f.number).strip()) for f in path.factors)]
    product = ("product", number(path.contribution).strip() + share_text(path))
    passages = "".join(f"<p>{escape(passage_title(p))}:</p>{_named(passage_rows(p, largest))}" for p in path.passages)
    return (
        f"<p>{escape(path.weight.name)} = {path.weight.number:.4g} has the gradient {path.gradient:.6g}; "
        f"{escape(way_text(path))}.</p>{_named([*factors, product])}{passages}<p>{escape(sum_text(path))}.</p>"
    )


def _named(rows: list[tuple[str, str]]) -> str:
    """Names and numbers in two columns."""
    body = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(shown)}</td></tr>' for name, shown in rows)
    return f'<div class="scroll" tabindex="0"><table><tbody>{body}</tbody></table></div>'
