"""``chainrule train``: from a table to a model file, a picture, a page and a table of scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import typer

from . import options
from .config import read_toml, to_toml
from .places import CONFIG_ENDING, MODEL_ENDING, require_apart, require_model_ending, require_own, require_page_ending
from .telling import draw, results, say_plan, say_results, show_folds, write_page
from .terminal import Terminal, number, plain

if TYPE_CHECKING:
    from chainrule.table import Table
    from chainrule.table.learning import Learned, Prepared
    from chainrule.table.settings import Settings
    from chainrule.training.history import Epoch

EXAMPLES = """Examples:

chainrule train digits

chainrule train houses.csv --target price --hidden 64:relu-32:tanh --report houses.html

chainrule train visits.csv.gz --target bought --category zip --group customer --class-weight balanced

chainrule train rent.parquet --target rent --loss "quantile(0.1, 0.5, 0.9)" --time month --folds 5

chainrule train --config rent.run.toml --seed 7 --json > run.json"""


# options that are settings of another name
_NAMES = {"test_fraction": "test", "validation_fraction": "validation", "category": "categories", "number": "numbers"}


def command(
    context: typer.Context,
    file: options.OptionalTable = None,
    target: options.Target = None,
    model: options.ModelFile = None,
    config: options.Config = None,
    plot: options.Plot = None,
    no_plot: options.NoPlot = False,
    report: options.Report = None,
    log: options.Log = None,
    kind: options.Kind = "auto",
    drop: options.Drop = None,
    category: options.Category = None,
    number: options.Number = None,
    scaling: options.Scaling = "standard",
    group: options.Group = None,
    time: options.Time = None,
    test_fraction: options.TestFraction = 0.25,
    validation_fraction: options.ValidationFraction = None,
    folds: options.Folds = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal_comma: options.DecimalComma = False,
    hidden: options.Hidden = "128:silu",
    loss: options.Loss = "auto",
    class_weight: options.ClassWeight = "none",
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    optimizer: options.Optimizer = "adam",
    learning_rate: options.LearningRate = 5e-3,
    l2: options.L2 = 1e-3,
    dropout: options.Dropout = None,
    smoothing: options.Smoothing = 0.02,
    patience: options.Patience = 0,
    time_limit: options.TimeLimit = None,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a network on a table: the target's kind is found out, and everything decided is said.

    Ctrl-C ends the training and not the work: the best epoch so far is scored and written.
    """
    from chainrule.table import read_table
    from chainrule.table.learning import learn, prepare

    started = perf_counter()
    terminal = Terminal(as_json=as_json, quiet=quiet)
    run = _asked_for(context)
    files = _files(run, model, None if no_plot else plot, report, with_plot=not no_plot)
    _require_apart(run, config, files, log)
    _require_own(context, files)
    if folds is not None:
        run = replace(run, settings=replace(run.settings, test=0.0))
    with terminal.waiting(f"reading {run.file}") as told:
        table = read_table(run.file, **run.reading)
        targets = _targets(table, run.targets)
        told(f"{table.n_rows:,} rows; preparing them")
        prepared = prepare(table, targets, run.settings)
    say_plan(terminal, prepared)
    found = _cross_validated(terminal, table, targets, run.settings, folds)
    with _epoch_log(log) as callbacks:
        learned = learn(prepared, callbacks=callbacks, progress=False if quiet else _progress(terminal))
    _write(terminal, files, prepared, learned, replace(run, targets=targets, settings=prepared.settings))
    seconds = perf_counter() - started
    say_results(terminal, learned, files, seconds)
    outcome = results(prepared, learned, files, seconds)
    terminal.emit(outcome | {"folds": found} if found else outcome)


@dataclass(frozen=True)
class Run:
    """What was asked for, on the command line and in a configuration."""

    file: str
    targets: list[str]
    settings: Settings
    reading: dict[str, Any]


