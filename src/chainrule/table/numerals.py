"""Numbers as people write them: 1,234.5 and 1 234.5 where a point is the decimal mark, 1.234,5 where a comma is.

Between thousands stand groups of three digits, and the first group does not begin with 0. In 1,234 the decimal mark
decides: it is known of the file, or of the delimiter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .columns import number_text

if TYPE_CHECKING:
    import polars

DECIMAL_COMMA = r"^[+-]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+),\d+(?:[eE][+-]?\d+)?$"
_SPACES = " '’\u00a0\u202f"


def grouped(texts: polars.Series, decimal: str | None) -> polars.Series:
    """Which texts are numbers with something between their thousands, (n,) booleans.

    Examples
    --------
    >>> import polars
    >>> grouped(polars.Series(["1,234", "12 345.6", "-1,234,567", "12,34", "0,123", "1.234", None]), ".").to_list()
    [True, True, True, False, False, False, False]
    >>> grouped(polars.Series(["1.234", "1.234.567,8", "1,234"]), ",").to_list()
    [True, True, False]
    """
    between, mark = (r"\.", ",") if decimal == "," else (",", r"\.")
    pattern = rf"^[+-]?[1-9]\d{{0,2}}(?:(?:{between}\d{{3}})+|(?:[{_SPACES}]\d{{3}})+)(?:{mark}\d+)?$"
    return texts.str.contains(pattern).fill_null(value=False)


def plain(texts: polars.Series, decimal: str | None) -> polars.Series:
    """Texts with their numbers written as Python reads them, others unchanged but for a decimal comma.

    Examples
    --------
    >>> import polars
    >>> plain(polars.Series(["1.234,5", "3,5", "1 000"]), ",").to_list()
    ['1234.5', '3.5', '1000']
    """
    between = f"[.{_SPACES}]" if decimal == "," else f"[,{_SPACES}]"
    where = grouped(texts, decimal)
    if where.any():
        texts = texts.str.replace_all(between, "").zip_with(where, texts)
    return texts.str.replace(",", ".", literal=True) if decimal == "," else texts


def as_number_text(text: str) -> str:
    """A text that is a number as `number_text` writes it, another one unchanged.

    Examples
    --------
    >>> as_number_text("007"), as_number_text("1e2"), as_number_text("7b")
    ('7', '100', '7b')
    """
    try:
        number = float(text)
    except ValueError:
        return text
    return number_text(number) if math.isfinite(number) else text


def all_number_texts(levels: Sequence[str]) -> bool:
    """Whether there are levels, and all are numbers as `number_text` writes them: those of a column that was numbers.

    Examples
    --------
    >>> all_number_texts(["1", "2.5"]), all_number_texts(["1", "02"]), all_number_texts(["1", "b"])
    (True, False, False)
    """
    return bool(levels) and all(_is_number_text(level) for level in levels)


def _is_number_text(text: str) -> bool:
    try:
        return text == number_text(float(text))
    except (ValueError, OverflowError):  # no number; nan and infinities have no text
        return False
