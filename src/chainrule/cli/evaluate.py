"""``chainrule evaluate``: how good a model is on a table that has the target, too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .loading import load_table_model, read_for
from .terminal import Terminal, number

if TYPE_CHECKING:
    from chainrule.table.evaluation import Evaluation
    from chainrule.table.target import Target

EXAMPLES = """Examples:

chainrule evaluate houses.safetensors sold-this-year.csv

chainrule evaluate digits.safetensors digits --json"""

_MOST_CLASSES_SHOWN, _MOST_CONFUSIONS_SHOWN = 20, 10


def command(
    model: Annotated[Path, typer.Argument(help="Model file that train wrote.")],
    file: Annotated[str, typer.Argument(help="As for train; rows that the model was not trained on.")],
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal_comma: options.DecimalComma = False,
    seed: options.BootstrapSeed = 0,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Score a model: intervals, confusion of classes, calibration, all against the trivial baseline."""
    from chainrule.table.evaluation import evaluate

    terminal = Terminal(as_json=as_json, quiet=quiet)
    trained = load_table_model(model)
    with terminal.waiting(f"reading {file}") as told:
        table = read_for(trained, file, options.reading(delimiter, encoding, decimal_comma))
        told(f"{table.n_rows:,} rows; scoring them")
        found = evaluate(trained, table, seed)
    for note in (*table.notes, *trained.encoder.unreadable(table)):
        terminal.say("Note", note)
    if table.n_rows > found.n_rows:
        terminal.say("Note", f"{table.n_rows - found.n_rows} of {table.n_rows} rows have no target and are left out")
    if table.source == trained.record.get("source"):
        terminal.say("Note", f"the model was trained on rows of {table.source}: expect less of it on new ones")
    terminal.say("Rows", str(found.n_rows))
    _show(terminal, found, trained.target)
    terminal.emit(_results(found, trained.target))


def _show(terminal: Terminal, found: Evaluation, target: Target) -> None:
    terminal.results.print()
    intervals = {name: f"{number(low)} to {number(high)}" for name, (low, high) in found.intervals.items()}
    rows = [
        [name, number(value), intervals[name], number(found.baseline.get(name))] for name, value in found.scores.items()
    ]
    terminal.show(["", "score", "95 % interval", "baseline"], rows)
    terminal.results.print()
    if found.confusion is not None:
        _show_confusion(terminal, found.confusion, target.classes)
    if found.calibration:
        bins = [[f"{b.chance:.3f}", f"{b.right:.3f}", str(b.n)] for b in found.calibration]
        terminal.show(["chance given", "share right", "rows"], bins)
        terminal.results.print(f" calibration error {found.calibration_error:.4f}")


def _show_confusion(terminal: Terminal, counts: Any, classes: Sequence[str]) -> None:
    """The matrix where it fits, else the confusions that are most frequent."""
    head = ["true \\ predicted", *classes]
    lines = [[name, *map(str, row)] for name, row in zip(classes, counts, strict=True)]
    if len(classes) > _MOST_CLASSES_SHOWN or not terminal.fits(head, lines):
        wrong = counts.copy()
        wrong.flat[:: len(classes) + 1] = 0
        places = wrong.argsort(axis=None, kind="stable")[::-1][:_MOST_CONFUSIONS_SHOWN]
        pairs = [divmod(int(place), len(classes)) for place in places if wrong.flat[place]]
        head, lines = ["true", "predicted", "rows"], [[classes[i], classes[j], str(wrong[i, j])] for i, j in pairs]
    terminal.show(head, lines)
    terminal.results.print()


def _results(found: Evaluation, target: Target) -> dict[str, Any]:
    return {
        "n_rows": found.n_rows,
        "scores": found.scores,
        "intervals": found.intervals,
        "baseline": found.baseline,
        "classes": target.classes,
        "confusion": found.confusion,
        "calibration": [{"chance": b.chance, "right": b.right, "n": b.n} for b in found.calibration],
        "calibration_error": found.calibration_error,
    }
