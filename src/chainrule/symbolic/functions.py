"""Elementwise functions: what each computes, its derivative as an expression, and how it is written.

An abstract function such as ``sigma`` is one that is not in the table; its derivatives are written sigma', sigma''.
All of them accept complex arguments, so that a derivative can be checked by the complex step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.symbolic.expression import Expression, apply, number, power

Values = Any


@dataclass(frozen=True)
class Elementwise:
    """A known function of one number: its values, its derivative, its NumPy source and its LaTeX name."""

    value: Callable[[Values], Values]
    derivative: Callable[[Expression], Expression]
    source: str
    latex: str


def _branch(condition: Values, yes: Values, no: Values) -> Values:
    return np.where(condition, yes, no)


def _sigmoid(z: Values) -> Values:
    small = np.exp(-_branch(np.real(z) >= 0, z, -z))  # |small| <= 1: no overflow on either side
    return _branch(np.real(z) >= 0, 1, small) / (1 + small)


def _softplus(z: Values) -> Values:
    magnitude = _branch(np.real(z) >= 0, z, -z)
    return _branch(np.real(z) >= 0, z, 0 * z) + np.log1p(np.exp(-magnitude))


def _logcosh(z: Values) -> Values:
    magnitude = _branch(np.real(z) >= 0, z, -z)  # cosh overflows from 710 on
    return magnitude + np.log1p(np.exp(-2 * magnitude)) - np.log(2)


def _erf(z: Values) -> Values:
    from scipy.special import erf

    return erf(z)


def _f(name: str) -> Callable[[Expression], Expression]:
    return lambda x: apply(name, x)


SQRT_PI = 1.7724538509055159

FUNCTIONS: dict[str, Elementwise] = {
    "exp": Elementwise(np.exp, _f("exp"), "np.exp({0})", r"\exp"),
    "log": Elementwise(np.log, lambda x: 1 / x, "np.log({0})", r"\log"),
    "log1p": Elementwise(np.log1p, lambda x: 1 / (1 + x), "np.log1p({0})", r"\operatorname{log1p}"),
    "expm1": Elementwise(np.expm1, _f("exp"), "np.expm1({0})", r"\operatorname{expm1}"),
    "sin": Elementwise(np.sin, _f("cos"), "np.sin({0})", r"\sin"),
    "cos": Elementwise(np.cos, lambda x: -apply("sin", x), "np.cos({0})", r"\cos"),
    "tan": Elementwise(np.tan, lambda x: 1 + apply("tan", x) ** 2, "np.tan({0})", r"\tan"),
    "arcsin": Elementwise(np.arcsin, lambda x: (1 - x**2) ** -0.5, "np.arcsin({0})", r"\arcsin"),
    "arccos": Elementwise(np.arccos, lambda x: -((1 - x**2) ** -0.5), "np.arccos({0})", r"\arccos"),
    "arctan": Elementwise(np.arctan, lambda x: 1 / (1 + x**2), "np.arctan({0})", r"\arctan"),
    "sinh": Elementwise(np.sinh, _f("cosh"), "np.sinh({0})", r"\sinh"),
    "cosh": Elementwise(np.cosh, _f("sinh"), "np.cosh({0})", r"\cosh"),
    "tanh": Elementwise(np.tanh, lambda x: 1 - apply("tanh", x) ** 2, "np.tanh({0})", r"\tanh"),
    "logcosh": Elementwise(_logcosh, _f("tanh"), "(np.logaddexp({0}, -{0}) - np.log(2))", r"\log\cosh"),
    "erf": Elementwise(_erf, lambda x: number(2 / SQRT_PI) * apply("exp", -(x**2)), "erf({0})", r"\operatorname{erf}"),
    "sigmoid": Elementwise(
        _sigmoid,
        lambda x: apply("sigmoid", x) * (1 - apply("sigmoid", x)),
        "1 / (1 + np.exp(-{0}))",
        r"\operatorname{sigmoid}",
    ),
    "softplus": Elementwise(_softplus, _f("sigmoid"), "np.logaddexp(0, {0})", r"\operatorname{softplus}"),
    "log_sigmoid": Elementwise(
        lambda z: -_softplus(-z),
        lambda x: apply("sigmoid", -x),
        "-np.logaddexp(0, -{0})",
        r"\log\operatorname{sigmoid}",
    ),
    "abs": Elementwise(lambda z: _branch(np.real(z) >= 0, z, -z), _f("sign"), "np.abs({0})", r"\operatorname{abs}"),
    "sign": Elementwise(lambda z: np.sign(np.real(z)), lambda x: 0 * x, "np.sign({0})", r"\operatorname{sign}"),
    "relu": Elementwise(
        lambda z: _branch(np.real(z) > 0, z, 0 * z), _f("step"), "np.maximum({0}, 0)", r"\operatorname{relu}"
    ),
    "step": Elementwise(
        lambda z: _branch(np.real(z) > 0, 1.0, 0.0),
        lambda x: 0 * x,
        "np.where({0} > 0, 1.0, 0.0)",
        r"\operatorname{step}",
    ),
}


def square_root(argument: Expression) -> Expression:
    return power(argument, number(0.5))


def derivative(function: str, order: int, argument: Expression) -> Expression:
    """f' at the argument, for a known function its expression, for an abstract one f with one more prime."""
    if function in FUNCTIONS and order == 0:
        return FUNCTIONS[function].derivative(argument)
    return apply(function, argument, order + 1)
