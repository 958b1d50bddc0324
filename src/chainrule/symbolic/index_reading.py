"""The steps by indices read back as they are printed, and computed: every sum, Kronecker delta and derivative.

A box of a step is either the entry of a quantity, whose array is known, or made of boxes: a sum over a letter, factors
side by side, a function of an entry, cases. Its value is an array with one axis for each letter that is left free.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from chainrule.symbolic.boxes import Box, ident
from chainrule.symbolic.functions import FUNCTIONS
from chainrule.symbolic.index_values import LETTERS, Indexed, Known, combine, union
from chainrule.symbolic.text import text


class UnreadableError(ValueError):
    """A box that stands for nothing known."""


@dataclass
class Reader:
    """Reads the steps about one layer."""

    known: Known
    sizes: dict[str, int] = field(default_factory=dict)  # how far each letter counts

    def error(self, step: Box) -> float:
        """The largest relative difference between the sides of a step."""
        self.sizes = {}
        self._find_sizes(step)
        sides = [self.read(_row(side)) for side in _split(step, "=")]
        letters = union(sides)
        arrays = [np.broadcast_arrays(*(s.over(letters) for s in (sides[0], side)))[1] for side in sides]
        floor = max(1e-6 * abs(float(self.known.passes.J)), 1e-300)
        largest = max(floor, *(float(np.abs(a).max()) for a in arrays))
        worst = max(float(np.abs(a - arrays[0]).max()) / largest for a in arrays)
        return worst if np.isfinite(worst) else np.inf

    def _find_sizes(self, box: Box) -> None:
        """How far each letter counts; a letter that counts two things is an error."""
        if box in self.known.entries:
            term = self.known.entries[box]
            for letter, size in zip(term.letters, term.array.shape, strict=True):
                if self.sizes.setdefault(letter, size) != size:
                    raise UnreadableError(
                        f"the letter {self.known.x.letters[letter]} counts to {size} and {self.sizes[letter]}"
                    )
            return
        for part in box.parts:
            if isinstance(part, Box):
                self._find_sizes(part)

    def read(self, box: Box) -> Indexed:
        if box in self.known.entries:
            return self.known.entries[box]
        for pair in permutations(LETTERS, 2):
            if box == self.known.x.kronecker(*pair):
                return self._kronecker(*pair)
        reader = getattr(self, f"_read_{box.kind}", None)
        if reader is None:
            raise UnreadableError(f"{text(box)} stands for nothing known")
        return reader(box)  # type: ignore[no-any-return]

    def _kronecker(self, a: str, b: str) -> Indexed:
        """One where both letters are the same; a letter counts as far as it does elsewhere in the step."""
        if a not in self.sizes and b not in self.sizes:
            raise UnreadableError(f"neither letter of the Kronecker delta {a}, {b} counts anything in the step")
        n = self.sizes.get(a, self.sizes.get(b, 0))
        return Indexed(a + b, np.eye(n, self.sizes.get(b, n)))

    def _read_number(self, box: Box) -> Indexed:
        return Indexed("", np.array(float(str(box.parts[0]))))

    def _read_fraction(self, box: Box) -> Indexed:
        top, bottom = box.parts
        return combine(np.divide, self.read(top), self.read(bottom))  # type: ignore[arg-type]

    def _read_fence(self, box: Box) -> Indexed:
        left, inner, _ = box.parts
        term = self.read(inner)  # type: ignore[arg-type]
        return combine(np.abs, term) if left == "|" else term

    def _read_sup(self, box: Box) -> Indexed:
        base, exponent = box.parts
        return combine(np.power, self.read(base), self.read(exponent))  # type: ignore[arg-type]

    def _read_subsup(self, box: Box) -> Indexed:
        base, index, exponent = box.parts
        return combine(np.power, self.read(Box("sub", (base, index))), self.read(exponent))  # type: ignore[arg-type]

    def _read_root(self, box: Box) -> Indexed:
        return combine(np.sqrt, self.read(box.parts[0]))  # type: ignore[arg-type]

    def _read_sum(self, box: Box) -> Indexed:
        index, body = box.parts[0], box.parts[-1]
        letters = "".join(_plain(index))  # type: ignore[arg-type]
        if self.known.q.notation.layer in letters and not self.known.general:  # over all layers
            inner = Box("sum", (_without(index, self.known.q.notation.layer), body))  # type: ignore[arg-type]
            layers = range(1, self.known.passes.depth + 1)
            parts = [Reader(Known(self.known.q, self.known.passes, l, general=True)).fresh(inner) for l in layers]
            return combine(lambda *terms: sum(terms), *parts)
        term = self.read(body)  # type: ignore[arg-type]
        for shown in letters:
            letter = next((own for own, name in self.known.x.letters.items() if name == shown), "")
            if letter not in term.letters:
                raise UnreadableError(f"the sum over {shown} has no such letter in it")
            axis = term.letters.index(letter)
            term = Indexed(term.letters.replace(letter, ""), term.array.sum(axis=axis))
        return term

    def fresh(self, box: Box) -> Indexed:
        self._find_sizes(box)
        return self.read(box)

    def _read_cases(self, box: Box) -> Indexed:
        pairs = list(zip(box.parts[::2], box.parts[1::2], strict=True))
        result = self.read(pairs[-1][0])  # type: ignore[arg-type]
        for shown, condition in reversed(pairs[:-1]):
            test = _row(list(condition.parts[2:]))  # type: ignore[union-attr]
            result = combine(np.where, self.read(test), self.read(shown), result)  # type: ignore[arg-type]
        return result

    def _read_row(self, box: Box) -> Indexed:
        """Comparisons, then sums, then factors side by side, then a function and its bracket."""
        parts = box.parts
        for sign, test in (("≤", np.less_equal), ("≥", np.greater_equal), ("<", np.less), (">", np.greater)):
            sides = _split(box, sign)
            if len(sides) == 2:
                return combine(test, *(self.read(_row(side)) for side in sides))
        if any(_is_operator(p, "+−") for p in parts[1:]) or (parts and _is_operator(parts[0], ("neg",))):
            return self._read_terms(parts)
        if any(_kind(p) == "space" for p in parts):
            factors = [self.read(_row(group)) for group in _groups(parts)]
            return combine(lambda *terms: np.prod(np.broadcast_arrays(*terms), axis=0), *factors)
        return self._read_call(box)

    def _read_terms(self, parts: tuple[Any, ...]) -> Indexed:
        terms: list[Indexed] = []
        sign, group = 1, list[Any]()
        for part in (*parts, Box("operator", ("+",))):
            if _is_operator(part, "+−") or _is_operator(part, ("neg",)):
                if group:
                    terms.append(combine(lambda v, s=sign: s * v, self.read(_row(group))))
                sign, group = 1 if _is_operator(part, "+") else -1, []
            else:
                group.append(part)
        return combine(lambda *values: sum(values), *terms)

    def _read_call(self, box: Box) -> Indexed:
        name, bracket = box.parts if len(box.parts) == 2 else (None, None)
        if not isinstance(name, Box) or not isinstance(bracket, Box) or bracket.kind != "fence":
            raise UnreadableError(f"{text(box)} stands for nothing known")
        if name.kind == "sup":  # tanh^2(z)
            base, exponent = name.parts
            return combine(np.power, self._read_call(Box("row", (base, bracket))), self.read(exponent))  # type: ignore[arg-type]
        if name in self.known.functions:
            return combine(self.known.functions[name], self.read(bracket))
        plain = str(name.parts[0])
        if name.kind != "upright" or plain not in FUNCTIONS:
            raise UnreadableError(f"{text(box)} stands for nothing known")
        return combine(FUNCTIONS[plain].value, self.read(bracket))


def _kind(part: Any) -> str:
    return part.kind if isinstance(part, Box) else ""


def _is_operator(part: Any, signs: Iterable[str]) -> bool:
    return _kind(part) == "operator" and part.parts[0] in signs


def _row(parts: list[Any]) -> Box:
    return parts[0] if len(parts) == 1 else Box("row", tuple(parts))


def _split(box: Box, sign: str) -> list[list[Any]]:
    groups: list[list[Any]] = [[]]
    for part in box.parts:
        if _is_operator(part, (sign,)):
            groups.append([])
        else:
            groups[-1].append(part)
    return groups


def _groups(parts: tuple[Any, ...]) -> list[list[Any]]:
    groups: list[list[Any]] = [[]]
    for part in parts:
        if _kind(part) == "space":
            groups.append([])
        else:
            groups[-1].append(part)
    return [g for g in groups if g]


def _plain(box: Box) -> list[str]:
    """The letters of an index."""
    if box.kind == "row":
        return [c for part in box.parts for c in _plain(part)]  # type: ignore[arg-type]
    return [str(box.parts[0])] if box.kind == "id" else []


def _without(index: Box, letter: str) -> Box:
    kept = tuple(part for part in index.parts if part != ident(letter) and not _is_operator(part, ","))
    return Box("row", kept)
