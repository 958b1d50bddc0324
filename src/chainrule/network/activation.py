"""Activations: each a function and its derivative, written once for every array library.

An elementwise activation has ``f`` and ``df`` with a = f(z) and df(z, a) = f'(z); its pullback is
g * f'(z). A row-wise one, softmax, has no elementwise derivative and brings its pullback itself.
The derivative may be written with the value ``a``, which backward has at hand anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import pi, sqrt
from typing import Any

from .arrays import Array, Library
from .grammar import call_text, parse_call, unknown_name
from .interval import NON_NEGATIVE, POSITIVE, REAL, UNIT, UNIT_CLOSED, Interval

__all__ = ["ACTIVATIONS", "Activation", "LogForm", "activation"]

HOW_TO_DIFFERENTIATE = (
    "give df(xp, z, a), the derivative at z (a is f(z)), for example "
    'cr.Activation("cube", f=lambda xp, z: z**3, df=lambda xp, z, a: 3 * z**2); '
    "a row-wise function gives pullback(xp, z, a, g) instead"
)


@dataclass(frozen=True)
class LogForm:
    """The logarithm of an activation, and of one minus it, computed from z without their overflow.

    Each comes with its pullback: the gradient with respect to z, given the one with respect to the logarithm.
    A loss that is written in logarithms is finite with such an activation wherever its mathematics is.
    """

    log: Callable[[Library, Array, Array], Array]
    log_pullback: Callable[[Library, Array, Array, Array], Array]
    colog: Callable[[Library, Array, Array], Array] | None = None
    colog_pullback: Callable[[Library, Array, Array, Array], Array] | None = None


@dataclass(frozen=True)
class Activation:
    """An activation function with its derivative.

    Parameters
    ----------
    name : str
        What the grammar and the tables call it.
    f : callable
        ``f(xp, z)``, elementwise on an array of any shape, or row-wise along the last axis.
    df : callable, optional
        ``df(xp, z, a)``, the derivative at ``z`` where ``a = f(xp, z)``; for elementwise functions.
    pullback : callable, optional
        ``pullback(xp, z, a, g)``, the gradient with respect to z given ``g``, the one with respect to a.
        Made from ``df`` where that is given.
    kinks : tuple of float
        The places where the derivative jumps. There it is one of its one-sided limits, by choice.
    range : Interval
        What the function can give; a loss whose domain does not hold it is refused.
    initial : str
        The initial scheme that suits the function, a name of ``chainrule.network.initial.SCHEMES``.
    parameters : tuple of float
        The numbers in brackets, such as 0.1 in ``leaky_relu(0.1)``.
    family : callable, optional
        Makes the activation anew from other parameters.
    logs : LogForm, optional
        The logarithm of f in a form that does not overflow.
    code : int, optional
        The number by which compiled code knows a built-in entry; None for a function of one's own.

    Raises
    ------
    TypeError
        If neither a derivative nor a pullback is given.

    Notes
    -----
    sigma of F2 and sigma' of B2 (Watters 41, 61; Wichmann 1.4, 5.2; Menon (2)).

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> cube = cr.Activation("cube", f=lambda xp, z: z**3, df=lambda xp, z, a: 3 * z**2)
    >>> net = cr.Network((2, 3, 1), (cube, "identity"), "half_squared_error")
    >>> cr.check_gradient(net, net.initial(seed=0), np.ones((4, 2)), np.ones((4, 1))).ok
    True
    """

    name: str
    f: Callable[[Library, Array], Array]
    df: Callable[[Library, Array, Array], Array] | None = None
    pullback: Callable[[Library, Array, Array, Array], Array] = field(default=None, repr=False)  # type: ignore[assignment]
    kinks: tuple[float, ...] = ()
    range: Interval = REAL
    initial: str = "glorot_uniform"
    parameters: tuple[float, ...] = ()
    family: Callable[..., Activation] | None = field(default=None, repr=False, compare=False)
    logs: LogForm | None = field(default=None, repr=False)
    code: int | None = None

    def __post_init__(self) -> None:
        if self.df is None and self.pullback is None:
            raise TypeError(f"activation {self.name!r} has no derivative: {HOW_TO_DIFFERENTIATE}")
        if self.pullback is None:
            object.__setattr__(self, "pullback", _Elementwise(self.df))

    @property
    def elementwise(self) -> bool:
        """Whether each output depends on its own input alone."""
        return self.df is not None

    @property
    def spec(self) -> str:
        """The activation in the grammar, such as ``leaky_relu(0.1)``."""
        return call_text(self.name, self.parameters)

    def __reduce__(self) -> Any:
        """A built-in entry pickles as its name, one's own as its functions."""
        if self.code is not None:
            return activation, (self.spec,)
        return _rebuild, ({name: getattr(self, name) for name in self.__dataclass_fields__},)


