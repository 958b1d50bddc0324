"""Read a CSV file whole, in blocks of rows: each is parsed and packed before the next is read.

A column's kind is that of all its values. What it is begins with a guess from the first rows; a block that cannot be
read so is read again less strictly, and a column whose blocks hold values of several kinds is read a second time, as
texts.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from .arriving import PIECE, begun, n_line_ends, pieces_of, whole_rows
from .columns import Table
from .csv import MISSING, Form, form_and_rows, frame_of, stripped, text_frames
from .csv_lines import Numbered, bodies, in_utf8
from .csv_short import Short
from .errors import TableError
from .frames import dates, read_json_lines, require_polars
from .gathering import TEXTS, Gathering
from .numerals import counted, decimal_mark, grouped, is_gappy, mostly_numbers, plain

if TYPE_CHECKING:
    import polars

BLOCK = 2 << 20  # bytes parsed at once; wide tables need more, so that a block has some rows
_MOST_IN_BLOCK = 64 << 20
ROWS_IN_BLOCK = 64
_SAMPLE = 10_000  # rows
_IN_MEMORY = 64 << 20  # bytes of standard input; more wait in a temporary file, to be read twice if need be


def read_csv(
    path: Path,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    texts: Collection[str] = (),
    usual: str | None = None,
) -> Table:
    """Read a file of CSV or JSON lines, plain or gzipped.

    Parameters
    ----------
    path : path
    delimiter : str, optional
        One character; found in the header line when not given (comma, semicolon, tab or bar).
    encoding : str, optional
        As Python names it; UTF-8 and UTF-16 are recognised, and what is neither is read as windows-1252.
    decimal : "." or ",", optional
        With a comma the delimiter must be another character. When not given, a comma is taken where another character
        separates the columns and a column of numbers shows it in the first rows.
    texts : names, optional
        Columns of CSV that hold texts, even where all of them look like numbers.
    usual : "." or ",", optional
        The decimal mark where none is given and the file does not show its own, as with 1,234 alone.

    Raises
    ------
    TableError
        Empty, binary, without rows, with a line longer than the header, with mostly shorter ones, or with a column
        name given twice. In a few shorter lines the last values are missing, and a note says so.
    """
    with path.open("rb") as stream:
        return _read(stream, str(path), delimiter, encoding, decimal, texts, usual)


def read_standard_input(
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    texts: Collection[str] = (),
    usual: str | None = None,
) -> Table:
    """Read standard input to its end; the same as `read_csv` otherwise."""
    with SpooledTemporaryFile(_IN_MEMORY) as stream:
        shutil.copyfileobj(sys.stdin.buffer, stream)
        return _read(cast("BinaryIO", stream), "standard input", delimiter, encoding, decimal, texts, usual)


def _read(
    stream: BinaryIO,
    source: str,
    delimiter: str | None,
    encoding: str | None,
    decimal: str | None,
    texts: Collection[str],
    usual: str | None,
) -> Table:
    n_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    first, pieces = begun(pieces_of(stream, source, encoding), lambda text: text.strip() != b"")
    if first.lstrip().startswith(b"{"):
        return read_json_lines(b"".join(pieces), source)
    form, blocks = _form_and_blocks(pieces, source, delimiter, decimal)
    reading = Reading(form, decimal, texts, usual)
    reading.read(blocks, n_bytes)
    if reading.mixed:
        stream.seek(0)
        again = _form_and_blocks(pieces_of(stream, source, encoding), source, form.delimiter, decimal)[1]
        reading.read_as_texts(again)
    return reading.table()


def _form_and_blocks(
    pieces: Iterator[bytes], source: str, delimiter: str | None, decimal: str | None
) -> tuple[Form, Iterator[Numbered]]:
    first, pieces = begun(pieces, lambda text: len(text) >= PIECE)
    size = min(max(BLOCK, ROWS_IN_BLOCK * (first.find(b"\n") + 1)), _MOST_IN_BLOCK)
    rows = bodies(whole_rows(_joined(pieces, size), source, quotes=True))
    return form_and_rows(in_utf8(rows, source), source, delimiter, decimal)


def _joined(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= size:
            yield b"".join(held)
            held, length = [], 0
    yield b"".join((*held, b"\n"))  # or a last line without an end would be a block of its own


class Reading:
    """What is known of a file while its blocks are read: how polars is to parse each column, and what came of it."""

    def __init__(self, form: Form, decimal: str | None, texts: Collection[str] = (), usual: str | None = None) -> None:
        self.form, self.decimal, self.texts, self.usual = form, decimal, frozenset(texts), usual
        self.columns: list[Gathering] = []
        self.mixed: list[int] = []
        self._types: dict[str, Any] = {}
        self._words = False  # whether numbers are missing by words, which cost time to look for
        self._notes: tuple[str, ...] = ()
        self._gaps: dict[str, dict[str, int]] = {}  # columns of numbers with texts that stand for a gap, and how often
        self._grouped: dict[str, str] = {}  # columns of numbers with marks between their thousands, and one of these
        self._short = Short(form)
        self._n_rows = 0

    def read(self, blocks: Iterator[Numbered], n_bytes: int) -> None:
        """Gather all columns; `mixed` are those whose values are of several kinds."""
        mixed: set[int] = set()
        for line, body, notes, parsing in self._ahead(blocks, n_bytes):
            self._notes += notes
            frame = self._parsed(body, line, parsing)
            for j, (column, series) in enumerate(zip(self.columns, frame, strict=True)):
                if j not in mixed and not column.add(self._typed(column, series)):
                    mixed.add(j)
                    self._types = self._types | {f"c{j}": require_polars().String}
            self._short.look(body, line, frame)
            self._n_rows += frame.height
        self.mixed = sorted(mixed)

    def _ahead(self, blocks: Iterator[Numbered], n_bytes: int) -> Iterator[tuple[*Numbered, Future[polars.DataFrame]]]:
        """Blocks in their order, the next ones being parsed meanwhile as is known so far."""
        waiting: deque[tuple[*Numbered, Future[polars.DataFrame]]] = deque()
        with ThreadPoolExecutor(os.cpu_count()) as threads:  # polars parses small blocks on one core
            for block in blocks:
                if not self.columns:
                    self._guess(block[1], n_bytes)
                waiting.append((*block, threads.submit(self._as_known, block[1])))
                if len(waiting) > (os.cpu_count() or 1):
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()

    def read_as_texts(self, blocks: Iterator[Numbered]) -> None:
        """Gather the mixed columns again."""
        polars = require_polars()
        columns = {j: Gathering(self.form.names[j], stripped, self._n_rows) for j in self.mixed}
        types = dict.fromkeys(self.form.places, polars.String)
        for _, body, _ in blocks:
            frame = self._frame(body, types, columns=self.mixed)
            for column, series in zip(columns.values(), frame, strict=True):
                column.add(series)
        for j, column in columns.items():
            self.columns[j] = column

    def table(self) -> Table:
        """All that was read."""
        if self._n_rows == 0:
            raise TableError(f"{self.form.source!r} has a header and no rows")
        columns = tuple(column.column() for column in self.columns)
        marked = (
            f"column {column.name!r} has numbers such as {self._grouped[column.name]}, read without the marks between"
            for column in columns
            if column.name in self._grouped and column.kind == "number"
        )
        gaps = (
            f"column {column.name!r} holds numbers, and {counted(self._gaps[column.name])}, read as missing"
            for column in columns
            if column.name in self._gaps and column.kind == "number"
        )
        notes = (*self._notes, *marked, *gaps, *self._short.notes(self._n_rows))
        return Table(columns, self._n_rows, self.form.source, notes, self.decimal)

    def _guess(self, body: bytes, n_bytes: int) -> None:
        """Types from the first rows, texts where no guess is to be had; and how many rows a file of n bytes may have.

        That is more than there are where lines grow longer, which costs nothing, and less of a gzip file.
        """
        polars = require_polars()
        options = {
            "n_rows": _SAMPLE,
            "infer_schema_length": _SAMPLE,
            "try_parse_dates": True,
            "null_values": [*MISSING],
        }
        guess = self._tried(body, **options)
        if guess is not None and self.decimal is None and self.form.delimiter != ",":
            texts = [stripped(series) for series in guess if series.dtype == polars.String]
            self.decimal = decimal_mark(filter(mostly_numbers, texts)) or self.usual
            if self.decimal == ",":
                self._notes += (f"{self.form.source} writes numbers with a decimal comma, and was read so",)
                guess = self._tried(body, **options)
        found = {} if guess is None else guess.schema
        types = {place: found.get(place, polars.String) for place in self.form.places}
        self._types = {place: polars.Float64 if kind.is_numeric() else kind for place, kind in types.items()}
        self._types = self._types | {
            self.form.place(name): polars.String for name in self.form.names if name in self.texts
        }
        is_long = len(body) > BLOCK // 2
        expected = 1 + int(1.05 * n_line_ends(body) * max(1.0, n_bytes / len(body))) if is_long else 0
        self.columns = [Gathering(name, stripped, expected) for name in self.form.names]

    def _tried(self, body: bytes, **options: Any) -> polars.DataFrame | None:
        try:
            return self._frame(body, None, **options)
        except require_polars().exceptions.PolarsError:
            return None

    def _parsed(self, body: bytes, line: int, parsing: Future[polars.DataFrame]) -> polars.DataFrame:
        """A block; what cannot be read as is known so far is read less strictly from here on."""
        polars = require_polars()
        for soften in (None, lambda _: None, self._allow_words, self._free_numbers, self._free_all):
            try:
                if soften is None:
                    return parsing.result()
                soften(body)
                return self._as_known(body)
            except polars.exceptions.PolarsError as error:
                failed = error
        for _ in text_frames(body, line, self.form):  # all that could be read; then it raises
            pass
        raise TableError(f"{self.form.source!r} cannot be read: {str(failed).splitlines()[0]}") from failed

    def _as_known(self, body: bytes) -> polars.DataFrame:
        return self._frame(body, self._types, null_values=[*MISSING] if self._words else None)

    def _allow_words(self, _: bytes) -> None:
        self._words = True

    def _free_numbers(self, body: bytes) -> None:
        """Columns of numbers that hold other texts, or numbers between spaces, are read as texts."""
        polars = require_polars()
        texts = self._frame(body, dict.fromkeys(self.form.places, polars.String), null_values=[*MISSING])

        def is_free(place: str) -> bool:
            return _as_numbers(texts[place], self.decimal).null_count() > texts[place].null_count()

        free = {p: polars.String for p, kind in self._types.items() if kind == polars.Float64 and is_free(p)}
        self._types = self._types | free

    def _free_all(self, _: bytes) -> None:
        polars = require_polars()
        self._types = {place: kind if kind == polars.Float64 else polars.String for place, kind in self._types.items()}

    def _frame(self, body: bytes, types: dict[str, Any] | None, **options: Any) -> polars.DataFrame:
        return frame_of(body, self.form, schema=types, decimal_comma=self.decimal == ",", **options)

    def _typed(self, column: Gathering, series: polars.Series) -> polars.Series:
        """Texts that are all numbers, dates or truth values become what they are, unless the column has others."""
        polars = require_polars()
        if series.dtype != polars.String or column.kind in TEXTS or column.name in self.texts:
            return series
        texts = stripped(series)
        numbers = plain(texts, self.decimal).cast(polars.Float64, strict=False)
        if numbers.null_count() == texts.null_count():
            if column.name not in self._grouped and (where := grouped(texts, self.decimal)).any():
                self._grouped[column.name] = str(texts.filter(where)[0])
            return numbers
        if texts.drop_nulls().is_in(["true", "false"]).all():
            return texts == "true"
        if is_gappy(texts, numbers):
            gaps = self._gaps.setdefault(column.name, {})
            for text in texts.filter(numbers.is_null() & texts.is_not_null()):
                gaps[text] = gaps.get(text, 0) + 1
            return numbers
        return dates(texts)


def _as_numbers(texts: polars.Series, decimal: str | None) -> polars.Series:
    spelled = texts.str.replace(",", ".", literal=True) if decimal == "," else texts
    return spelled.cast(require_polars().Float64, strict=False)
