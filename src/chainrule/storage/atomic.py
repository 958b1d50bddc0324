"""Write a file whole or not at all.

The bytes go to a new name in the same folder; only when they are safely on the disk does one rename put them in
the place of the old file. Whoever reads the path sees the old content or the new one, never a part.

A pipe, a terminal or another character device has no content to keep and must stay what it is: the bytes go straight
through it.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_OPEN_FILES = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")  # names of what this process has open


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a stream whose bytes become the file ``path`` when the block ends without an error.

    Parameters
    ----------
    path : str or path
        The file to write. A link is followed; the permissions of an existing file are kept. A pipe or a character
        device, such as ``/dev/stdout``, is written to as the bytes come.

    Yields
    ------
    stream : binary file
        Positioned at the start, open for writing.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written, the disk is full, ``path`` is a folder, a socket or a disk.
        The old file, if there was one, is untouched, and nothing else is left behind.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(pathlib.Path(folder) / "note.txt") as stream:
    ...         _ = stream.write(b"whole")
    ...     [file.read_text() for file in pathlib.Path(folder).iterdir()]
    ['whole']
    """
    try:
        with _open_stream(path) if _is_stream(path) else _replacing_file(Path(os.path.realpath(path))) as stream:
            yield stream
    except OSError as error:
        raise _explained(error, path) from error


def require_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a path that cannot be written, before the work whose result it is to hold.

    Raises
    ------
    OSError
        As `replacing` would.
    """
    try:
        if _is_stream(path):  # opening a pipe would wait for its reader
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        temporary, stream = _open_beside(Path(os.path.realpath(path)))
    except OSError as error:
        raise _explained(error, path) from error
    stream.close()
    temporary.unlink()


def _is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether bytes go through ``path`` instead of staying there; a file that standard output goes to is one."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    named_by_number = os.fspath(path).startswith(_OPEN_FILES)
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode) or (stat.S_ISREG(mode) and named_by_number)


def _open_stream(path: str | os.PathLike[str]) -> BinaryIO:
    """Open for writing after what is there; nothing is created and nothing cut off."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)), "wb")


@contextlib.contextmanager
def _replacing_file(target: Path) -> Iterator[BinaryIO]:
    temporary, stream = _open_beside(target)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _open_beside(target: Path) -> tuple[Path, BinaryIO]:
    """A new, empty file in the folder of ``target``, with the permissions ``target`` has or would have."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder; give the name of a file")
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "it is a socket or a disk; give the name of a file")
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
