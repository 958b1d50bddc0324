"""The table of losses, and how one is found by its name.

What a loss is stands in `loss_form`; here are the formulas, each value beside its gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from math import log, prod
from typing import Any

import numpy as np

from .arrays import Array, Library
from .grammar import parse_call, unknown_name
from .interval import NON_NEGATIVE, POSITIVE, UNIT, UNIT_CLOSED, Interval
from .loss_form import Loss, LossLogs

__all__ = ["LOSSES", "Loss", "LossLogs", "check_targets", "loss", "smooth_labels"]


def smooth_labels(xp: Library, y: Array, epsilon: float, classes: int) -> Array:
    """t <- (1 - e) t + e / K: every class keeps a little of the probability."""
    return y if epsilon == 0 else (1 - epsilon) * y + epsilon / classes


def _squared(name: str, factor: float, reduction: str) -> Loss:
    """The sources' four: they differ in factor and reduction alone."""
    return Loss(name, lambda xp, f, y: (f - y) ** 2, lambda xp, f, y: 2 * (f - y), factor=factor, reduction=reduction)


def _huber(d: float = 1.0) -> Loss:
    def term(xp: Library, f: Array, y: Array) -> Array:
        size = xp.magnitude(f - y)
        return xp.where(xp.real(size) <= d, size * size / 2, d * (size - d / 2))

    def slope(xp: Library, f: Array, y: Array) -> Array:
        r = f - y
        return xp.where(xp.real(xp.magnitude(r)) <= d, r, d * xp.sign_of(r))

    _require(d > 0, "huber", "d > 0", d)
    return Loss("huber", term, slope, parameters=(d,))


def _by_level(xp: Library, f: Array, y: Array, levels: tuple[float, ...]) -> tuple[Array, Array]:
    """Residuals y - f as (N, targets, levels), and the levels; the outputs of one target lie side by side."""
    q = xp.asarray(levels, dtype=xp.real(f).dtype)
    return y[:, :, None] - xp.reshape(f, (f.shape[0], -1, len(levels))), q


def _quantile(*levels: float) -> Loss:
    levels = levels or (0.5,)

    def term(xp: Library, f: Array, y: Array) -> Array:
        r, q = _by_level(xp, f, y, levels)
        return xp.reshape(xp.where(xp.real(r) > 0, q * r, (q - 1) * r), f.shape)

    def slope(xp: Library, f: Array, y: Array) -> Array:
        r, q = _by_level(xp, f, y, levels)
        side = xp.astype(xp.real(r) < 0, q.dtype) - q * xp.astype(xp.real(r) != 0, q.dtype)
        return xp.astype(xp.reshape(side, f.shape), f.dtype)

    def kinks(xp: Library, f: Array, y: Array) -> Array:
        return xp.reshape(_by_level(xp, f, y, levels)[0], f.shape)

    _require(all(0 < q < 1 for q in levels), "quantile", "levels between 0 and 1", levels)
    return Loss("quantile", term, slope, kinks=kinks, outputs_per_target=len(levels), parameters=levels)


def _binary_cross_entropy(smoothing: float = 0.0) -> Loss:
    def term(xp: Library, u: Array, v: Array, y: Array) -> Array:
        y = smooth_labels(xp, y, smoothing, 2)
        return -(y * u + (1 - y) * v)

    def slope(xp: Library, u: Array, v: Array, y: Array) -> tuple[Array, Array]:
        y = smooth_labels(xp, y, smoothing, 2)
        return -y, y - 1

    _require(0 <= smoothing < 1, "binary_cross_entropy", "label smoothing in [0, 1)", smoothing)
    logs = LossLogs(term, slope, needs_colog=True)
    return Loss(
        "binary_cross_entropy",
        logs=logs,
        domain=UNIT,
        targets=UNIT_CLOSED,
        output="sigmoid",
        parameters=(smoothing,) if smoothing else (),
    )


