"""The progress bar: epochs done, loss, validation score and time left, on a terminal; nothing anywhere else."""

import sys
from typing import TYPE_CHECKING, Any

from chainrule.training.history import Epoch

if TYPE_CHECKING:
    from rich.console import Console


class Quiet:
    """No progress bar."""

    def __enter__(self) -> "Quiet":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def batches(self, done: int) -> None:
        pass

    def epoch(self, record: Epoch) -> None:
        pass


class Bar(Quiet):
    """A bar of rich; `total` counts mini-batches, so that the time left is known within the first epoch."""

    def __init__(self, console: "Console", epochs: int, n_batches: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # slow to import

        columns = (
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[scores]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        self._progress = Progress(*columns, console=console, transient=False, refresh_per_second=8)
        self._epochs, self._n_batches, self._done = epochs, n_batches, 0
        self._task = self._progress.add_task("", total=epochs * n_batches, epoch=f"1/{epochs}", scores="")

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def batches(self, done: int) -> None:
        """`done` mini-batches of the epoch are through."""
        self._progress.update(self._task, completed=self._done * self._n_batches + done)

    def epoch(self, record: Epoch) -> None:
        self._done += 1
        self._progress.update(
            self._task,
            completed=self._done * self._n_batches,
            epoch=f"{self._done}/{self._epochs}",
            scores=scores(record),
        )


def scores(record: Epoch) -> str:
    """The numbers beside the bar.

    Examples
    --------
    >>> scores(Epoch(1, 0.25, 0.5, None, 1.0, (), 0.1, 10, 0.02))
    'loss 0.25  validation 0.5'
    """
    named = {"loss": record.loss, "validation": record.validation, "score": record.score}
    return "  ".join(f"{name} {value:.4g}" for name, value in named.items() if value is not None)


def progress_bar(wish: Any, epochs: int, n_batches: int) -> Quiet:
    """The bar that was wished for: "auto" shows it on a terminal, True always, False never, a rich Console there."""
    if wish is False or (wish == "auto" and not (sys.stderr is not None and sys.stderr.isatty())):
        return Quiet()
    if wish is True or wish == "auto":
        from rich.console import Console

        wish = Console(stderr=True)
    if not hasattr(wish, "print"):
        raise ValueError(f"progress is {wish!r}; give True, False, 'auto' or a rich Console")
    return Bar(wish, epochs, n_batches)
