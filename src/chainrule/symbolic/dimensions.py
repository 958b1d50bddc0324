"""Dimensions found while a text is read: open ones filled in, the rest given plain letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from itertools import chain, count

from chainrule.symbolic.expression import (
    Dim,
    Expression,
    identity,
    make,
    map_dim,
    ones,
    postorder,
    size,
    symbol,
)

_LETTERS = ("m", "n", "p", "q", "r", "s", "u", "v")


@dataclass
class Dimensions:
    """The dimensions met while a text is read: an open one is ?0, ?1, ... until something says what it is."""

    same: dict[str, Dim] = field(default_factory=dict)
    fresh: Iterator[int] = field(default_factory=count)

    def new(self) -> str:
        return f"?{next(self.fresh)}"

    def resolve(self, dim: Dim) -> Dim:
        return map_dim(dim, lambda part: self.same.get(part, part) if isinstance(part, str) else part)

    def unify(self, left: Dim, right: Dim) -> bool:
        """Make two dimensions the same; False when they are known to differ."""
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return True
        for one, other in ((left, right), (right, left)):
            if isinstance(one, str) and one.startswith("?") and one[1:].isdigit() and other != 1:
                self.same[one] = other
                return True
        return False


def with_dims(node: Expression, rename: Callable[[Dim], Dim]) -> Expression:
    done: dict[Expression, Expression] = {}
    for current in postorder(node):
        shape = map_dim(current.shape[0], rename), map_dim(current.shape[1], rename)
        if current.args:
            data = current.data
            done[current] = make(current.op, tuple(done[a] for a in current.args), data)
        elif current.op == "symbol":
            done[current] = symbol(current.name, shape, current.data[1])
        elif current.op == "size":
            done[current] = size(map_dim(current.data, rename))
        elif current.op in ("ones", "identity"):
            done[current] = ones(shape) if current.op == "ones" else identity(shape[0])
        else:
            done[current] = current
    return done[node]


def with_letters(message: str) -> str:
    """A message with plain letters for the dimensions that are not known yet."""
    letters = dict(zip(dict.fromkeys(re.findall(r"\?\d+", message)), _LETTERS, strict=False))
    return re.sub(r"\?\d+", lambda found: letters.get(found[0], found[0]), message)


def named_dims(node: Expression, resolve: Callable[[Dim], Dim], taken: Container[str]) -> Expression:
    """The node with plain letters for the dimensions that stayed open."""
    letters: dict[Dim, Dim] = {}
    used = {d for n in postorder(node) for d in n.shape if isinstance(d, str) and not d.startswith("?")}
    free = (d for d in chain(_LETTERS, (f"n{i}" for i in count())) if d not in used and d not in taken)

    def rename(dim: Dim) -> Dim:
        if not (isinstance(dim, str) and dim.startswith("?")):
            return dim
        if dim not in letters:
            letters[dim] = next(free)
        return letters[dim]

    return with_dims(with_dims(node, resolve), rename)
