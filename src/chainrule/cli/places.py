"""Where results go: never over what they are made from, never two into one file, and under a name that nobody gave
never over a file of somebody else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MODEL_ENDING, CONFIG_ENDING = ".safetensors", ".run.toml"
_START = 512  # bytes


def require_apart(read: Mapping[str, str | Path], written: Mapping[str, str | Path]) -> None:
    """Refuse a file to write that is also read, or is written twice.

    Parameters
    ----------
    read, written : dict of str to path
        By what they are, in a word. Pipes and devices may be anything.

    Examples
    --------
    >>> require_apart({"table": "a.csv"}, {"model": "a.safetensors"})
    >>> require_apart({"table": "a.csv"}, {"predictions": "./a.csv"})
    Traceback (most recent call last):
    ...
    ValueError: the predictions cannot be written to 'a.csv': it is the table; give another name
    """
    taken = dict(read)
    for what, path in written.items():
        if os.path.exists(path) and not os.path.isfile(path):
            continue
        for other, place in taken.items():
            if _same(path, place):
                raise ValueError(
                    f"the {what} cannot be written to '{Path(path)}': it is the {other}; give another name"
                )
        taken[what] = path


def require_own(what: str, path: Path, advice: str) -> None:
    """Refuse to replace a file under a name that nobody gave, unless this command wrote it.

    Raises
    ------
    ValueError
        The file is there, and it is not one that ``chainrule train`` writes.
    """
    if path.is_file() and path.stat().st_size and not _is_own(path):
        raise ValueError(f"the {what} would replace '{path}', which chainrule did not write; {advice}")


def _is_own(path: Path) -> bool:
    """By what every file that train writes says of itself near its start."""
    if path.suffix == MODEL_ENDING:
        from chainrule import storage

        try:
            storage.read_header(path)
        except storage.StorageError:
            return False
        return True
    with path.open("rb") as stream:
        return b"chainrule" in stream.read(_START)


def require_model_ending(path: Path) -> None:
    """Refuse a model file named like a table or a picture, which it may be; no ending at all is fine."""
    if path.suffix.lower() not in ("", MODEL_ENDING):
        raise ValueError(f"the model file '{path}' must end in {MODEL_ENDING}")


def require_page_ending(path: Path) -> None:
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"the page '{path}' must end in .html")


def _same(one: str | Path, other: str | Path) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)
