"""What a loss is: value and gradient side by side, per sample and never averaged over samples.

A loss is a sum or a mean over the outputs of ``factor * term(f, y)``; factor and reduction are data,
since the sources differ in nothing else: squared_error (Watters 8, 42), half_squared_error (Wichmann 3.5,
Chains), mean_squared_error (Menon 3.1.1), half_mean_squared_error (Neuron). A loss of logarithms is
written in u = log f and v = log(1 - f); an activation that knows its own logarithms (`LogForm`) then
hands them over without ever forming log(0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .arrays import Array, Library
from .grammar import call_text
from .interval import REAL, Interval

__all__ = ["Loss", "LossLogs"]


@dataclass(frozen=True)
class LossLogs:
    """A loss in terms of u = log f and, where it needs it, v = log(1 - f).

    ``term(xp, u, v, y)`` is the loss per output; ``slope(xp, u, v, y)`` is the pair of its derivatives
    with respect to u and v, the second None for a loss without v.
    """

    term: Callable[[Library, Array, Array, Array], Array]
    slope: Callable[[Library, Array, Array, Array], tuple[Array, Array | None]]
    needs_colog: bool = False


@dataclass(frozen=True)
class Loss:
    """A loss with its gradient.

    Parameters
    ----------
    name : str
        What the grammar and the tables call it.
    term, slope : callable
        ``term(xp, f, y)``, the loss per output, and ``slope(xp, f, y)``, its derivative with respect to f,
        for outputs ``f`` of shape (N, width) and targets ``y`` of shape (N, targets). Not needed with ``logs``.
    factor : float
        What every term is multiplied by.
    reduction : {"sum", "mean"}
        How the terms of a sample's outputs are joined.
    domain : Interval
        The outputs for which the loss is defined.
    targets : Interval
        The targets that it takes.
    target_values : tuple of float
        The only targets that it takes, where they are few.
    outputs_per_target : int
        How many outputs of the network belong to one target.
    kinks : callable, optional
        ``kinks(xp, f, y)``, a number whose sign changes where the gradient jumps.
    logs : LossLogs, optional
        The loss in terms of log f.
    on_softmax : Loss, optional
        The form that the loss takes on outputs that share one unit of probability.
    output : str
        The output activation that suits it.
    parameters, family, code
        As for `Activation`.

    Notes
    -----
    C of the sources: Watters (8), Wichmann 3.1 to 3.11, Chains C, Neuron C, Menon 3.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> from chainrule.network.arrays import namespace
    >>> f, y = np.array([[1.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> cr.LOSSES["half_squared_error"].value(namespace(f), f, y)
    array([2.5])
    >>> quartic = cr.Loss("quartic", term=lambda xp, f, y: (f - y)**4, slope=lambda xp, f, y: 4 * (f - y)**3)
    >>> quartic.gradient(namespace(f), f, y)
    array([[ 4., 32.]])
    """

    name: str
    term: Callable[[Library, Array, Array], Array] = field(default=None, repr=False)  # type: ignore[assignment]
    slope: Callable[[Library, Array, Array], Array] = field(default=None, repr=False)  # type: ignore[assignment]
    factor: float = 1.0
    reduction: str = "sum"
    domain: Interval = REAL
    targets: Interval = REAL
    target_values: tuple[float, ...] = ()
    outputs_per_target: int = 1
    kinks: Callable[[Library, Array, Array], Array] | None = field(default=None, repr=False)
    logs: LossLogs | None = field(default=None, repr=False)
    on_softmax: Loss | None = field(default=None, repr=False, compare=False)
    output: str = "identity"
    parameters: tuple[float, ...] = ()
    family: Callable[..., Loss] | None = field(default=None, repr=False, compare=False)
    code: int | None = None

    def __post_init__(self) -> None:
        if self.logs is not None and self.term is None:
            object.__setattr__(self, "term", _TermOfLogs(self.logs))
            object.__setattr__(self, "slope", _SlopeOfLogs(self.logs))
        if self.term is None or self.slope is None:
            raise TypeError(
                f"loss {self.name!r} has no {'term' if self.term is None else 'derivative'}: give both, for example "
                'cr.Loss("quartic", term=lambda xp, f, y: (f - y)**4, slope=lambda xp, f, y: 4 * (f - y)**3)'
            )
        if self.reduction not in ("sum", "mean"):
            raise ValueError(f"loss {self.name!r}: reduction is 'sum' or 'mean', not {self.reduction!r}")

    @property
    def spec(self) -> str:
        """The loss in the grammar, such as ``huber(1.0)``."""
        return call_text(self.name, self.parameters)

    def scale(self, outputs: int) -> float:
        """What a term is multiplied by before the terms of one sample are added."""
        return self.factor / outputs if self.reduction == "mean" else self.factor

    def reduce(self, xp: Library, terms: Array, outputs: int) -> Array:
        """Per-output terms to one number per sample, (N,)."""
        total = xp.sum(terms, axis=1)
        scale = self.scale(outputs)
        return total if scale == 1 else scale * total

    def value(self, xp: Library, f: Array, y: Array) -> Array:
        """The loss of each sample, (N,)."""
        return self.reduce(xp, self.term(xp, f, y), f.shape[1])

    def gradient(self, xp: Library, f: Array, y: Array) -> Array:
        """The derivative of `value` with respect to f, (N, width)."""
        scale = self.scale(f.shape[1])
        slope = self.slope(xp, f, y)
        return slope if scale == 1 else scale * slope

    def __reduce__(self) -> Any:
        """A built-in entry pickles as its name, one's own as its functions."""
        if self.code is not None:
            from .loss import loss

            return loss, (self.spec,)
        return _rebuild, ({name: getattr(self, name) for name in self.__dataclass_fields__},)


def _rebuild(fields: dict[str, Any]) -> Loss:
    return Loss(**fields)


@dataclass(frozen=True)
class _TermOfLogs:
    """A loss of logarithms on outputs whose own logarithm is not known."""

    logs: LossLogs

    def __call__(self, xp: Library, f: Array, y: Array) -> Array:
        return self.logs.term(xp, xp.log(f), xp.log1p(-f) if self.logs.needs_colog else None, y)


@dataclass(frozen=True)
class _SlopeOfLogs:
    """Its derivative: du/df = 1 / f and dv/df = -1 / (1 - f)."""

    logs: LossLogs

    def __call__(self, xp: Library, f: Array, y: Array) -> Array:
        g_u, g_v = self.logs.slope(xp, xp.log(f), xp.log1p(-f) if self.logs.needs_colog else None, y)
        return g_u / f if g_v is None else g_u / f - g_v / (1 - f)
