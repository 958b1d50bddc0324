"""The contract between training, which decides, and an engine, which computes.

Training hands an engine a `Job` (what to minimise and how to step), the vector theta and the state of the update
rule, and gets a `Session`. It then calls `Session.run` for a number of mini-batches, anything from one to a whole
epoch, and may stop and go on at any mini-batch: the bits do not depend on how an epoch is cut into calls.

One mini-batch, k = 0, 1, ...; B is the batch size, s the number of updates made so far:

    rows    = order[k B : (k + 1) B]                      the last mini-batch may be smaller
    w       = sum of sample_weight[rows]                  w == 0: the mini-batch is skipped, s stays
    a_l     = m_l * sigma_l(z_l)                          m_l: the dropout mask of layer l in update s + 1
    penalty = (l1 sum |W| + l2/2 sum W^2) / p             p = w if penalty_per_weight, else 1; no biases
    J       = sum of sample_weight * loss / w + penalty
    g       = dJ/dtheta, with sign(0) = 0 for l1
    J or g not finite: stop before the update, and say which mini-batch
    g       = min(1, clip_norm / |g|) g   or   min(max(g, -clip_value), clip_value)
    theta, state = the update rule with g, learning_rates[u], step = s + 1, u counting the updates of this call

**Dropout.** Job.dropout holds one rate p_l in [0, 1) for each of a_0 .. a_{L-1}. The mask of layer l in update
s + 1 = 1, 2, ... is drawn from the counter-based generator Philox4x64-10 (Salmon et al. 2011; `numpy.random.Philox`)
with key (seed, 0) and counter (c, l, s + 1, 0): the 256-bit counter's words, lowest first, where the blocks
c = 1, 2, 3, ... give four 64-bit words each (NumPy increments the counter before it draws, so a generator made with
counter (0, l, s + 1, 0) yields them from its first word on). Element e = i n_l + j (i: place in the mini-batch, j:
unit) takes the 32-bit number u_e: the low half of word e // 2 when e is even, the high half when it is odd. It is
kept, and multiplied by 1/(1 - p_l), when u_e >= floor(p_l 2^32), else it is 0; the same factor multiplies what comes
back in B2. A rate of 0 draws nothing. The number of threads and of calls plays no part.

**Arrays.** theta, g and the state of the update rule are one-dimensional, contiguous and of one dtype (float32 or
float64), which is also that of X, T and sample_weight. They belong to the caller. A session reads them when `run`
begins and has written them when it returns, so what a callback or a restored checkpoint puts there counts. Entries of
the state whose names begin with an underscore are scratch memory: an engine may ignore them, and no checkpoint holds
them.
"""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.descent.rule import State, UpdateRule
from chainrule.network.spec import Network

Array = npt.NDArray[Any]
Order = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What to minimise and how: everything about a training run but theta and the time.

    All is checked before it comes here (`chainrule.training.inputs`); an engine relies on it.

    Parameters
    ----------
    network : Network
    X : array (N, n_0), C-contiguous, of theta's dtype, or a SciPy CSR array of that dtype
    T : array (N, width), C-contiguous, of theta's dtype
    sample_weight : array (N,) of theta's dtype, or None
        At least 0; None means 1 for each row.
    optimizer : UpdateRule or None
        One of `chainrule.descent`, or any object with `init` and `update`. None for a job that asks for no session,
        only for `value_and_gradient` (L-BFGS).
    batch_size : int
        From 1 to N.
    l1, l2 : float
        Penalties over all weights, no biases.
    penalty_per_weight : bool
        Divide the penalties by the sum of the mini-batch's weights, which is what scikit-learn's alpha means.
    clip_norm, clip_value : float or None
        At most one of the two is given.
    dropout : tuple of float
        Rates for a_0 .. a_{L-1}; empty when there is none.
    seed : int
        Key of the dropout masks, 0 <= seed < 2**64.
    """

    network: Network
    X: Any
    T: Array
    sample_weight: Array | None
    optimizer: UpdateRule | None
    batch_size: int
    l1: float = 0.0
    l2: float = 0.0
    penalty_per_weight: bool = False
    clip_norm: float | None = None
    clip_value: float | None = None
    dropout: tuple[float, ...] = ()
    seed: int = 0

    @property
    def n_samples(self) -> int:
        return int(self.X.shape[0])

    @property
    def n_batches(self) -> int:
        """Mini-batches in an epoch, the last, smaller one included."""
        return -(-self.n_samples // self.batch_size)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What one call of `Session.run` did.

    Parameters
    ----------
    batches : int
        Mini-batches consumed, skipped ones included; fewer than asked for only when `non_finite` is set.
    updates : int
        Updates made: `batches` less the skipped ones.
    objectives : array (updates,) of float64
        J of each update's mini-batch, penalty included, before the update.
    weights : array (updates,) of float64
        The sum w of each update's mini-batch.
    norms : array (updates,) of float64
        |g| of each update, before clipping.
    non_finite : int or None
        The mini-batch k whose J or g was not finite. theta and the state are those before it; it is not counted
        in `batches`.
    """

    batches: int
    updates: int
    objectives: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    norms: npt.NDArray[np.float64]
    non_finite: int | None = None


class Session(Protocol):
    """A training run in progress: buffers allocated once, theta and the state shared with the caller.

    `gradient` is (n_parameters,), the g that the last update used, after clipping; valid after `run`.
    `updates` is s, the number of updates made; a caller who resumes sets it by `engine.session(..., updates=s)`.
    """

    gradient: Array
    updates: int

    def run(
        self, order: Order | None, first_batch: int, n_batches: int, learning_rates: npt.NDArray[np.float64]
    ) -> Record:
        """Take the mini-batches first_batch .. first_batch + n_batches - 1 of `order`.

        Parameters
        ----------
        order : array (N,) of int64, contiguous, or None
            The epoch's permutation of the rows (or any N indices); None: the rows as they lie, nothing is gathered.
        first_batch, n_batches : int
            first_batch + n_batches <= job.n_batches.
        learning_rates : array (n_batches,) of float64
            One per update of this call; a skipped mini-batch takes none.
        """
        ...


class Engine(Protocol):
    """Who computes: a module (`chainrule.engine.reference`, `chainrule.engine.native`) or any object with these."""

    @property
    def NAME(self) -> str: ...

    def refusal(self, job: Job) -> str:
        """Why this engine cannot run the job, as a clause for people; empty when it can."""
        ...

    def session(self, job: Job, theta: Array, state: State, updates: int = 0) -> Session:
        """A session on theta and the state of the update rule, `updates` of which were made before."""
        ...

    # Sessions rely on what a job promises. The three functions below take X, T and weights of any real dtype, whole
    # numbers and truth values too, and compute in theta's.

    def value_and_gradient(
        self,
        network: Network,
        theta: Array,
        X: Any,
        T: Array,
        *,
        sample_weight: Array | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> tuple[float, Array]:
        """J and dJ/dtheta over all rows, without dropout; the gradient is a new array, and both NaN of no rows."""
        ...

    def objective(
        self, network: Network, theta: Array, X: Any, T: Array, *, sample_weight: Array | None = None
    ) -> float:
        """J over all rows, without penalties and dropout: the validation loss; NaN where no row counts.

        Large sets are taken in parts.
        """
        ...

    def predict(self, network: Network, theta: Array, X: Any) -> Array:
        """a_L, (N, n_L), without dropout; no rows give (0, n_L)."""
        ...


EngineName = Literal["auto", "native", "reference"]
