"""What is checked, in one form: a function of a flat theta, its blocks, and whatever helps to explain an error.

A network with its data and a foreign value_and_gradient(theta) both become a `Problem`; nothing after this module
knows the difference.
"""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.checking.methods import COMPLEX_STEP, Line
from chainrule.network.parameters import Block

if TYPE_CHECKING:
    from chainrule.network.spec import Network

Vector = npt.NDArray[Any]
ValueAndGradient = Callable[[Vector], tuple[Any, Any]]
Branches = Callable[[Vector], Vector]
Blocks = Mapping[str, Sequence[int]] | Sequence[Block] | None


@dataclass
class Tally:
    """How often the function was evaluated: the price of the check."""

    values: int = 0
    gradients: int = 0


@dataclass(frozen=True)
class Example:
    """A network with its data, from which hints can compute what a particular slip would give."""

    network: "Network"
    X: Vector
    T: Vector
    sample_weight: Vector | None = None
    l1: float = 0.0
    l2: float = 0.0


@dataclass(frozen=True)
class Problem:
    """A value_and_gradient under test and the value that numeric methods differentiate.

    Attributes
    ----------
    under_test : callable
        theta -> (value, gradient), called with arrays of the caller's shape and dtype.
    objective : callable
        theta -> value, called with float64 and, if it can, complex128.
    theta : array (n,) of float64
        The point.
    given : array
        theta as the caller gave it: its shape and dtype.
    blocks : tuple of Block
    branches : callable or None
        theta -> integers that change where a branch of the code changes.
    numbers : mapping of str to float
        Constants whose ratio would be telling, such as {"N": 32}.
    example : Example or None
    """

    under_test: ValueAndGradient
    objective: Callable[[Vector], Any]
    theta: Vector
    given: Vector
    blocks: tuple[Block, ...]
    branches: Branches | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    example: Example | None = None
    tally: Tally = field(default_factory=Tally)

    def value(self, theta: Vector) -> complex:
        """J at a flat theta, real or complex; not a number where it cannot be computed."""
        self.tally.values += 1
        try:
            with np.errstate(all="ignore"):
                return complex(_scalar(self.objective(theta.reshape(self.given.shape).copy())))
        except (ArithmeticError, ValueError):
            return complex(np.nan)

    def value_eps(self, gradient: Vector) -> float:
        """eps of the arithmetic of the value, as far as types tell: float32 shows in what is returned for float64."""
        kinds = [np.asarray(self.objective(self.theta.reshape(self.given.shape).copy())).dtype]
        if self.given.dtype == np.float64:
            kinds.append(gradient.dtype)
        return max(float(np.finfo(kind).eps) for kind in kinds if kind.kind == "f")

    def gradient(self, theta: Vector) -> tuple[float, Vector]:
        """Value and gradient under test at a flat theta; both are copies, in case the function reuses its buffer."""
        self.tally.gradients += 1
        with np.errstate(all="ignore"):
            value, gradient = self.under_test(theta.reshape(self.given.shape).astype(self.given.dtype))
        return float(_scalar(value).real), np.array(gradient).reshape(-1)

    def along(self, direction: Vector, theta: Vector | None = None) -> Line:
        """The line t -> J(theta + t direction)."""
        start = self.theta if theta is None else theta
        return lambda t: self.value(start + (t if isinstance(t, complex) else float(t)) * direction)

    @property
    def typical(self) -> float:
        """The root mean square of theta, the unit of its steps; 1 if theta is zero."""
        return float(np.sqrt(np.mean(self.theta**2))) or 1.0

    def scale(self, index: int | slice) -> float:
        """The unit of a step along one parameter or one block."""
        part = self.theta[index]
        return max(float(np.sqrt(np.mean(part**2))), self.typical)


def _scalar(value: Any) -> Any:
    number = np.asarray(value)
    if number.size != 1:
        raise TypeError(f"the value must be one number, not an array of shape {number.shape}")
    return number.reshape(())[()]


