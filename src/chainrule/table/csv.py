"""Read comma-separated values as people really write them, and JSON lines, which begin with a brace.

The delimiter is found in the header line, the encoding in the first bytes, and both can be given instead. A column's
type is that of all its values, not only of the first. Spaces around values and the usual words for a missing value are
understood.
"""

import codecs
import csv
import gzip
import io
import re
import sys
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .columns import Table, listed
from .errors import TableError
from .frames import dates, read_json_lines, require_polars, table_of_frame

if TYPE_CHECKING:
    import polars

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
DELIMITERS = ",;\t|"
_GZIP = b"\x1f\x8b"
_BLANK_LINES = re.compile(rb"\A(?:[ \t]*\r?\n)+")
_DECIMAL_COMMA = r"^[+-]?\d+,\d+([eE][+-]?\d+)?$"
_SAMPLE = 10_000  # rows
_HEAD = 1 << 20  # a header line is looked for in the first MiB


def read_csv(
    path: Path, delimiter: str | None = None, encoding: str | None = None, decimal: str | None = None
) -> Table:
    """Read a CSV file, plain or gzipped.

    Parameters
    ----------
    path : path
    delimiter : str, optional
        One character; found in the header line when not given (comma, semicolon, tab or bar).
    encoding : str, optional
        As Python names it; UTF-8 and UTF-16 are recognised, and what is neither is read as windows-1252.
    decimal : "." or ",", optional
        With a comma the delimiter must be another character. When not given, a comma is taken where another character
        separates the columns and some column holds nothing but numbers with a decimal comma.

    Raises
    ------
    TableError
        Empty, binary, without rows, with a line longer than the header or with a column name given twice. In a line
        that is shorter the last values are missing.
    """
    content = path.read_bytes()
    return _parse(content, str(path), delimiter, encoding, decimal)


def read_standard_input(delimiter: str | None = None, encoding: str | None = None, decimal: str | None = None) -> Table:
    """Read CSV from standard input to its end; the same as `read_csv` otherwise."""
    return _parse(sys.stdin.buffer.read(), "standard input", delimiter, encoding, decimal)


def _parse(content: bytes, source: str, delimiter: str | None, encoding: str | None, decimal: str | None) -> Table:
    polars = require_polars()
    content = _unpacked(content, source)
    if content[:_HEAD].lstrip().startswith(b"{"):
        return read_json_lines(content, source)
    content, notes = _utf8(content, source, encoding)
    blank = _BLANK_LINES.match(content)
    content = content[blank.end() if blank else 0 :].rstrip(b"\r\n")
    header = header_line(content, source)
    delimiter = delimiter or delimiter_of(header)
    names = names_of(header, delimiter, source)
    try:
        frame = _frame(content, delimiter, decimal or ".")
        if decimal is None and delimiter != "," and any(map(_has_decimal_commas, frame)):
            decimal, notes = ",", (*notes, f"{source} writes numbers with a decimal comma, and was read so")
            frame = _frame(content, delimiter, decimal)
    except polars.exceptions.PolarsError as error:
        if encoding is None and not _is_utf8(content):
            again = _parse(content, source, delimiter, "cp1252", decimal)
            return replace(again, notes=(*again.notes, f"{source} is not UTF-8 and was read as windows-1252"))
        raise _explained(error, content, source, delimiter, len(names)) from error
    if frame.width != len(names):  # a quoted name with a line break in it
        raise TableError(f"{source!r} has a header that goes over several lines; put each name on one line")
    if frame.height == 0:
        raise TableError(f"{source!r} has a header and no rows")
    series = [_typed(series, decimal).alias(name) for series, name in zip(frame, names, strict=True)]
    return table_of_frame(polars.DataFrame(series), source, notes)


