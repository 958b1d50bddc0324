"""A network between two translations: from the columns of a table to X, and from its outputs to labels and units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.models import network_of
from chainrule.storage import Stored

from .columns import Table, column_of, listed, table_of
from .encoder import Encoder, row_blocks
from .errors import TableError
from .numerals import all_number_texts
from .records import from_json, to_json
from .scores import score
from .target import Target, rows_with_target

if TYPE_CHECKING:
    from chainrule.network.spec import Network


@dataclass(frozen=True, eq=False)
class Judged:
    """Of ``n_given`` rows those with a target: labels as texts (n,), or a column for each target; and chances."""

    n_given: int
    answers: NDArray[Any]
    truth: NDArray[Any]
    probabilities: NDArray[Any] | None


@dataclass(frozen=True, eq=False)
class TableModel:
    """What a table was learned to: all that predicting needs, in one object and one file.

    ``record`` says how it was made (settings, rows, scores); nothing is computed from it.
    """

    encoder: Encoder
    target: Target
    network: Network
    theta: NDArray[Any]
    record: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        widths = (self.encoder.n_outputs, self.target.n_outputs)
        if (self.network.sizes[0], self.network.sizes[-1]) != widths:
            raise ValueError(f"the network {self.network} does not fit {widths[0]} inputs and {widths[1]} outputs")

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns, the target's too, whose values are texts even where they look like numbers: 01 is not 1."""
        columns = tuple(feature.name for feature in self.encoder.features if not getattr(feature, "numeric", True))
        classes = self.target.classes
        return (*columns, *self.target.names) if classes and not all_number_texts(classes) else columns

    def inputs(self, data: Any) -> NDArray[Any]:
        """X of a table, in the type of the parameters."""
        return self.encoder.transform(table_of(data), self.theta.dtype)

    def outputs(self, data: Any) -> NDArray[Any]:
        """What the network gives for each row, (n, n_outputs)."""
        from chainrule.engine.choosing import choose

        table, engine = table_of(data), choose("auto")
        pieces = [
            engine.predict(
                self.network, self.theta, self.inputs(table.take(rows))
            )  # memory does not grow with the table
            for rows in row_blocks(table)
        ]
        return np.concatenate(pieces) if pieces else np.empty((0, self.network.sizes[-1]), self.theta.dtype)

    def predict(self, data: Any, *, interval: float | None = None) -> dict[str, NDArray[Any]]:
        """Columns of predictions: labels and probabilities, or numbers in the target's units.

        Parameters
        ----------
        data : Table, mapping of name to sequence, data frame or array
            Every column the model uses, in any order; others are ignored.
        interval : float, optional
            The share of the values that the interval of gaussian_nll is to hold, by default 0.9.

        Raises
        ------
        TableError
            Columns are missing; the message names them.
        ValueError
            An interval is asked for that was not learned, or not between 0 and 1.
        """
        return self.with_interval(interval).target.decode(self.outputs(data))

    def with_interval(self, interval: float | None) -> TableModel:
        """The same model with intervals of another width; None changes nothing."""
        if interval is None:
            return self
        if not self.target.gaussian:
            raise ValueError(
                f"the model has the loss {self.target.loss}, which gives no interval of any width: train with the loss "
                "gaussian_nll, or with the quantiles wanted, as in quantile(0.05, 0.5, 0.95)"
            )
        return replace(self, target=replace(self.target, interval=interval))

    def score(self, data: Any) -> dict[str, float]:
        """Scores by name for the rows of a table that have a target; TableError when there are none."""
        table = table_of(data)
        table = table.take(rows_with_target(table, self.target.names))
        if table.n_rows == 0:
            raise TableError(f"{table.source} has no row with a target")
        return score(self.target, self.outputs(table), table)

    def judged(self, data: Any, truth: Any = None) -> Judged:
        """Predictions beside what is true, for the rows that have a target.

        Parameters
        ----------
        data : as for `predict`
            With the columns of the target, unless these are given apart.
        truth : array (n,) or (n, targets), optional
            Labels or numbers.

        Raises
        ------
        TableError
            There is no row with a target, or ``truth`` has another number of rows or columns.
        """
        names, table = self.target.names, table_of(data)
        if truth is not None:
            table = _with_columns(table, names, truth)
        known = table.take(rows_with_target(table, names))
        if known.n_rows == 0:
            raise TableError(f"{table.source} has no row with a target")
        outputs = self.outputs(known)
        columns = self.target.decode(outputs)
        answers = columns[names[0]] if self.target.classes else np.column_stack([columns[name] for name in names])
        if not self.target.classes:
            return Judged(table.n_rows, answers, self.target.numbers(known), None)
        labels = np.array(self.target.classes, object)[self.target.codes(known)]
        return Judged(table.n_rows, answers, labels, self.target.probabilities(outputs))

    def to_stored(self) -> Stored:
        """Everything but theta is in the header, to be read by people as well."""
        header = {
            "network": self.network.describe(),
            "target": to_json(self.target),
            "table": self.encoder.to_json(),
            "record": dict(self.record),
        }
        return Stored("table", header, {"theta": self.theta})

    @classmethod
    def from_stored(cls, stored: Stored, custom: Iterable[Any] = ()) -> TableModel:
        """Built again; ValueError when the parts do not fit."""
        network, theta = network_of(stored, custom)
        table, record = stored.header.get("table"), stored.header.get("record", {})
        if not isinstance(table, Mapping) or not isinstance(record, Mapping):
            raise ValueError("its table is missing")
        if not all(isinstance(record.get(key, {}), Mapping) for key in ("settings", "rows", "scores")):
            raise ValueError("its record is not one that training writes")
        if not all(isinstance(scores, Mapping) for scores in record.get("scores", {}).values()):
            raise ValueError("its scores are not those of parts of the rows")
        target = from_json(Target, stored.header.get("target"))
        return cls(Encoder.from_json(table), target, network, theta, record)


def _with_columns(table: Table, names: tuple[str, ...], values: Any) -> Table:
    """The table with columns of these names, instead of its own."""
    values = np.asarray(values).reshape(len(values), -1)
    if values.shape != (table.n_rows, len(names)):
        raise TableError(
            f"X has {table.n_rows} rows and T has shape {values.shape}; {listed(names)} of each were expected"
        )
    columns = (column_of(name, column) for name, column in zip(names, values.T, strict=True))
    return replace(table, columns=(*table.without(names).columns, *columns))
