"""Find out what a target is: classes, a number, a count or several columns; each can be asked for instead.

Counts are told by what every mixture of Poisson distributions obeys, var(t) = E[rate] + var(rate) >= mean(t), and by
what tells them from most scores, ranks, prices and years: they begin near 0, have no common divisor, come again, and
their long tail is on the right, by Pearson's second coefficient 3 (mean - median)/std >= 1/2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.network.grammar import parse_call

from .columns import Column, Table, are_whole, listed, number_text
from .errors import TableError
from .target import MOST_CLASSES, NUMBER_LOSSES, POSITIVE_LOSSES, Target, numbers_of, require_variety

MOST_CLASSES_OF_NUMBERS = 20  # whole numbers with more different values than this are a quantity
MOST_COUNTED = 1e9
FEWEST_COUNTS = 30  # rows that a distribution can be judged by
COUNTS = "its values look like counts: whole, from near 0 on, with a long tail to the right"
_NO_COUNT = re.compile(r"(^|[^a-z])(id|uuid|key|index|code|zip|year|month|day|hour|rank)([^a-z]|$)", re.IGNORECASE)

Array = NDArray[Any]


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
        Of numbers; see `chainrule.table.settings.Settings`. "auto" is poisson for what `looks_like_counts`.

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
    require_variety(column)
    as_classes, reason = _is_classes(column, present, distinct)
    if kind != "auto":
        as_classes, reason = kind == "classes", "as asked"
    target = _learn_classes(column, reason) if as_classes else _learn_numbers(columns, reason)
    return _with_loss(target, columns, loss)


def _is_classes(column: Column, present: Array, distinct: Array) -> tuple[bool, str]:
    """Whether a target is classes rather than a number, and why."""
    if column.kind in ("category", "text"):
        return True, "its values are texts"
    if column.kind == "boolean":
        return True, "its values are true and false"
    if len(distinct) == 2:
        return True, "it has two different values"
    if column.kind == "number" and are_whole(distinct):
        if len(distinct) <= MOST_CLASSES_OF_NUMBERS and len(present) >= 10 * len(distinct):
            return True, "its values are few different whole numbers; as numbers or counts with the kind number"
        return False, "its values are many different whole numbers"
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
    names = tuple(column.name for column in columns)
    return _scaled(Target(names, "numbers", reason, mean=(0.0,) * len(names), std=(1.0,) * len(names)), columns)


def _scaled(target: Target, columns: Sequence[Column]) -> Target:
    return target.scaled_by(Table(tuple(columns), len(columns[0].values)))


def _with_loss(target: Target, columns: Sequence[Column], loss: str) -> Target:
    """The target with a loss of numbers that was asked for, which must suit it, or with the one that counts ask for."""
    if loss == "auto":
        counts = target.kind == "numbers" and len(columns) == 1 and looks_like_counts(columns[0])
        return _scaled(replace(target, reason=COUNTS, number_loss="poisson"), columns) if counts else target
    name = parse_call(loss, "loss")[0]
    if target.kind != "numbers" or name not in NUMBER_LOSSES:
        raise ValueError(f"the loss {loss!r} does not suit {target.described}; for numbers: {', '.join(NUMBER_LOSSES)}")
    if name == "quantile" and not parse_call(loss, "loss")[1]:
        raise ValueError("say which quantiles, as in quantile(0.1, 0.5, 0.9)")
    smallest = min(float(numbers_of(column).min()) for column in columns)
    if name in POSITIVE_LOSSES and (smallest < 0 or (smallest == 0 and name == "gamma")):
        raise TableError(f"the loss {name} takes positive targets; the smallest is {number_text(smallest)}")
    return _scaled(replace(target, number_loss=loss), columns)


def _learn_several(columns: Sequence[Column], kind: str = "auto") -> Target:
    for column in columns:
        require_variety(column)
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


def looks_like_counts(column: Column) -> bool:
    """Whether a column is one of counts, by the rule at the top of this module.

    Examples
    --------
    >>> from chainrule.table.columns import column_of
    >>> rng = np.random.default_rng(0)
    >>> looks_like_counts(column_of("claims", rng.poisson(rng.gamma(2, 5, 500))))
    True
    >>> looks_like_counts(column_of("score", rng.integers(0, 101, 500)))
    False
    """
    t = column.values[~column.missing] if column.kind == "number" else np.empty(0)
    if len(t) < FEWEST_COUNTS or not are_whole(t) or _NO_COUNT.search(column.name):
        return False
    if not 0 <= t.min() <= max(1, t.mean() / 20) or t.max() > MOST_COUNTED or np.gcd.reduce(t.astype(np.int64)) != 1:
        return False
    distinct = len(np.unique(t))
    skew = 3 * (t.mean() - np.median(t)) / t.std()
    chance = 1 + 3 * np.sqrt(2 / len(t))  # three standard errors of a variance
    return bool(2 < distinct <= 0.8 * len(t) and t.var() * chance >= t.mean() and skew >= 0.5)
