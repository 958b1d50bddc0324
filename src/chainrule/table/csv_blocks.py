"""CSV in blocks of whole rows; see `chainrule.table.blocks`."""

from __future__ import annotations

import bisect
import csv
import io
import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arriving import LONGEST
from .columns import Table
from .csv import MISSING, delimiter_of, header_line, names_of
from .errors import TableError
from .frames import require_polars
from .values import column_of_texts

if TYPE_CHECKING:
    import polars

    from .encoder import Encoder

_BLANK_LINES = re.compile(rb"\A(?:[ \t]*\r?\n)+")
_LINE_END = re.compile(rb"\A\r?\n")
_COMMA, _POINT = r"^[+-]?\d+,\d+([eE][+-]?\d+)?$", r"^[+-]?\d+\.\d+([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class Form:
    """What the header tells."""

    source: str
    delimiter: str
    names: tuple[str, ...]

    @property
    def places(self) -> list[str]:
        """Names that need no quotes."""
        return [f"c{j}" for j in range(len(self.names))]

    def place(self, name: str) -> str:
        return f"c{self.names.index(name)}"


def csv_blocks(
    blocks: Iterable[tuple[int, bytes]], source: str, encoder: Encoder, delimiter: str | None, decimal: str | None
) -> Iterator[tuple[Table, dict[str, int]]]:
    """A table of each block, and the counts of its values that cannot be read."""
    form, rows = _begun(_in_utf8(blocks, source), source, delimiter, decimal)
    encoder.require(form.names, source)
    n_rows, said = 0, list[str]()
    for line, body, notes in rows:
        said += notes
        for frame in _frames(body, line, form):
            texts = {feature.name: _stripped(frame[form.place(feature.name)]) for feature in encoder.features}
            if decimal is None and form.delimiter != ",":
                decimal = _decimal([texts[f.name] for f in encoder.features if f.kind in ("number", "boolean")])
                said += [f"{source} writes numbers with a decimal comma, and was read so"] * (decimal == ",")
            read = [column_of_texts(feature, texts[feature.name], decimal) for feature in encoder.features]
            table = Table(tuple(column for column, _ in read), frame.height, source, tuple(said))
            yield table, {column.name: n for column, n in read}
            said.clear()
            n_rows += frame.height
    if n_rows == 0:
        raise TableError(f"{source!r} has a header and no rows")