@dataclass(frozen=True)
class _Elementwise:
    """The pullback of an elementwise function: g * f'(z)."""

    df: Any

    def __call__(self, xp: Library, z: Array, a: Array, g: Array) -> Array:
        return g * self.df(xp, z, a)


def _rebuild(fields: dict[str, Any]) -> Activation:
    return Activation(**fields)


def _leaky_relu(slope: float = 0.01) -> Activation:
    return Activation(
        "leaky_relu",
        f=lambda xp, z: xp.where(xp.real(z) > 0, z, slope * z),
        df=lambda xp, z, a: slope + (1 - slope) * xp.step(z),
        kinks=(0.0,),
        initial="he_uniform",
        parameters=(slope,),
    )


def _elu(alpha: float = 1.0) -> Activation:
    return Activation(
        "elu",
        f=lambda xp, z: xp.positive_part(z) + alpha * xp.expm1(xp.negative_part(z)),
        df=lambda xp, z, a: xp.where(xp.real(z) > 0, 1.0, a + alpha),
        kinks=() if alpha == 1 else (0.0,),
        range=Interval(-alpha) if alpha > 0 else REAL,
        initial="he_uniform",
        parameters=(alpha,),
    )


def _sine(w: float = 1.0) -> Activation:
    if w == 0:
        raise ValueError("activation 'sine' needs a frequency other than 0: sine(0) is 0 everywhere")
    return Activation(
        "sine",
        f=lambda xp, z: xp.sin(w * z),
        df=lambda xp, z, a: w * xp.cos(w * z),
        range=Interval(-1, 1, closed_low=True, closed_high=True),
        initial=f"sine({w!r})",
        parameters=(w,),
    )


# Klambauer et al., Self-Normalizing Neural Networks (2017), equation 14
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
GELU_TANH = sqrt(2 / pi)  # Hendrycks and Gimpel, Gaussian Error Linear Units (2016), with 0.044715


def _selu_df(xp: Library, z: Array, a: Array) -> Array:
    return xp.where(xp.real(z) > 0, SELU_SCALE, a + SELU_SCALE * SELU_ALPHA)


def _gelu_df(xp: Library, z: Array, a: Array) -> Array:
    return 0.5 * (1 + xp.erf(z / sqrt(2))) + z * xp.exp(-z * z / 2) / sqrt(2 * pi)


def _gelu_tanh_inner(xp: Library, z: Array) -> Array:
    return xp.tanh(GELU_TANH * (z + 0.044715 * z * z * z))


def _gelu_tanh_df(xp: Library, z: Array, a: Array) -> Array:
    t = _gelu_tanh_inner(xp, z)
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * GELU_TANH * (1 + 3 * 0.044715 * z * z)


def _silu_df(xp: Library, z: Array, a: Array) -> Array:
    s = xp.sigmoid(z)
    return s + a * (1 - s)


def _mish_df(xp: Library, z: Array, a: Array) -> Array:
    t = xp.tanh(xp.softplus(z))
    return t + z * (1 - t * t) * xp.sigmoid(z)


def _hard_sigmoid(xp: Library, z: Array) -> Array:
    return xp.where(xp.real(z) <= -3, 0.0, xp.where(xp.real(z) >= 3, 1.0, z / 6 + 0.5))


def _hard_sigmoid_df(xp: Library, z: Array, a: Array) -> Array:
    return xp.step(z + 3) * xp.step(3 - z) / 6


