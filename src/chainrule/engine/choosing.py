"""Which engine computes: "auto" is the native one where it is there and can run the job, else the reference."""

import logging
from functools import cache
from importlib import import_module
from typing import cast

from chainrule.engine.protocol import Engine, EngineName, Job

NAMES = ("auto", "native", "reference")


def choose(engine: EngineName | Engine, job: Job | None = None) -> Engine:
    """The engine of that name; an engine is returned as it is.

    Parameters
    ----------
    engine : {"auto", "native", "reference"} or Engine
    job : Job, optional
        What it shall run. "auto" passes over an engine that cannot run it.

    Raises
    ------
    ValueError
        If the name is unknown, or the engine asked for by name is not there or cannot run the job.

    Examples
    --------
    >>> choose("reference").NAME
    'reference'
    """
    if not isinstance(engine, str):
        return engine
    if engine not in NAMES:
        raise ValueError(f"engine is {engine!r}; it must be one of {', '.join(map(repr, NAMES))}, or an engine itself")
    reference = _module("reference")
    if engine == "reference":
        return reference
    native, reason = _native()
    if native is not None:
        reason = native.refusal(job) if job is not None else ""
        if not reason:
            return native
    elif engine == "auto":
        _say_once(reason)
    if engine == "native":
        raise ValueError(f'engine="native" cannot be used: {reason}; engine="reference" computes the same on NumPy')
    return reference


@cache
def _say_once(reason: str) -> None:
    """Tells, once in a process, that "auto" means the reference engine because no other is there."""
    logging.getLogger("chainrule").warning(
        "the native engine is not used: %s; training runs on NumPy, slower, with the same results", reason
    )


def describe() -> str:
    """What "auto" computes with here, in words.

    Examples
    --------
    >>> describe().split(",")[0] in ("native", "reference")
    True
    """
    native, reason = _native()
    if native is None:
        return f"reference, on NumPy: the native one is not used, {reason}"
    from chainrule.engine import native_loading

    return f"native, compiled for {native_loading.level()}"


def _native() -> tuple[Engine | None, str]:
    """The native engine, or why it is not there."""
    try:
        return _module("native"), ""
    except ImportError as error:
        return None, f"it is not part of this installation ({error})"


def _module(name: str) -> Engine:
    return cast(Engine, import_module(f"chainrule.engine.{name}"))
