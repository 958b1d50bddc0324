"""Write a file whole or not at all.

The bytes go to a new name in the same folder; only when they are safely on the disk does one rename put them in
the place of the old file. Whoever reads the path sees the old content or the new one, never a part.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a stream whose bytes become the file ``path`` when the block ends without an error.

    Parameters
    ----------
    path : str or path
        The file to write. A link is followed; the permissions of an existing file are kept.

    Yields
    ------
    stream : binary file
        Positioned at the start, open for writing.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written, the disk is full, ``path`` is a folder. The old file, if
        there was one, is untouched, and nothing else is left behind.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(pathlib.Path(folder) / "note.txt") as stream:
    ...         _ = stream.write(b"whole")
    ...     [file.read_text() for file in pathlib.Path(folder).iterdir()]
    ['whole']
    """
    target = Path(os.path.realpath(path))
    try:
        temporary, stream = _open_beside(target)
    except OSError as error:
        raise _explained(error, path) from error
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _explained(error, path) from error
        raise
    _sync_folder(target.parent)


def require_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a path that cannot be written, before the work whose result it is to hold.

    Raises
    ------
    OSError
        As `replacing` would.
    """
    target = Path(os.path.realpath(path))
    try:
        temporary, stream = _open_beside(target)
    except OSError as error:
        raise _explained(error, path) from error
    stream.close()
    temporary.unlink()


def _open_beside(target: Path) -> tuple[Path, BinaryIO]:
    """A new, empty file in the folder of ``target``, with the permissions ``target`` has or would have."""
    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder; give the name of a file")
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    if target.exists() and hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
    return temporary, os.fdopen(descriptor, "wb")


def _sync_folder(folder: Path) -> None:
    """Put the rename itself on the disk; systems that cannot open a folder (Windows) do so by themselves."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _explained(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """The same error (OSError picks the subclass by number), with a sentence that says what was tried."""
    return OSError(error.errno, f"cannot write {os.fspath(path)!r}: {error.strerror or error}")
