"""The namespace ``xp``: NumPy or any Array API library, plus the functions they lack.

Every formula of this package is written once, with ``xp`` as its first argument. The additions
hold for complex numbers as well, in the way the complex-step derivative needs: they branch on the
real part, use neither ``abs`` nor ``conj``, and neither overflow nor lose digits at +-800.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

import numpy as np

Array = Any  # an array of whichever library the caller uses

__all__ = ["NUMPY", "Array", "Library", "is_complex", "namespace"]


class Library:
    """An array library and what it lacks; unknown names are the library's own.

    Parameters
    ----------
    module
        A namespace with the functions of the Python Array API standard.
    """

    def __init__(self, module: Any) -> None:
        self.module = module
        self.is_numpy = module is np
        if self.is_numpy:  # the same functions without the microsecond of NumPy's dispatch
            self.sum, self.max = _numpy_sum, _numpy_max

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.__dict__["module"], name)
        self.__dict__[name] = value  # found without __getattr__ next time
        return value

    def __repr__(self) -> str:
        return f"Library({self.module.__name__})"

    def real(self, z: Array) -> Array:
        """The real part: what a branch may depend on."""
        return self.module.real(z) if is_complex(z) else z

    def where(self, condition: Array, x: Array, y: Array) -> Array:
        """``x`` where the condition holds, else ``y``; either may be a Python number, not both."""
        if self.is_numpy:
            return np.where(condition, x, y)
        if isinstance(x, int | float):
            x = self.module.full_like(y, x)
        if isinstance(y, int | float):
            y = self.module.full_like(x, y)
        return self.module.where(condition, x, y)

    def positive_part(self, z: Array) -> Array:
        """max(z, 0)."""
        if self.is_numpy and not is_complex(z):
            return np.maximum(z, 0)
        return self.where(self.real(z) > 0, z, 0.0)

    def negative_part(self, z: Array) -> Array:
        """min(z, 0); with derivative 1 at 0, where ``positive_part`` has 0: their sum is z for complex z too."""
        if self.is_numpy and not is_complex(z):
            return np.minimum(z, 0)
        return self.where(self.real(z) <= 0, z, 0.0)

    def magnitude(self, z: Array) -> Array:
        """|z| continued to the complex plane as z or -z, so that it can be differentiated."""
        if self.is_numpy and not is_complex(z):
            return np.abs(z)
        return self.where(self.real(z) < 0, -z, z)

    def step(self, z: Array) -> Array:
        """1 where z > 0, else 0: the derivative of ``positive_part``, 0 at 0."""
        if self.is_numpy and not is_complex(z):
            return (z > 0).astype(z.dtype)
        return self.module.astype(self.real(z) > 0, z.dtype)

    def sign_of(self, z: Array) -> Array:
        """-1, 0 or 1 by the real part: the derivative of ``magnitude``, 0 at 0."""
        return self.module.astype(self.module.sign(self.real(z)), z.dtype)

    def log1p(self, z: Array) -> Array:
        """log(1 + z); for complex z without the loss of digits near 0 that the libraries' own has there."""
        if not is_complex(z):
            return self.module.log1p(z)
        x, y = self.module.real(z), self.module.imag(z)
        near = self.module.maximum(self.module.abs(x), self.module.abs(y)) < 0.5
        x, y = self.where(near, x, 0.0), self.where(near, y, 0.0)
        exact = self.module.log1p(x * (2 + x) + y * y) / 2 + 1j * self.module.atan2(y, 1 + x)
        return self.where(near, exact, self.module.log1p(z))

    def sigmoid(self, z: Array) -> Array:
        """1 / (1 + exp(-z)), from the exponential that cannot overflow."""
        decay = self.exp(-self.magnitude(z))  # at 0 the branch is that of magnitude, or the slope there would be turned
        return self.where(self.real(z) >= 0, 1.0, decay) / (1 + decay)

    def softplus(self, z: Array) -> Array:
        """log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|))."""
        size = self.magnitude(z)
        return (z + size) / 2 + self.log1p(self.exp(-size))

    def log_sigmoid(self, z: Array) -> Array:
        """log(1 / (1 + exp(-z))) = -softplus(-z)."""
        return -self.softplus(-z)

    def logsumexp(self, z: Array) -> Array:
        """log sum exp over the last axis, which is kept; the shift is the largest real part."""
        shift = self.module.max(self.real(z), axis=-1, keepdims=True)
        return shift + self.log(self.sum(self.exp(z - shift), axis=-1, keepdims=True))

    def erf(self, z: Array) -> Array:
        """The error function, from the library where it has one, else from SciPy."""
        own = _error_function(self.module.__name__)
        if own is not None:
            return own(z)
        from scipy import special

        return self.module.asarray(special.erf(np.asarray(z)), dtype=z.dtype)


def _numpy_sum(z: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    return np.add.reduce(z, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]  # its stub wants literals


def _numpy_max(z: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    return np.maximum.reduce(z, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]


NUMPY = Library(np)


@lru_cache
def _library(module: Any) -> Library:
    return Library(module)


def _error_function(module: str) -> Any:
    """The library's own erf, looked up among the libraries that are loaded already."""
    for library, place in (("torch", "special"), ("jax", "scipy.special"), ("cupy", "cupyx.scipy.special")):
        if library in module.split(".") and library in sys.modules:
            owner: Any = sys.modules[library]
            if library == "cupy":
                from importlib import import_module

                return import_module(place).erf
            for part in place.split("."):
                owner = getattr(owner, part)
            return owner.erf
    return None


def is_complex(z: Array) -> bool:
    """Whether the elements are complex numbers, in any library."""
    kind = getattr(z.dtype, "kind", None)
    return kind == "c" if kind is not None else "complex" in str(z.dtype)


def namespace(*arrays: Array) -> Library:
    """The namespace that the arrays share.

    Parameters
    ----------
    *arrays
        Arrays of one library; None and Python numbers are passed over.

    Returns
    -------
    Library
        NumPy's for NumPy arrays, else that of ``array_api_compat``.

    Raises
    ------
    TypeError
        If the arrays come from different libraries or from none.

    Examples
    --------
    >>> import numpy as np
    >>> xp = namespace(np.zeros(2))
    >>> xp.sigmoid(np.array([-800.0, 0.0, 800.0]))
    array([0. , 0.5, 1. ])
    """
    if all(type(x) is np.ndarray or x is None for x in arrays):
        return NUMPY
    arrays = tuple(x for x in arrays if x is not None and not isinstance(x, int | float | np.generic))
    if all(isinstance(x, np.ndarray) for x in arrays):
        return NUMPY
    from array_api_compat import array_namespace

    return _library(array_namespace(*arrays))
