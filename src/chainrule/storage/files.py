"""One file: named arrays in the safetensors format and, in its metadata, one JSON header.

The header says the format's version and the kind of thing stored; every other field belongs to whoever stored it.
Reading runs nothing: no pickles, no imports, no code. A file is mapped, its sizes are checked against its length, and
only then is memory taken, so a small hostile file cannot ask for a large array.

A checksum over the header and the arrays tells a damaged number from a sound one.

Fields that this version does not know are kept and ignored. A version newer than ours is refused: it may mean
something else by the fields we know.
"""

import json
import os
import stat
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .atomic import replacing

FORMAT_VERSION = 2  # 2: hashed categories of tables
_FIELD = "chainrule"  # the one metadata entry: safetensors does not keep the order of several
_DTYPES = {
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    "BOOL": "bool",
}


class StorageError(ValueError):
    """The file is not one that this version of chainrule can read."""


@dataclass(frozen=True)
class Stored:
    """What a model stores: its kind, a header that JSON can hold, and named arrays."""

    kind: str
    header: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def write(path: str | os.PathLike[str], stored: Stored) -> None:
    """Write one file, whole or not at all. The same content gives the same bytes.

    Parameters
    ----------
    path : str or path
        The file; an existing one is replaced.
    stored : Stored
        Arrays may be real floats, integers or booleans of any shape and layout.

    Raises
    ------
    TypeError, ValueError
        The header is not JSON (NaN and infinity are not either), or an array is of another type.
    OSError
        The file cannot be written; the old one is untouched.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/a.safetensors", Stored("example", {"unit": "m"}, {"x": np.arange(3)}))
    ...     again = read(f"{folder}/a.safetensors")
    >>> again.kind, again.header["unit"], again.arrays["x"]
    ('example', 'm', array([0, 1, 2]))
    """
    header = json.loads(_json({**stored.header, "version": FORMAT_VERSION, "kind": stored.kind}))
    arrays = {name: _plain(name, array) for name, array in stored.arrays.items()}
    text = _json({**header, "checksum": _checksum(header, arrays)})
    content = save(arrays, metadata={_FIELD: text})
    with replacing(path) as stream:
        stream.write(content)


def read(path: str | os.PathLike[str]) -> Stored:
    """Read a file that `write` wrote.

    Raises
    ------
    OSError
        There is no such file, or it may not be read.
    StorageError
        It is not such a file, it is damaged, or a newer version of chainrule wrote it.
    """
    return _read(path, with_arrays=True)


def read_header(path: str | os.PathLike[str]) -> Stored:
    """Read kind and header alone, ``arrays`` being empty: as quick for a large file as for a small one."""
    return _read(path, with_arrays=False)


def _read(path: str | os.PathLike[str], *, with_arrays: bool) -> Stored:
    name = os.fspath(path)
    _require_regular_file(name)
    try:
        with safe_open(name, framework="numpy") as file:
            header = _header(name, (file.metadata() or {}).get(_FIELD))
            arrays = {key: _array(name, file, key) for key in file.keys()} if with_arrays else {}  # noqa: SIM118
    except (SafetensorError, UnicodeDecodeError) as error:
        raise StorageError(f"{name!r} is not a model file, or it is damaged: {error}") from error
    checksum = header.pop("checksum", None)
    if with_arrays and checksum != _checksum(header, arrays):
        raise StorageError(f"{name!r} is damaged: its content does not match its checksum")
    return Stored(header["kind"], header, arrays)


def _json(header: Mapping[str, Any]) -> str:
    return json.dumps(header, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _checksum(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> int:
    """CRC-32 of every field and every array with its name, type and shape."""
    total = zlib.crc32(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        total = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode("utf-8", "surrogatepass"), total)
        total = zlib.crc32(array.reshape(-1).view(np.uint8).data, total)
    return total


def _require_regular_file(name: str) -> None:
    """A device or a pipe has no length to check sizes against, and might never end."""
    mode = Path(name).stat().st_mode
    if stat.S_ISDIR(mode):
        raise StorageError(f"{name!r} is a folder; a model file was expected")
    if not stat.S_ISREG(mode):
        raise StorageError(f"{name!r} is not an ordinary file; a model file was expected")


def _header(name: str, text: str | None) -> dict[str, Any]:
    """The JSON header, refused when it is absent, is not an object with a kind, or is too new."""
    if text is None:
        raise StorageError(f"{name!r} is a safetensors file, but chainrule did not write it: it has no header")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{name!r} is damaged: its header is not JSON ({error})") from error
    if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
        raise StorageError(f"{name!r} is damaged: its header does not say what kind of model it holds")
    version = header.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise StorageError(f"{name!r} is damaged: its header has no format version")
    if version > FORMAT_VERSION:
        raise StorageError(
            f"{name!r} has format version {version}, and this chainrule reads up to {FORMAT_VERSION}: "
            "use the chainrule that wrote it, or a newer one"
        )
    return header


def _array(name: str, file: Any, key: str) -> NDArray[Any]:
    kind = file.get_slice(key).get_dtype()
    if kind not in _DTYPES:
        raise StorageError(f"{name!r} holds the array {key!r} of type {kind}, which chainrule does not write")
    try:
        array: NDArray[Any] = file.get_tensor(key)
    except (ValueError, OverflowError) as error:  # a shape that the format allows and NumPy does not
        raise StorageError(f"{name!r} holds the array {key!r} of an impossible shape: {error}") from error
    return array


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array as the format holds it: little-endian, rows first."""
    array = np.asarray(array, order="C")
    if array.dtype.name not in _DTYPES.values():
        raise TypeError(
            f"the array {name!r} has type {array.dtype}; "
            "a model file holds floats of 16 to 64 bits, integers and booleans"
        )
    return array.astype(array.dtype.newbyteorder("<"), copy=False)