def _categorical_cross_entropy(smoothing: float = 0.0) -> Loss:
    logs = LossLogs(
        term=lambda xp, u, v, y: -smooth_labels(xp, y, smoothing, y.shape[1]) * u,
        slope=lambda xp, u, v, y: (-smooth_labels(xp, y, smoothing, y.shape[1]), None),
    )
    _require(0 <= smoothing < 1, "categorical_cross_entropy", "label smoothing in [0, 1)", smoothing)
    return Loss(
        "categorical_cross_entropy",
        logs=logs,
        domain=POSITIVE,
        targets=NON_NEGATIVE,
        output="softmax",
        parameters=(smoothing,) if smoothing else (),
    )


def _focal(gamma: float = 2.0, alpha: float = 0.25) -> Loss:
    """Lin et al., Focal Loss for Dense Object Detection (2017), equation 5."""

    def term(xp: Library, u: Array, v: Array, y: Array) -> Array:
        return -alpha * y * xp.exp(gamma * v) * u - (1 - alpha) * (1 - y) * xp.exp(gamma * u) * v

    def slope(xp: Library, u: Array, v: Array, y: Array) -> tuple[Array, Array]:
        hit, miss = alpha * y * xp.exp(gamma * v), (1 - alpha) * (1 - y) * xp.exp(gamma * u)
        return -hit - gamma * miss * v, -miss - gamma * hit * u

    def softmax_term(xp: Library, u: Array, v: Array, y: Array) -> Array:
        return -alpha * y * xp.exp(gamma * v) * u

    def softmax_slope(xp: Library, u: Array, v: Array, y: Array) -> tuple[Array, Array]:
        hit = alpha * y * xp.exp(gamma * v)
        return -hit, -gamma * hit * u

    _require(gamma >= 0 and 0 <= alpha <= 1, "focal", "gamma >= 0 and alpha in [0, 1]", (gamma, alpha))
    data = {"domain": UNIT, "targets": UNIT_CLOSED, "output": "sigmoid", "parameters": (gamma, alpha)}
    return Loss(
        "focal",
        logs=LossLogs(term, slope, needs_colog=True),
        on_softmax=Loss("focal", logs=LossLogs(softmax_term, softmax_slope, needs_colog=True), **data),  # type: ignore[arg-type]
        **data,  # type: ignore[arg-type]
    )


def _require(holds: bool, name: str, expected: str, given: object) -> None:
    if not holds:
        raise ValueError(f"loss {name!r} needs {expected}, given {given}")


def _log_cosh(xp: Library, f: Array, y: Array) -> Array:
    size = xp.magnitude(f - y)
    small = xp.real(size) < 1
    near = xp.log1p(2 * xp.sinh(xp.where(small, size, 0.0) / 2) ** 2)  # cosh r = 1 + 2 sinh(r/2)^2 keeps the digits
    return xp.where(small, near, size + xp.log1p(xp.exp(-2 * size)) - log(2))


def _mean_and_log_variance(f: Array) -> tuple[Array, Array]:
    half = f.shape[1] // 2
    return f[:, :half], f[:, half:]


def _gaussian_nll(xp: Library, f: Array, y: Array) -> Array:
    m, v = _mean_and_log_variance(f)
    return (v + (y - m) ** 2 * xp.exp(-v)) / 2


def _gaussian_nll_slope(xp: Library, f: Array, y: Array) -> Array:
    m, v = _mean_and_log_variance(f)
    precision = xp.exp(-v)
    return xp.concat([(m - y) * precision, (1 - (y - m) ** 2 * precision) / 2], axis=1)


def _kl_term(xp: Library, u: Array, v: Array, y: Array) -> Array:
    return y * (xp.log(xp.where(y > 0, y, 1.0)) - u)  # 0 where y = 0


def _hinge_margin(xp: Library, f: Array, y: Array) -> Array:
    return 1 - y * f


