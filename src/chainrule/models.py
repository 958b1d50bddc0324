"""Save a model to one file and load it again; this module only chooses who does it.

A model has a method ``to_stored`` that says what it stores, arrays and a header, and its class has ``from_stored`` that
builds it again. The header's kind chooses the class, which is imported when a file asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainrule import storage
from chainrule.storage import StorageError, Stored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.network.spec import Network

__all__ = ["Model", "load", "save"]

# kind in the header -> module and class
KINDS = {
    "network": ("chainrule.models", "Model"),
    "table": ("chainrule.table.model", "TableModel"),
    "MLPClassifier": ("chainrule.estimators", "MLPClassifier"),
    "MLPRegressor": ("chainrule.estimators", "MLPRegressor"),
}


@dataclass(frozen=True, eq=False)
class Model:
    """A network and its parameters: what is left of a training run when only predictions are wanted.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network((2, 1), ("identity",), "half_squared_error")
    >>> cr.Model(net, np.array([2.0, 3.0, 1.0])).predict(np.array([[1.0, 1.0]]))
    array([[6.]])
    """

    network: Network
    theta: NDArray[Any]

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """The outputs of the last layer, (N, n_L), for samples X, (N, n_0)."""
        outputs: NDArray[Any] = self.network.predict(self.theta, X)
        return outputs

    def to_stored(self) -> Stored:
        """The network's description and theta."""
        return Stored("network", {"network": self.network.describe()}, {"theta": self.theta})

    @classmethod
    def from_stored(cls, stored: Stored, custom: Iterable[Any] = ()) -> Model:
        """Built again; ValueError when header and arrays do not make a network."""
        return cls(*network_of(stored, custom))


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Save a model to one safetensors file, whole or not at all.

    Parameters
    ----------
    model : object
        What `cr.fit` returns, anything else with a ``network`` and its ``theta``, or a model with ``to_stored``.
    path : str or path
        The file; an existing one is replaced.

    Raises
    ------
    TypeError
        The object is no model.
    OSError
        The file cannot be written; an old one stays as it was.

    Examples
    --------
    >>> import tempfile, numpy as np, chainrule as cr
    >>> net = cr.Network.parse("2-3:tanh-1", loss="half_squared_error")
    >>> model = cr.Model(net, net.initial(seed=0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cr.save(model, f"{folder}/model.safetensors")
    ...     again = cr.load(f"{folder}/model.safetensors")
    >>> print(again.network, bool(np.all(again.theta == model.theta)))
    2-3:tanh-1:identity True
    """
    if not hasattr(model, "to_stored"):
        if not (hasattr(model, "network") and hasattr(model, "theta")):
            raise TypeError(
                f"a {type(model).__name__} is not a model: give what cr.fit returned, a cr.Model(network, theta), "
                "or a fitted estimator"
            )
        model = Model(model.network, model.theta)
    storage.write(path, model.to_stored())


def load(path: str | os.PathLike[str], custom: Iterable[Any] = ()) -> Any:
    """Load what `save` saved. Nothing that a file holds is run.

    Parameters
    ----------
    path : str or path
    custom : iterable of Activation and Loss
        Activations and losses of one's own that the network uses; a file holds only their names.

    Raises
    ------
    OSError
        There is no such file, or it may not be read.
    StorageError
        A ValueError: it is not a model file, it is damaged, or a newer version of chainrule wrote it.

    Examples
    --------
    >>> import tempfile, numpy as np, chainrule as cr
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> cube = cr.Activation("cube", f=lambda xp, z: z**3, df=lambda xp, z, a: 3 * z**2)
    >>> fit = cr.fit(cr.Network((1, 2, 1), (cube, "identity"), "half_squared_error"), X, X**3, epochs=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cr.save(fit, f"{folder}/model.safetensors")
    ...     model = cr.load(f"{folder}/model.safetensors", custom=[cube])
    >>> print(model.network)
    1-2:cube-1:identity
    """
    stored = storage.read(path)
    if stored.kind not in KINDS:
        raise StorageError(
            f"{os.fspath(path)!r} holds a {stored.kind!r}, which this chainrule does not know; "
            f"it knows {', '.join(sorted(KINDS))}"
        )
    module, name = KINDS[stored.kind]
    try:
        return getattr(import_module(module), name).from_stored(stored, custom)
    except ValueError as error:
        raise StorageError(f"{os.fspath(path)!r} does not hold a sound model: {error}") from error


def network_of(stored: Stored, custom: Iterable[Any] = ()) -> tuple[Network, NDArray[Any]]:
    """The network of a header and its theta, checked against each other."""
    from chainrule.network.grammar import UnknownNameError
    from chainrule.network.spec import Network

    description, theta = stored.header.get("network"), stored.arrays.get("theta")
    if not isinstance(description, dict) or theta is None:
        raise ValueError("it has no network or no parameters")
    try:
        network = Network.from_description(description, custom)
    except UnknownNameError as error:
        raise ValueError(f"{error}; hand in one of your own, as in cr.load(path, custom=[snake])") from error
    if theta.shape != (network.n_parameters,) or theta.dtype.kind != "f":
        raise ValueError(
            f"its parameters have shape {theta.shape} and type {theta.dtype}; "
            f"the network {network} has {network.n_parameters} of floats"
        )
    return network, theta
