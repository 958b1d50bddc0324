"""``chainrule train``: from a table to a model file, a picture and a table of scores."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import options
from .terminal import Terminal

if TYPE_CHECKING:
    from chainrule.table import Table
    from chainrule.table.learning import Learned, Prepared

EXAMPLES = """Examples:

chainrule train digits

chainrule train houses.csv --target price --hidden 64:relu-32:tanh

chainrule train visits.csv.gz --target bought --category zip --drop name --seed 7 --json > run.json"""


def command(
    file: options.Table,
    target: options.Target = None,
    model: options.ModelFile = None,
    plot: options.Plot = None,
    no_plot: options.NoPlot = False,
    kind: options.Kind = "auto",
    drop: options.Drop = None,
    category: options.Category = None,
    use: options.Number = None,
    test_fraction: options.TestFraction = 0.25,
    validation_fraction: options.ValidationFraction = 0.1,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal_comma: options.DecimalComma = False,
    hidden: options.Hidden = "128:silu",
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    optimizer: options.Optimizer = "adam",
    learning_rate: options.LearningRate = 5e-3,
    l2: options.L2 = 1e-3,
    dropout: options.Dropout = None,
    smoothing: options.Smoothing = 0.02,
    patience: options.Patience = 0,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network on a table: the target's kind is found out, and everything decided is said."""
    from chainrule import storage
    from chainrule.models import save
    from chainrule.reporting import picture_format
    from chainrule.table import read_table
    from chainrule.table.learning import Settings, learn, prepare

    started = time.perf_counter()
    terminal = Terminal(as_json=as_json, quiet=quiet)
    settings = Settings(
        hidden=hidden, kind=kind, seed=seed, epochs=epochs, batch_size=batch_size, optimizer=optimizer,
        learning_rate=learning_rate, l2=l2, dropout=dropout, smoothing=smoothing, patience=patience,
        test=test_fraction, validation=validation_fraction,
        drop=tuple(drop or ()), categories=tuple(category or ()), numbers=tuple(use or ()),
    )  # fmt: skip
    model = model or Path(f"{_stem(file)}.safetensors")
    picture = None if no_plot else plot or model.with_suffix(".png")
    if picture is not None:
        picture_format(picture)
    for path in filter(None, (model, picture)):
        storage.require_writable(path)
    table = read_table(file, delimiter=delimiter, encoding=encoding, decimal="," if decimal_comma else ".")
    prepared = prepare(table, _targets(table, target), settings)
    _say_plan(terminal, prepared)
    learned = learn(prepared, progress=False if quiet else _progress(terminal))
    save(learned.model, model)
    if picture is not None:
        _draw(terminal, learned, picture, f"{table.source}: {', '.join(prepared.target.names)}")
    seconds = time.perf_counter() - started
    _say_results(terminal, learned, [path for path in (model, picture) if path is not None], seconds)
    terminal.emit(_results(prepared, learned, model, picture, seconds))


def _stem(file: str) -> str:
    """visits for data/visits.csv.gz."""
    return "model" if file == "-" else Path(file).name.partition(".")[0] or "model"


def _targets(table: Table, given: Sequence[str] | None) -> list[str]:
    """The columns to predict; a data set of scikit-learn has one that is called target."""
    from chainrule.table.sources import DATASETS, TARGET

    if given:
        return list(dict.fromkeys(given))
    if table.source in DATASETS and TARGET in table:
        return [TARGET]
    from chainrule.table.columns import listed

    raise ValueError(f"say which column to predict, with --target; {table.source} has {listed(table.names)}")


def _progress(terminal: Terminal) -> Any:
    """The bar appears on a terminal only."""
    return terminal.messages if terminal.messages.is_terminal else False


def _say_plan(terminal: Terminal, prepared: Prepared) -> None:
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


def _draw(terminal: Terminal, learned: Learned, path: Path, title: str) -> None:
    """The picture is an extra: without matplotlib there is none, and that is said."""
    from chainrule.reporting import learning_curve

    try:
        learning_curve(learned.history, path, title=title, best_epoch=learned.best_epoch)
    except ImportError as error:
        terminal.say("Note", str(error))


def _say_results(terminal: Terminal, learned: Learned, written: Sequence[Path], seconds: float) -> None:
    terminal.show_scores(learned.scores)
    epochs = f"{len(learned.history)} epochs, the best was {learned.best_epoch}"
    if learned.stopped == "interrupted":
        epochs = f"interrupted after {epochs}"
    terminal.say("Trained", f"{epochs}; {seconds:.1f} s in all")
    terminal.say("Written", " and ".join(str(path) for path in written if path.exists()))


def _results(prepared: Prepared, learned: Learned, model: Path, picture: Path | None, seconds: float) -> dict[str, Any]:
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
        "model": str(model),
        "plot": str(picture) if picture is not None and picture.exists() else None,
    }
