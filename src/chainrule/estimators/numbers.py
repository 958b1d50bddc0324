"""Numbers to predict: what of y the network is trained on, and what its outputs say about y.

With standardised targets t = (y - mean) / scale. A quantile loss has an output for each level, beside each other for
each target; the Gaussian one has the means of all targets, then the logarithms of their variances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.estimators.inputs import spread
from chainrule.network.loss import Loss

__all__ = ["Numbers", "numbers_of"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Numbers:
    """The columns of y, and how they are standardised: mean 0 and scale 1 where they are not.

    Examples
    --------
    >>> numbers = numbers_of(np.array([[0.0], [4.0]]), None, standardize=True)
    >>> numbers.encode(np.array([[0.0], [4.0]])).ravel(), numbers.decode(np.array([[0.5]])).ravel()
    (array([-1.,  1.]), array([3.]))
    """

    mean: Array
    scale: Array

    @property
    def n_targets(self) -> int:
        return len(self.mean)

    def encode(self, y: Array, dtype: Any = np.float64) -> Array:
        """T, (N, targets)."""
        return np.ascontiguousarray((y - self.mean) / self.scale, dtype=dtype)

    def decode(self, Y: Array) -> Array:
        """Predictions (N, targets) or (N, targets, levels) in the units of y."""
        shape = (-1,) + (1,) * (Y.ndim - 2)
        scale, mean = self.scale.reshape(shape).astype(Y.dtype), self.mean.reshape(shape).astype(Y.dtype)
        return Y if (scale == 1).all() and (mean == 0).all() else Y * scale + mean

    def central(self, loss: Loss, Y: Array) -> Array:
        """The prediction of each target, (N, targets): the mean, or the quantile level nearest to the median."""
        if loss.name == "gaussian_nll":
            return self.decode(Y[:, : self.n_targets])
        if loss.name == "quantile":
            middle = int(np.abs(np.array(loss.parameters) - 0.5).argmin())
            return self.decode(self.by_level(loss, Y, sort=False)[:, :, middle])
        return self.decode(Y)

    def by_level(self, loss: Loss, Y: Array, sort: bool = True) -> Array:
        """Quantiles (N, targets, levels); sorted, they cannot cross (Chernozhukov et al. 2010)."""
        quantiles = Y.reshape(len(Y), self.n_targets, len(loss.parameters))
        if sort:
            ranks = np.argsort(np.argsort(loss.parameters))
            quantiles = np.sort(quantiles, axis=2)[:, :, ranks]
        return quantiles

    def deviation(self, Y: Array) -> Array:
        """The standard deviations of a Gaussian output, (N, targets)."""
        spread: Array = np.exp(Y[:, self.n_targets :] / 2) * self.scale.astype(Y.dtype)
        return spread


def numbers_of(y: Array, sample_weight: Array | None, *, standardize: bool) -> Numbers:
    """What to make of y, (N, targets)."""
    if not standardize:
        return Numbers(np.zeros(y.shape[1]), np.ones(y.shape[1]))
    mean = np.average(y, axis=0, weights=sample_weight)
    variance = np.average((y - mean) ** 2, axis=0, weights=sample_weight)
    return Numbers(mean, spread(variance, mean, len(y)))