_BUILT_IN = (
    _squared("squared_error", 1.0, "sum"),
    _squared("half_squared_error", 0.5, "sum"),
    _squared("mean_squared_error", 1.0, "mean"),
    _squared("half_mean_squared_error", 0.5, "mean"),
    _binary_cross_entropy(),
    _categorical_cross_entropy(),
    Loss(
        "absolute_error",
        lambda xp, f, y: xp.magnitude(f - y),
        lambda xp, f, y: xp.sign_of(f - y),
        kinks=lambda xp, f, y: f - y,
    ),
    _huber(),
    Loss("log_cosh", _log_cosh, lambda xp, f, y: xp.tanh(f - y)),
    _quantile(),
    Loss(
        "poisson",
        logs=LossLogs(lambda xp, u, v, y: xp.exp(u) - y * u, lambda xp, u, v, y: (xp.exp(u) - y, None)),
        domain=POSITIVE,
        targets=NON_NEGATIVE,
        output="exp",
    ),
    Loss(
        "gamma",
        logs=LossLogs(lambda xp, u, v, y: y * xp.exp(-u) + u, lambda xp, u, v, y: (1 - y * xp.exp(-u), None)),
        domain=POSITIVE,
        targets=POSITIVE,
        output="exp",
    ),
    Loss(
        "hinge",
        lambda xp, f, y: xp.positive_part(_hinge_margin(xp, f, y)),
        lambda xp, f, y: -y * xp.step(_hinge_margin(xp, f, y)),
        target_values=(-1.0, 1.0),
        kinks=_hinge_margin,
    ),
    _focal(),
    Loss("gaussian_nll", _gaussian_nll, _gaussian_nll_slope, outputs_per_target=2),
    Loss(
        "kl_divergence",
        logs=LossLogs(_kl_term, lambda xp, u, v, y: (-y, None)),
        domain=POSITIVE,
        targets=NON_NEGATIVE,
        output="softmax",
    ),
)

_FAMILIES: dict[str, Callable[..., Loss]] = {
    "binary_cross_entropy": _binary_cross_entropy,
    "categorical_cross_entropy": _categorical_cross_entropy,
    "huber": _huber,
    "quantile": _quantile,
    "focal": _focal,
}

#: Every loss by its name; add one's own with ``LOSSES["quartic"] = quartic``.
LOSSES: dict[str, Loss] = {
    entry.name: replace(entry, code=number, family=_FAMILIES.get(entry.name)) for number, entry in enumerate(_BUILT_IN)
}


def loss(given: str | Loss) -> Loss:
    """The loss of that name, parameters in brackets; a `Loss` is returned as it is.

    Raises
    ------
    ValueError
        If no entry has the name, or the entry takes no such parameters.
    TypeError
        If something else than a name or a `Loss` is given.

    Examples
    --------
    >>> loss("quantile(0.1, 0.5, 0.9)").outputs_per_target
    3
    """
    if isinstance(given, Loss):
        return given
    if not isinstance(given, str):
        raise TypeError(f"a loss is a name or a cr.Loss, not {given!r}")
    name, numbers = parse_call(given, "loss")
    if name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    entry = LOSSES[name]
    if not numbers or numbers == entry.parameters:
        return entry
    if entry.family is None:
        raise ValueError(f"loss {name!r} takes no parameters, given {given!r}")
    try:
        return _variant(entry.family, entry.code, numbers)
    except TypeError:
        raise ValueError(f"loss {given!r}: too many parameters for {name!r}") from None


@lru_cache(maxsize=256)
def _variant(family: Callable[..., Loss], code: int | None, numbers: tuple[float, ...]) -> Loss:
    """One object for one set of parameters, so that equal networks compare equal."""
    return replace(family(*numbers), code=code, family=family)


def check_targets(entry: Loss, T: Any) -> None:
    """Refuse targets outside of what the loss takes.

    Raises
    ------
    ValueError
        If a target is not finite or is outside of ``entry.targets``.
    """
    values = np.asarray(T)
    if not np.isfinite(values).all():
        raise ValueError(f"T holds {int(prod(values.shape) - np.isfinite(values).sum())} values that are not finite")
    if entry.target_values and not np.isin(values, entry.target_values).all():
        odd = values[~np.isin(values, entry.target_values)][0]
        raise ValueError(f"loss {entry.name!r} takes targets {entry.target_values}, given {odd:g} among them")
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if values.size and Interval(low, high, True, True) not in entry.targets:
        raise ValueError(f"loss {entry.name!r} takes targets in {entry.targets}, given values from {low:g} to {high:g}")
