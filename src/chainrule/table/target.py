"""What is to be predicted: its kind, its way into T and its way back from the network's outputs.

| kind | T | output, loss |
|---|---|---|
| two classes | 0 or 1 | sigmoid, binary cross-entropy |
| classes | one-hot | softmax, categorical cross-entropy |
| labels (several columns of two classes each) | 0 or 1 each | sigmoid, binary cross-entropy |
| numbers (one or several) | (t - mean)/std | identity, half squared error, or another loss asked for |

With the loss quantile(q1, ..., qk) each number has k outputs side by side, its quantiles. With poisson or gamma numbers
are positive, T is t/mean, and the output is exp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.network.grammar import parse_call

from .columns import Column, Table, listed, number_text, shortened
from .errors import TableError

TargetKind = Literal["two classes", "classes", "labels", "numbers"]
Array = NDArray[Any]

MOST_CLASSES_OF_NUMBERS = 20  # whole numbers with more different values than this are a quantity
MOST_CLASSES = 1_000
POSITIVE_LOSSES = ("poisson", "gamma")
NUMBER_LOSSES = ("half_squared_error", "absolute_error", "huber", "log_cosh", "quantile", *POSITIVE_LOSSES)


@dataclass(frozen=True)
class Target:
    """One or several columns to predict.

    ``classes`` are the labels as texts (two or more of one column; empty for numbers and labels); ``mean`` and ``std``
    have one entry per column of numbers; ``shares`` are those of the classes, or of 1 in each column of labels, among
    the training rows.
    """

    names: tuple[str, ...]
    kind: TargetKind
    reason: str
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    number_loss: str = "half_squared_error"

    def __post_init__(self) -> None:
        """Refuse what no data can have led to: a model file says what it likes."""
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
            return (*self.names, *(f"quantile {level:g} of {name}" for name in self.names for level in self.levels))
        return (*self.names, *(f"probability of {label}" for label in self.classes or self.names))

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles that are predicted, if any."""
        name, levels = parse_call(self.number_loss, "loss")
        return levels if name == "quantile" else ()

    @property
    def n_outputs(self) -> int:
        return len(self.classes) if self.kind == "classes" else len(self.names) * max(1, len(self.levels))

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
        return np.column_stack([_numbers(table[name]) for name in self.names])

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
            quantiles = self.quantiles(outputs).reshape(len(outputs), self.n_outputs) if self.levels else outputs[:, :0]
            columns = [*self.values(outputs).T, *quantiles.T]
        elif self.kind == "labels":
            columns = [*(outputs > 0.5).astype(np.int64).T, *outputs.T]
        else:
            probabilities = self.probabilities(outputs)
            columns = [np.array(self.classes, object)[probabilities.argmax(axis=1)], *probabilities.T]
        return dict(zip(self.columns, columns, strict=True))

    def quantiles(self, outputs: Array) -> Array:
        """The quantiles of numbers in their units, (n, columns, levels), rising with the level in every row."""
        outputs = np.asarray(outputs, np.float64).reshape(len(outputs), len(self.names), max(1, len(self.levels)))
        rising = np.sort(outputs, axis=2)[:, :, np.argsort(np.argsort(self.levels))] if self.levels else outputs
        return np.asarray(rising * np.array(self.std)[:, None] + np.array(self.mean)[:, None])

    def values(self, outputs: Array) -> Array:
        """Numbers in their units, (n, columns); of several quantiles the one nearest the median."""
        middle = int(np.argmin(np.abs(np.array(self.levels) - 0.5))) if self.levels else 0
        return np.asarray(self.quantiles(outputs)[:, :, middle])

    def scaled_by(self, table: Table) -> Target:
        """The same with mean, standard deviation and shares of these rows."""
        if self.kind != "numbers":
            T = self.encode(table)
            ones = tuple(T.mean(axis=0).tolist())
            return replace(self, shares=(1 - ones[0], ones[0]) if self.kind == "two classes" else ones)
        return replace(learn_target(table, self.names, "number", self.number_loss), reason=self.reason)

    def probabilities(self, outputs: Array) -> Array:
        """One column per class, also where the network has one output for two."""
        return np.column_stack([1 - outputs, outputs]) if self.kind == "two classes" else outputs


def rows_with_target(table: Table, names: Sequence[str]) -> NDArray[np.int64]:
    """The rows in which no target is missing."""
    return np.flatnonzero(~np.any([table[name].missing for name in names], axis=0))


