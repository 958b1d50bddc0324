"""Early stopping: the best epoch so far, its parameters, and how long ago it was."""

import math
from dataclasses import dataclass

from chainrule.training.history import Array, Epoch


@dataclass(frozen=True, eq=False)
class Best:
    """The best epoch so far by what is watched (`Epoch.watched`), and the epochs since one was better by min_delta.

    `value` follows the smallest improvement; `waited` counts the epochs that did not go below the best by more than
    min_delta, and starts anew with one that did. Where another quantity is watched than before (`watching`: score,
    validation or loss), numbers do not compare, and all starts anew.
    """

    value: float = math.inf
    epoch: int = 0
    waited: int = 0
    theta: Array | None = None
    watching: str = ""

    def compares(self, epoch: Epoch) -> bool:
        """Whether this was found by what is watched in that epoch."""
        return self.watching in {"", epoch.watching}

    def after(self, epoch: Epoch, theta: Array, min_delta: float) -> "Best":
        """Where things stand after an epoch; theta is copied if it is the best."""
        if not self.compares(epoch):
            return Best().after(epoch, theta, min_delta)
        waited = 0 if epoch.watched < self.value - min_delta else self.waited + 1
        if epoch.watched < self.value:
            return Best(epoch.watched, epoch.number, waited, theta.copy(), epoch.watching)
        return Best(self.value, self.epoch, waited, self.theta, epoch.watching)
