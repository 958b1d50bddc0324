"""What is done to X before the network sees it, on wish: gaps filled and marked, columns standardised.

A gap takes the mean of its column, and each column that had gaps gets a companion, 1 where there was one, so that the
network may learn from the gap itself. A masked array's mask marks gaps, too. A column that varies no more than rounding
makes a constant vary keeps its scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Preparation", "preparation_of", "spread", "without_mask"]

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
            X = ((X - self.mean) / self.scale).astype(X.dtype, copy=False)  # a scale may vanish in float32
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
    weight = known.astype(np.float64) * (1.0 if sample_weight is None else sample_weight[:, None])
    total = weight.sum(axis=0)
    values = np.where(known, X, 0.0)
    mean = (values * weight).sum(axis=0) / np.where(total > 0, total, 1.0)
    fill, gaps = (mean, np.flatnonzero(~known.all(axis=0))) if impute else (None, np.empty(0, np.intp))
    if not standardize:
        return Preparation(fill, gaps)
    variance = (weight * (values - mean) ** 2).sum(axis=0) / np.where(total > 0, total, 1.0)
    return Preparation(fill, gaps, mean, spread(variance, mean, known.sum(axis=0)))


def _scale_of_sparse(X: Any, sample_weight: Array | None) -> Array:
    """Standard deviations; the zeros of a sparse matrix stay zeros, so nothing is centred."""
    from sklearn.utils.sparsefuncs import mean_variance_axis

    weight = None if sample_weight is None else sample_weight.astype(np.float64)
    mean, variance = mean_variance_axis(X.astype(np.float64), axis=0, weights=weight)  # squares overflow float32 soon
    return spread(variance, mean, X.shape[0])


def spread(variance: Array, mean: Array, n_samples: Any) -> Array:
    """Standard deviations to divide by, 1 for columns that do not vary.

    Of a constant, rounding leaves a variance of up to n eps variance + (n eps mean)^2. Source: Chan, Golub and LeVeque
    1983 (errors of the two-pass algorithm), the bound of scikit-learn's StandardScaler.

    Examples
    --------
    >>> spread(np.array([4.0, 1e-32, 1e-32]), np.array([1.0, 0.0, 1e8]), 100)
    array([2.e+00, 1.e-16, 1.e+00])
    """
    eps = np.finfo(np.float64).eps
    varies = variance > n_samples * eps * variance + (n_samples * eps * mean) ** 2
    return np.where(varies, np.sqrt(variance), 1.0)


def without_mask(values: Any, name: str, *, fill: bool = False) -> Any:
    """A masked array as a plain one: what is masked becomes NaN if gaps may be filled; anything else as it is.

    Raises
    ------
    ValueError
        If something is masked that nothing may be put in place of.

    Examples
    --------
    >>> without_mask(np.ma.masked_equal([1, 2, -9], -9), "X", fill=True)
    array([ 1.,  2., nan])
    """
    if not isinstance(values, np.ma.MaskedArray):
        return values
    masked = int(np.ma.getmaskarray(values).sum())
    if not masked:
        return values.data
    if not fill:
        remedy = ', or give the model missing="impute"' if name == "X" else ""
        raise ValueError(f"{name} is a masked array with {masked} masked value(s): leave those rows out{remedy}")
    dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    return np.where(np.ma.getmaskarray(values), dtype.type(np.nan), np.ma.getdata(values).astype(dtype))
