"""Large networks: each block along random directions, and only a block that fails is searched.

For a Gaussian v over a block B, the error e = g - g_true shows as e.v, which is normal with standard deviation |e|:
two directions miss an error a million times the noise with probability 1e-12. (Signs +-1 would not do: the errors of
two entries can cancel in half of the draws.) A block that fails is halved until single entries are left, so that one
wrong entry of a million costs forty evaluations to find.
"""

from dataclasses import dataclass, replace

import numpy as np

from chainrule.checking.entries import Judged, look_at
from chainrule.checking.judge import SAFETY, Judgement, Setting, judge, measure
from chainrule.checking.problem import Vector
from chainrule.checking.verdict import Verdict
from chainrule.network.parameters import Block

DIRECTIONS = 2
FOUND = 3  # single wrong entries that are searched for in a block
ORDER = (Verdict.NOT_FINITE, Verdict.WRONG, Verdict.KINK, Verdict.OK, Verdict.TOO_SMALL)
GRID = (4, 6)  # rows and columns of the entries that are looked at in a wrong block; hints live on them


@dataclass(frozen=True)
class Projected:
    """What the random directions said about a block, and the entries that were looked at because of it."""

    relative_error: float
    verdict: Verdict
    judged: Judged
    confirmed: bool


def project(setting: Setting, block: Block, rng: np.random.Generator) -> Projected:
    """Judge a block along random directions and, if rounding does not explain the difference, find where it is."""
    along = [_judge_along(setting, block, rng) for _ in range(DIRECTIONS)]
    verdict = min((judgement.verdict for judgement in along), key=ORDER.index)
    error = float(np.sqrt(np.mean([judgement.relative_error**2 for judgement in along])))
    sure = all(judgement.confirmed for judgement in along)
    if verdict is Verdict.KINK or not any(map(_is_suspect, along)):
        return Projected(error, verdict, Judged(block, (), ()), sure)
    judged = _search(setting, block, rng)
    if not verdict.is_error or any(judgement.verdict.is_error for judgement in judged.judgements):
        return Projected(error, verdict, judged, sure)
    # Every entry agrees to rtol, only their sum is beyond rounding: digits were lost, the formula is right.
    return Projected(error, Verdict.OK if error <= setting.rtol else verdict, judged, sure)


def _is_suspect(judgement: Judgement) -> bool:
    return judgement.verdict.is_error or abs(judgement.analytic - judgement.numeric) > judgement.doubt


def _judge_along(setting: Setting, block: Block, rng: np.random.Generator) -> Judgement:
    """One random direction; the error is relative to the length of the gradient, not to its accidental share."""
    v = _direction(setting, block.slice, rng)
    scale = setting.problem.scale(block.slice)
    analytic = _along(setting, block.slice, v)
    slope = measure(setting, v, scale)
    length = max(float(np.linalg.norm(setting.gradient[block.slice])), abs(slope.best))
    found = judge(setting, v, scale, analytic, slope, setting.noise.along(block.name, 1.0, length))
    if not (np.isfinite(found.relative_error) and found.relative_error):
        return found
    difference, verdict = abs(found.analytic - found.numeric), found.verdict
    if verdict is Verdict.TOO_SMALL and difference <= setting.rtol * length:
        verdict = Verdict.OK
    return replace(found, relative_error=difference / max(length, found.doubt / setting.rtol), verdict=verdict)


def _direction(setting: Setting, place: slice, rng: np.random.Generator, without: tuple[int, ...] = ()) -> Vector:
    v = np.zeros(setting.problem.theta.size)
    v[place] = rng.standard_normal(place.stop - place.start)
    v[list(without)] = 0.0
    return v


def _along(setting: Setting, place: slice, direction: Vector) -> float:
    """The analytic slope along a direction in one part of theta; what is not finite elsewhere plays no part."""
    return float(setting.gradient[place] @ direction[place])


def _search(setting: Setting, block: Block, rng: np.random.Generator) -> Judged:
    """The entries that are not finite; or a grid of rows and columns, and what bisection finds if the grid is right."""
    broken = np.flatnonzero(~np.isfinite(setting.gradient[block.slice]))[:FOUND]
    if broken.size:
        return look_at(setting, block, [*map(int, broken)])
    grid = look_at(setting, block, _grid(block, rng))
    wrong = sum(judgement.verdict.is_error for judgement in grid.judgements)
    if 2 * wrong > len(grid.places):
        return grid
    found: list[int] = []
    for _ in range(FOUND):
        place = _bisect(setting, block, tuple(block.slice.start + k for k in found), rng)
        if place is None:
            break
        found.append(place)
    more = look_at(setting, block, [place for place in found if place not in grid.places])
    return Judged(block, grid.places + more.places, grid.judgements + more.judgements)


def _grid(block: Block, rng: np.random.Generator) -> list[int]:
    if len(block.shape) != 2:
        size = int(np.prod(block.shape))
        return [*map(int, rng.choice(size, min(size, GRID[0] * GRID[1]), replace=False))]
    rows, columns = (rng.choice(n, min(n, k), replace=False) for n, k in zip(block.shape, GRID, strict=True))
    return [int(i * block.shape[1] + j) for i in rows for j in columns]


def _bisect(setting: Setting, block: Block, without: tuple[int, ...], rng: np.random.Generator) -> int | None:
    """Follow the half with the larger error down to one entry; None if the rest of the block is right."""
    start, stop = block.slice.start, block.slice.stop
    if _error(setting, block, slice(start, stop), without, rng) <= 1:
        return None
    while stop - start > 1:
        middle = (start + stop) // 2
        left, right = (
            _error(setting, block, half, without, rng) for half in (slice(start, middle), slice(middle, stop))
        )
        start, stop = (start, middle) if left >= right else (middle, stop)
    return int(start - block.slice.start)


def _error(setting: Setting, block: Block, place: slice, without: tuple[int, ...], rng: np.random.Generator) -> float:
    """The error along a random direction in a part of a block, in units of its noise."""
    v = _direction(setting, place, rng, without)
    slope = measure(setting, v, setting.problem.scale(place), both=False)
    length = max(float(np.linalg.norm(setting.gradient[place])), abs(slope.best))
    doubt = setting.noise.along(block.name, (place.stop - place.start) / int(np.prod(block.shape)), length)
    if slope.complex_step is None and slope.central is not None:
        doubt += SAFETY * slope.central.uncertainty
    return abs(_along(setting, place, v) - slope.best) / max(doubt, np.finfo(np.float64).tiny)
