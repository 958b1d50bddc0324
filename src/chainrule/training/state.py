"""Where a training run stands: all that is needed to go on from there, bit by bit."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chainrule.descent.rule import State
from chainrule.descent.schedules import Plateau
from chainrule.engine.protocol import Record
from chainrule.training.history import Array, History
from chainrule.training.watching import Best

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tally:
    """What the updates of an epoch under way gave, one number for each; summed only when the epoch is over.

    Sums made earlier would depend, in their last bits, on how the epoch was cut into calls of the engine.
    """

    objectives: Numbers
    weights: Numbers
    norms: Numbers

    @classmethod
    def empty(cls) -> "Tally":
        return cls(np.empty(0), np.empty(0), np.empty(0))

    def with_record(self, record: Record) -> "Tally":
        """The tally after one more call of the engine."""
        if not self.weights.size:
            return Tally(record.objectives, record.weights, record.norms)
        return Tally(
            np.concatenate([self.objectives, record.objectives]),
            np.concatenate([self.weights, record.weights]),
            np.concatenate([self.norms, record.norms]),
        )

    @property
    def loss(self) -> float:
        """The mean of J, by the mini-batches' weights."""
        return float((self.objectives * self.weights).sum() / self.weights.sum())

    @property
    def gradient_norm(self) -> float:
        """The mean of |g|."""
        return float(self.norms.sum()) / self.norms.size


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What `cr.fit(..., state=...)` goes on from.

    Training draws from no generator that lives on: the order of epoch e and the dropout masks of update s are functions
    of (seed, e) and (seed, s), so the counters here are the whole state of chance.

    Parameters
    ----------
    theta : array (n_parameters,)
        The parameters as they stood, which early stopping does not turn back.
    optimizer : dict of arrays
        What the update rule remembers.
    seed : int
    n_samples, batch_size : int
        Rows trained on, and rows in a mini-batch; other numbers can only begin at the start of an epoch.
    shuffled : bool
        Whether each epoch draws an order of its own; this too can only change at the start of an epoch.
    rule : str
        The update rule that left this state; empty before the first run.
    epoch : int
        Epochs completed.
    batch : int
        Mini-batches done of the next epoch.
    updates : int
        Updates made.
    tally : Tally
        What the mini-batches done of the next epoch gave.
    best : Best
    plateau : Plateau
    seconds : float
    history : History
    """

    theta: Array
    optimizer: State
    seed: int
    n_samples: int
    batch_size: int
    shuffled: bool = True
    rule: str = ""
    epoch: int = 0
    batch: int = 0
    updates: int = 0
    tally: Tally = field(default_factory=Tally.empty)
    best: Best = field(default_factory=Best)
    plateau: Plateau = field(default_factory=Plateau)
    seconds: float = 0.0
    history: History = field(default_factory=History)


def order_of_epoch(seed: int, epoch: int, n_samples: int) -> npt.NDArray[np.int64]:
    """The permutation of the rows in an epoch (from 1), a function of seed and epoch alone.

    Examples
    --------
    >>> sorted(order_of_epoch(0, 1, 4).tolist())
    [0, 1, 2, 3]
    """
    return _generator(seed, 1, epoch).permutation(n_samples)


def order_of_split(seed: int, n_samples: int) -> npt.NDArray[np.int64]:
    """The permutation whose first rows become the validation set."""
    return _generator(seed, 2).permutation(n_samples)


def _generator(seed: int, *branch: int) -> np.random.Generator:
    """A generator of its own for each use of the seed; the seed alone makes the first theta."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=branch))
