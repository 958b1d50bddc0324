"""``chainrule predict``: a model file and a table in, one line of predictions for each row out, as the rows arrive."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from . import options
from .endings import Interrupted
from .loading import load_table_model
from .places import require_apart
from .terminal import Terminal

if TYPE_CHECKING:
    from chainrule.table import TableModel

EXAMPLES = """Examples:

chainrule predict houses.safetensors new.csv

chainrule predict houses.safetensors new.csv --output predictions.parquet

cat new.csv | chainrule predict houses.safetensors - | head

tail -f visits.jsonl | chainrule predict visits.safetensors - --json"""

Write = Callable[[dict[str, Any]], None]


def command(
    model: Annotated[Path, typer.Argument(help="Model file that train wrote.")],
    file: Annotated[str, typer.Argument(help="As for train; columns in any order, the target not needed.")],
    output: options.Output = None,
    interval: options.Interval = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal_comma: options.DecimalComma = False,
    as_json: Annotated[bool, options.flag("One JSON object on each line instead of CSV.", "--json")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict the target for each row of a table; a file is written as its ending says: .csv, .jsonl or .parquet.

    Rows are answered as they arrive, so a pipe may be endless.
    """
    terminal = Terminal(as_json=as_json, quiet=quiet)
    require_apart({"model": model, "table": file}, {"predictions": output} if output else {})
    trained = load_table_model(model).with_interval(interval)
    reading = options.reading(delimiter, encoding, decimal_comma)
    n_rows = 0
    try:
        with _destination(output, as_json=as_json) as write, _told(terminal, output) as told:
            for n_rows in _predicted(terminal, trained, file, reading, write):
                told(f"{n_rows:,} rows")
    except KeyboardInterrupt as error:
        kept = "nothing was written" if output else f"{n_rows} rows were predicted"
        raise Interrupted(f"interrupted; {kept}") from error
    if output is not None:
        terminal.say("Written", f"{n_rows} predictions to {output}")


def _predicted(
    terminal: Terminal, model: TableModel, file: str, reading: dict[str, Any], write: Write
) -> Iterator[int]:
    """The number of rows written so far, after each block."""
    from chainrule.table.blocks import read_blocks

    lost: Counter[str] = Counter()
    n_rows = 0
    for table, unreadable in read_blocks(file, model.encoder, **reading):
        for note in table.notes:
            terminal.say("Note", note)
        write(model.predict(table))
        lost.update(unreadable)
        n_rows += table.n_rows
        yield n_rows
    for note in model.encoder.told(lost):
        terminal.say("Note", note)


def _told(terminal: Terminal, output: Path | None) -> AbstractContextManager[Callable[[str], None]]:
    """Progress, unless the rows themselves run over the terminal."""
    shown = output is None and sys.stdout.isatty()
    return nullcontext(lambda _: None) if shown else terminal.waiting("predicting")


@contextmanager
def _destination(output: Path | None, *, as_json: bool) -> Iterator[Write]:
    """What takes columns of predictions, block after block; a file is there when it is left, whole or not at all."""
    from chainrule import storage

    if output is None:
        yield _lines_to(typer.get_binary_stream("stdout"), as_json=as_json)
        return
    suffix = output.suffix.lower()
    with storage.replacing(output) as stream:
        if suffix not in (".parquet", ".pq"):
            yield _lines_to(stream, as_json=as_json or suffix in (".jsonl", ".ndjson"))
            return
        from chainrule.table.frames import write_parquet

        blocks: list[dict[str, Any]] = []
        yield blocks.append
        write_parquet(blocks, stream)


def _lines_to(stream: BinaryIO, *, as_json: bool) -> Write:
    """Each block is sent off at once; the first one has the header above it."""
    from .lines import write_lines

    begun = False

    def write(columns: dict[str, Any]) -> None:
        nonlocal begun
        write_lines(columns, stream, as_json=as_json, header=not begun)
        begun = True

    return write
