"""How a table entry is written: ``name`` or ``name(number, ...)``, as in ``leaky_relu(0.1)``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["call_text", "parse_call", "unknown_name"]

_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(([^()]*)\))?\s*")


def parse_call(text: str, what: str) -> tuple[str, tuple[float, ...]]:
    """Name and numbers of ``name(number, ...)``.

    Raises
    ------
    ValueError
        If the text has another form.

    Examples
    --------
    >>> parse_call("leaky_relu(0.1)", "activation")
    ('leaky_relu', (0.1,))
    """
    match = _CALL.fullmatch(text)
    if match is None:
        raise ValueError(f"{what} {text!r} is not of the form name or name(number, ...), such as leaky_relu(0.1)")
    name, inside = match.groups()
    try:
        numbers = tuple(float(part) for part in inside.split(",")) if inside and inside.strip() else ()
    except ValueError:
        raise ValueError(f"{what} {text!r}: the parameters in brackets must be numbers, such as {name}(0.1)") from None
    return name, numbers


def call_text(name: str, numbers: Iterable[float]) -> str:
    """The inverse of `parse_call`: ``call_text("huber", (1.0,))`` is ``"huber(1.0)"``."""
    inside = ", ".join(repr(float(number)) for number in numbers)
    return f"{name}({inside})" if inside else name


def unknown_name(what: str, name: str, known: Iterable[str]) -> ValueError:
    """The error for a name that is in no table, with the nearest ones first."""
    known = sorted(known)
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return ValueError(f"unknown {what} {name!r}: {hint}known are {', '.join(known)}")