def _frame(content: bytes, delimiter: str, decimal: str) -> "polars.DataFrame":
    """Types are guessed from the first rows; where a later row does not agree, all columns are read as texts."""
    read_csv = require_polars().read_csv
    options: dict[str, Any] = {
        "separator": delimiter,
        "decimal_comma": decimal == ",",
        "null_values": list(MISSING),
    }
    try:
        frame = read_csv(io.BytesIO(content), infer_schema_length=_SAMPLE, try_parse_dates=True, **options)
    except require_polars().exceptions.PolarsError:
        frame = read_csv(io.BytesIO(content), infer_schema=False, **options)
    return cast("polars.DataFrame", frame)


def _unpacked(content: bytes, source: str) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{source!r} is a damaged gzip file: {error}") from error


def _utf8(content: bytes, source: str, encoding: str | None) -> tuple[bytes, tuple[str, ...]]:
    """The content in UTF-8 without a byte order mark, and what was assumed."""
    if encoding is None and content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        if encoding is not None:
            return content.decode(encoding, "replace" if encoding == "cp1252" else "strict").encode(), ()
        if b"\0" in content:
            raise TableError(f"{source!r} is not a text file: it holds NUL bytes")
    except LookupError as error:
        raise TableError(f"there is no encoding {encoding!r}; try utf-8 or windows-1252") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{source!r} is not {encoding} text: {error.reason} at byte {error.start}") from error
    except UnicodeError as error:  # of an encoding that reads nothing, or gives what no text may hold
        raise TableError(f"{source!r} cannot be read as {encoding}: {error}") from error
    return content.removeprefix(codecs.BOM_UTF8), ()


def header_line(content: bytes, source: str) -> str:
    start = content[: _HEAD + 1]
    if not start.strip():
        raise TableError(f"{source!r} is empty")
    line = re.split(rb"\r\n|\n|\r", start, maxsplit=1)[0]
    if len(line) >= _HEAD:
        raise TableError(f"{source!r} has a first line of over {_HEAD} bytes; a header with column names was expected")
    return line.decode(errors="replace")


def delimiter_of(header: str) -> str:
    """The candidate that is most frequent in the header, outside quotes; a comma when there is none."""
    counts = Counter(re.sub(r'"[^"]*"', "", header))
    return max(DELIMITERS, key=lambda candidate: counts[candidate])  # the first of equals: a comma


def names_of(header: str, delimiter: str, source: str) -> list[str]:
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


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_decimal_commas(series: "polars.Series") -> bool:
    """Whether a column of texts holds numbers such as 1,5 and nothing else."""
    if series.dtype != require_polars().String:
        return False
    texts = series.str.strip_chars()
    texts = texts.filter(~texts.is_in(MISSING)).drop_nulls()
    return len(texts) > 0 and bool(texts.str.contains(_DECIMAL_COMMA).all())


def _typed(series: "polars.Series", decimal: str | None) -> "polars.Series":
    """Texts without the spaces around them; all numbers, dates or truth values become what they are."""
    polars = require_polars()
    if series.dtype != polars.String:
        return series
    texts = series.str.strip_chars()
    texts = texts.set(texts.is_in(MISSING), None)
    numbers = (texts.str.replace(",", ".", literal=True) if decimal == "," else texts).cast(
        polars.Float64, strict=False
    )
    if numbers.null_count() == texts.null_count():
        return numbers
    if texts.drop_nulls().is_in(["true", "false"]).all():
        return texts == "true"
    return dates(texts)


def _explained(error: Exception, content: bytes, source: str, delimiter: str, width: int) -> TableError:
    """The place where the lines stop being a table, which polars does not tell."""
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(content), errors="replace", newline=""), delimiter=delimiter)
    try:
        for fields in lines:
            if len(fields) > width:
                return TableError(
                    f"{source!r}, line {lines.line_num}: {len(fields)} values, but the header names {width} columns"
                )
    except csv.Error as reason:
        return TableError(f"{source!r}, line {lines.line_num}: {reason}")
    return TableError(f"{source!r} is not CSV with the delimiter {delimiter!r}: {str(error).splitlines()[0]}")
