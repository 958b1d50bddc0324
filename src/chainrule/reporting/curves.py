"""Loss against epochs: whether training got anywhere, and where it should have stopped."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.storage import replacing

if TYPE_CHECKING:
    from chainrule.training.history import History

FORMATS = ("pdf", "png", "svg")
_METADATA = {  # without a date: the same run gives the same picture
    "pdf": {"Creator": "chainrule", "CreationDate": None},
    "png": {"Software": "chainrule"},
    "svg": {"Creator": "chainrule", "Date": None},
}
_TRAINING, _VALIDATION, _QUIET = "#1f5fa8", "#d1701f", "#6b6b6b"
_PAGE_COLOURS = {
    _TRAINING: "var(--training)",
    _VALIDATION: "var(--validation)",
    _QUIET: "var(--soft)",
    "#000000": "currentColor",
}


def learning_curve(history: History, path: str | os.PathLike[str], *, title: str = "", best_epoch: int = 0) -> None:
    """Draw training and validation loss by epoch into a file.

    Parameters
    ----------
    history : History
    path : str or path
        Ends in .png, .svg or .pdf.
    title : str
    best_epoch : int
        Marked where there is validation; 0 for none.

    Raises
    ------
    ImportError
        matplotlib is not installed; the message names the extra.
    ValueError
        The path has another ending, or the history no epochs.
    OSError
        The file cannot be written.
    """
    kind = picture_format(path)
    if not len(history):
        raise ValueError("the history has no epochs; there is nothing to draw")
    figure = _figure(history, title, best_epoch)

    from matplotlib import rc_context

    with replacing(path) as stream, rc_context({"svg.hashsalt": "chainrule"}):
        figure.savefig(stream, format=kind, metadata=_METADATA.get(kind))


def learning_curve_svg(history: History, *, best_epoch: int = 0) -> str:
    """The same picture as an ``<svg>`` element for a page: its text is text, its colours are the page's.

    Raises
    ------
    ImportError
        matplotlib is not installed; the message names the extra.
    """
    figure = _figure(history, "", best_epoch)

    from io import StringIO

    from matplotlib import rc_context

    stream = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "none"}):
        figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
    drawing = stream.getvalue()
    drawing = re.sub(r' xmlns(:\w+)?="[^"]*"', "", drawing[drawing.index("<svg") :])  # HTML knows them
    for colour, name in _PAGE_COLOURS.items():
        drawing = drawing.replace(colour, name)
    return drawing


def picture_format(path: str | os.PathLike[str]) -> str:
    """png, svg or pdf, from the ending of a picture's name; ValueError for another one."""
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise ValueError(f"the picture {os.fspath(path)!r} must end in .{', .'.join(FORMATS)}")
    return kind


def _figure(history: History, title: str, best_epoch: int) -> Any:
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib: install it with  pip install 'chainrule[report]'", name="matplotlib"
        ) from error
    figure = Figure(figsize=(7, 4.2), dpi=130, layout="constrained")
    axes = figure.add_subplot()
    _curves(axes, history, best_epoch)
    axes.set(xlabel="epoch", ylabel="loss", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(which="major", alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def _curves(axes: Any, history: History, best_epoch: int) -> None:
    number, loss, validation = history.number, history.loss, history.validation
    marker = "o" if len(number) == 1 else None  # a line through one point is invisible
    axes.plot(number, loss, color=_TRAINING, label="training", marker=marker)
    if np.isfinite(validation).any():
        axes.plot(number, validation, color=_VALIDATION, label="validation", marker=marker)
        if best_epoch:
            axes.axvline(best_epoch, color=_QUIET, linewidth=0.8, linestyle="--", label=f"best: epoch {best_epoch}")
    values = np.concatenate([loss, validation[np.isfinite(validation)]])
    if np.all(values > 0) and values.max() > 20 * values.min():
        axes.set_yscale("log")
