"""Lines of CSV: whole rows with the number of their first line, in UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .arriving import LONGEST, n_line_ends
from .errors import TableError

_BLANK_LINES = re.compile(rb"\A(?:[ \t]*\r?\n)+")
_LINE_END = re.compile(rb"\r?\n")
_TAIL = 64  # bytes in which rows end, as a rule

Numbered = tuple[int, bytes, tuple[str, ...]]  # the first line's number, the rows, what is to be said


def bodies(rows: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    r"""Rows with the number of their first line, without blank lines before the first row and after the last.

    Examples
    --------
    >>> list(bodies([b"\na\n", b"\n", b"b\n", b"\n"]))
    [(2, b'a\n'), (3, b'\nb\n')]
    """
    line, held, begun = 1, b"", False
    for arrived in rows:
        block = held + arrived
        stop = _stop(block)
        if not stop:
            held = _bounded(block)
            continue
        blank = None if begun else _BLANK_LINES.match(block)
        start = blank.end() if blank else 0
        line, begun = line + n_line_ends(block[:start]), True
        body = block[start:stop]  # the same object where that is all of it
        held = block[stop:]
        del arrived, block
        if body:
            yield line, body
        line += n_line_ends(body)


def _stop(block: bytes) -> int:
    """Where the last row ends that is not blank, its own line end included; 0 for none."""
    tail = block[-_TAIL:]
    rows = tail.rstrip(b"\r\n")
    if not rows and len(tail) < len(block):
        rows, tail = block.rstrip(b"\r\n"), block
    end = len(block) - len(tail) + len(rows)
    after = _LINE_END.match(block, end)
    return 0 if not rows else after.end() if after else end


def _bounded(held: bytes) -> bytes:
    if len(held) > LONGEST:
        raise TableError(f"over {LONGEST >> 20} MiB of blank lines follow each other; a table was expected")
    return held


def in_utf8(blocks: Iterable[tuple[int, bytes]], source: str) -> Iterator[Numbered]:
    """What is not UTF-8 is windows-1252, unless lines before it were UTF-8."""
    seen = windows = False
    for line, body in blocks:
        notes: tuple[str, ...] = ()
        try:
            seen |= not (windows or body.isascii()) and bool(body.decode())
        except UnicodeDecodeError as error:
            if seen or not body[: error.start].isascii():
                start = body.rfind(b"\n", 0, error.start)
                if start > 0:
                    yield line, body[:start], ()
                place = line + n_line_ends(body[: error.start])
                raise TableError(
                    f"{source!r}, line {place} is not UTF-8, as the lines before it are; give the encoding"
                ) from error
            windows, notes = True, (f"{source} is not UTF-8 and was read as windows-1252",)
        yield line, body.decode("cp1252", "replace").encode() if windows else body, notes
