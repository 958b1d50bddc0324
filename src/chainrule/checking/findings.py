"""What a check notices besides the slopes: the value itself, the methods, and what the point hides."""

import numpy as np

from chainrule.checking.entries import Judged
from chainrule.checking.noise import Noise
from chainrule.checking.problem import Problem, Vector
from chainrule.checking.report import Entry, Finding, Row, Taylor
from chainrule.checking.verdict import Verdict


def name_of(judged: Judged, k: int) -> str:
    """The place of an entry as code."""
    index = tuple(int(i) for i in np.unravel_index(judged.places[k], judged.block.shape))
    return Entry(judged.block.name, index, 0.0, 0.0, 0.0, Verdict.OK).name


def names(judged: list[Judged], chosen: set[tuple[int, int]], most: int = 3) -> str:
    """The first few of some entries, for a sentence."""
    listed = [name_of(judged[i], k) for i, k in sorted(chosen)[:most]]
    return ", ".join(listed) + (", ..." if len(chosen) > most else "")


def about_values(
    problem: Problem, value: float, objective: float, gradient: Vector, noise: Noise, rng: np.random.Generator
) -> list[Finding]:
    """Whether the function returns the value whose slope is taken, and the same twice."""
    if not np.isfinite(objective):
        return [Finding(f"The value at theta is {objective}: no slope can be told here.", True)]
    found = []
    again, other = problem.gradient(problem.theta)
    if not (np.array_equal(gradient, other, equal_nan=True) and (value == again or np.isnan(value))):
        found.append(
            Finding("The function returns something else when it is called again: fix its random numbers first.", True)
        )
    shift = 8 * noise.eps * np.maximum(np.abs(problem.theta), problem.typical)
    moved = [problem.gradient(problem.theta + shift * rng.choice((-1.0, 1.0), shift.shape))[0] for _ in range(4)]
    allowed = 100 * noise.eps * abs(objective) + 10 * float(np.ptp([value, *moved]))
    if not abs(value - objective) <= allowed:
        ratio = f", {value / objective:.10g} times as much" if objective and np.isfinite(value / objective) else ""
        found.append(
            Finding(
                f"The value returned with the gradient is {value:.10g}, but the objective is {objective:.10g}{ratio}.",
                True,
            )
        )
    return found


def about_methods(refusal: str, judged: list[Judged], sure: bool) -> list[Finding]:
    """Which method could not be used, and where the two contradict each other."""
    if refusal:
        return [Finding(f"No complex step, {refusal}: central differences decide alone.")]
    against = {(i, k) for i, part in enumerate(judged) for k, j in enumerate(part.judgements) if j.disagreement}
    if against:
        count = _many(len(against), "entry", "entries")
        return [
            Finding(
                f"Complex step and central differences contradict each other in {count} "
                f"({names(judged, against)}), and no kink is near: the code of the value is not analytic there "
                "(abs, conj, real, rounding, a branch). The central differences decided."
            )
        ]
    if not sure:
        return [
            Finding("Central differences were too rough in places to confirm the complex step, which decided there.")
        ]
    return []


def about_points(
    rows: tuple[Row, ...], judged: list[Judged], gradient: Vector, ties: tuple[int, int], taylor: Taylor
) -> list[Finding]:
    """What lies at a kink, what is zero so that nothing could be seen, and what the Taylor remainder objects."""
    found = []
    kinks = {
        (i, k) for i, part in enumerate(judged) for k, j in enumerate(part.judgements) if j.verdict is Verdict.KINK
    }
    if kinks:
        right = sum(judged[i].judgements[k].confirmed for i, k in kinks)
        beside = "It is right there." if right == len(kinks) else f"{right} could be judged, and are right there."
        found.append(
            Finding(
                f"{_many(len(kinks), 'entry lies', 'entries lie')} at a kink ({names(judged, kinks)}): left and right "
                f"slope differ, so any choice is free. The gradient was judged a little beside theta. {beside}"
            )
        )
    blocks = [row.block for row in rows if row.verdict is Verdict.KINK and not row.checked]
    if blocks:
        found.append(
            Finding(f"Random directions in {', '.join(blocks)} cross a kink at theta; beside it nothing is wrong.")
        )
    if ties[0]:
        found.append(Finding(f"{ties[0]} of {ties[1]} branch choices lie exactly on a kink (ties)."))
    silent = [
        part.block.name
        for part, row in zip(judged, rows, strict=True)
        if row.verdict is Verdict.OK and not _moves(part, gradient)
    ]
    if silent:
        found.append(
            Finding(
                f"The gradient of {', '.join(silent)} is zero, and rightly so, but a slip could hide: "
                "check at another theta too."
            )
        )
    wrong = any(row.verdict.is_error for row in rows)
    if taylor.rate is not None and taylor.rate < 1.5 and not (wrong or kinks or blocks or ties[0]):
        found.append(
            Finding(
                f"The Taylor remainder shrinks at rate {taylor.rate:.2f} only: a kink is near, or a slope is wrong."
            )
        )
    return found


def _many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"


def _moves(part: Judged, gradient: Vector) -> bool:
    return bool(np.any(gradient[part.block.slice]))
