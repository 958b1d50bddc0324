"""The notations by name: the house's and those of the five documents; how one is looked up or varied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainrule.symbolic.notation import Notation

__all__ = ["NOTATIONS", "notation", "variant"]

ROWS = Notation("rows", source="the notation of this package")
WATTERS = Notation(
    "watters",
    samples="one",
    bias="absorbed",
    gradients="rows",
    letters={"preactivation": "g", "activation": "h", "input": "x", "output": "f", "target": "y", "cost": "L",
             "delta": "", "size": "D"},
    index="superscript",
    layer="n",
    last="F",
    split=True,
    vectors="bold",
    loss="squared_error",
    source="Backpropagation, Gregor Hartl Watters, 2024",
)  # fmt: skip
WICHMANN = Notation(
    "wichmann",
    samples="columns",
    letters={"preactivation": "Z", "activation": "A", "delta": "H", "error": "Delta", "size": "S"},
    index="bracketed",
    split=True,
    transpose="t",
    slope="partial",
    ones="J_N",
    loss="half_squared_error",
    source="General feed forward neural networks, Kristian Wichmann, 2017",
)
CHAINS = Notation(
    "chains",
    samples="one",
    bias="absent",
    letters={"preactivation": "p", "activation": "q", "input": "x", "target": "y", "cost": "C", "delta": "Delta"},
    pairs=True,
    layer="i",
    from_output=True,
    loss="half_squared_error",
    source="Backpropagation I to IV",
)
NEURON = Notation(
    "neuron",
    samples="one",
    letters={"input": "x", "target": "y", "cost": "C"},
    index="superscript",
    slope="partial",
    nabla="weights",
    indices=True,
    loss="half_mean_squared_error",
    source="The calculus behind backpropagation",
)
MENON = Notation(
    "menon",
    samples="one",
    letters={"weights": "w", "input": "x", "target": "y", "cost": "L", "delta": "phi"},
    index="superscript",
    layer="j",
    elementwise="∘",
    nabla="both",
    loss="mean_squared_error",
    source="Deriving Backpropagation, Rahul Menon, 2021",
)

#: The notations by name: the house's and those of the five documents.
NOTATIONS: dict[str, Notation] = {n.name: n for n in (ROWS, WATTERS, WICHMANN, CHAINS, NEURON, MENON)}


def notation(given: str | Notation) -> Notation:
    """The notation of that name; a `Notation` is returned as it is."""
    if isinstance(given, Notation):
        return given
    if given not in NOTATIONS:
        raise ValueError(
            f"no notation is called {given!r}; there are {', '.join(NOTATIONS)}, or a cr.Notation of one's own"
        )
    return NOTATIONS[given]


def variant(base: str | Notation, **changes: Any) -> Notation:
    """A notation that differs from another in a few choices."""
    return replace(notation(base), **changes)
