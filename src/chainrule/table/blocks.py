"""A table in blocks of rows, for a model that knows what its columns hold; from a pipe, as the rows arrive.

The model's columns are read as the kinds it learned, value by value, so the same rows give the same values in whatever
blocks they come. An error names the line, after all rows before it have been passed on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from .arriving import begun, pieces_of, whole_rows
from .columns import Table
from .csv_blocks import csv_blocks
from .csv_lines import bodies
from .errors import TableError
from .sources import STANDARD_INPUT, is_dataset, is_parquet, read_table, the_file
from .values import column_of_texts

if TYPE_CHECKING:
    from .encoder import Encoder

ROWS_AT_ONCE = 1 << 16  # of Parquet


Blocks = Iterator[tuple[Table, dict[str, int]]]


def read_blocks(source: str, encoder: Encoder, **options: Any) -> Blocks:
    """Read the columns that a model needs, block after block.

    Parameters
    ----------
    source : str
        As for `read_table`; ``-`` is read as it arrives.
    encoder : Encoder
        Whose columns are read; others are passed over.
    **options
        As for `read_table`.

    Yields
    ------
    table : Table
        Some rows, which follow those before.
    lost : dict of str to int
        How many of their values are not of the model's kind and count as missing, by column.

    Raises
    ------
    TableError
        Columns are missing, which is found before the first block, or the content is not a table. On standard input
        the first object of JSON lines must name every column; of a file, one of the first.
    OSError
        There is no such file, or it may not be read.

    Examples
    --------
    >>> from chainrule.table import read_table
    >>> from chainrule.table.encoder import learn_encoder
    >>> encoder = learn_encoder(read_table("iris").without(["target"]))
    >>> [table.n_rows for table, lost in read_blocks("iris", encoder)]
    [150]
    """
    if source == STANDARD_INPUT:
        yield from _of_text(sys.stdin.buffer, "standard input", encoder, options, strict=True)
        return
    path = None if is_dataset(source) else the_file(source)
    if path is not None and not is_parquet(path):
        with path.open("rb") as stream:
            yield from _of_text(stream, str(path), encoder, options, strict=False)
        return
    from .frames import parquet_blocks

    for table in [read_table(source)] if path is None else parquet_blocks(path, encoder.names, ROWS_AT_ONCE):
        encoder.require(table.names, table.source)
        yield table, encoder.lost(table)


def _of_text(stream: BinaryIO, source: str, encoder: Encoder, options: dict[str, Any], *, strict: bool) -> Blocks:
    first, pieces = begun(pieces_of(stream, source, options.get("encoding")), lambda text: text.strip() != b"")
    if first.lstrip().startswith(b"{"):
        yield from _json_blocks(bodies(whole_rows(pieces, source, quotes=False)), source, encoder, strict=strict)
        return
    rows = bodies(whole_rows(pieces, source, quotes=True))
    yield from csv_blocks(rows, source, encoder, options.get("delimiter"), options.get("decimal"))


def _json_blocks(blocks: Iterator[tuple[int, bytes]], source: str, encoder: Encoder, *, strict: bool) -> Blocks:
    names: set[str] = set()
    for line, body in blocks:
        rows, error = _objects(body, source, line)
        if not names and rows:
            names.update(*rows[:1] if strict else rows)
            encoder.require(names, f"{source}, line {line}," if strict else source)
        if rows:
            yield _table_of(rows, source, encoder)
        if error:
            raise error


def _objects(body: bytes, source: str, line: int) -> tuple[list[dict[str, Any]], TableError | None]:
    """One object of each line that is not blank, up to the first that has none. Numbers stay as they are written."""
    rows: list[dict[str, Any]] = []
    for i, text in enumerate(body.split(b"\n"), line):
        if not text.strip():
            continue
        try:
            row = json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
            return rows, TableError(f"{source!r}, line {i} is not JSON: {reason}")
        if not isinstance(row, dict):
            return rows, TableError(f"{source!r}, line {i} holds no JSON object; one on each line was expected")
        rows.append(row)
    return rows, None


def _table_of(rows: list[dict[str, Any]], source: str, encoder: Encoder) -> tuple[Table, dict[str, int]]:
    from .frames import require_polars

    polars = require_polars()
    columns, lost = [], {}
    for feature in encoder.features:
        texts = polars.Series([_text(row.get(feature.name)) for row in rows], dtype=polars.String)
        column, lost[feature.name] = column_of_texts(feature, texts)
        columns.append(column)
    return Table(tuple(columns), len(rows), source), lost


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
