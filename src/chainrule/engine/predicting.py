"""A prepared predictor: one network and its theta, ready to answer at low latency."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chainrule.engine.choosing import choose
from chainrule.engine.protocol import Array, EngineName
from chainrule.network.spec import Network

__all__ = ["as_rows", "predictor"]


def predictor(network: Network, theta: npt.ArrayLike, *, engine: EngineName = "auto") -> Callable[[Any], Array]:
    """A function from X to the outputs, prepared so that one row takes microseconds.

    The native engine packs the weights once and keeps its buffers. The function belongs to one thread. What becomes of
    theta later does not reach it.

    Parameters
    ----------
    network : Network
    theta : array (n_parameters,)
        float32 or float64; other numbers become float64.
    engine : {"auto", "native", "reference"}

    Returns
    -------
    callable
        ``predict(X)`` gives a_L, (N, n_L), of theta's dtype for X, (N, n_0). It is quickest where X is a C-contiguous
        array of that dtype; lists, whole numbers, other layouts and SciPy's sparse matrices are made one first.

    Raises
    ------
    ValueError
        If the engine is not there, theta has not the length of the network, or, from the function, X has not the
        width of its input layer.

    Notes
    -----
    F1 and F2 (Watters 41, Wichmann 1.4, Menon 1.2).

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network.parse("2-3:tanh-1", loss="half_squared_error")
    >>> predict = cr.predictor(net, net.initial(seed=0))
    >>> predict(np.zeros((1, 2)))
    array([[0.]])
    """
    theta = _parameters(network, theta)
    chosen = choose(engine)
    if chosen.NAME == "native":
        from chainrule.engine.native import Predictor

        return cast("Callable[[Any], Array]", Predictor(network, theta))
    return lambda X: chosen.predict(network, theta, as_rows(network, X, theta.dtype))


def as_rows(network: Network, X: Any, dtype: Any) -> Array:
    """X, (N, n_0), as a C-contiguous array of that dtype; N may be 0.

    Examples
    --------
    >>> as_rows(Network.parse("2-1", loss="half_squared_error"), [[1, 2]], np.float32)
    array([[1., 2.]], dtype=float32)
    """
    rows = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"X holds {rows.dtype}, expected real numbers; give every row the same length")
    if rows.ndim != 2 or rows.shape[1] != network.sizes[0]:
        hint = "; one sample is X[None, :]" if rows.ndim == 1 else ""
        raise ValueError(
            f"X has shape {rows.shape}, but the network {network} takes {network.sizes[0]} inputs: "
            f"expected (N, {network.sizes[0]}), samples as rows{hint}"
        )
    return np.ascontiguousarray(rows, dtype)


def _parameters(network: Network, theta: npt.ArrayLike) -> Array:
    """A copy of theta in float32 or float64."""
    given = np.asarray(theta)
    if given.dtype.kind not in "biuf" or given.shape != (network.n_parameters,):
        raise ValueError(
            f"theta holds {given.dtype} in shape {given.shape}; the network {network} takes numbers in shape "
            f"({network.n_parameters},)"
        )
    return given.astype(np.float32 if given.dtype == np.float32 else np.float64)
