"""What every solver does when an epoch ends: write it down, and ask the callbacks whether to go on."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.training.history import Epoch
from chainrule.training.plan import read_only

__all__ = ["asked_to_stop", "norms_of", "say"]


def norms_of(gradient: NDArray[Any], layers: tuple[slice, ...]) -> tuple[float, ...]:
    """|g| of each layer's part of the gradient."""
    with np.errstate(over="ignore"):
        return tuple(float(np.sqrt(part.dot(part))) for part in (gradient[place] for place in layers))


def asked_to_stop(model: Any, entry: Epoch, theta: NDArray[Any]) -> bool:
    """Call all callbacks with the epoch and a read-only view of theta; whether one of them returned True."""
    if not model.callbacks:
        return False
    shown = replace(entry, theta=read_only(theta))
    callbacks = (model.callbacks,) if callable(model.callbacks) else model.callbacks
    answers = [callback(shown) for callback in callbacks]
    return any(isinstance(answer, bool | np.bool_) and bool(answer) for answer in answers)


def say(model: Any, words: str) -> None:
    """verbose: a line on stdout."""
    if model.verbose:
        sys.stdout.write(words + "\n")
