"""Text that arrives in pieces: unpacked, in UTF-8, and cut where a row of the table ends.

Nothing waits for the end: what is there is passed on, so that memory stays bounded however long the input is, and a
slow sender is answered at once.
"""

import codecs
import select
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import numpy as np

from .errors import TableError

PIECE = 1 << 20  # bytes taken at once, at most
LONGEST = 1 << 25  # bytes of one row
UNPACKED = 1 << 27  # bytes that may come of any gzip file
MOST_UNPACKED = 100  # times its size may come of a larger one
LINGER = 0.02  # seconds in which a piece may grow: few large blocks are quicker than many small ones
_GZIP = b"\x1f\x8b"


def pieces_of(stream: BinaryIO, source: str, encoding: str | None) -> Iterator[bytes]:
    """A stream's text in UTF-8 without a byte order mark, as it arrives.

    Without an encoding the bytes pass as they are, but for those of UTF-16.

    Raises
    ------
    TableError
        A damaged gzip file; no such encoding; bytes that are not of the encoding.
    """
    first, pieces = begun(_arriving(stream), lambda text: len(text) >= 2)
    if first.startswith(_GZIP):
        pieces = _unpacked(pieces, source)
    first, pieces = begun(pieces, lambda text: len(text) >= 3)
    if encoding is None and first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if encoding is None:
        pieces = _without_nul(pieces, source)
    else:
        first, pieces = begun(_decoded(pieces, source, encoding), lambda text: len(text) >= 3)
    if first.startswith(codecs.BOM_UTF8):
        pieces = _after(pieces, len(codecs.BOM_UTF8))
    yield from pieces


def whole_rows(pieces: Iterable[bytes], source: str, *, quotes: bool) -> Iterator[bytes]:
    r"""The same bytes, cut only after an end of a line; with ``quotes``, one that no quotation encloses.

    Examples
    --------
    >>> list(whole_rows([b'a,"x', b'\ny"\nb', b",z"], "text", quotes=True))
    [b'a,"x\ny"\n', b'b,z']
    """
    rest: list[bytes] = []
    quoted, length = False, 0
    for piece in pieces:
        quoted ^= quotes and b'"' in piece and piece.count(b'"') % 2 == 1  # most have none, which is found quickly
        end = _last_end(piece, quoted, quotes=quotes)
        if end:
            yield b"".join((*rest, piece[:end]))
            rest, length = [], 0
        rest.append(piece[end:])
        length += len(piece) - end
        if length > LONGEST:
            reason = "; a quotation may have no end" if quoted else ""
            raise TableError(f"{source!r} has a row of over {LONGEST >> 20} MiB{reason}")
    if length:
        yield b"".join(rest)


def n_line_ends(text: bytes) -> int:
    """How often a line ends; `bytes.count` takes ten times as long."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))


def _last_end(piece: bytes, quoted: bool, *, quotes: bool) -> int:
    """Where the last row ends that ends in this piece, else 0; ``quoted`` tells of the piece's end."""
    end = len(piece)
    while (place := piece.rfind(b"\n", 0, end)) >= 0:
        quoted ^= quotes and piece.count(b'"', place, end) % 2 == 1
        if not quoted:
            return place + 1
        end = place
    return 0


def _arriving(stream: BinaryIO) -> Iterator[bytes]:
    """What is there, at most about PIECE bytes; waits only when nothing is."""
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while piece := read(PIECE):
        parts, length, until = [piece], len(piece), time.monotonic() + LINGER
        while length < PIECE and _is_ready(stream, until - time.monotonic()):
            parts.append(read(PIECE - length))
            if not parts[-1]:
                yield b"".join(parts)
                return
            length += len(parts[-1])
        yield b"".join(parts)


def _is_ready(stream: BinaryIO, seconds: float) -> bool:
    """Whether more can be read soon; False where the system cannot tell (files of Windows, streams in memory)."""
    try:
        return bool(select.select([stream], [], [], max(seconds, 0.0))[0])
    except (OSError, ValueError, TypeError):
        return False


def begun(pieces: Iterator[bytes], enough: Callable[[bytes], bool]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, until they are enough or over PIECE, and all pieces, those included."""
    first = b""
    for piece in pieces:
        first += piece
        if enough(first) or len(first) > PIECE:
            break
    return first, _then(first, pieces)


def _then(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from pieces


def _after(pieces: Iterator[bytes], n: int) -> Iterator[bytes]:
    yield next(pieces)[n:]
    yield from pieces


def _unpacked(pieces: Iterator[bytes], source: str) -> Iterator[bytes]:
    """The content of gzip, one member after another, never more than PIECE at once."""
    gzip, inside = zlib.decompressobj(31), False
    n_packed = n_unpacked = 0
    try:
        for piece in pieces:
            packed = piece
            n_packed += len(piece)
            while packed:
                inside = True
                unpacked = gzip.decompress(packed, PIECE)
                n_unpacked += len(unpacked)
                if n_unpacked > max(UNPACKED, MOST_UNPACKED * n_packed):
                    raise TableError(
                        f"{source!r} unpacks to over {UNPACKED >> 20} MiB and over {MOST_UNPACKED} times its size, "
                        "as no table does that people write; if it is one, unpack it with gunzip first"
                    )
                yield unpacked
                packed = gzip.unconsumed_tail
                if gzip.eof:
                    packed, gzip, inside = gzip.unused_data.lstrip(b"\0"), zlib.decompressobj(31), False
        yield gzip.flush()
        if inside and not gzip.eof:
            raise TableError(f"{source!r} is a damaged gzip file: it ends too soon")
    except zlib.error as error:
        raise TableError(f"{source!r} is a damaged gzip file: {error}") from error


def _without_nul(pieces: Iterator[bytes], source: str) -> Iterator[bytes]:
    line = 1
    for piece in pieces:
        nul = piece.find(b"\0")
        if nul >= 0:
            yield piece[: piece.rfind(b"\n", 0, nul) + 1]
            line += n_line_ends(piece[:nul])
            raise TableError(f"{source!r} is not a text file: line {line} holds NUL bytes")
        yield piece
        line += n_line_ends(piece)


def _decoded(pieces: Iterator[bytes], source: str, encoding: str) -> Iterator[bytes]:
    place = 0
    try:
        decoder = codecs.getincrementaldecoder(encoding)("replace" if encoding == "cp1252" else "strict")
        for piece in pieces:
            yield str(decoder.decode(piece)).encode()
            place += len(piece)
        yield str(decoder.decode(b"", final=True)).encode()
    except LookupError as error:
        raise TableError(f"there is no encoding {encoding!r}; try utf-8 or windows-1252") from error
    except UnicodeDecodeError as error:
        raise TableError(f"{source!r} is not {encoding} text: {error.reason} near byte {place}") from error
    except (UnicodeError, TypeError) as error:  # of an encoding that reads nothing, or gives what no text may hold
        raise TableError(f"{source!r} cannot be read as {encoding}: {error}") from error
