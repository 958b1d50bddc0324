"""Columns written as lines, CSV or JSON, a piece at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from .terminal import plain

ROWS_AT_ONCE = 4096


def write_lines(columns: Mapping[str, Any], stream: BinaryIO, *, as_json: bool, header: bool = True) -> None:
    """Write columns of equal length as CSV, with a header or without, or as one JSON object on each line.

    Examples
    --------
    >>> import sys
    >>> stream = io.BytesIO()
    >>> write_lines({"fruit": np.array(["apple", "pear"]), "kg": np.array([0.1, 2.0])}, stream, as_json=False)
    >>> print(stream.getvalue().decode())
    fruit,kg
    apple,0.1
    pear,2.0
    """
    pieces = _json_pieces(columns) if as_json else _csv_pieces(columns, header=header)
    for piece in pieces:
        stream.write(piece.encode())
    stream.flush()


def _csv_pieces(columns: Mapping[str, Any], *, header: bool) -> Iterator[str]:
    if header:
        yield _csv([list(columns)])
    for piece in _pieces(columns):
        yield _csv(zip(*piece, strict=True))


def _json_pieces(columns: Mapping[str, Any]) -> Iterator[str]:
    names = list(columns)
    for piece in _pieces(columns):
        rows = (dict(zip(names, map(plain, row), strict=True)) for row in zip(*piece, strict=True))
        yield "".join(f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n" for row in rows)


def _pieces(columns: Mapping[str, Any]) -> Iterator[list[list[Any]]]:
    n = min(len(column) for column in columns.values())
    for start in range(0, n, ROWS_AT_ONCE):
        yield [_shortened(np.asarray(column)[start : start + ROWS_AT_ONCE]) for column in columns.values()]


def _shortened(column: Any) -> list[Any]:
    """Numbers with the digits that mean something: a float32 network knows seven."""
    if column.dtype.kind != "f":
        return list(column.tolist())
    digits = 7 if column.dtype == np.float32 else 8
    return [float(f"{value:.{digits}g}") for value in column.tolist()]


def _csv(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
