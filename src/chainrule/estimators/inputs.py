"""What is done to X before the network sees it, on wish: gaps filled and marked, columns standardised.

A gap takes the mean of its column, and each column that had gaps gets a companion, 1 where there was one, so that the
network may learn from the gap itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Preparation", "preparation_of"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Preparation:
    """Learned from the data of the first fit: x = (filled x - mean) / scale, then the companions of `gaps`.

    Examples
    --------
    >>> X = np.array([[1.0, 5.0], [np.nan, 7.0], [3.0, 6.0]])
    >>> preparation_of(X, None, impute=True, standardize=False).apply(X)
    array([[1., 5., 0.],
           [2., 7., 1.],
           [3., 6., 0.]])
    """

    fill: Array | None = None
    gaps: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    mean: Array | None = None
    scale: Array | None = None

    def width(self, n_features: int) -> int:
        """Columns after the preparation."""
        return n_features + len(self.gaps)

    def apply(self, X: Any) -> Any:
        """X as the network takes it: C-contiguous, or a CSR array."""
        if hasattr(X, "tocsr"):
            return self._sparse(X)
        mask = np.isnan(X[:, self.gaps]) if len(self.gaps) else None
        if self.fill is not None:
            X = np.where(np.isnan(X), self.fill.astype(X.dtype), X)
        if self.scale is not None and self.mean is not None:
            X = (X - self.mean.astype(X.dtype)) / self.scale.astype(X.dtype)
        return np.ascontiguousarray(X if mask is None else np.hstack([X, mask.astype(X.dtype)]))

    def _sparse(self, X: Any) -> Any:
        from scipy.sparse import csr_array

        rows = csr_array(X)
        return rows if self.scale is None else csr_array(rows.multiply(1.0 / self.scale), dtype=X.dtype)


def preparation_of(X: Any, sample_weight: Array | None, *, impute: bool, standardize: bool) -> Preparation:
    """Learn what to fill in and how to scale.

    Raises
    ------
    ValueError
        If gaps shall be filled in a sparse matrix.
    """
    if hasattr(X, "tocsr"):
        if impute:
            raise ValueError('missing="impute" takes a dense X; a sparse matrix has zeros where it has nothing')
        return Preparation(scale=_scale_of_sparse(X, sample_weight) if standardize else None)
    known = ~np.isnan(X)
    weight = known * (1.0 if sample_weight is None else sample_weight[:, None])
    total = weight.sum(axis=0)
    values = np.where(known, X, 0.0)
    mean = (values * weight).sum(axis=0) / np.where(total > 0, total, 1.0)
    fill, gaps = (mean, np.flatnonzero(~known.all(axis=0))) if impute else (None, np.empty(0, np.intp))
    if not standardize:
        return Preparation(fill, gaps)
    variance = (weight * (values - mean) ** 2).sum(axis=0) / np.where(total > 0, total, 1.0)
    return Preparation(fill, gaps, mean, _nonzero(np.sqrt(variance)))


def _scale_of_sparse(X: Any, sample_weight: Array | None) -> Array:
    """Standard deviations; the zeros of a sparse matrix stay zeros, so nothing is centred."""
    weight = np.ones(X.shape[0]) if sample_weight is None else sample_weight
    mean = X.T @ weight / weight.sum()
    return _nonzero(np.sqrt(np.maximum(X.multiply(X).T @ weight / weight.sum() - mean**2, 0.0)))


def _nonzero(scale: Array) -> Array:
    """1 for a column that does not vary; the bound is what rounding leaves of a constant."""
    return np.where(scale > 10 * np.finfo(np.float64).eps, scale, 1.0)
