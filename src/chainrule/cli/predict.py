"""``chainrule predict``: a model file and a table in, one line of predictions for each row out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .loading import load_table_model
from .places import require_apart
from .terminal import Terminal

EXAMPLES = """Examples:

chainrule predict houses.safetensors new.csv

chainrule predict houses.safetensors new.csv --output predictions.parquet

cat new.csv | chainrule predict houses.safetensors - | head"""


def command(
    model: Annotated[Path, typer.Argument(help="Model file that train wrote.")],
    file: Annotated[str, typer.Argument(help="As for train; columns in any order, the target not needed.")],
    output: options.Output = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal_comma: options.DecimalComma = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on each line instead of CSV.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Predict the target for each row of a table; a file is written as its ending says: .csv, .jsonl or .parquet."""
    from chainrule import storage
    from chainrule.table import read_table
    from chainrule.table.frames import write_parquet

    from .lines import write_lines

    terminal = Terminal(as_json=as_json, quiet=quiet)
    require_apart({"model": model, "table": file}, {"predictions": output} if output else {})
    trained = load_table_model(model)
    table = read_table(file, delimiter=delimiter, encoding=encoding, decimal="," if decimal_comma else None)
    columns = trained.predict(table)
    for note in (*table.notes, *trained.encoder.unreadable(table)):
        terminal.say("Note", note)
    if output is None:
        write_lines(columns, typer.get_binary_stream("stdout"), as_json=as_json)
        return
    suffix = output.suffix.lower()
    with storage.replacing(output) as stream:
        if suffix in (".parquet", ".pq"):
            write_parquet(columns, stream)
        else:
            write_lines(columns, stream, as_json=as_json or suffix in (".jsonl", ".ndjson"))
    terminal.say("Written", f"{table.n_rows} predictions to {output}")
