"""How an error ends the command: one sentence on standard error, an exit code, never a traceback.

Set CHAINRULE_TRACEBACK=1 to see the traceback all the same.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from typing import Any

DONE, FAILED, WRONG = 0, 1, 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Interrupted(Exception):  # noqa: N818 - it is no error
    """Ended from the keyboard; the message says what was kept."""


def ended_by(error: BaseException) -> int:
    """Say what went wrong, and return the exit code."""
    if isinstance(error, SystemExit) and error.code != INTERRUPTED:
        return error.code if isinstance(error.code, int) else FAILED
    if os.environ.get("CHAINRULE_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        _close_output()
        return FAILED
    text, code = _sentence(error)
    if text:
        print(f"chainrule: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201
    return code


def _sentence(error: BaseException) -> tuple[str, int]:
    if hasattr(error, "format_message"):  # of typer, whose exceptions move between its versions
        return _usage(error)
    if isinstance(error, Interrupted):
        return str(error), INTERRUPTED
    if isinstance(error, KeyboardInterrupt | SystemExit) or type(error).__name__ == "Abort":
        return "interrupted; nothing was written", INTERRUPTED
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this", FAILED
    if isinstance(error, ImportError | ArithmeticError):
        return str(error), FAILED
    if isinstance(error, ValueError | TypeError):
        return str(error), WRONG
    return f"unexpected {type(error).__name__}: {error} (CHAINRULE_TRACEBACK=1 shows where)", FAILED


def _usage(error: Any) -> tuple[str, int]:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())  # noqa: T201
        return "", WRONG
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "chainrule"
    text = error.format_message().rstrip(".").replace("Value error, ", "")  # of the library that typer checks with
    return f"{text} (see {command} --help)", WRONG


def _of_system(error: OSError) -> tuple[str, int]:
    """What cannot be read is a wrong input; what cannot be written could not be done."""
    text = error.strerror or str(error)
    if error.errno == errno.ENOSPC and error.filename is None and not text.startswith("cannot write"):
        text = f"cannot write standard output: {text}"
    if error.filename is not None:
        text = f"{os.fspath(error.filename)!r}: {text}"
    wrong = isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError | PermissionError)
    return text, WRONG if wrong and not text.startswith("cannot write") else FAILED


def _close_output() -> None:
    """Let Python's own flush at exit find nothing to complain about."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
