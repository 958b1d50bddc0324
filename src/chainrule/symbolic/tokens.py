"""The tokens of the plain-text language: numbers, names and signs, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.symbolic.language import ParseError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.(?![*/^'])\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign>\.\*|\./|\.\^|\.'|[-+*/^'(),@⊙ᵀ′−]))"
)


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    place: int


def tokens(source: str) -> Iterator[Token]:
    place = 0
    source = source.rstrip()
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            rest = len(source) - len(source[place:].lstrip())
            raise ParseError(
                f"{source!r} has {source[rest]!r} at position {rest + 1}, which is no part of the language"
            )
        kind = str(match.lastgroup)
        yield Token(kind, match.group(kind), match.start(kind))
        place = match.end()
    yield Token("end", "", len(source))
