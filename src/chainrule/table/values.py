"""Texts read one by one as the kind of value that a model's column has, whatever stands beside them.

A column that is read as a whole shows its kind by all of its values; here the kind is known, so a text means the same
in every block of rows.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import time
from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import Column
from .features import Category, Feature, Hashed
from .frames import require_polars, text_column
from .numerals import as_number_text, plain

if TYPE_CHECKING:
    import polars

_DAY_FIRST = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})"
_YEAR_FIRST = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d.*))?$"
_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S%.f", "%+", "%Y-%m-%d %H:%M", "%Y-%m-%d %H%M%S", "%Y%m%dT%H%M%S")
_WORDS = {"true": 1.0, "false": 0.0}


def column_of_texts(feature: Feature, texts: polars.Series, decimal: str | None = None) -> tuple[Column, int]:
    """A column of the kind that a feature expects, and how many of the texts cannot be read so: these are missing.

    Examples
    --------
    >>> import polars
    >>> from chainrule.table.features import Number
    >>> age = Number("age", "number", median=40, mean=40, std=10, indicator=False)
    >>> column, lost = column_of_texts(age, polars.Series(["31", None, "4e1", "old"]))
    >>> column.values, lost
    (array([31., nan, 40., nan]), 1)
    """
    if feature.kind == "category":
        return _category(feature, texts), 0
    values = _seconds(texts) if feature.kind == "date" else _numbers(plain(texts, decimal))
    lost = int(np.isnan(values).sum()) - texts.null_count()
    return Column(feature.name, feature.kind, values), lost


def _category(feature: Feature, texts: polars.Series) -> Column:
    """Where training read numbers, 01 and 1.0 are 1."""
    column = text_column(texts.alias(feature.name))
    if isinstance(feature, Category | Hashed) and feature.numeric:
        return replace(column, levels=tuple(map(as_number_text, column.levels)))
    return column


def _numbers(texts: polars.Series) -> Any:
    """Numbers, truth values, and times of the day in seconds."""
    polars = require_polars()
    series = texts.cast(polars.Float64, strict=False)
    values = series.fill_null(math.nan).to_numpy().copy()
    for i in np.flatnonzero((series.is_null() & texts.is_not_null()).to_numpy()):
        values[i] = _number(texts[int(i)])
    return values


def _number(text: str) -> float:
    try:
        return _WORDS[text.lower()] if text.lower() in _WORDS else float(text)
    except ValueError:
        return _time(text)


def _time(text: str) -> float:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return math.nan
    return found.hour * 3600 + found.minute * 60 + found.second + found.microsecond / 1e6


def _seconds(texts: polars.Series) -> Any:
    """Seconds since 1970; a time without a zone is one of UTC."""
    polars = require_polars()
    dates = texts.str.replace(_DAY_FIRST, "${3}-${2}-${1}").str.replace(_YEAR_FIRST, "${1}-${2}-${3} ${4}")
    dates, found = dates.str.strip_chars(), polars.Series([None] * len(texts), dtype=polars.Int64)
    for form in _DATES:
        if found.null_count() == texts.null_count():
            break
        read = dates.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        found = found.fill_null(read.dt.epoch("us"))
    return found.cast(polars.Float64).fill_null(math.nan).to_numpy() / 1e6
