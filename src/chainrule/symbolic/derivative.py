"""Differentiation of a matrix expression, with every step and its rule.

A number is differentiated to a gradient of the variable's shape, anything by a number to its own shape, a vector by a
vector to the Jacobian; matrices by matrices to the Jacobian of their stacked columns, d vec(F) / d vec(X). Each result
is checked against the complex step at random points before it is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainrule.symbolic import rules
from chainrule.symbolic.arguments import point_of, shaped
from chainrule.symbolic.boxes import Box, ident, joined, juxtapose, partial, row, sup, upright
from chainrule.symbolic.expression import (
    Expression,
    describe,
    hadamard,
    number,
    symbol,
    symbols,
    times,
    transpose,
    unary,
)
from chainrule.symbolic.latex import latex
from chainrule.symbolic.layout import PLAIN, Script, layout
from chainrule.symbolic.linear import matrix_of
from chainrule.symbolic.mathml import mathml
from chainrule.symbolic.parser import parse
from chainrule.symbolic.proof import fresh, prove_derivative
from chainrule.symbolic.simplify import simplify
from chainrule.symbolic.source import compiled, numpy_source
from chainrule.symbolic.text import text
from chainrule.symbolic.values import value

__all__ = ["Derivative", "DerivativeStep", "differentiate"]


@dataclass(frozen=True)
class DerivativeStep:
    """One step of the sweep: the derivative with respect to a part, and the rules that brought it there."""

    part: Expression
    derivative: Expression
    rules: tuple[str, ...]
    reasons: tuple[str, ...]

    def box(self) -> Box:
        """The step as an equation."""
        return joined("=", _slope("C", layout(self.part)), layout(self.derivative))

    def text(self) -> str:
        """The step on one line."""
        return f"{text(_slope('C', layout(self.part)))} = {text(self.derivative)}   [{', '.join(self.rules)}]"

    def latex(self) -> str:
        """The step as LaTeX."""
        return f"{latex(_slope('C', layout(self.part)))} = {latex(self.derivative)}"


def _slope(top: str, bottom: Box) -> Box:
    return partial(
        ident(top), bottom if bottom.kind in ("id", "sub", "sup", "subsup") else Box("fence", ("(", bottom, ")"))
    )


@dataclass(frozen=True)
class Derivative:
    """A derivative as an expression, printable and computable.

    Attributes
    ----------
    function, variable : Expression
        What was differentiated, by what.
    expression : Expression
        The derivative in simple form.
    kind : str
        ``"gradient"`` (shape of the variable), ``"derivative"`` (shape of the function, by a number), ``"jacobian"``,
        ``"hessian"`` or ``"hessian times v"``.
    steps : tuple of DerivativeStep
        The way back from the value to the variable.
    """

    function: Expression
    variable: Expression
    expression: Expression
    kind: str
    steps: tuple[DerivativeStep, ...]

    def text(self) -> str:
        """The derivative as one line of Unicode text, without its left side."""
        return text(self.expression)

    def latex(self) -> str:
        """The derivative as LaTeX, without its left side."""
        return latex(self.expression)

    def mathml(self) -> str:
        """The derivative as a MathML element, without its left side."""
        return mathml(self.expression)

    def numpy(self) -> str:
        """The source of a function ``derivative(...)`` that computes it with NumPy."""
        return numpy_source(self.expression)

    @cached_property
    def compiled(self) -> Callable[..., Any]:
        """The source as a callable."""
        return compiled(self.expression)

    def equation(self, script: Script = PLAIN) -> Box:
        """Left side, equals sign and derivative."""
        return joined("=", self._left(script), layout(self.expression, script))

    def _left(self, script: Script) -> Box:
        variable = layout(self.variable, script)
        if self.kind.startswith("hessian"):
            two = Box("number", ("2",))
            top = row(sup(upright("∂"), two), ident("C"))
            second = Box("fraction", (top, row(upright("∂"), sup(variable, two))))
            return juxtapose(second, *(ident(d) for d in self.kind.split()[2:]))
        name = "C" if self.kind == "gradient" else "F"
        stacked = self.kind == "jacobian" and not (self.function.is_column and self.variable.is_column)
        vec = (lambda b: row(upright("vec"), Box("fence", ("(", b, ")")))) if stacked else (lambda b: b)
        return partial(vec(ident(name)), vec(variable))

    def evaluate(self, **arrays: Any) -> Any:
        """The derivative's numbers.

        Parameters
        ----------
        **arrays
            A number, 1-D or 2-D array for each symbol; for an abstract function a callable, a pair or longer tuple
            (f, f', ...), or an activation of the network's table.

        Returns
        -------
        float, 1-D or 2-D array
        """
        point = point_of(self.expression, arrays, extra=(self.function,))
        return shaped(self.expression, value(self.expression, point))

    def hessian(self) -> Derivative:
        """The second derivative of a number: for a matrix variable in the order of its stacked columns."""
        self._needs_gradient("a Hessian")
        second = differentiate(simplify(unary("vec", self.expression)), self.variable.name)
        return Derivative(self.function, self.variable, second.expression, "hessian", second.steps)

    def hessian_product(self, direction: str = "v") -> Derivative:
        """The Hessian applied to a direction of the variable's shape, without forming it."""
        self._needs_gradient("a Hessian")
        if direction in symbols(self.function):
            raise ValueError(f"{direction!r} is a symbol of the expression; choose another name for the direction")
        along = unary("sum", hadamard(self.expression, symbol(direction, self.variable.shape)))
        product = differentiate(simplify(along), self.variable.name)
        return Derivative(self.function, self.variable, product.expression, f"hessian times {direction}", product.steps)

    def _needs_gradient(self, what: str) -> None:
        if self.kind != "gradient":
            raise ValueError(f"{what} needs a number to differentiate twice, not {describe(self.function)}")

    def __str__(self) -> str:
        return text(self.equation())

    def _repr_latex_(self) -> str:
        return f"${latex(self.equation())}$"

    def _repr_html_(self) -> str:
        from chainrule.symbolic.derivative_document import derivative_cell

        return derivative_cell(self)


def differentiate(expression: str | Expression, wrt: str, shapes: Mapping[str, object] | None = None) -> Derivative:
    """Differentiate a matrix expression.

    Parameters
    ----------
    expression : str or Expression
        In matrixcalculus.org's language, with abstract functions: ``"y' * sigma(A*x)"``. See
        :func:`chainrule.symbolic.parser.parse`.
    wrt : str
        The symbol to differentiate by.
    shapes : mapping, optional
        What a symbol is, where the letter does not say it: ``{"b": "vector", "A": (3, "n")}``.

    Returns
    -------
    Derivative

    Raises
    ------
    ParseError, ShapeError
        When the text is no expression or its dimensions do not fit.
    ProofError
        When the result does not agree with the complex step at random points: no unverified answer is given.

    Notes
    -----
    The rules of Chains III and IV, "pass constants by transposing them", made exact in reverse mode.

    Examples
    --------
    >>> import chainrule as cr
    >>> d = cr.differentiate("y' * sigma(A * x)", "A")
    >>> print(d)
    ∂C/∂A = (y ⊙ σ′(A x)) xᵀ
    >>> d.evaluate(A=[[1.0, 2.0]], x=[1.0, 0.5], y=[3.0], sigma=(lambda z: z**2, lambda z: 2 * z))
    array([[12.,  6.]])
    """
    function = parse(expression, shapes) if isinstance(expression, str) else expression
    found = symbols(function)
    if wrt not in found:
        raise ValueError(f"{wrt!r} does not occur in {function}; its symbols are {', '.join(found) or 'none'}")
    variable = found[wrt]
    if variable.data[1]:
        raise ValueError(f"{wrt!r} is symmetric; the gradient is defined for a free matrix: declare it as 'matrix'")
    if function.is_scalar:
        return _gradient(function, variable)
    return _by_number(function, variable) if variable.is_scalar else _jacobian(function, variable)


def _gradient(function: Expression, variable: Expression) -> Derivative:
    seed = number(1)
    passages = rules.sweep(function, variable, seed, simplify)
    result = next(p.adjoint for p in passages if p.node is variable)
    prove_derivative(function, variable, seed, result)
    return Derivative(function, variable, result, "gradient", _steps(passages))


def _steps(passages: list[rules.Passage]) -> tuple[DerivativeStep, ...]:
    return tuple(
        DerivativeStep(p.node, p.adjoint, tuple(r.name for r in p.rules), tuple(r.reason for r in p.rules))
        for p in passages
        if p.rules
    )


def _by_number(function: Expression, variable: Expression) -> Derivative:
    """dF/dt: the adjoint is linear in its seed, and its gradient by the seed is the derivative."""
    seed = fresh("seed", function)
    passages = rules.sweep(function, variable, seed, simplify)
    adjoint = next(p.adjoint for p in passages if p.node is variable)
    result = simplify(rules.gradient(adjoint, seed, number(1), simplify))
    prove_derivative(function, variable, seed, simplify(unary("sum", hadamard(seed, result))))
    return Derivative(function, variable, result, "derivative", _steps(passages))


def _jacobian(function: Expression, variable: Expression) -> Derivative:
    seed = fresh("seed", function)
    passages = rules.sweep(function, variable, seed, simplify)
    adjoint = next(p.adjoint for p in passages if p.node is variable)
    result = simplify(transpose(matrix_of(adjoint, seed)))
    stacked = times(transpose(result), unary("vec", seed))
    prove_derivative(function, variable, seed, unary("unvec", stacked, variable.shape))
    return Derivative(function, variable, result, "jacobian", _steps(passages))
