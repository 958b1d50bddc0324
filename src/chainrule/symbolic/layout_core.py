"""The core of the layout: how things are written, and how tightly a box holds together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chainrule.symbolic.boxes import Box, bold, fence, named
from chainrule.symbolic.expression import Dim, Expression

SUM, ELEMENTWISE, PRODUCT, ATOM = range(4)  # how tightly a box holds together
Laid = tuple[Box, int]


@dataclass(frozen=True)
class Script:
    """How things are written: boxes for names, the signs of the transpose and of the elementwise product."""

    names: Mapping[str, Box] = field(default_factory=dict)
    transpose: str = "T"
    hadamard: str = "⊙"
    ones: Mapping[str, Box] = field(default_factory=dict)  # columns of ones by their dimension
    special: Mapping[Expression, Box] = field(default_factory=dict)  # nodes with a form of their own
    spread: bool = False  # whether a number beside a matrix stands for a matrix filled with it

    def ones_of(self, dim: Dim) -> Box:
        return self.ones.get(str(dim)) or bold("1")

    def name(self, name: str) -> Box:
        return self.names.get(name) or named(name)


PLAIN = Script()

#: The layout of each operation; layout.py fills it.
LAYOUTS: dict[str, Callable[[Expression, Script], Laid]] = {}


def layout(node: Expression, script: Script = PLAIN) -> Box:
    """The expression as a box."""
    return laid(node, script)[0]


def laid(node: Expression, script: Script) -> Laid:
    if node in script.special:
        return script.special[node], ATOM
    return LAYOUTS[node.op](node, script)


def at(node: Expression, script: Script, strength: int) -> Box:
    """The box of the node, in brackets when it holds together less tightly than asked."""
    box, own = laid(node, script)
    return box if own >= strength else fence(box)
