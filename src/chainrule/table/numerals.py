"""Numbers as people write them."""

import math
from collections.abc import Sequence

from .columns import number_text


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
