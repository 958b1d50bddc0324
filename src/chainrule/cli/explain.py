"""``chainrule explain``: the gradient of one row of a table, with all its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from . import options
from .derive import write
from .loading import load_table_model, read_for
from .terminal import Terminal

EXAMPLES = """Examples:

chainrule explain digits.safetensors digits --row 3

chainrule explain houses.safetensors houses.csv --row 3 --weight 2,5,1 --notation menon

chainrule explain digits.safetensors digits --format html --output row.html"""


def command(
    model: Annotated[Path, typer.Argument(help="A model that train wrote.")],
    file: options.Table,
    row: Annotated[int, typer.Option(help="The row, counted from 0.", min=0, metavar="N")] = 0,
    weight: Annotated[
        str | None, typer.Option(help="Follow the weight LAYER,TO,FROM; neurons counted from 0.", metavar="L,I,J")
    ] = None,
    notation: Annotated[
        str, typer.Option(help="rows, watters, wichmann, chains, neuron or menon.", metavar="NAME")
    ] = "rows",
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    decimal_comma: options.DecimalComma = False,
    learning_rate: Annotated[float, typer.Option(help="Of the step whose effect is shown.", metavar="RATE")] = 0.1,
    output_format: Annotated[
        Literal["text", "latex", "html"], typer.Option("--format", help="text, latex or html.", metavar="FORMAT")
    ] = "text",
    output: options.Output = None,
    as_json: options.AsJson = False,
) -> None:
    """Show both chains of backpropagation for one row: every vector, one weight's path, where the gradient fades."""
    import numpy as np

    from chainrule.symbolic.explanation import explain

    terminal = Terminal(as_json=as_json, quiet=False)
    table_model = load_table_model(model)
    x, t = _row(table_model, file, options.reading(delimiter, encoding, decimal_comma), row)
    theta = np.asarray(table_model.theta, dtype=np.float64)
    found = explain(table_model.network, theta, x, t, notation, weight=_weight(weight), learning_rate=learning_rate)
    if as_json:
        terminal.emit(_described(found))
    elif output is None and output_format == "text":
        width = terminal.results.width if terminal.results.is_terminal else 100
        terminal.show_text(found.text(largest=max(2, min(8, (width - 10) // 11))))  # columns of 9 and 2 between
    else:
        forms = {"text": found.text, "latex": found.latex, "html": found.html}
        write(terminal, forms[output_format](), output)


def _weight(text: str | None) -> tuple[int, int, int] | None:
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 3 or not all(p.strip().isdigit() for p in parts):
        raise ValueError(f"--weight is LAYER,TO,FROM such as 2,5,1; given {text!r}")
    layer, to, source = map(int, parts)
    return layer, to, source


def _row(model: Any, source: str, reading: dict[str, Any], row: int) -> tuple[Any, Any]:
    """x and t of one row of a table."""
    import numpy as np

    from chainrule.table.target import rows_with_target

    table = read_for(model, source, reading)
    known = rows_with_target(table, model.target.names)
    if row not in known:
        reason = "has no target" if 0 <= row < table.n_rows else f"is not there: the table has {table.n_rows} rows"
        raise ValueError(f"row {row} of {source} {reason}")
    chosen = table.take(np.array([row]))
    return model.encoder.transform(chosen), model.target.encode(chosen)


def _described(found: Any) -> dict[str, Any]:
    path = found.path
    return {
        "network": str(found.derivation.network),
        "notation": found.derivation.notation.name,
        "quantities": [
            {"tag": q.line.tag, "layer": q.line.layer, "equation": q.line.text(), "values": q.array} for q in found
        ],
        "layers": [vars(report) for report in found.layers],
        "path": {
            "weight": [path.layer, path.to, path.source],
            "gradient": path.gradient,
            "factors": [_factor(f) for f in path.factors],
            "units": [[hop.layer, hop.enters, hop.leaves] for hop in path.hops],
            "contribution": path.contribution,
            "ways": path.ways,
            "sum_of_ways": path.sum_of_ways,
            "sums": [
                {"sum": _factor(p.delta), "terms": [[_factor(a), _factor(b)] for a, b in p.terms]}
                for p in path.passages
            ],
        },
        "step": vars(found.step),
    }


def _factor(factor: Any) -> dict[str, Any]:
    return {"name": factor.name, "number": factor.number}