def learn_target(table: Table, names: Sequence[str], kind: str = "auto", loss: str = "auto") -> Target:
    """Find out what kind of target the named columns are; mean and standard deviation come from these rows.

    Parameters
    ----------
    table : Table
        Training rows.
    names : names of columns
        One, or several.
    kind : {"auto", "classes", "number"}
        "auto" decides: texts and booleans are classes, so are two different values and few different whole numbers;
        other numbers are numbers.
    loss : str
        Of numbers; see `chainrule.table.settings.Settings`.

    Raises
    ------
    TableError
        There is nothing to learn: no value, one value, as many classes as rows.

    Examples
    --------
    >>> from chainrule.table.columns import table_of
    >>> learn_target(table_of({"y": [1.5, 2.5, 3.5]}), ["y"]).described
    'a number'
    >>> learn_target(table_of({"y": ["yes", "no", "no"]}), ["y"]).described
    "2 classes ('no' and 'yes')"
    """
    columns = [table[name] for name in names]
    if len(columns) > 1:
        return _with_loss(_learn_several(columns, kind), columns, loss)
    (column,) = columns
    present = column.values[~column.missing]
    distinct = np.unique(present)
    _require_variety(column, present, distinct)
    as_classes, reason = _is_classes(column, present, distinct)
    if kind != "auto":
        as_classes, reason = kind == "classes", "as asked"
    target = _learn_classes(column, reason) if as_classes else _learn_numbers(columns, reason)
    return _with_loss(target, columns, loss)


def _require_variety(column: Column, present: Array, distinct: Array) -> None:
    if len(present) == 0:
        raise TableError(f"the target {column.name!r} has no values")
    if len(distinct) == 1:
        only = column.levels[distinct[0]] if column.levels else number_text(float(distinct[0]))
        raise TableError(f"the target {column.name!r} is {shortened(only)!r} in every row; there is nothing to learn")


def _is_classes(column: Column, present: Array, distinct: Array) -> tuple[bool, str]:
    """Whether a target is classes rather than a number, and why."""
    if column.kind in ("category", "text"):
        return True, "its values are texts"
    if column.kind == "boolean":
        return True, "its values are true and false"
    if len(distinct) == 2:
        return True, "it has two different values"
    if column.kind == "number" and not np.any(distinct % 1):
        few = len(distinct) <= MOST_CLASSES_OF_NUMBERS and len(present) >= 10 * len(distinct)
        return few, f"its values are {'few' if few else 'many'} different whole numbers"
    return False, f"it has {len(distinct)} different values"


def _learn_classes(column: Column, reason: str) -> Target:
    texts = column.as_kind("category")
    counts = np.bincount(texts.values[~texts.missing], minlength=len(texts.levels))
    labels = [label for label, count in zip(texts.levels, counts, strict=False) if count]
    if texts.kind == "text" or len(labels) > MOST_CLASSES or len(labels) > max(2, counts.sum() / 2):
        raise TableError(
            f"the target {column.name!r} has {np.count_nonzero(counts)} classes in {counts.sum()} rows; "
            "classes that come once or twice cannot be learned"
        )
    if column.kind != "category":  # numbers as texts: in the order of the numbers
        labels.sort(key=lambda label: float(label) if column.kind == "number" else label)
    return Target((column.name,), "two classes" if len(labels) == 2 else "classes", reason, tuple(labels))


def _learn_numbers(columns: Sequence[Column], reason: str) -> Target:
    values = np.column_stack([_numbers(column) for column in columns])
    std = values.std(axis=0)
    return Target(
        tuple(column.name for column in columns),
        "numbers",
        reason,
        mean=tuple(values.mean(axis=0).tolist()),
        std=tuple(np.where((std > 0) & np.isfinite(std), std, 1.0).tolist()),
    )


def _with_loss(target: Target, columns: Sequence[Column], loss: str) -> Target:
    """The target with a loss of numbers that was asked for, which must suit it."""
    if loss == "auto":
        return target
    name = parse_call(loss, "loss")[0]
    if target.kind != "numbers" or name not in NUMBER_LOSSES:
        raise ValueError(f"the loss {loss!r} does not suit {target.described}; for numbers: {', '.join(NUMBER_LOSSES)}")
    if name == "quantile" and not parse_call(loss, "loss")[1]:
        raise ValueError("say which quantiles, as in quantile(0.1, 0.5, 0.9)")
    if name not in POSITIVE_LOSSES:
        return replace(target, number_loss=loss)
    smallest = min(float(_numbers(column).min()) for column in columns)
    if smallest < 0 or (smallest == 0 and name == "gamma"):
        raise TableError(f"the loss {name} takes positive targets; the smallest is {number_text(smallest)}")
    return replace(target, number_loss=loss, mean=(0.0,) * len(columns), std=target.mean)


def _learn_several(columns: Sequence[Column], kind: str = "auto") -> Target:
    for column in columns:
        present = column.values[~column.missing]
        _require_variety(column, present, np.unique(present))
    names = tuple(column.name for column in columns)
    numeric = all(column.kind in ("number", "boolean") for column in columns)
    if (
        kind != "number"
        and numeric
        and all(np.isin(column.values[~column.missing], (0, 1)).all() for column in columns)
    ):
        return Target(names, "labels", "each column is 0 or 1")
    texts = [column.name for column in columns if column.kind in ("category", "text")]
    if texts:
        raise TableError(
            f"several targets must all be numbers, or all 0 and 1; {listed(texts)} hold texts: train one model for each"
        )
    return _learn_numbers(columns, "several columns")


def _numbers(column: Column) -> Array:
    if column.kind in ("category", "text"):
        column = column.as_kind("number")
        if column.missing.any():
            raise TableError(f"the target {column.name!r} holds texts, not numbers")
    return column.values
