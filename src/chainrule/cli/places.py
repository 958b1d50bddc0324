"""Where results go: never over what they are made from, and never two into one file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MODEL_ENDING = ".safetensors"


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


def require_model_ending(path: Path) -> None:
    """Refuse a model file named like a table or a picture, which it may be; no ending at all is fine."""
    if path.suffix.lower() not in ("", MODEL_ENDING):
        raise ValueError(f"the model file '{path}' must end in {MODEL_ENDING}")


def _same(one: str | Path, other: str | Path) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)
