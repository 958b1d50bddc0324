"""What is to be predicted: its kind, its way into T and its way back from the network's outputs.

| kind | T | output, loss |
|---|---|---|
| two classes | 0 or 1 | sigmoid, binary cross-entropy |
| classes | one-hot | softmax, categorical cross-entropy |
| labels (several columns of two classes each) | 0 or 1 each | sigmoid, binary cross-entropy |
| numbers (one or several) | (t - mean)/std | identity, half squared error, or another loss asked for |

With the loss quantile(q1, ..., qk) each number has k outputs side by side, its quantiles. With gaussian_nll it has two,
mean m and log variance v, all means first: its quantile q is m + exp(v/2) Phi^-1(q). With poisson or gamma numbers are
positive, T is t/mean, and the output is exp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.network.grammar import parse_call
from chainrule.network.loss import loss as loss_named

from .columns import Column, Table, listed, number_text, shortened
from .errors import TableError

TargetKind = Literal["two classes", "classes", "labels", "numbers"]
Array = NDArray[Any]

MOST_CLASSES = 1_000
POSITIVE_LOSSES = ("poisson", "gamma")
ANY_SIGN = ("half_squared_error", "absolute_error", "huber", "log_cosh", "quantile", "gaussian_nll")
NUMBER_LOSSES = (*ANY_SIGN, *POSITIVE_LOSSES)


@dataclass(frozen=True)
class Target:
    """One or several columns to predict.

    ``classes`` are the labels as texts (two or more of one column; empty for numbers and labels); ``mean`` and ``std``
    have one entry per column of numbers; ``shares`` are those of the classes, or of 1 in each column of labels, among
    the training rows. ``interval`` is how much of a normal distribution the interval of gaussian_nll holds.
    """

    names: tuple[str, ...]
    kind: TargetKind
    reason: str
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    number_loss: str = "half_squared_error"
    interval: float = 0.9

    def __post_init__(self) -> None:
        """Refuse what no data can have led to: a model file says what it likes."""
        if not 0 < self.interval < 1:
            raise ValueError(f"an interval holds a share between 0 and 1 of the values, not {self.interval!r}")
        n, columns = len(self.names), self.columns
        twice = [name for j, name in enumerate(columns) if name in columns[:j]]
        if twice:
            raise TableError(f"predictions would have two columns {listed(twice)}: name each target once, or rename it")
        classes = {"two classes": (2, 2), "classes": (2, MOST_CLASSES)}.get(self.kind, (0, 0))
        numbers = n if self.kind == "numbers" else 0
        sound = (
            (n == 1 if self.classes else n > 0)
            and classes[0] <= len(set(self.classes)) == len(self.classes) <= classes[1]
            and len(self.mean) == len(self.std) == numbers
            and len(self.shares) in (0, 0 if self.kind == "numbers" else len(self.classes) or n)
            and parse_call(self.number_loss, "loss")[0] in NUMBER_LOSSES
        )
        if not sound:
            raise ValueError(f"names, classes, mean, std and shares do not make a target of kind {self.kind!r}")
        if not (np.isfinite([*self.mean, *self.std, *self.shares]).all() and all(std > 0 for std in self.std)):
            raise ValueError(f"mean {self.mean} and std {self.std} must be finite, and std positive")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that `decode` gives."""
        if self.kind == "numbers":
            deviations = (f"standard deviation of {name}" for name in self.names if self.gaussian)
            quantiles = (f"quantile {level:g} of {name}" for name in self.names for level in self.levels)
            return (*self.names, *deviations, *quantiles)
        return (*self.names, *(f"probability of {label}" for label in self.classes or self.names))

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles that are predicted, if any."""
        name, levels = parse_call(self.number_loss, "loss")
        if self.gaussian:
            return ((1 - self.interval) / 2, (1 + self.interval) / 2)
        return levels if name == "quantile" else ()

    @property
    def gaussian(self) -> bool:
        """Whether the network gives the mean and the logarithm of the variance of each number."""
        return self.number_loss == "gaussian_nll"

    @property
    def n_outputs(self) -> int:
        if self.kind == "numbers":
            return len(self.names) * self._outputs_each
        return len(self.classes) if self.kind == "classes" else len(self.names)

    @property
    def _outputs_each(self) -> int:
        return loss_named(self.number_loss).outputs_per_target

    @property
    def output(self) -> str:
        """Activation of the last layer."""
        number = "exp" if self.number_loss in POSITIVE_LOSSES else "identity"
        return {"classes": "softmax", "numbers": number}.get(self.kind, "sigmoid")

    @property
    def loss(self) -> str:
        by_kind = {"classes": "categorical_cross_entropy", "numbers": self.number_loss}
        return by_kind.get(self.kind, "binary_cross_entropy")

    @property
    def described(self) -> str:
        """The kind in a few words, as the command says it."""
        if self.kind in ("classes", "two classes"):
            return f"{len(self.classes)} classes ({listed(self.classes)})"
        if self.kind == "labels":
            return f"{len(self.names)} columns of two classes each"
        return "a number" if len(self.names) == 1 else f"{len(self.names)} numbers"

    def encode(self, table: Table) -> Array:
        """T of a table whose rows all have a target, (n, n_outputs)."""
        if self.kind == "numbers":
            return np.asarray((self.numbers(table) - self.mean) / self.std)
        if self.kind == "labels":
            return self.numbers(table)
        codes = self.codes(table)
        return codes[:, None].astype(np.float64) if self.kind == "two classes" else np.eye(len(self.classes))[codes]

    def numbers(self, table: Table) -> Array:
        """The targets of a table in their units, (n, columns); texts are an error."""
        return np.column_stack([numbers_of(table[name]) for name in self.names])

    def codes(self, table: Table) -> NDArray[np.int64]:
        """For each row the number of its class; no class, or one that training did not see, is an error."""
        column = table[self.names[0]].as_kind("category")
        if column.missing.any():
            raise TableError(f"{column.missing.sum()} rows of {table.source} have no {column.name!r}; leave them out")
        if column.kind == "text":
            raise TableError(f"{column.name!r} of {table.source} holds text; {listed(self.classes)} were expected")
        place = {label: j for j, label in enumerate(self.classes)}
        unknown = [column.levels[j] for j in np.unique(column.values) if column.levels[j] not in place]
        if unknown:
            raise TableError(f"{table.source} has the classes {listed(unknown)}, which the model never saw")
        codes = np.array([place.get(level, -1) for level in column.levels], np.int64)
        return np.asarray(codes[column.values])

    def decode(self, outputs: Array) -> dict[str, Array]:
        """Named columns of predictions from the network's outputs (n, n_outputs), in the target's labels and units.

        Examples
        --------
        >>> target = Target(("fruit",), "two classes", "", ("apple", "pear"))
        >>> {name: column.tolist() for name, column in target.decode(np.array([[0.25], [0.75]])).items()}
        {'fruit': ['apple', 'pear'], 'probability of apple': [0.75, 0.25], 'probability of pear': [0.25, 0.75]}
        """
        if self.kind == "numbers":
            deviations = self.deviations(outputs).T if self.gaussian else ()
            quantiles = np.concatenate(self.quantiles(outputs).transpose(1, 2, 0)) if self.levels else ()
            columns = [*self.values(outputs).T, *deviations, *quantiles]
        elif self.kind == "labels":
            columns = [*(outputs > 0.5).astype(np.int64).T, *outputs.T]
        else:
            probabilities = self.probabilities(outputs)
            columns = [np.array(self.classes, object)[probabilities.argmax(axis=1)], *probabilities.T]
        return dict(zip(self.columns, columns, strict=True))

    def quantiles(self, outputs: Array) -> Array:
        """The quantiles of numbers in their units, (n, columns, levels), rising with the level in every row."""
        if self.gaussian:
            places = np.array([NormalDist().inv_cdf(level) for level in self.levels])
            return np.asarray(self.values(outputs)[:, :, None] + self.deviations(outputs)[:, :, None] * places)
        by_level = self._in_units(outputs, self._outputs_each)
        return np.sort(by_level, axis=2)[:, :, np.argsort(np.argsort(self.levels))] if self.levels else by_level

    def values(self, outputs: Array) -> Array:
        """Numbers in their units, (n, columns); of several quantiles the one nearest the median."""
        if self.gaussian:
            return self._in_units(outputs[:, : len(self.names)], 1)[:, :, 0]
        middle = int(np.argmin(np.abs(np.array(self.levels) - 0.5))) if self.levels else 0
        return np.asarray(self.quantiles(outputs)[:, :, middle])

    def deviations(self, outputs: Array) -> Array:
        """The standard deviations that gaussian_nll gives, in the units of the numbers, (n, columns)."""
        log_variance = np.asarray(outputs, np.float64)[:, len(self.names) :]
        return np.asarray(np.exp(log_variance / 2) * np.array(self.std))

    def _in_units(self, outputs: Array, each: int) -> Array:
        """(n, columns, outputs of each)."""
        by_column = np.asarray(outputs, np.float64).reshape(len(outputs), len(self.names), each)
        return np.asarray(by_column * np.array(self.std)[:, None] + np.array(self.mean)[:, None])

    def scaled_by(self, table: Table) -> Target:
        """The same with mean, standard deviation and shares of these rows."""
        if self.kind != "numbers":
            T = self.encode(table)
            ones = tuple(T.mean(axis=0).tolist())
            return replace(self, shares=(1 - ones[0], ones[0]) if self.kind == "two classes" else ones)
        for name in self.names:
            require_variety(table[name])
        values = self.numbers(table)
        if self.output == "exp":
            return replace(self, mean=(0.0,) * len(self.names), std=tuple(values.mean(axis=0).tolist()))
        std = values.std(axis=0)
        std = np.where((std > 0) & np.isfinite(std), std, 1.0)
        return replace(self, mean=tuple(values.mean(axis=0).tolist()), std=tuple(std.tolist()))

    def probabilities(self, outputs: Array) -> Array:
        """One column per class, also where the network has one output for two."""
        return np.column_stack([1 - outputs, outputs]) if self.kind == "two classes" else outputs


def rows_with_target(table: Table, names: Sequence[str]) -> NDArray[np.int64]:
    """The rows in which no target is missing."""
    return np.flatnonzero(~np.any([table[name].missing for name in names], axis=0))


def numbers_of(column: Column) -> Array:
    """The values of a target; texts that are not all numbers are an error."""
    if column.kind in ("category", "text"):
        column = column.as_kind("number")
        if column.missing.any():
            raise TableError(f"the target {column.name!r} holds texts, not numbers")
    return column.values


def require_variety(column: Column) -> None:
    """Refuse a target without values, or with one value only."""
    present = column.values[~column.missing]
    if len(present) == 0:
        raise TableError(f"the target {column.name!r} has no values")
    if np.all(present == present[0]):
        only = column.levels[present[0]] if column.levels else number_text(float(present[0]))
        raise TableError(
            f"the target {column.name!r} is {shortened(only)!r} in every row; there is nothing to learn from one class"
            " or one value"
        )
