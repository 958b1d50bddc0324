"""`cr.fit`: a network, data and a few wishes in; parameters, history and the state to go on from out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.descent import LBFGS, Adam, UpdateRule
from chainrule.engine.choosing import choose
from chainrule.engine.protocol import Engine, EngineName, Job
from chainrule.network.spec import Network
from chainrule.training import inputs
from chainrule.training.history import Array, History
from chainrule.training.loop import train
from chainrule.training.nonfinite import require_finite_end
from chainrule.training.plan import Callback, Plan
from chainrule.training.quasi_newton import minimize
from chainrule.training.resuming import first_state, require_same_run
from chainrule.training.state import TrainingState

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Fit", "fit"]


@dataclass(frozen=True, eq=False)
class Fit:
    """What training found.

    Parameters
    ----------
    network : Network
    theta : array (n_parameters,)
        The parameters: the last ones, or the best where early stopping or Ctrl-C restored them.
    history : History
        One `Epoch` for each epoch.
    state : TrainingState
        Where training stood at the end; `cr.fit(..., state=fit.state)` goes on from there.
    stopped : str
        Why: "epochs" (all done), "patience", "callback", "time_limit", "interrupted" (Ctrl-C), and for L-BFGS
        "converged: ...", "evaluations" or "line search failed: ...".
    engine : str
        The engine that computed: "native" or "reference".

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> fit = cr.fit(cr.Network.parse("1-8:tanh-1", loss="half_squared_error"), X, X**2, epochs=50)
    >>> fit.stopped, len(fit.history), fit.predict(X).shape
    ('epochs', 50, (64, 1))
    """

    network: Network
    theta: Array
    history: History
    state: TrainingState
    stopped: str
    engine: str

    @property
    def seed(self) -> int:
        """The seed of order, split, dropout and first parameters."""
        return self.state.seed

    @property
    def best_epoch(self) -> int:
        """The number of the epoch with the best score, validation loss or training loss; 0 if none ended."""
        return self.state.best.epoch

    def predict(self, X: Any) -> Array:
        """The outputs a_L, (N, n_L), of samples X, (N, n_0)."""
        X = inputs.checked_inputs(self.network, X, self.theta.dtype)
        return choose("auto" if self.engine == "native" else "reference").predict(self.network, self.theta, X)


def fit(
    network: Network,
    X: Any,
    T: Any,
    *,
    theta: npt.ArrayLike | None = None,
    optimizer: UpdateRule | LBFGS = Adam(1e-3),  # noqa: B008  frozen
    batch_size: int | None = 32,
    epochs: int = 10,
    seed: int | np.random.Generator | None = 0,
    sample_weight: npt.ArrayLike | None = None,
    validation: float | tuple[Any, ...] | None = None,
    score: Callable[[Array], float] | None = None,
    callbacks: Callback | Iterable[Callback] = (),
    engine: EngineName | Engine = "auto",
    dtype: npt.DTypeLike | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    penalty_per_weight: bool = False,
    dropout: float | Sequence[float] = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    restore_best: bool | None = None,
    time_limit: float | None = None,
    shuffle: bool = True,
    progress: "Literal['auto'] | bool | Console" = "auto",
    state: TrainingState | None = None,
) -> Fit:
    """Train a network by descent on J.

    The same arguments and seed give the same bits, with the same engine, on the same kind of machine.

    Parameters
    ----------
    network : Network
    X : array (N, n_0)
        Samples as rows; a SciPy sparse matrix is densified one mini-batch at a time.
    T : array (N, targets)
        Targets, one-hot for classes; (N,) will do for a single target.
    theta : array (n_parameters,), optional
        Where to begin; by default `network.initial(seed)`. It is not changed.
    optimizer : update rule or LBFGS
        One of cr.SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW, NAdam, LBFGS, or any object of the form
        `chainrule.descent.UpdateRule`. LBFGS takes the whole batch; an epoch is then one iteration.
    batch_size : int or None
        Samples in a mini-batch: 1 is stochastic descent, None the whole batch. The last one of an epoch may be smaller.
    epochs : int
        Passes over the data in this call.
    seed : int, Generator or None
        For the first theta, the order of the rows, the split and dropout. None takes a new one, kept in `fit.seed`.
    sample_weight : array (N,), optional
        At least 0. A mini-batch whose weights sum to zero is skipped.
    validation : (X, T), (X, T, sample_weight) or float, optional
        What to validate on after each epoch, or the share of the samples to split off for it.
    score : callable, optional
        `score(theta) -> float`, greater is better, called after each epoch; it takes the validation loss's place in
        early stopping.
    callbacks : callable or several
        Each is called with the `Epoch` record after each epoch; one that returns True stops training.
    engine : {"auto", "native", "reference"}
        Who computes. "auto" is the native engine where it is there and can.
    dtype : dtype, optional
        float32 or float64; by default theta's, else float32 for float32 X, else float64.
    l1, l2 : float
        Penalties ``l1 sum |W| + l2/2 sum W^2`` over weights, no biases (J).
    penalty_per_weight : bool
        Divide the penalties by the sum of the mini-batch's weights: scikit-learn's alpha is this l2.
    dropout : float or sequence of L floats
        The share of activations to drop: one for all hidden layers, or a rate for the inputs and each hidden layer.
    clip_norm, clip_value : float, optional
        Shorten the gradient to this length, or clip its entries to this size; one of the two.
    patience : int, optional
        Early stopping: epochs without improvement that are borne; the next one ends training, and the best parameters
        are restored. Watched is the score, else the validation loss, else the training loss.
    min_delta : float
        What counts as an improvement.
    restore_best : bool, optional
        Whether to return the best parameters; by default when patience is given. After Ctrl-C they always are.
    time_limit : float, optional
        Seconds after which to stop, at the next call of the engine.
    shuffle : bool
        Draw a new order of the rows in each epoch.
    progress : {"auto", True, False} or rich Console
        The progress bar; "auto" shows it on a terminal.
    state : TrainingState, optional
        Go on from `fit.state` of an earlier run with the same network and optimizer; theta and seed are the state's.
        What was best counts on as long as the same quantity is watched.

    Returns
    -------
    Fit
        theta, history, state, and why training stopped.

    Raises
    ------
    ValueError, TypeError
        For input that does not fit; the message says what was given, what was expected, and what to do.
    NonFiniteError
        When the loss or the gradient is no finite number any more.

    Notes
    -----
    Equation U (Watters 78, Chains w(t+1), Neuron, Menon), over whole batches, mini-batches or single samples.

    Examples
    --------
    XOR, the smallest problem that needs a hidden layer:

    >>> import numpy as np
    >>> import chainrule as cr
    >>> X, T = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> net = cr.Network((2, 4, 1), ("tanh", "sigmoid"), "binary_cross_entropy")
    >>> fit = cr.fit(net, X, T, optimizer=cr.Adam(0.1), batch_size=None, epochs=200)
    >>> fit.predict(X).round().ravel()
    array([0., 1., 1., 0.])
    >>> fit.stopped, len(fit.history), bool(fit.history.loss[-1] < 0.05)
    ('epochs', 200, True)
    """
    _check_wishes(network, optimizer, theta=theta, state=state)
    kind = inputs.chosen_dtype(dtype, theta if state is None else state.theta, X)
    seed_ = inputs.checked_seed(seed) if state is None else state.seed
    rows = inputs.checked_rows(network, X, T, sample_weight, kind)
    rows, held = inputs.with_validation(network, rows, validation, seed_, kind)
    quasi_newton = isinstance(optimizer, LBFGS)
    job = Job(
        network=network,
        X=rows.X,
        T=rows.T,
        sample_weight=rows.sample_weight,
        optimizer=None if isinstance(optimizer, LBFGS) else optimizer,
        batch_size=inputs.checked_batch_size(None if quasi_newton else batch_size, rows.n_samples),
        l1=inputs.checked_number("l1", l1),
        l2=inputs.checked_number("l2", l2),
        penalty_per_weight=bool(penalty_per_weight),
        clip_norm=inputs.checked_limit("clip_norm", clip_norm),
        clip_value=inputs.checked_limit("clip_value", clip_value),
        dropout=inputs.checked_dropout(network, dropout),
        seed=seed_,
    )
    plan = Plan(
        epochs=inputs.checked_count("epochs", epochs),
        validation=held,
        score=score,
        callbacks=_callbacks(callbacks),
        patience=None if patience is None else inputs.checked_count("patience", patience, least=0),
        min_delta=inputs.checked_number("min_delta", min_delta),
        time_limit=inputs.checked_limit("time_limit", time_limit),
        shuffle=bool(shuffle),
        progress=progress,
    )
    _check_together(job, quasi_newton)
    if state is not None:
        require_same_run(job, plan, type(optimizer).__name__, kind, state)
    start = first_state(job, theta, seed_, kind) if state is None else replace(state, theta=state.theta.copy())
    chosen = choose(engine, job)
    if isinstance(optimizer, LBFGS):
        end, stopped = minimize(job, optimizer, chosen, plan, start)
    else:
        end, stopped = train(job, optimizer, chosen, plan, start)
    restore = stopped == "interrupted" or (patience is not None if restore_best is None else restore_best)
    found = end.best.theta if restore and end.best.theta is not None else end.theta
    require_finite_end(job, found, end)
    return Fit(network, found.astype(kind), end.history, end, stopped, chosen.NAME)


def _check_wishes(network: Any, optimizer: Any, *, theta: Any, state: Any) -> None:
    """Refuse what is of the wrong kind altogether."""
    if not isinstance(network, Network):
        raise TypeError(f'the first argument is {network!r}; give a network, as in cr.Network.parse("4-8-3", loss=...)')
    if isinstance(optimizer, type):
        raise TypeError(f"optimizer is the class {optimizer.__name__}; call it, as in cr.{optimizer.__name__}()")
    if not isinstance(optimizer, LBFGS) and not all(hasattr(optimizer, n) for n in ("init", "update", "learning_rate")):
        raise TypeError(f"optimizer is {optimizer!r}; give an update rule, as in cr.Adam(1e-3)")
    if theta is not None and state is not None:
        raise ValueError("theta and state are both given; a state brings its own theta, so leave theta out")
    if state is not None and not isinstance(state, TrainingState):
        raise TypeError(f"state is {type(state).__name__}; give fit.state of an earlier run")


def _check_together(job: Job, quasi_newton: bool) -> None:
    """Refuse wishes that exclude each other."""
    if job.clip_norm is not None and job.clip_value is not None:
        raise ValueError(f"clip_norm={job.clip_norm} and clip_value={job.clip_value}: give one of the two")
    given = {"dropout": job.dropout, "clip_norm": job.clip_norm, "clip_value": job.clip_value}
    refused = [name for name, value in given.items() if value]
    if quasi_newton and refused:
        raise ValueError(
            f"LBFGS needs J and its exact gradient, so it takes no {' and no '.join(refused)}; "
            f"leave it out, or take another optimizer"
        )


def _callbacks(given: Callback | Iterable[Callback]) -> tuple[Callback, ...]:
    callbacks: tuple[Any, ...] = (given,) if callable(given) else tuple(given)
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"callbacks holds {callback!r}; each must be callable with an Epoch record")
    return callbacks
