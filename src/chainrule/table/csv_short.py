"""Lines with fewer values than the header has names: what they lack is missing, and that is said.

A few happen, as when a file was cut off; where most lines are so, the header is not theirs.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

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
        self._n = 0
        self._first: tuple[int, int] | None = None  # its line, and how many values it has

    def look(self, body: bytes, line: int, frame: polars.DataFrame) -> tuple[str, ...]:
        """Count those of a block, which begins on that line; what is to be said of the first of all.

        Only a missing last value makes it worth the time.
        """
        before, delimiter = self._n, self._form.delimiter
        if frame.to_series(self._width - 1).null_count() == 0:
            return ()
        if b'"' in body or body.count(delimiter.encode()) != frame.height * (len(self._form.names) - 1):
            self._count(body, line)
        return (f"{self._told}; what it lacks counts as missing",) if self._n > before == 0 else ()

    def _count(self, body: bytes, line: int) -> None:
        limit = csv.field_size_limit(LONGEST)
        rows = csv.reader(io.StringIO(body.decode(), newline=""), delimiter=self._form.delimiter)
        try:
            for values in rows:
                if 0 < len(values) < self._width:
                    self._first = self._first or (line + rows.line_num - 1, len(values))
                    self._n += 1
        except csv.Error:  # of a row that will be refused
            return
        finally:
            csv.field_size_limit(limit)

    @property
    def _told(self) -> str:
        line, n = self._first or (0, 0)
        return f"{self._form.source}, line {line}: {n} values, but the header names {self._width} columns"

    def notes(self, n_rows: int) -> tuple[str, ...]:
        """What is to be said of all blocks; TableError when most lines are short."""
        if self._n == 0:
            return ()
        if 2 * self._n > n_rows:
            raise TableError(f"{self._told}; {self._n} of {n_rows} lines are shorter than the header")
        more = f", and {self._n - 1} more lines are shorter than the header" if self._n > 1 else ""
        return (f"{self._told}{more}; what they lack counts as missing",)
