"""Numbers as people write them: 1,234.5 and 1 234.5 where a point is the decimal mark, 1.234,5 where a comma is.

Between thousands stand groups of three digits, and the first group does not begin with 0. In 1,234 the decimal mark
decides: it is known of the file, or of the delimiter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .columns import number_text

if TYPE_CHECKING:
    import polars

DECIMAL_COMMA = r"^[+-]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+),\d+(?:[eE][+-]?\d+)?$"
_SPACES = " '’\u00a0\u202f"
_DECIMAL_POINT = r"^[+-]?(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)\.\d+(?:[eE][+-]?\d+)?$"
_COMMA_GROUPS = r"^[+-]?[1-9]\d{0,2}(?:,\d{3}){2,}$"
_EITHER_WAY = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"  # 1,234: a number of thousands, or one with three decimals
_NUMBERS = 0.9  # of a column's texts; the others may stand for gaps,
_DIFFERENT = 20  # where more different numbers than that tell the column from codes,
_MARKS = 3  # and no more different texts than that are met
_OF_DIGITS = rf"^[+-]?\d[\d.,{_SPACES}]*(?:[eE][+-]?\d+)?$"


def decimal_mark(columns: Iterable[polars.Series]) -> str | None:
    """The decimal mark of columns that are numbers: that of the first row where it can be told.

    None where all numbers could be meant either way, as 1,234.

    Examples
    --------
    >>> import polars
    >>> decimal_mark([polars.Series(["13", "2", "13,5"])]), decimal_mark([polars.Series(["1,234", "7.5"])])
    (',', '.')
    >>> decimal_mark([polars.Series(["1,234", "365"])]) is None
    True
    """
    numbers = list(columns)
    comma = _first_row(numbers, DECIMAL_COMMA)
    point = min(_first_row(numbers, _DECIMAL_POINT), _first_row(numbers, _COMMA_GROUPS))
    return None if comma == point else "," if comma < point else "."


def _first_row(columns: Iterable[polars.Series], pattern: str) -> float:
    """The first row in which some column has the pattern and can mean nothing else; infinity for none."""
    rows = ((texts.str.contains(pattern) & ~texts.str.contains(_EITHER_WAY)).arg_true() for texts in columns)
    return min((float(found[0]) for found in rows if len(found)), default=math.inf)


def mostly_numbers(texts: polars.Series) -> bool:
    """Whether nearly all texts are of digits and their marks."""
    there = texts.drop_nulls()
    return len(there) > 0 and int(there.str.contains(_OF_DIGITS).sum()) >= _NUMBERS * len(there)


def is_gappy(texts: polars.Series, numbers: polars.Series) -> bool:
    """Whether a column is one of measurements in which a word or a sign or two, without a digit, stand for a gap."""
    others = texts.filter(numbers.is_null() & texts.is_not_null())
    if len(others) > (1 - _NUMBERS) * (len(texts) - texts.null_count()):
        return False
    few = others.n_unique() <= _MARKS and not others.str.contains(r"\d").any()
    return few and numbers.drop_nulls().n_unique() > _DIFFERENT


def counted(texts: Mapping[str, int]) -> str:
    """Texts and how often each was met.

    Examples
    --------
    >>> counted({"-": 24, "n.a.": 1})
    "'-' (24 times) and 'n.a.' (once)"
    """
    return " and ".join(f"{text!r} ({'once' if n == 1 else f'{n} times'})" for text, n in texts.items())


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