def _asked_for(context: typer.Context) -> Run:
    """An option that was given comes before the configuration, and that before an option's default."""
    from chainrule.table.records import from_json, to_json
    from chainrule.table.settings import Settings

    asked = {key: value for key, value in context.params.items() if _was_given(context, key)}
    file, targets, settings, reading = read_toml(asked["config"]) if "config" in asked else (None, [], {}, {})
    file = asked.get("file", file)
    if file is None:
        raise ValueError("say which table to train on, or give --config")
    known = to_json(Settings())
    own = {_NAMES.get(key, key): tuple(v) if isinstance(v, list) else v for key, v in asked.items()}
    merged = known | settings | {key: value for key, value in own.items() if key in known}
    decimal = {"decimal": ","} if asked.get("decimal_comma") else {}
    own_reading = {key: asked[key] for key in ("delimiter", "encoding") if key in asked} | decimal
    return Run(file, asked.get("target") or targets, from_json(Settings, merged), reading | own_reading)


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _files(run: Run, model: Path | None, plot: Path | None, report: Path | None, *, with_plot: bool) -> dict[str, Path]:
    """Where model, configuration, picture and page go; refused now when they cannot be written later."""
    from chainrule import storage
    from chainrule.reporting import picture_format

    files = {"model": model or Path(f"{_stem(run.file)}{MODEL_ENDING}")}
    require_model_ending(files["model"])
    files["config"] = files["model"].with_suffix(CONFIG_ENDING)
    if with_plot:
        files["plot"] = plot or files["model"].with_suffix(".png")
        picture_format(files["plot"])
    if report is not None:
        files["report"] = report
        require_page_ending(report)
    for path in files.values():
        storage.require_writable(path)
    return files


def _require_own(context: typer.Context, files: Mapping[str, Path]) -> None:
    """A file whose name was not given is replaced only by its like."""
    advice = {"model": "give --model", "config": "give another --model", "plot": "give --plot or --no-plot"}
    for what in sorted(advice.keys() & files.keys()):
        if what == "config" or not _was_given(context, what):
            require_own(what, files[what], advice[what])


def _require_apart(run: Run, config: Path | None, files: Mapping[str, Path], log: Path | None) -> None:
    """A configuration may be written over the one that the run repeats, and nothing else over anything."""
    read = {"table": run.file}
    if config is not None and config.resolve() != files["config"].resolve():
        read["configuration"] = str(config)
    require_apart(read, dict(files) | ({"log": log} if log else {}))


def _write(terminal: Terminal, files: dict[str, Path], prepared: Prepared, learned: Learned, run: Run) -> None:
    from chainrule import storage
    from chainrule.models import save
    from chainrule.table.records import to_json

    save(learned.model, files["model"])
    with storage.replacing(files["config"]) as stream:
        stream.write(to_toml(run.file, run.targets, to_json(run.settings), run.reading).encode())
    if "plot" in files:
        draw(terminal, learned, files["plot"], f"{run.file}: {', '.join(run.targets)}")
    if "report" in files:
        write_page(prepared, learned, files["report"])


@contextmanager
def _epoch_log(path: Path | None) -> Iterator[list[Callable[[Epoch], None]]]:
    """A callback that writes each epoch as it ends, to be read while training goes on; none without a path."""
    if path is None:
        yield []
        return
    with path.open("w", encoding="utf-8", buffering=1) as stream:
        fields = ("number", "loss", "validation", "gradient_norm", "learning_rate", "seconds")
        yield [lambda epoch: print(json.dumps(plain({k: getattr(epoch, k) for k in fields})), file=stream)]


def _cross_validated(
    terminal: Terminal, table: Table, targets: list[str], settings: Settings, n_folds: int | None
) -> list[dict[str, float]]:
    """Scores of each fold; their mean and spread are shown."""
    from chainrule.table.learning import cross_validate

    if n_folds is None:
        return []
    found = []
    for scores in cross_validate(table, targets, settings, n_folds):
        found.append(scores)
        shown = ", ".join(f"{name} {number(value)}" for name, value in scores.items())
        terminal.say("Fold", f"{len(found)} of {n_folds}: {shown}")
    show_folds(terminal, found)
    return found


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
