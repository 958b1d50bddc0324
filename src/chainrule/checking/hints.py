"""Why: hints from what the errors look like, each with the numbers it rests on.

Asked in this order: a part of the network whose derivative is wrong by itself; a slip in the backward pass that
reproduces the wrong gradient; a pattern in the numbers of a block; and where in the chain the error begins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from chainrule.checking.entries import Judged
from chainrule.checking.evidence import Evidence, gather
from chainrule.checking.judge import Setting
from chainrule.checking.parts import wrong_parts
from chainrule.checking.patterns import by_pattern, constant_ratio, swapped
from chainrule.checking.places import begins
from chainrule.checking.problem import Vector
from chainrule.checking.report import Hint, Row
from chainrule.checking.slips import Wrong, gradient, slips, walk
from chainrule.checking.verdict import Verdict


def explain(setting: Setting, judged: Sequence[Judged], rows: Sequence[Row]) -> tuple[Hint, ...]:
    """All hints, the strongest first."""
    blocks = [gather(setting, part) for part in judged]
    wrong = {row.block for row in rows if row.verdict.is_error}
    parts = _parts(setting)
    named, explained = ([], set()) if parts else _slips(setting, blocks, wrong)
    rest = [e for e in blocks if e.block.name not in explained]
    exchanged = swapped(rest)
    rest = [e for e in rest if not any(e.block.name in hint.blocks for hint in exchanged)]
    patterns = [by_pattern(e, setting.problem.numbers) for e in rest]
    layers = {b.name: (b.layer, b.kind) for b in setting.problem.blocks if b.kind}
    start = begins({row.block: row for row in rows}, layers)
    found = [
        *parts,
        *named,
        *_merged(_not_finite(setting, judged), ()),
        *exchanged,
        *_merged([h for h in patterns if h], blocks),
        *([start] if start else []),
    ]
    return tuple(found)


def _parts(setting: Setting) -> list[Hint]:
    example = setting.problem.example
    return [] if example is None else list(wrong_parts(example, setting.problem.theta))


def _slips(setting: Setting, blocks: Sequence[Evidence], wrong: set[str]) -> tuple[list[Hint], set[str]]:
    """Slips until every wrong block is explained, each time the one that explains the most."""
    example, left, hints = setting.problem.example, set(wrong), []
    if example is None:
        return [], set()
    p = walk(example, setting.problem.theta)
    right = gradient(p, Wrong())
    made = {f"{text} ({line})": gradient(p, what) for text, line, what in slips(p)}
    tried = {text: _explains(setting, right, vector) for text, vector in made.items()}
    while left:
        text = max(tried, key=lambda one: len(tried[one] & left), default="")
        covered = tried.get(text, set()) & left
        if not covered:
            break
        names = tuple(b.name for b in setting.problem.blocks if b.name in covered)
        hints.append(Hint(text, "a backward pass with this slip gives the analytic numbers to six digits", names))
        left -= covered
        second = _on_top(setting, [e for e in blocks if e.block.name in left], made[text])
        hints += second
        left -= {name for hint in second for name in hint.blocks}
    return hints, wrong - left


def _on_top(setting: Setting, blocks: Sequence[Evidence], slip: Vector) -> list[Hint]:
    """A constant factor on top of a slip: two errors at once."""
    found = []
    for e in blocks:
        as_if = replace(e, numeric=slip[e.block.slice][e.places])
        hint = constant_ratio(as_if, setting.problem.numbers)
        if hint is not None:
            evidence = hint.evidence.replace("numeric", "the gradient with that slip")
            found.append(Hint(f"besides, {hint.cause}", evidence, hint.blocks))
    return _merged(found, ())


def _explains(setting: Setting, right: Vector, slip: Vector) -> set[str]:
    """The blocks that a slip changes into what is there."""
    close = max(1e-6, setting.rtol)

    def alike(place: slice, other: Vector) -> bool:
        seen = setting.gradient[place]
        return bool(np.isfinite(seen).all()) and bool(
            np.max(np.abs(other[place] - seen)) <= close * np.max(np.abs(seen))
        )

    return {b.name for b in setting.problem.blocks if alike(b.slice, slip) and not alike(b.slice, right)}


def _not_finite(setting: Setting, judged: Sequence[Judged]) -> list[Hint]:
    found = []
    for part in judged:
        bad = [j for j in part.judgements if j.verdict is Verdict.NOT_FINITE]
        if bad and all(np.isfinite(j.numeric) for j in bad):
            cause = "the value is finite and has a slope here, the gradient's formula divides by zero or overflows"
            if max(abs(j.numeric) for j in bad) > np.finfo(setting.problem.given.dtype).max:
                held = setting.problem.given.dtype
                cause = f"the gradient is larger than {held} can hold: scale the data, or use float64"
            found.append(
                Hint(cause, f"analytic is {bad[0].analytic} where numeric is {bad[0].numeric:.6g}", (part.block.name,))
            )
        elif bad:
            found.append(
                Hint(
                    "the value itself is not finite at or near theta",
                    f"numeric is {bad[0].numeric}",
                    (part.block.name,),
                )
            )
    return found


def _merged(hints: Sequence[Hint], blocks: Sequence[Evidence]) -> list[Hint]:
    """One hint for blocks that share cause and evidence, the counts of entries aside."""
    groups: dict[tuple[str, str], list[Hint]] = {}
    for hint in hints:
        groups.setdefault((hint.cause, hint.evidence.split(" in ")[0]), []).append(hint)
    merged = []
    for (cause, evidence), group in groups.items():
        names = tuple(name for hint in group for name in hint.blocks)
        text = group[0].evidence if len(group) == 1 else f"{evidence} in each of these blocks"
        merged.append(Hint(cause, text, names))
    everywhere: Mapping[bool, str] = {
        True: " (every block has it: look at what all share, the loss or the average)",
        False: "",
    }
    return [
        Hint(h.cause + everywhere[len(h.blocks) == len(blocks) > 1], h.evidence, h.blocks) if len(merged) == 1 else h
        for h in merged
    ]
