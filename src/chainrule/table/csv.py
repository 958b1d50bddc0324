"""The form of a CSV file, as its header line tells it, and the rows that have this form.

Spaces around values and the usual words for a missing value are understood.
"""

from __future__ import annotations

import bisect
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .arriving import n_line_ends
from .columns import listed
from .csv_lines import Numbered
from .errors import TableError
from .frames import require_polars

if TYPE_CHECKING:
    import polars

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
DELIMITERS = ",;\t|"
_LINE_END = re.compile(rb"\r?\n")
_HEAD = 1 << 20  # a header line is looked for in the first MiB


@dataclass(frozen=True)
class Form:
    """What the header tells."""

    source: str
    delimiter: str
    names: tuple[str, ...]

    @cached_property
    def places(self) -> list[str]:
        """Names that need no quotes."""
        return [f"c{j}" for j in range(len(self.names))]

    def place(self, name: str) -> str:
        return f"c{self.names.index(name)}"


def form_and_rows(
    blocks: Iterator[Numbered], source: str, delimiter: str | None, decimal: str | None
) -> tuple[Form, Iterator[Numbered]]:
    """The header's form, and the rows after it."""
    first = next(blocks, None)
    if first is None:
        raise TableError(f"{source!r} is empty")
    line, body, notes = first
    header = _header_line(body, source)
    delimiter = delimiter or _delimiter(header)
    names = _names(header, delimiter, source)
    if decimal == delimiter:
        raise TableError(f"{source!r} cannot have the delimiter {delimiter!r} and a decimal comma at once")
    if header.count('"') % 2:
        raise TableError(f"{source!r} has a header that goes over several lines; put each name on one line")
    end = _LINE_END.match(body, len(header.encode()))
    if end is None and len(body) > len(header.encode()):
        raise TableError(f"{source!r} ends its lines with a carriage return alone; save it with the line ends of today")
    rest = body[end.end() :] if end else b""
    begun = [(line + 1, rest, notes)] if rest else []
    return Form(source, delimiter, tuple(names)), itertools.chain(begun, blocks)


def text_frames(body: bytes, line: int, form: Form) -> Iterator[polars.DataFrame]:
    """The rows, all columns as texts; where one cannot be read, those before it and then an error."""
    errors = require_polars().exceptions.PolarsError
    try:
        yield frame_of(body, form, infer_schema=False)
        return
    except errors:
        ends = _row_ends(body)
    n_good = bisect.bisect_left(range(1, len(ends)), True, key=lambda n: not _is_readable(body[: ends[n - 1]], form))
    good = ends[n_good - 1] if n_good else 0
    if n_good:
        yield frame_of(body[:good], form, infer_schema=False)
    raise _explained(body[good : ends[n_good]], line + n_line_ends(body[:good]), form)


def frame_of(body: bytes, form: Form, **options: Any) -> polars.DataFrame:
    """Rows as polars reads them, without blank lines; its options come last. An error of polars may name no place."""
    head = form.delimiter.join(form.places).encode()
    read_csv = require_polars().read_csv
    frame: polars.DataFrame = read_csv(io.BytesIO(b"\n".join((head, body))), separator=form.delimiter, **options)
    if _has_blank_lines(body, form):
        frame = frame.filter(~_blank_rows(body, frame.height))
    return frame


def _has_blank_lines(body: bytes, form: Form) -> bool:
    """Whether some line is empty; in a single column that is a missing value, and within quotes it may be a value's."""
    if len(form.names) == 1 or not (body.startswith((b"\n", b"\r\n")) or b"\n\n" in body or b"\n\r\n" in body):
        return False
    return b'"' not in body


def _blank_rows(body: bytes, n_rows: int) -> polars.Series:
    lines = body.split(b"\n")[:n_rows]
    blank: polars.Series = require_polars().Series([line in (b"", b"\r") for line in lines])
    return blank


def _is_readable(body: bytes, form: Form) -> bool:
    try:
        frame_of(body, form, infer_schema=False)
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


def stripped(series: polars.Series) -> polars.Series:
    """Texts without the spaces around them; the words for a missing value are one."""
    texts = series.str.strip_chars()
    return texts.set(texts.is_in(MISSING), None)


def _header_line(content: bytes, source: str) -> str:
    start = content[: _HEAD + 1]
    if not start.strip():
        raise TableError(f"{source!r} is empty")
    line = re.split(rb"\r\n|\n|\r", start, maxsplit=1)[0]
    if len(line) >= _HEAD:
        raise TableError(f"{source!r} has a first line of over {_HEAD} bytes; a header with column names was expected")
    return line.decode(errors="replace")


def _delimiter(header: str) -> str:
    """The candidate that is most frequent in the header, outside quotes; a comma when there is none."""
    counts = Counter(re.sub(r'"[^"]*"', "", header))
    return max(DELIMITERS, key=lambda candidate: counts[candidate])  # the first of equals: a comma


def _names(header: str, delimiter: str, source: str) -> list[str]:
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
        raise TableError(f"the delimiter {delimiter!r} must be one ASCII character, and not a quote")
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    except csv.Error as error:
        raise TableError(f"{source!r} has a first line without column names: {error}") from error
    names = [name or f"column {j + 1}" for j, name in enumerate(names)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise TableError(f"{source!r} names {listed(twice)} more than once; every column needs a name of its own")
    return names