def of_network(
    network: "Network",
    theta: Any,
    example: Example,
    value_and_gradient: ValueAndGradient | None = None,
    value: Callable[[Vector], Any] | None = None,
) -> Problem:
    """The problem of a network on its data; an engine's function takes the place of the network's gradient if given."""
    given = _vector(theta)
    w, l1, l2 = example.sample_weight, example.l1, example.l2
    alike = partial(_in_dtype, network.value_and_gradient, example)
    return Problem(
        under_test=value_and_gradient or alike,
        objective=value or (lambda at: network.objective(at, example.X, example.T, w, l1, l2)),
        theta=given.astype(np.float64).reshape(-1),
        given=given,
        blocks=tuple(network.blocks()),
        branches=partial(_branches, example),
        numbers=_numbers_of(example),
        example=example,
    )


def _branches(example: Example, theta: Vector) -> Vector:
    """The network's branch pattern, and the signs of the weights where the l1 penalty has its kinks."""
    pattern = np.asarray(example.network.branches(theta, example.X, example.T))
    if not example.l1:
        return pattern
    weights = [theta[block.slice] for block in example.network.blocks() if block.kind == "weights"]
    return np.concatenate([pattern, np.sign(np.concatenate(weights)).astype(np.int8)])


def _in_dtype(function: Callable[..., tuple[Any, Any]], example: Example, theta: Vector) -> tuple[Any, Any]:
    """The network's gradient with the data in theta's precision, as training would compute it."""
    X, T, w = (
        part if part is None else part.astype(theta.dtype) for part in (example.X, example.T, example.sample_weight)
    )
    return function(theta, X, T, sample_weight=w, l1=example.l1, l2=example.l2)


def _numbers_of(example: Example) -> dict[str, float]:
    N, outputs = len(example.X), example.network.sizes[-1]
    numbers = {"N, the number of samples": float(N), "the number of outputs": float(outputs)}
    if example.sample_weight is not None:
        numbers["the sum of the sample weights"] = float(np.sum(example.sample_weight))
    return numbers


def of_function(
    function: ValueAndGradient,
    theta: Any,
    blocks: Blocks = None,
    branches: Branches | None = None,
    value: Callable[[Vector], Any] | None = None,
    numbers: Mapping[str, float] | None = None,
) -> Problem:
    """The problem of any function theta -> (value, gradient)."""
    given = _vector(theta)
    return Problem(
        under_test=function,
        objective=value or (lambda at: function(at)[0]),
        theta=given.astype(np.float64).reshape(-1),
        given=given,
        blocks=_blocks(blocks, given),
        branches=None if branches is None else lambda at: np.asarray(branches(at.reshape(given.shape))),
        numbers=dict(numbers or {}),
    )


def _vector(theta: Any) -> Vector:
    given = np.asarray(theta)
    if given.dtype.kind in "iub":
        given = given.astype(np.float64)
    if given.dtype.kind != "f" or given.size == 0:
        raise TypeError(f"theta must be an array of real numbers, given {given.dtype} of shape {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError(
            f"theta holds {np.count_nonzero(~np.isfinite(given))} values that are not finite: check elsewhere"
        )
    return given


def _blocks(blocks: Blocks, given: Vector) -> tuple[Block, ...]:
    """The blocks as told, by name and shape in the order of theta; one block without any telling."""
    if blocks is None:
        return (Block("theta", 0, "", 0, given.shape or (1,)),)
    if not isinstance(blocks, Mapping):
        return tuple(blocks)
    found: list[Block] = []
    for name, shape in blocks.items():
        start = found[-1].slice.stop if found else 0
        layer = re.fullmatch(r"([Wb])_?(\d+)", name)
        kind = {"W": "weights", "b": "biases"}[layer[1]] if layer else ""
        found.append(Block(name, int(layer[2]) if layer else 0, kind, start, tuple(shape)))
    total = sum(prod(block.shape) for block in found)
    if total != given.size:
        raise ValueError(
            f"the blocks hold {total} parameters, theta {given.size}: give the shape of every block in order"
        )
    return tuple(found)


def complex_refusal(problem: Problem, direction: Vector) -> str:
    """Why the objective cannot be differentiated by a complex step, as a clause for people; empty if it can."""
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", np.exceptions.ComplexWarning)
            shifted = problem.theta + 1j * COMPLEX_STEP * direction
            value = _scalar(problem.objective(shifted.reshape(problem.given.shape)))
    except Exception as error:
        return f"the function does not take complex numbers ({type(error).__name__})"
    if not np.iscomplexobj(value):
        return "the function returns a real number for complex theta"
    if said and value.imag == 0:
        return "the function drops the imaginary part"
    return ""
