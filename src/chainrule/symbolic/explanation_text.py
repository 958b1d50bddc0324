"""An explanation as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.symbolic.document import subtitle, title

if TYPE_CHECKING:
    from chainrule.symbolic.derivation import Line
    from chainrule.symbolic.explanation import Explanation, Factor, LayerReport, Passage, Path, Quantity


def number(value: float) -> str:
    """Four significant digits, aligned on the sign."""
    return f"{value + 0.0: .4g}"  # + 0.0: no minus before a zero


def matrix_lines(array: Any, largest: int) -> list[str]:
    """The array in aligned columns; large ones as their first entries, with ... for the rest."""
    array = np.atleast_2d(array)
    shown = array[:largest, :largest]
    cells = [[number(v) for v in row] for row in shown]
    width = max(len(c) for row in cells for c in row)
    lines = ["  ".join(c.rjust(width) for c in row) + (" ..." if array.shape[1] > largest else "") for row in cells]
    return lines + (["..."] if array.shape[0] > largest else [])


def shown_tag(line: Line) -> str:
    """The tag of an equation; nothing for what is given or defined."""
    return "" if line.tag == "def" else line.tag


def abbreviated(array: Any, largest: int) -> bool:
    return bool(max(array.shape) > largest)


def summary(quantity: Quantity) -> str:
    """Shape, norm and range of a large array."""
    a = quantity.array
    return f"{a.shape[0]} x {a.shape[1]}, norm {quantity.norm:.4g}, from {a.min():.4g} to {a.max():.4g}"


def verdict_text(report: LayerReport) -> str:
    """One sentence on a layer."""
    words = {
        "carries": "passes on",
        "shrinks": "shrinks",
        "grows": "grows",
        "dies": "dies: nothing reaches the layers below",
    }
    gain = "" if report.last else f", {report.gain:.3g} of the layer above"
    sentence = f"layer {report.layer}: |delta| {report.delta_norm:.4g}{gain}; "
    sentence += f"the gradient {words[report.verdict]}"
    if report.dead:
        sentence += f"; dead: unit {_units(report.dead)}"
    if report.saturated:
        sentence += f"; saturated: unit {_units(report.saturated)}"
    return sentence


def _units(units: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, units[:12]))
    return shown + (f" and {len(units) - 12} more" if len(units) > 12 else "")


def way_text(path: Path) -> str:
    """The neurons that the strongest way passes."""
    units = [f"unit {h.enters}" + (f" (softmax to {h.leaves})" if h.leaves != h.enters else "") for h in path.hops]
    which = "the only way" if path.ways == 1 else f"strongest of {path.ways} ways"
    return f"{which}: {' -> '.join(units)} -> cost"


def sum_text(path: Path) -> str:
    """What all ways add up to, each multiplied out."""
    all_ways = "its product is" if path.ways == 1 else f"all {path.ways} ways add up to"
    return f"{all_ways} {path.sum_of_ways:.6g}, the gradient"


def share_text(path: Path) -> str:
    return f", {100 * path.contribution / path.gradient:.0f} % of the gradient" if path.gradient else ""


def passage_title(passage: Passage) -> str:
    return f"{passage.delta.name}, the sum over all outputs of the softmax"


def largest_terms(passage: Passage, largest: int) -> tuple[list[tuple[Factor, Factor]], list[float]]:
    """The terms of the sum with the largest products, in their order, and the products of the others."""
    order = sorted(range(len(passage.terms)), key=lambda i: -abs(_product(passage.terms[i])))
    shown = [passage.terms[i] for i in sorted(order[:largest])]
    return shown, [_product(passage.terms[i]) for i in order[largest:]]


def _product(term: tuple[Factor, Factor]) -> float:
    return term[0].number * term[1].number


def _multiplied(a: Factor, b: Factor) -> str:
    """Two numbers and their product."""
    left, right, both = (number(v).strip() for v in (a.number, b.number, a.number * b.number))
    return f"{left} × {right} = {both}"


def passage_rows(passage: Passage, largest: int) -> list[tuple[str, str]]:
    """Each product of the sum, the rest as one number, and the sum."""
    shown, others = largest_terms(passage, largest)
    rows = [
        (
            f"{a.name} {b.name}",
            " × ".join(number(f.number).strip() for f in (a, b)) + f" = {number(_product((a, b))).strip()}",
        )
        for a, b in shown
    ]
    rest = [(f"{len(others)} more", number(sum(others)).strip())] if others else []
    return [*rows, *rest, ("sum", number(passage.delta.number).strip())]


def path_text(explanation: Explanation, largest: int) -> list[str]:
    """The gradient of the weight, the strongest way with its factors, the sums within a softmax, the sum of all."""
    path = explanation.path
    width = max(len(f.name) for f in path.factors)
    lines = [f"weight {path.weight.name} = {path.weight.number:.4g}, gradient {path.gradient:.6g}", way_text(path)]
    lines += [f"  {f.name:{width}}  {number(f.number)}" for f in path.factors]
    lines.append(f"  {'product':{width}}  {number(path.contribution)}{share_text(path)}")
    for passage in path.passages:
        rows = passage_rows(passage, largest)
        inner = max(len(name) for name, _ in rows)
        lines += [f"{passage_title(passage)}:", *(f"  {name:{inner}}  {shown}" for name, shown in rows)]
    return [*lines, sum_text(path)]


def step_text(explanation: Explanation) -> str:
    """What one update does to the cost."""
    s = explanation.step
    return (
        f"one step with learning rate {s.learning_rate:g}: cost {s.before:.6g}, "
        f"predicted by the gradient {s.predicted:.6g}, true {s.after:.6g}"
    )


def explanation_text(explanation: Explanation, largest: int) -> str:
    """The whole explanation."""
    parts = [title(explanation.derivation), subtitle(explanation.derivation), ""]
    for quantity in explanation.quantities:
        parts.append(f"{shown_tag(quantity.line):2}  {quantity.line.text()}")
        parts += [f"      {line}" for line in matrix_lines(quantity.array, largest)]
        if abbreviated(quantity.array, largest):
            parts.append(f"      {summary(quantity)}")
    parts += ["", "Where the gradient fades", *(f"  {verdict_text(r)}" for r in reversed(explanation.layers))]
    parts += ["", "The path of one weight", *(f"  {line}" for line in path_text(explanation, largest))]
    parts += ["", "The update", f"  {step_text(explanation)}"]
    return "\n".join(parts)
