"""What every solver does when an epoch ends: write it down, and ask the callbacks whether to go on."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.training import plan
from chainrule.training.history import Epoch

__all__ = ["asked_to_stop", "norms_of", "say"]


def norms_of(gradient: NDArray[Any], layers: tuple[slice, ...]) -> tuple[float, ...]:
    """|g| of each layer's part of the gradient."""
    with np.errstate(over="ignore"):
        return tuple(float(np.sqrt(part.dot(part))) for part in (gradient[place] for place in layers))


def asked_to_stop(model: Any, entry: Epoch, theta: NDArray[Any]) -> bool:
    """Whether a callback of the model asks to stop; one callable may stand without a list."""
    callbacks = (model.callbacks,) if callable(model.callbacks) else tuple(model.callbacks or ())
    return plan.asked_to_stop(callbacks, entry, theta)


def say(model: Any, words: str) -> None:
    """verbose: a line on stdout."""
    if model.verbose:
        sys.stdout.write(words + "\n")
