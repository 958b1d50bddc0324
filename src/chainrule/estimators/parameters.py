"""What the constructor parameters may be, in scikit-learn's own form, so that its messages come out word for word.

Names of activations, losses and layers have a grammar of their own (`cr.ACTIVATIONS`, `cr.LOSSES`); these are checked
where the network is built.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions

from chainrule.descent import LBFGS
from chainrule.estimators.rules import MORE_SOLVERS, is_quasi_newton
from chainrule.network.activation import Activation
from chainrule.network.loss import Loss
from chainrule.network.loss import loss as find_loss

__all__ = [
    "CLASSIFIER",
    "REGRESSOR",
    "has_margins",
    "has_probabilities",
    "has_quantiles",
    "has_spread",
    "is_stochastic",
]

_COUNT = Interval(Integral, 1, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")
_NAME = [str, Activation]

_SHARED: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [*_NAME, "array-like"],
    "solver": [StrOptions({"lbfgs", "sgd", "adam", *MORE_SOLVERS}), HasMethods(["init", "update"]), LBFGS],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"}), callable],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_SHARE],
    "beta_1": [_SHARE],
    "beta_2": [_SHARE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    "n_layers": [None, Interval(Integral, 0, None, closed="left")],
    "width": [None, _COUNT],
    "output_activation": [None, *_NAME],
    "dropout": [_SHARE, "array-like"],
    "l1": [_NOT_NEGATIVE],
    "scoring": [None, str, callable],
    "callbacks": [None, callable, "array-like"],
    "time_limit": [None, _POSITIVE],
    "progress": ["boolean", StrOptions({"auto"}), HasMethods(["print"])],
    "missing": [StrOptions({"error", "impute"})],
    "standardize": ["boolean"],
    "engine": [StrOptions({"auto", "native", "reference"}), HasMethods(["session"])],
}

CLASSIFIER: dict[str, Any] = {
    **_SHARED,
    "loss": [str, Loss],
    "class_weight": [dict, list, StrOptions({"balanced"}), None],
}
REGRESSOR: dict[str, Any] = {**_SHARED, "loss": [str, Loss], "standardize_target": ["boolean"]}


def is_stochastic(model: Any) -> bool:
    """Whether the solver works on mini-batches, so that partial_fit exists.

    Raises
    ------
    AttributeError
        If it does not; this is how scikit-learn hides a method.
    """
    if is_quasi_newton(model.solver):
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {model.solver} is not stochastic."
        )
    return True


def has_probabilities(model: Any) -> bool:
    """Whether the outputs are probabilities; AttributeError if the loss is about margins."""
    if has_margins_loss(model.loss):
        raise AttributeError(f"the loss {model.loss!r} trains margins, not probabilities: use decision_function")
    return True


def has_margins(model: Any) -> bool:
    """Whether the outputs are margins; AttributeError if they are probabilities."""
    if not has_margins_loss(model.loss):
        raise AttributeError(f"the loss {model.loss!r} trains probabilities: use predict_proba")
    return True


def has_margins_loss(given: Any) -> bool:
    """Whether a loss takes the targets -1 and 1."""
    if isinstance(given, str) and given.startswith("log_loss"):
        return False
    return bool(find_loss(given).target_values)


def has_quantiles(model: Any) -> bool:
    """Whether the loss is one of quantiles; AttributeError if it is not."""
    if find_loss(model.loss).name != "quantile":
        raise AttributeError(
            f'predict_quantiles needs loss="quantile(0.05, 0.5, 0.95)" or the like, not {model.loss!r}'
        )
    return True


def has_spread(model: Any) -> bool:
    """Whether the outputs tell of intervals; AttributeError if they do not."""
    if find_loss(model.loss).name not in ("quantile", "gaussian_nll"):
        raise AttributeError(
            f'predict_interval needs loss="gaussian_nll" or "quantile(0.05, 0.5, 0.95)" or the like, not {model.loss!r}'
        )
    return True


def levels_of_interval(levels: tuple[float, ...], coverage: float | None) -> list[int]:
    """The places of the two levels that have this coverage between them, alike on both sides; by default the outermost.

    Examples
    --------
    >>> levels_of_interval((0.05, 0.25, 0.5, 0.75, 0.95), 0.5)
    [1, 3]
    """
    wanted = [min(levels), max(levels)] if coverage is None else [(1 - coverage) / 2, (1 + coverage) / 2]
    places = [int(np.abs(np.array(levels) - level).argmin()) for level in wanted]
    if len(levels) < 2 or any(abs(levels[p] - level) > 1e-6 for p, level in zip(places, wanted, strict=True)):
        raise ValueError(
            f"coverage={coverage} lies between the levels {wanted[0]:g} and {wanted[1]:g}, but the model was trained "
            f"for {levels}"
        )
    return places
