"""Several softmax groups side by side: one distribution over its classes for each column of y.

a_i = exp(z_i) / sum_{j in group of i} exp(z_j), and log a_i = z_i - log sum_{j in group of i} exp(z_j)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.network.activation import Activation, LogForm
from chainrule.network.arrays import Array, Library
from chainrule.network.interval import UNIT

__all__ = ["softmax_groups"]


def softmax_groups(widths: tuple[int, ...]) -> Activation:
    """The activation whose outputs are distributions over groups of these widths.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.network.arrays import namespace
    >>> z = np.zeros((1, 5))
    >>> softmax_groups((2, 3)).f(namespace(z), z).round(2)
    array([[0.5 , 0.5 , 0.33, 0.33, 0.33]])
    """
    groups = Groups(widths)
    return Activation(
        "softmax_groups",
        f=groups.softmax,
        pullback=groups.pullback,
        range=UNIT,
        logs=LogForm(groups.log, groups.log_pullback),
        parameters=tuple(float(width) for width in widths),
    )


@dataclass(frozen=True)
class Groups:
    """Columns 0 .. widths[0] - 1, the next widths[1] columns, and so on; softmax's formulas for each."""

    widths: tuple[int, ...]

    def slices(self) -> Iterator[slice]:
        start = 0
        for width in self.widths:
            yield slice(start, start + width)
            start += width

    def softmax(self, xp: Library, z: Array) -> Array:
        return xp.exp(self.log(xp, z, None))  # F2

    def pullback(self, xp: Library, z: Array, a: Array, g: Array) -> Array:
        parts = [(a[:, s], g[:, s]) for s in self.slices()]
        return xp.concat([p * (q - xp.sum(p * q, axis=1, keepdims=True)) for p, q in parts], axis=1)  # B2

    def log(self, xp: Library, z: Array, a: Array | None) -> Array:
        return xp.concat([z[:, s] - xp.logsumexp(z[:, s]) for s in self.slices()], axis=1)

    def log_pullback(self, xp: Library, z: Array, a: Array, g: Array) -> Array:
        parts = [(a[:, s], g[:, s]) for s in self.slices()]
        return xp.concat([q - p * xp.sum(q, axis=1, keepdims=True) for p, q in parts], axis=1)  # B1