def _softmax(xp: Library, z: Array) -> Array:
    e = xp.exp(z - xp.max(xp.real(z), axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def _softmax_pullback(xp: Library, z: Array, a: Array, g: Array) -> Array:
    return a * (g - xp.sum(a * g, axis=-1, keepdims=True))


def _log_softmax_pullback(xp: Library, z: Array, a: Array, g: Array) -> Array:
    return g - a * xp.sum(g, axis=-1, keepdims=True)


def _others(xp: Library, z: Array) -> tuple[Array, Array]:
    """For each class i, log sum exp over the classes j != i, (N, K), and their softmax q_ij, (N, K, K)."""
    K = z.shape[-1]
    other = xp.asarray([[float(i != j) for j in range(K)] for i in range(K)], dtype=xp.real(z).dtype)
    shift = xp.max(xp.where(other > 0, xp.real(z)[:, None, :], xp.min(xp.real(z))), axis=-1)
    e = xp.exp(xp.where(other > 0, z[:, None, :] - shift[:, :, None], 0.0)) * xp.astype(other, z.dtype)
    total = xp.sum(e, axis=-1)
    return shift + xp.log(total), e / total[:, :, None]


def _softmax_colog(xp: Library, z: Array, a: Array) -> Array:
    return _others(xp, z)[0] - xp.logsumexp(z)


def _softmax_colog_pullback(xp: Library, z: Array, a: Array, g: Array) -> Array:
    q = _others(xp, z)[1]  # d log(1 - a_i) / dz_j = q_ij - a_j, where q_ii = 0
    return xp.sum(g[:, :, None] * (q - a[:, None, :]), axis=1)


SOFTPLUS_TAIL = -36.0  # below it log(1 + e^z) is e^z to float64's last digit, and its logarithm z - e^z / 2


def _log_softplus(xp: Library, z: Array, a: Array) -> Array:
    tail = xp.real(z) < SOFTPLUS_TAIL
    return xp.where(tail, z, xp.log(xp.where(tail, 1.0, a)))


def _log_softplus_pullback(xp: Library, z: Array, a: Array, g: Array) -> Array:
    tail = xp.real(z) < SOFTPLUS_TAIL
    return g * xp.where(tail, 1.0, xp.sigmoid(z) / xp.where(tail, 1.0, a))


_SIGMOID_LOGS = LogForm(
    log=lambda xp, z, a: xp.log_sigmoid(z),
    log_pullback=lambda xp, z, a, g: g * xp.sigmoid(-z),
    colog=lambda xp, z, a: xp.log_sigmoid(-z),
    colog_pullback=lambda xp, z, a, g: -g * a,
)
_SOFTMAX_LOGS = LogForm(
    log=lambda xp, z, a: z - xp.logsumexp(z),
    log_pullback=_log_softmax_pullback,
    colog=_softmax_colog,
    colog_pullback=_softmax_colog_pullback,
)
_EXP_LOGS = LogForm(log=lambda xp, z, a: z, log_pullback=lambda xp, z, a, g: g)
_GAUSSIAN_LOGS = LogForm(log=lambda xp, z, a: -z * z, log_pullback=lambda xp, z, a, g: -2 * z * g)
_SOFTPLUS_LOGS = LogForm(log=_log_softplus, log_pullback=_log_softplus_pullback)

_BUILT_IN = (
    Activation("identity", f=lambda xp, z: z, df=lambda xp, z, a: xp.ones_like(z)),
    Activation(
        "relu",  # Menon 3.1: derivative 0 at 0
        f=lambda xp, z: xp.positive_part(z),
        df=lambda xp, z, a: xp.step(z),
        kinks=(0.0,),
        range=NON_NEGATIVE,
        initial="he_uniform",
    ),
    _leaky_relu(),
    _elu(),
    Activation(
        "selu",
        f=lambda xp, z: SELU_SCALE * (xp.positive_part(z) + SELU_ALPHA * xp.expm1(xp.negative_part(z))),
        df=_selu_df,
        kinks=(0.0,),
        range=Interval(-SELU_SCALE * SELU_ALPHA),
        initial="lecun_normal",
    ),
    Activation("gelu", f=lambda xp, z: 0.5 * z * (1 + xp.erf(z / sqrt(2))), df=_gelu_df, initial="he_uniform"),
    Activation(
        "gelu_tanh", f=lambda xp, z: 0.5 * z * (1 + _gelu_tanh_inner(xp, z)), df=_gelu_tanh_df, initial="he_uniform"
    ),
    Activation("silu", f=lambda xp, z: z * xp.sigmoid(z), df=_silu_df, initial="he_uniform"),
    Activation("mish", f=lambda xp, z: z * xp.tanh(xp.softplus(z)), df=_mish_df, initial="he_uniform"),
    Activation(
        "softplus",
        f=lambda xp, z: xp.softplus(z),
        df=lambda xp, z, a: xp.sigmoid(z),
        range=POSITIVE,
        initial="he_uniform",
        logs=_SOFTPLUS_LOGS,
    ),
    Activation(
        "softsign",
        f=lambda xp, z: z / (1 + xp.magnitude(z)),
        df=lambda xp, z, a: 1 / (1 + xp.magnitude(z)) ** 2,
        range=Interval(-1, 1),
    ),
    Activation("tanh", f=lambda xp, z: xp.tanh(z), df=lambda xp, z, a: 1 - a * a, range=Interval(-1, 1)),
    Activation(
        "sigmoid", f=lambda xp, z: xp.sigmoid(z), df=lambda xp, z, a: a * (1 - a), range=UNIT, logs=_SIGMOID_LOGS
    ),
    Activation("hard_sigmoid", f=_hard_sigmoid, df=_hard_sigmoid_df, kinks=(-3.0, 3.0), range=UNIT_CLOSED),
    Activation("exp", f=lambda xp, z: xp.exp(z), df=lambda xp, z, a: a, range=POSITIVE, logs=_EXP_LOGS),
    Activation(
        "gaussian",
        f=lambda xp, z: xp.exp(-z * z),
        df=lambda xp, z, a: -2 * z * a,
        range=Interval(0, 1, closed_high=True),
        logs=_GAUSSIAN_LOGS,
    ),
    _sine(),
    Activation(
        "squared_relu",
        f=lambda xp, z: xp.positive_part(z) ** 2,
        df=lambda xp, z, a: 2 * xp.positive_part(z),
        range=NON_NEGATIVE,
        initial="he_uniform",
    ),
    Activation("softmax", f=_softmax, pullback=_softmax_pullback, range=UNIT, logs=_SOFTMAX_LOGS),
)

_FAMILIES: dict[str, Callable[..., Activation]] = {"leaky_relu": _leaky_relu, "elu": _elu, "sine": _sine}

#: Every activation by its name; add one's own with ``ACTIVATIONS["cube"] = cube``.
ACTIVATIONS: dict[str, Activation] = {
    entry.name: replace(entry, code=number, family=_FAMILIES.get(entry.name)) for number, entry in enumerate(_BUILT_IN)
}


def activation(given: str | Activation) -> Activation:
    """The activation of that name, parameters in brackets; an `Activation` is returned as it is.

    Raises
    ------
    ValueError
        If no entry has the name, or the entry takes no such parameters.
    TypeError
        If something else than a name or an `Activation` is given.

    Examples
    --------
    >>> activation("leaky_relu(0.1)").parameters
    (0.1,)
    """
    if isinstance(given, Activation):
        return given
    if not isinstance(given, str):
        raise TypeError(f"an activation is a name or a cr.Activation, not {given!r}: {HOW_TO_DIFFERENTIATE}")
    name, numbers = parse_call(given, "activation")
    if name not in ACTIVATIONS:
        raise unknown_name("activation", name, ACTIVATIONS)
    entry = ACTIVATIONS[name]
    if not numbers or numbers == entry.parameters:
        return entry
    if entry.family is None or len(numbers) != len(entry.parameters):
        takes = f"takes {len(entry.parameters)} parameter(s)" if entry.parameters else "takes no parameters"
        raise ValueError(f"activation {name!r} {takes}, given {given!r}")
    return _variant(entry.family, entry.code, numbers)


@lru_cache(maxsize=256)
def _variant(family: Callable[..., Activation], code: int | None, numbers: tuple[float, ...]) -> Activation:
    """One object for one set of parameters, so that equal networks compare equal."""
    return replace(family(*numbers), code=code, family=family)
