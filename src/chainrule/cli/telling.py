"""What ``chainrule train`` says: before the first epoch what was decided, after the last what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .terminal import Terminal, number

if TYPE_CHECKING:
    from chainrule.table.learning import Learned, Prepared


def say_plan(terminal: Terminal, prepared: Prepared) -> None:
    """Everything that was decided before the first epoch."""
    from chainrule.table.columns import listed

    settings, target, encoder = prepared.settings, prepared.target, prepared.encoder
    rows = {name: table.n_rows for name, table in prepared.parts.items()}
    for note in prepared.notes:
        terminal.say("Note", note)
    terminal.say("Target", f"{listed(target.names)}: {target.described} ({target.reason})")
    terminal.say("Columns", f"{len(encoder.names)} used, giving {encoder.n_outputs} inputs")
    for reason, names in encoder.left_out_by_reason().items():
        terminal.say("Left out", f"{listed(names)}: {reason}")
    parts = ", ".join(f"{count} {name}" for name, count in rows.items())
    terminal.say("Rows", f"{parts}; {prepared.split}")
    network = prepared.network
    terminal.say("Network", f"{network}, {network.n_parameters} parameters, {network.loss.spec}")
    steps = f"{settings.epochs} epochs of mini-batches of {settings.batch_size} rows"
    terminal.say("Training", f"{settings.optimizer}, learning rate {settings.learning_rate:g}, {steps}")


def draw(terminal: Terminal, learned: Learned, path: Path, title: str) -> None:
    """The picture is an extra: without matplotlib or a whole epoch there is none, and that is said."""
    from chainrule.reporting import learning_curve

    if not len(learned.history):
        terminal.say("Note", "training ended within its first epoch; there is no picture")
        return
    try:
        learning_curve(learned.history, path, title=title, best_epoch=learned.best_epoch)
    except ImportError as error:
        terminal.say("Note", str(error))


def write_page(prepared: Prepared, learned: Learned, path: Path) -> None:
    """The page of the model and of its training; its scores are of the last part of the rows: for the test, if any."""
    from chainrule.reporting import report

    model = learned.model
    part, table = [(name, table) for name, table in prepared.parts.items() if table.n_rows][-1]
    trained = SimpleNamespace(
        described=f"{', '.join(model.target.names)} of {table.source}, scored on its {part} rows",
        network=model.network,
        theta=model.theta,
        target=model.target,
        encoder=model.encoder,
        record=model.record,
        judged=model.judged,
        history=learned.history,
        best_epoch=learned.best_epoch,
        stopped=learned.stopped,
        seed=prepared.settings.seed,
    )
    report(trained, path, table)


def say_results(terminal: Terminal, learned: Learned, files: dict[str, Path], seconds: float) -> None:
    terminal.show_scores(learned.scores)
    epochs = f"{len(learned.history)} epochs, the best was {learned.best_epoch}"
    if learned.stopped == "interrupted":
        epochs = f"interrupted after {epochs}"
    terminal.say("Trained", f"{epochs}; {seconds:.1f} s in all")
    terminal.say("Written", ", ".join(str(path) for path in files.values() if path.exists()))


def results(prepared: Prepared, learned: Learned, files: dict[str, Path], seconds: float) -> dict[str, Any]:
    target = prepared.target
    return {
        "target": {"names": target.names, "kind": target.kind, "reason": target.reason, "classes": target.classes},
        "columns": {
            "used": prepared.encoder.names,
            "left_out": {column.name: column.reason for column in prepared.encoder.left_out},
        },
        "notes": prepared.notes,
        "network": str(prepared.network),
        "n_parameters": prepared.network.n_parameters,
        **learned.model.record,
        "epochs": len(learned.history),
        "best_epoch": learned.best_epoch,
        "seconds": round(seconds, 3),
        **{name: str(path) for name, path in files.items() if path.exists()},
    }


def show_folds(terminal: Terminal, found: Sequence[Mapping[str, float]]) -> None:
    """Mean and spread of each score over the folds."""
    columns = {name: [scores[name] for scores in found if name in scores] for name in found[0]}
    rows = [
        [name, number(mean(v)), number(stdev(v) if len(v) > 1 else None), number(min(v)), number(max(v))]
        for name, v in columns.items()
    ]
    terminal.results.print()
    terminal.show([f"{len(found)} folds", "mean", "std", "lowest", "highest"], rows)
