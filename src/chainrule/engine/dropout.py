"""Dropout masks from a counter-based generator, so that every engine draws the same ones.

    mask_e = 0 if u_e < floor(rate 2^32) else 1 / (1 - rate)

u_e, the e-th 32-bit number of layer l in update s, comes from Philox4x64-10 with key (seed, 0) and counter
(c, l, s, 0); `chainrule.engine.protocol` says which word is which. Source: Srivastava et al. 2014, in the inverted
form, which needs no scaling at prediction; Salmon et al. 2011 for the generator.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engine.protocol import Array

WORD = 2**32


def mask(rate: float, shape: tuple[int, int], dtype: Any, *, seed: int, layer: int, step: int) -> Array:
    """The factors of one layer's activations in update `step` (from 1).

    Parameters
    ----------
    rate : float in [0, 1)
    shape : (int, int)
        Rows of the mini-batch, units of the layer.
    dtype : dtype
    seed, layer, step : int
        The key and two words of the counter.

    Returns
    -------
    array of `shape`
        0 or 1 / (1 - rate).

    Examples
    --------
    >>> mask(0.5, (2, 4), float, seed=1, layer=0, step=1)
    array([[2., 0., 2., 2.],
           [0., 2., 0., 2.]])
    """
    size = shape[0] * shape[1]
    generator = np.random.Philox(counter=np.array([0, layer, step, 0], np.uint64), key=np.array([seed, 0], np.uint64))
    words = generator.random_raw(-(-size // 2))
    if sys.byteorder == "big":
        words = words.byteswap()
    numbers = words.view("<u4")[:size]
    factors = (numbers >= np.uint32(int(rate * WORD))).astype(dtype)
    factors *= 1.0 / (1.0 - rate)
    return factors.reshape(shape)


def masks(
    rates: Sequence[float], sizes: Sequence[int], rows: int, dtype: Any, *, seed: int, step: int
) -> list[Array | None]:
    """The masks of layers 0 .. L-1; None where the rate is 0."""
    return [
        mask(rate, (rows, sizes[layer]), dtype, seed=seed, layer=layer, step=step) if rate else None
        for layer, rate in enumerate(rates)
    ]
