"""Patterns of errors that any gradient can show: each function looks for one and returns a hint, or nothing.

A hint is given only when the pattern reproduces the analytic numbers to six digits; the digits are its evidence.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from chainrule.checking.evidence import Evidence
from chainrule.checking.problem import Vector
from chainrule.checking.report import Hint

Pattern = Callable[[Evidence, Mapping[str, float]], Hint | None]


def _hint(evidence: Evidence, cause: str, computed: str) -> Hint:
    return Hint(cause, computed, (evidence.block.name,))


def zero(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """The gradient was never written."""
    if not np.any(e.whole):
        return _hint(
            e, "never written, or cut off (a detached copy, a dead branch)?", "analytic is 0 in the whole block"
        )
    if np.any(e.analytic[e.wrong]) or not e.n_wrong:
        return None
    return _hint(e, "entries that are never written?", f"analytic is 0 where it is wrong ({e.count}){_where(e)}")


def constant_ratio(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """A factor: the sign, a 2, an average taken twice or not at all."""
    a, n = e.analytic[e.wrong], e.numeric[e.wrong]
    if not np.any(n) or not np.any(a):
        return None
    ratio = float(a @ n / (n @ n))
    if abs(ratio - 1) <= 10 * e.closeness or not e.is_close(ratio * n, a):
        return None
    partial = not e.wrong.all() and np.any(e.numeric[~e.wrong])
    meaning = _meaning(ratio, numbers, e)
    if not meaning and e.n_wrong < 2:
        return None  # one entry has a constant ratio whatever the cause
    rounded = float(f"{ratio:.6g}")
    if partial:
        meaning = "right in general, a constant factor off at some places: an index, a slice, a special case?"
    return _hint(
        e, meaning or "a constant factor too much", f"analytic / numeric = {rounded:g} in {e.count}{_where(e)}"
    )


def _meaning(ratio: float, numbers: Mapping[str, float], e: Evidence) -> str:
    """What a ratio may stand for; several meanings if several numbers have that value."""
    biases = e.block.kind == "biases"
    known = [
        (-1.0, "the sign is turned: target - output for output - target?"),
        (2.0, "a factor 2 too much: the 2 of a square kept where the value has 1/2, or added twice?"),
        (0.5, "a factor 2 is missing: the 2 of a square, or a 1/2 that the value does not have?"),
    ]
    for name, number in numbers.items():
        known.append((number, f"not divided by {name} ({number:g})"))
        many = " (averaged instead of summed: B4)" if biases else ""
        known.append((1 / number if number else np.nan, f"divided once too often by {name} ({number:g}){many}"))
    found = [text for number, text in known if abs(ratio - number) <= e.closeness * abs(number) and number != 1]
    if not found and ratio < 0:
        found = [f"the sign is turned, and {text}" for text in filter(None, [_meaning(-ratio, numbers, e)])]
    return "; or ".join(found)


def transposed(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """A transpose of a block, or its entries laid out column by column."""
    if len(e.block.shape) != 2 or min(e.block.shape) < 2:
        return None
    m, n = e.block.shape
    at = np.zeros(m * n)
    at[e.places] = e.numeric
    i, j = np.unravel_index(e.places, (m, n))
    flipped = e.whole.T[i, j] if m == n else e.whole.reshape(-1)[j * m + i]
    if not e.is_close(e.numeric, flipped) or e.places.size < 4:
        return None
    how = (
        "its transpose equals the numeric gradient"
        if m == n
        else f"read as ({n}, {m}) and transposed it is the numeric one"
    )
    return _hint(
        e,
        "transposed: delta^T a for a^T delta, or laid out column by column (B3)?",
        f"{how} in {e.places.size} entries",
    )


def reordered(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """The right numbers in another order."""
    if not e.complete or e.places.size < 3 or e.is_close(e.numeric, e.analytic):
        return None
    if not e.is_close(np.sort(e.numeric), np.sort(e.analytic)):
        return None
    return _hint(
        e,
        "the right numbers at the wrong places: rows or columns permuted, reversed or shifted?",
        "sorted, analytic and numeric are equal",
    )


def penalty(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """An error proportional to theta, or to its sign, is a penalty's."""
    error, theta = (e.analytic - e.numeric)[e.wrong], e.theta.reshape(-1)[e.places][e.wrong]
    for shape, term, name in ((theta, "theta", "l2"), (np.sign(theta), "sign(theta)", "l1")):
        if not np.any(shape) or e.n_wrong < 3:
            continue
        factor = float(error @ shape / (shape @ shape))
        if np.ptp(np.abs(theta)) > 0 and np.max(np.abs(factor * shape - error)) <= 1e-4 * np.max(np.abs(error)):
            side = (
                "of the value is missing in the gradient"
                if factor < 0
                else "is in the gradient and not in the value, or twice too large"
            )
            return _hint(e, f"an {name} penalty {side}?", f"analytic - numeric = {factor:.6g} {term} in {e.count}")
    return None


