"""What a command says: messages on standard error, results on standard output."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDTH_OF_FILES = 10_000
LABEL = 8  # width of the words before the sentences


class Terminal:
    """Where a command writes to; ``--json`` and ``--quiet`` decide how much."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json, self.quiet = as_json, quiet
        self.messages = _console(stderr=True, quiet=quiet)
        self.results = _console(quiet=quiet or as_json)

    def say(self, label: str, text: str) -> None:
        """A message: a word in bold, then a sentence."""
        _labelled(self.messages, label, text)

    def result(self, label: str, text: str) -> None:
        """The same for a result."""
        _labelled(self.results, label, text)

    def show(self, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """A table of results, numbers to the right of names."""
        self.results.print(_table(headings, rows))

    def fits(self, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> bool:
        """Whether such a table is narrow enough for the terminal."""
        unbounded = self.results.options.update_width(_WIDTH_OF_FILES)
        return self.results.measure(_table(headings, rows), options=unbounded).maximum <= self.results.width

    def show_text(self, shown: str | Text) -> None:
        """A text in lines; on a terminal those that are too long for it go on below, further in."""
        from rich.text import Text

        text = Text(shown) if isinstance(shown, str) else shown
        if not self.results.is_terminal:
            self.results.print(text, soft_wrap=True)
            return
        for line in text.split("\n", allow_blank=True):
            hang = (len(line.plain) - len(line.plain.lstrip()) or 4) + 2
            narrow = line.cell_len > self.results.width
            first, *rest = line.wrap(self.results, self.results.width - hang) if narrow else [line]
            self.results.print(first)
            for more in rest:
                self.results.print(Text(" " * hang) + more)

    def show_scores(self, scores: Mapping[str, Mapping[str, float]]) -> None:
        """Scores by part of the rows: a line for each score, a column for each part."""
        names = dict.fromkeys(name for part in scores.values() for name in part)
        rows = [[name, *(number(part.get(name)) for part in scores.values())] for name in names]
        self.results.print()
        self.show(["", *scores], rows)
        self.results.print()

    @contextmanager
    def waiting(self, what: str) -> Iterator[Callable[[str], None]]:
        """A line that tells how far it is, gone when it is done; on a terminal only."""
        if self.quiet or not self.messages.is_terminal:
            yield lambda _: None
            return
        with self.messages.status(what) as status:
            yield lambda text: status.update(f"{what}: {text}")

    def emit(self, results: Mapping[str, Any]) -> None:
        """The results as one JSON object, where JSON was asked for; numbers that are not finite become null."""
        if self.as_json:
            print(json.dumps(plain(results), ensure_ascii=False, indent=2, allow_nan=False))  # noqa: T201


def _console(**options: Any) -> Console:
    """What goes into a file or a pipe has no width: a line stays a line there."""
    from rich.console import Console

    console = Console(highlight=False, **options)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_OF_FILES, **options)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for j, heading in enumerate(headings):
        table.add_column(_escaped(heading), justify="right" if j else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(_escaped, row))
    return table


def plain(value: Any) -> Any:
    """Something that JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # an array, or a number of NumPy
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _labelled(console: Console, label: str, text: str) -> None:
    """On a terminal the sentence wraps under itself; in a file it stays on its line."""
    if not console.is_terminal:
        console.print(f"{label:<{LABEL}}  {text}", markup=False, soft_wrap=True)
        return
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=LABEL, style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(_escaped(label), _escaped(text))
    console.print(grid)


def _escaped(text: str) -> str:
    """Square brackets of a column's name are no markup."""
    from rich.markup import escape

    return escape(text)


def number(value: float | None) -> str:
    """A score for a table.

    Examples
    --------
    >>> number(0.98123), number(1234567.0), number(None)
    ('0.9812', '1234567', '-')
    """
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.7g}"
