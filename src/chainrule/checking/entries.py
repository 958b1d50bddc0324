"""Every entry of a block, one unit vector at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.checking.judge import Judgement, Setting, judge, measure
from chainrule.checking.problem import Vector
from chainrule.network.parameters import Block


@dataclass(frozen=True)
class Judged:
    """The judgements on some entries of a block; ``places`` are flat indices within the block."""

    block: Block
    places: tuple[int, ...]
    judgements: tuple[Judgement, ...]


def unit(size: int, index: int) -> Vector:
    """The unit vector of one parameter."""
    direction = np.zeros(size)
    direction[index] = 1.0
    return direction


def look_at(setting: Setting, block: Block, places: Sequence[int], both: bool = True) -> Judged:
    """Measure the entries, let the largest set the noise of the block, then judge each."""
    problem = setting.problem
    indices = [block.slice.start + place for place in places]
    directions = (unit(problem.theta.size, index) for index in indices)
    scales = [problem.scale(slice(index, index + 1)) for index in indices]
    slopes = [measure(setting, v, scale, both) for v, scale in zip(directions, scales, strict=True)]
    finite = [abs(slope.best) for slope in slopes if np.isfinite(slope.best)]
    noise = setting.noise.of(block.name, max(finite, default=0.0))
    judgements = tuple(
        judge(setting, unit(problem.theta.size, index), scale, float(setting.gradient[index]), slope, noise)
        for index, scale, slope in zip(indices, scales, slopes, strict=True)
    )
    return Judged(block, tuple(places), judgements)