def bodies(rows: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    r"""Rows with the number of their first line, without blank lines before the first row and after the last.

    Examples
    --------
    >>> list(bodies([b"\na\n", b"\n", b"b\n", b"\n"]))
    [(2, b'a'), (3, b'\nb')]
    """
    line, held, blank = 1, b"", _BLANK_LINES
    for arrived in rows:
        block = held + arrived
        body = block.rstrip(b"\r\n")
        held = block[len(body) :]
        if not body:
            _require_bounded(held)
            continue
        end = blank.match(body)
        start = end.end() if end else 0
        line += body.count(b"\n", 0, start)
        if start < len(body):
            yield line, body[start:]
        line += body.count(b"\n", start)
        blank = _LINE_END


def _require_bounded(held: bytes) -> None:
    if len(held) > LONGEST:
        raise TableError(f"over {LONGEST >> 20} MiB of blank lines follow each other; a table was expected")


def _in_utf8(blocks: Iterable[tuple[int, bytes]], source: str) -> Iterator[tuple[int, bytes, tuple[str, ...]]]:
    """What is not UTF-8 is windows-1252, unless lines before it were UTF-8."""
    seen = windows = False
    for line, body in blocks:
        notes: tuple[str, ...] = ()
        try:
            seen |= not (windows or body.decode().isascii())
        except UnicodeDecodeError as error:
            if seen or not body[: error.start].isascii():
                start = body.rfind(b"\n", 0, error.start)
                if start > 0:
                    yield line, body[:start], ()
                place = line + body.count(b"\n", 0, error.start)
                raise TableError(
                    f"{source!r}, line {place} is not UTF-8, as the lines before it are; give the encoding"
                ) from error
            windows, notes = True, (f"{source} is not UTF-8 and was read as windows-1252",)
        yield line, body.decode("cp1252", "replace").encode() if windows else body, notes


Numbered = tuple[int, bytes, tuple[str, ...]]


def _begun(
    blocks: Iterator[Numbered], source: str, delimiter: str | None, decimal: str | None
) -> tuple[Form, Iterator[Numbered]]:
    """The header's form, and the rows after it."""
    first = next(blocks, None)
    if first is None:
        raise TableError(f"{source!r} is empty")
    line, body, notes = first
    header = header_line(body, source)
    delimiter = delimiter or delimiter_of(header)
    names = names_of(header, delimiter, source)
    if decimal == delimiter:
        raise TableError(f"{source!r} cannot have the delimiter {delimiter!r} and a decimal comma at once")
    if header.count('"') % 2:
        raise TableError(f"{source!r} has a header that goes over several lines; put each name on one line")
    rest = _LINE_END.sub(b"", body[len(header.encode()) :])
    begun = [(line + 1, rest, notes)] if rest else []
    return Form(source, delimiter, tuple(names)), itertools.chain(begun, blocks)


def _frames(body: bytes, line: int, form: Form) -> Iterator[polars.DataFrame]:
    """The rows, all columns as texts; where one cannot be read, those before it and then an error."""
    errors = require_polars().exceptions.PolarsError
    try:
        yield _frame(body, form)
        return
    except errors:
        ends = _row_ends(body)
    n_good = bisect.bisect_left(range(1, len(ends)), True, key=lambda n: not _is_readable(body[: ends[n - 1]], form))
    good = ends[n_good - 1] if n_good else 0
    if n_good:
        yield _frame(body[:good], form)
    raise _explained(body[good : ends[n_good]], line + body.count(b"\n", 0, good), form)


def _frame(body: bytes, form: Form) -> polars.DataFrame:
    head = form.delimiter.join(form.places).encode()
    read_csv = require_polars().read_csv
    frame: polars.DataFrame = read_csv(io.BytesIO(head + b"\n" + body), separator=form.delimiter, infer_schema=False)
    return frame


def _is_readable(body: bytes, form: Form) -> bool:
    try:
        _frame(body, form)
    except require_polars().exceptions.PolarsError:
        return False
    return True


def _row_ends(body: bytes) -> list[int]:
    """Where each row ends, its line end included."""
    ends, quoted, start = [], False, 0
    for found in re.finditer(rb"\n", body):
        quoted ^= body.count(b'"', start, found.end()) % 2 == 1
        start = found.end()
        if not quoted:
            ends.append(start)
    return ends if ends and ends[-1] == len(body) else [*ends, len(body)]


def _explained(row: bytes, line: int, form: Form) -> TableError:
    place, width = f"{form.source!r}, line {line}", len(form.names)
    try:
        values = next(csv.reader(io.StringIO(row.decode(errors="replace"), newline=""), delimiter=form.delimiter))
    except (csv.Error, StopIteration) as reason:
        return TableError(f"{place}: {reason}")
    if len(values) > width:
        return TableError(f"{place}: {len(values)} values, but the header names {width} columns")
    return TableError(f"{place} is not CSV with the delimiter {form.delimiter!r}: its quotation marks are in disorder")


def _stripped(series: polars.Series) -> polars.Series:
    texts = series.str.strip_chars()
    return texts.set(texts.is_in(MISSING), None)


def _decimal(columns: list[polars.Series]) -> str | None:
    """A comma or a point, whichever a number is written with first; None while there is neither."""
    commas, points = (_first(columns, pattern) for pattern in (_COMMA, _POINT))
    return None if commas == points else "," if commas < points else "."


def _first(columns: list[polars.Series], pattern: str) -> float:
    """The first row in which some column has the pattern, infinity for none."""
    rows = (column.str.contains(pattern).fill_null(False).arg_true() for column in columns)
    return min((float(found[0]) for found in rows if len(found)), default=math.inf)
