"""The command's frame: which commands there are, and how each of them ends.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | it could not be done (a full disk, an extra not installed, a check that failed) |
| 2 | the input or the call is wrong |
| 130 | interrupted from the keyboard; but ``train`` then keeps its best epoch, and ends with 0 |

Commands import what they need when they run, so that ``chainrule --help`` is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from . import check, derive, evaluate, explain, info, options, predict, train
from .endings import INTERRUPTED, ended_by

app = typer.Typer(
    name="chainrule",
    epilog="Start with:  chainrule train digits",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = {
    "train": train,
    "predict": predict,
    "evaluate": evaluate,
    "check": check,
    "derive": derive,
    "explain": explain,
    "info": info,
}
for name, module in _COMMANDS.items():
    app.command(name, epilog=module.EXAMPLES)(module.command)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from chainrule import __version__

        print(f"chainrule {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, options.flag("Print the version and leave.", "--version", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """Feed-forward neural networks whose backpropagation can be read, printed and checked."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit code is returned, and every error is one sentence on standard error."""
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="chainrule", standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        sys.stdout.flush()
    except BaseException as error:  # the edge of the program: whatever comes ends in a sentence
        code = ended_by(error)
    return code if isinstance(code, int) else 0
