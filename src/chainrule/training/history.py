"""What training tells: one frozen record for each epoch, and their history."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Epoch:
    """One epoch of training, as a callback sees it.

    Parameters
    ----------
    number : int
        From 1, counted on when training goes on from a state.
    loss : float
        Mean of J over the epoch's mini-batches, by their weights, penalties included, each before its update.
    validation : float or None
        J of the validation set after the epoch, without penalties.
    score : float or None
        What the function given as `score` returned; greater is better.
    gradient_norm : float
        Mean of ``|g|`` over the epoch's updates, before clipping.
    gradient_norms : tuple of float
        ``|g|`` of each layer's parameters (l = 1..L) in the epoch's last update, after clipping.
    learning_rate : float or None
        That of the epoch's last update; None for L-BFGS.
    updates : int
        Updates made since training began.
    seconds : float
        Time since training began.
    theta : array (n_parameters,) or None
        A read-only view of the parameters, good until the callback returns; copy what you keep. None in a history.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> net = cr.Network.parse("1-1", loss="half_squared_error")
    >>> good = lambda epoch: epoch.loss < 1e-3
    >>> fit = cr.fit(net, np.ones((4, 1)), np.ones(4), optimizer=cr.SGD(0.3), epochs=100, callbacks=good)
    >>> fit.stopped, bool(fit.history[-1].loss < 1e-3)
    ('callback', True)
    """

    number: int
    loss: float
    validation: float | None
    score: float | None
    gradient_norm: float
    gradient_norms: tuple[float, ...]
    learning_rate: float | None
    updates: int
    seconds: float
    theta: Array | None = field(default=None, repr=False)

    @property
    def watching(self) -> str:
        """What early stopping and plateaus look at: "score" where there is one, else "validation", else "loss"."""
        if self.score is not None:
            return "score"
        return "loss" if self.validation is None else "validation"

    @property
    def watched(self) -> float:
        """The number they look at, lower is better: the score with its sign turned."""
        return -self.score if self.score is not None else getattr(self, self.watching)


COLUMNS = tuple(field.name for field in fields(Epoch) if field.name != "theta")


@dataclass(frozen=True)
class History:
    """The epochs of a training run: a sequence of `Epoch` records, with columns by name.

    Examples
    --------
    >>> record = Epoch(1, 0.5, None, None, 1.0, (1.0,), 0.1, 10, 0.02)
    >>> history = History((record,))
    >>> len(history), history[0].loss, history.loss, history.validation
    (1, 0.5, array([0.5]), array([nan]))
    >>> History.from_json(history.to_json()).loss
    array([0.5])
    """

    epochs: tuple[Epoch, ...] = ()

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    @overload
    def __getitem__(self, place: int) -> Epoch: ...
    @overload
    def __getitem__(self, place: slice) -> "History": ...
    def __getitem__(self, place: int | slice) -> "Epoch | History":
        return History(self.epochs[place]) if isinstance(place, slice) else self.epochs[place]

    def __getattr__(self, name: str) -> Array:
        if name not in COLUMNS:
            raise AttributeError(f"a history has no column {name!r}; its columns are {', '.join(COLUMNS)}")
        return self.column(name)

    def column(self, name: str) -> Array:
        """One field of all epochs, (epochs,) or (epochs, L) for gradient_norms; NaN where there was none."""
        values = [getattr(epoch, name) for epoch in self.epochs]
        return np.array([math.nan if value is None else value for value in values])

    def to_json(self, indent: int | None = None) -> str:
        """A JSON array with one object for each epoch; numbers that are not finite become null."""
        rows = [{name: _plain(value) for name, value in asdict(epoch).items() if name in COLUMNS} for epoch in self]
        return json.dumps(rows, indent=indent, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "History":
        """What `to_json` wrote."""
        rows = json.loads(text)
        return cls(tuple(Epoch(**{**row, "gradient_norms": tuple(row["gradient_norms"])}) for row in rows))


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
