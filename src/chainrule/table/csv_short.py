"""Lines with fewer values than the header has names: what they lack is missing, and that is said.

A few happen, as when a file was cut off; where most lines are so, the header is not theirs.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from .arriving import LONGEST
from .errors import TableError

if TYPE_CHECKING:
    import polars

    from .csv import Form


class Short:
    """Counts the short lines of the blocks it is shown."""

    def __init__(self, form: Form) -> None:
        self._form = form
        named = [j for j, name in enumerate(form.names) if name != f"column {j + 1}"]
        self._width = named[-1] + 1 if named else len(form.names)  # without commas at the header's end
        self._n, self._first, self._values = 0, 0, 0

    def look(self, body: bytes, line: int, frame: polars.DataFrame) -> None:
        """Count those of a block, which begins on that line. Only a missing last value makes it worth the time."""
        if frame.to_series(self._width - 1).null_count() == 0:
            return
        if b'"' not in body and body.count(self._form.delimiter.encode()) == frame.height * (len(self._form.names) - 1):
            return
        before = csv.field_size_limit(LONGEST)
        try:
            self._count(csv.reader(io.StringIO(body.decode(), newline=""), delimiter=self._form.delimiter), line)
        finally:
            csv.field_size_limit(before)

    def _count(self, rows: Any, line: int) -> None:
        for values in rows:
            if 0 < len(values) < self._width:
                self._first = self._first or line + rows.line_num - 1
                self._values = self._values or len(values)
                self._n += 1

    def notes(self, n_rows: int) -> tuple[str, ...]:
        """What is to be said of all blocks; TableError when most lines are short."""
        if self._n == 0:
            return ()
        where = f"{self._form.source}, line {self._first}"
        lacks = f"{self._values} values, but the header names {self._width} columns"
        if 2 * self._n > n_rows:
            raise TableError(f"{where}: {lacks}; {self._n} of {n_rows} lines are shorter than the header")
        more = f", and {self._n - 1} more lines are shorter than the header" if self._n > 1 else ""
        return (f"{where}: {lacks}{more}; what they lack counts as missing",)