def factor_by_line(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """Each row, or each column, off by a factor of its own: something that belongs to a neuron, or to an input."""
    if len(e.block.shape) != 2:
        return None
    for axis, line, owner in (
        (0, "row", "to the neuron it leads to, such as sigma'(z) (B2)"),
        (1, "column", "to its input, such as a scaling of a_{l-1} (B3)"),
    ):
        of = np.unravel_index(e.places, e.block.shape)[axis]
        groups = [of == k for k in np.unique(of)]
        if (
            len(groups) < 2
            or min(np.count_nonzero(g) for g in groups) < 2
            or not all(np.any(e.numeric[g]) for g in groups)
        ):
            continue
        ratios = np.array([float(e.analytic[g] @ e.numeric[g] / (e.numeric[g] @ e.numeric[g])) for g in groups])
        if all(e.is_close(r * e.numeric[g], e.analytic[g]) for r, g in zip(ratios, groups, strict=True)):
            return _hint(
                e,
                f"a factor is wrong that belongs {owner}",
                f"every {line} has a factor of its own, {ratios.min():.4g} to {ratios.max():.4g}",
            )
    return None


def clipped(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """Wrong entries that all have the same size are clipped."""
    a, n = e.analytic[e.wrong], e.numeric[e.wrong]
    limit = float(np.max(np.abs(e.whole)))
    if (
        e.n_wrong < 2
        or not e.is_close(np.abs(a), np.full(a.shape, limit))
        or np.any(a * n < 0)
        or np.any(np.abs(n) < limit)
    ):
        return None
    return _hint(e, "clipped?", f"analytic is +-{limit:.6g} where numeric is larger, {e.count}")


def offset(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """The same number added to every entry."""
    error = (e.analytic - e.numeric)[e.wrong]
    if e.n_wrong < 3 or not e.is_close(np.full(error.shape, error.mean()), error):
        return None
    return _hint(e, "a number added to every entry", f"analytic - numeric = {error.mean():.6g} in {e.count}")


def few_digits(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """Right to some digits: lost precision, no wrong formula."""
    size = float(np.max(np.abs(e.numeric), initial=0.0))
    error = float(np.max(np.abs(e.analytic - e.numeric), initial=0.0))
    if not 0 < error < 1e-4 * size:
        return None
    if np.array_equal(e.whole.astype(np.float32).astype(np.float64), e.whole):
        return _hint(e, "computed in float32 on the way?", "every analytic entry is a float32 number")
    return _hint(
        e,
        "lost digits, not a wrong formula: finite differences, a small epsilon, float32 on the way?",
        f"right to {int(-np.log10(error / size))} digits of the largest entry, {e.count}",
    )


def confined(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """Wrong in some places only."""
    if e.wrong.all() or not e.n_wrong:
        return None
    return _hint(
        e,
        "the formula is right in general and wrong at some places: an index, a slice, a special case?",
        f"{e.count} are wrong{_where(e)}",
    )


def _where(e: Evidence) -> str:
    """What the places of the wrong entries have in common."""
    if e.wrong.all() or len(e.block.shape) != 2:
        return "" if e.n_wrong > 1 or e.wrong.all() else f", at {int(e.places[e.wrong][0])}"
    i, j = np.unravel_index(e.places[e.wrong], e.block.shape)
    if e.n_wrong == 1:
        return f", at [{i[0]}, {j[0]}]"
    if np.unique(i).size == 1:
        return f", all in row {i[0]}"
    return f", all in column {j[0]}" if np.unique(j).size == 1 else ""


PATTERNS: Sequence[Pattern] = (
    zero, constant_ratio, penalty, few_digits, transposed, reordered, factor_by_line, clipped, offset, confined,
)  # fmt: skip


def swapped(all_evidence: Sequence[Evidence]) -> list[Hint]:
    """Two blocks of one size whose gradients stand at each other's place."""
    found = []
    for k, one in enumerate(all_evidence):
        for other in all_evidence[k + 1 :]:
            if one.whole.size != other.whole.size or one.whole.size < 2:
                continue
            if _stands_in(one, other.whole) and _stands_in(other, one.whole):
                names = (one.block.name, other.block.name)
                found.append(
                    Hint(
                        "their gradients are swapped", "each one's numeric gradient is the other's analytic one", names
                    )
                )
    return found


def _stands_in(e: Evidence, whole: Vector) -> bool:
    return e.n_wrong > 0 and e.is_close(e.numeric, whole.reshape(-1)[e.places])


def by_pattern(e: Evidence, numbers: Mapping[str, float]) -> Hint | None:
    """The first pattern that fits a block."""
    if not e.n_wrong:
        return None
    return next((hint for hint in (pattern(e, numbers) for pattern in PATTERNS) if hint is not None), None)
