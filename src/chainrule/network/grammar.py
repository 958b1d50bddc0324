"""How networks and table entries are written as text.

An entry is ``name`` or ``name(number, ...)``, as in ``leaky_relu(0.1)``; a network is ``width[:activation]`` joined by
hyphens, as in ``4-8:tanh-3:softmax``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from math import isfinite

__all__ = ["GRAMMAR", "UnknownNameError", "call_text", "parse_call", "parse_layers", "unknown_name"]

_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(([^()]*)\))?\s*")
_LAYER = re.compile(r"\s*(\d+)\s*(?::\s*([A-Za-z_]\w*\s*(?:\([^()]*\))?)\s*)?")
GRAMMAR = "width[:activation] joined by '-', such as 4-8:tanh-3:softmax or 20-64:leaky_relu(0.1)-1:identity"


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
    if not all(map(isfinite, numbers)):
        raise ValueError(f"{what} {text!r}: the parameters in brackets must be finite")
    return name, numbers


def call_text(name: str, numbers: Iterable[float]) -> str:
    """The inverse of `parse_call`: ``call_text("huber", (1.0,))`` is ``"huber(1.0)"``."""
    inside = ", ".join(repr(float(number)) for number in numbers)
    return f"{name}({inside})" if inside else name


# What other libraries call our entries, for the hint in the error: one name for one thing stays the rule.
ELSEWHERE = {
    "mse": "mean_squared_error",
    "l2": "mean_squared_error",
    "mae": "absolute_error",
    "l1": "absolute_error",
    "bce": "binary_cross_entropy",
    "logistic": "sigmoid",
    "log_loss": "categorical_cross_entropy",
    "cross_entropy": "categorical_cross_entropy",
    "pinball": "quantile",
    "kld": "kl_divergence",
    "kl_div": "kl_divergence",
    "swish": "silu",
    "linear": "identity",
    "sin": "sine",
    "relu2": "squared_relu",
    "xavier_uniform": "glorot_uniform",
    "xavier_normal": "glorot_normal",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
}


class UnknownNameError(ValueError):
    """A name that no table of the library holds."""


def unknown_name(what: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is in no table, with the nearest one first."""
    known = sorted(known)
    other = ELSEWHERE.get(name.lower())
    near = [other] if other in known else get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UnknownNameError(f"unknown {what} {name!r}: {hint}known are {', '.join(known)}")


def parse_layers(text: str) -> list[tuple[int, str | None]]:
    """[(width, activation or None), ...] of the grammar; the error names the place where it is left.

    Examples
    --------
    >>> parse_layers("64:relu-10")
    [(64, 'relu'), (10, None)]
    """
    found: list[tuple[int, str | None]] = []
    place = 0
    while True:
        match = _LAYER.match(text, place)
        if match is None:
            raise ValueError(f"network {text!r} is not of the form {GRAMMAR}; it goes wrong at {text[place:][:20]!r}")
        found.append((int(match[1]), match[2].strip() if match[2] else None))
        place = match.end()
        if place == len(text):
            return found
        if text[place] != "-":
            raise ValueError(f"network {text!r} is not of the form {GRAMMAR}; it goes wrong at {text[place:][:20]!r}")
        place += 1
