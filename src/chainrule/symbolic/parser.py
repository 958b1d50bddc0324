"""A plain-text form of matrix expressions: the language that matrixcalculus.org documents, and abstract functions.

    sum    = "-"? term (("+" | "-") term)*
    term   = factor (("*" | "/" | ".*" | "./") factor)*
    factor = "-" factor | base (("^" | ".^") factor)?
    base   = atom "'"*
    atom   = number | name | name "'"* "(" sum ("," sum)* ")" | "(" sum ")"

Lower case letters are vectors, upper case letters matrices, a to g and Greek names numbers, unless said otherwise; an
a to g that stands in a sum with a vector is a vector. Dimensions are found from how the symbols are used. A name with
an argument that is no known function is an abstract elementwise function, such as sigma, with derivative sigma'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chainrule.symbolic.boxes import GREEK
from chainrule.symbolic.dimensions import Dimensions, named_dims, with_dims, with_letters
from chainrule.symbolic.expression import (
    SCALAR,
    Dim,
    Expression,
    Shape,
    ShapeError,
    add,
    apply,
    describe,
    hadamard,
    identity,
    negative,
    number,
    ones,
    power,
    product,
    scale,
    symbol,
    times,
    transpose,
    unary,
)
from chainrule.symbolic.language import ALIASES, CALLS, NOT_ELEMENTWISE, ParseError
from chainrule.symbolic.tokens import Token, tokens

__all__ = ["ParseError", "parse"]

MOST_NESTED = 60  # brackets and signs within each other; each takes several calls of the reader
HIGHEST_POWER = 16  # of a matrix, which is written out as a product


class _Became(Exception):  # noqa: N818 - a signal to start again, not an error
    """A letter taken for a number that must be a vector."""

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass
class Builder:
    """The expression under construction, with the dimensions found so far."""

    source: str
    shapes: Mapping[str, object]
    tokens: list[Token]
    place: int = 0
    depth: int = 0
    found: dict[str, Expression] = field(default_factory=dict)
    dims: Dimensions = field(default_factory=Dimensions)

    # ------------------------------------------------------------ tokens

    def peek(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def expect(self, text: str) -> None:
        token = self.take()
        if token.text != text:
            raise self.error(f"{text!r} is missing", token)

    def error(self, message: str, token: Token) -> ParseError:
        return ParseError(f"{message} at position {token.place + 1}:\n    {self.source}\n    {' ' * token.place}^")

    # ------------------------------------------------------------ grammar

    def sum(self) -> Expression:
        leading = self.peek().text in ("-", "−")
        if leading:
            self.take()
        left = negative(self.term()) if leading else self.term()
        while self.peek().text in ("+", "-", "−"):
            minus = self.take().text != "+"
            left = self.plus(left, self.term(), minus)
        return left

    def term(self) -> Expression:
        left = self.factor()
        while self.peek().text in ("*", "/", ".*", "./", "@", "⊙"):
            sign = self.take()
            left = self.multiply(left, self.factor(), sign)
        return left

    def factor(self) -> Expression:
        if self.depth > MOST_NESTED:
            raise self.error(f"more than {MOST_NESTED} brackets and signs stand within each other", self.peek())
        self.depth += 1
        try:
            return self.signed()
        finally:
            self.depth -= 1

    def signed(self) -> Expression:
        if self.peek().text in ("-", "−", "+"):
            return self.factor() if self.take().text == "+" else negative(self.factor())
        base = self.base()
        if self.peek().text in ("^", ".^"):
            sign = self.take()
            return self.raise_to(base, self.factor(), sign)
        return base

    def base(self) -> Expression:
        node = self.atom()
        while self.peek().text in ("'", ".'", "ᵀ", "′"):
            self.take()
            if node.is_scalar and self.undeclared(node.name):
                raise _Became(node.name)  # nobody transposes a number
            node = transpose(node)
        return node

    def atom(self) -> Expression:
        token = self.take()
        if token.kind == "number":
            if float(token.text) == float("inf"):
                raise self.error(f"{token.text} is too large a number", token)
            return number(int(token.text) if token.text.isdigit() else float(token.text))
        if token.text == "(":
            inner = self.sum()
            self.expect(")")
            return inner
        if token.kind == "name":
            primes = self.primes_before_bracket()
            return self.call(token, primes) if self.peek().text == "(" else self.variable(token.text)
        raise self.error("an expression was expected" if token.kind == "end" else f"{token.text!r} cannot stand", token)

    def primes_before_bracket(self) -> int:
        primes = 0
        while self.tokens[self.place + primes].text in ("'", "′"):
            primes += 1
        if self.tokens[self.place + primes].text != "(":
            return 0
        self.place += primes
        return primes

    def call(self, token: Token, primes: int) -> Expression:
        self.expect("(")
        arguments = [self.sum()]
        while self.peek().text == ",":
            self.take()
            arguments.append(self.sum())
        self.expect(")")
        handler = CALLS.get(token.text)
        if handler is not None and not primes:
            return handler(self, arguments)
        if token.text in NOT_ELEMENTWISE:
            raise self.error(f"{token.text} is no elementwise function, and not in the language; it stands", token)
        if len(arguments) != 1:
            raise self.error(f"{token.text} takes one argument, not {len(arguments)}", token)
        return apply(ALIASES.get(token.text, token.text), arguments[0], primes)

    # ------------------------------------------------------------ symbols and dimensions

    def variable(self, name: str) -> Expression:
        if name == "eye" and name not in self.shapes:
            return identity(self.dims.new())
        if name not in self.found:
            shape, symmetric = self.shape_of(name)
            self.found[name] = symbol(name, shape, symmetric)
        return self.found[name]

    def shape_of(self, name: str) -> tuple[Shape, bool]:
        said = self.shapes.get(name, _default_kind(name))
        if said in ("matrix", "symmetric"):
            rows = self.dims.new()
            return (rows, rows if said == "symmetric" else self.dims.new()), said == "symmetric"
        if said in ("vector", "scalar"):
            return ((self.dims.new(), 1) if said == "vector" else SCALAR), False
        if isinstance(said, tuple) and len(said) in (1, 2) and all(isinstance(d, int | str) for d in said):
            return (said[0], said[1] if len(said) == 2 else 1), False
        raise ValueError(
            f"the shape of {name!r} is {said!r}; give 'scalar', 'vector', 'matrix', 'symmetric', (n,) or (m, n) "
            "with whole numbers or names"
        )

    def settle(self, node: Expression) -> Expression:
        """The node with the dimensions found so far."""
        return with_dims(node, self.dims.resolve)

    def fit(
        self, left: Expression, right: Expression, pairs: tuple[tuple[Dim, Dim], ...]
    ) -> tuple[Expression, Expression]:
        for a, b in pairs:
            self.dims.unify(a, b)
        return self.settle(left), self.settle(right)

    # ------------------------------------------------------------ operations

    def plus(self, left: Expression, right: Expression, minus: bool) -> Expression:
        left, right = self.agree(left, right)
        return add(left, negative(right) if minus else right)

    def agree(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        """Two parts at one shape: numbers beside vectors are repeated, a to g beside vectors become vectors."""
        left, right = self.settle(left), self.settle(right)
        if left.is_scalar != right.is_scalar:
            lone, other = (left, right) if left.is_scalar else (right, left)
            self.reconsider(lone, other)
            spread = scale(lone, ones(other.shape))
            return (spread, other) if left.is_scalar else (other, spread)
        return self.fit(left, right, tuple(zip(left.shape, right.shape, strict=True)))

    def reconsider(self, lone: Expression, other: Expression) -> None:
        name = lone.args[0].name if lone.op == "transpose" else lone.name
        if self.undeclared(name) and other.is_column:
            raise _Became(name)

    def undeclared(self, name: str) -> bool:
        """Whether a name is taken for a number only because of its letter."""
        return len(name) == 1 and name not in self.shapes and "a" <= name <= "g"

    def multiply(self, left: Expression, right: Expression, sign: Token) -> Expression:
        if sign.text in ("/", "./"):
            return self.divide(left, right, sign)
        left, right = self.settle(left), self.settle(right)
        if left.is_scalar or right.is_scalar:
            return times(left, right)
        if sign.text in (".*", "⊙"):
            return hadamard(*self.fit(left, right, tuple(zip(left.shape, right.shape, strict=True))))
        if 1 in (left.shape[1], right.shape[0]) and left.shape[1] != right.shape[0]:
            raise ShapeError(f"{self.settled(left)} * {self.settled(right)}: {_advice(left, right)}")
        return product(*self.fit(left, right, ((left.shape[1], right.shape[0]),)))

    def settled(self, node: Expression) -> str:
        return describe(named_dims(self.settle(node), self.dims.resolve, self.found))

    def divide(self, left: Expression, right: Expression, sign: Token) -> Expression:
        left, right = self.settle(left), self.settle(right)
        if right.op == "number" and right.data != 0 and left.op == "number":
            return number(left.data / right.data)
        if right.is_scalar:
            return times(power(right, number(-1)), left)
        if sign.text == "/" and not left.is_scalar:
            raise self.error(
                f"only a number can divide with '/', not {self.settled(right)}; use './' elementwise", sign
            )
        if left.is_scalar:
            return scale(left, power(right, number(-1)))
        left, right = self.fit(left, right, tuple(zip(left.shape, right.shape, strict=True)))
        return hadamard(left, power(right, number(-1)))

    def raise_to(self, base: Expression, exponent: Expression, sign: Token) -> Expression:
        base = self.settle(base)
        if sign.text == "^" and exponent.op in ("symbol",) and exponent.name == "T":
            return transpose(base)
        if not exponent.is_scalar and sign.text == ".^":
            return self.power_of_entries(base, exponent)
        if base.is_scalar or sign.text == ".^":
            return power(base, exponent)
        if base.is_column or base.shape[0] == 1 or exponent.op != "number" or exponent.data.denominator != 1:
            raise self.error(f"{self.settled(base)} has no such power; write .^ for the power of every entry", sign)
        base, _ = self.fit(base, base, (base.shape,))
        whole = int(exponent.data)
        if abs(whole) > HIGHEST_POWER:
            raise self.error(f"a matrix to the power {whole} is too long; the highest is {HIGHEST_POWER}", sign)
        if whole == 0:
            return identity(base.shape[0])
        return product(*([unary("inverse", base) if whole < 0 else base] * abs(whole)))

    def power_of_entries(self, base: Expression, exponent: Expression) -> Expression:
        """u .^ v, entry by entry: exp(v .* log(u)), for positive entries."""
        exponent = self.settle(exponent)
        if base.is_scalar:
            return apply("exp", scale(apply("log", base), exponent))
        base, exponent = self.fit(base, exponent, tuple(zip(base.shape, exponent.shape, strict=True)))
        return apply("exp", hadamard(exponent, apply("log", base)))

    def square(self, node: Expression) -> Expression:
        node = self.settle(node)
        return self.fit(node, node, (node.shape,))[0]


def _advice(left: Expression, right: Expression) -> str:
    if left.is_column and right.is_column:
        return "two columns have no product; x' * y is a number, x * y' an outer product, x .* y elementwise"
    return "the columns on the left must be as many as the rows on the right; transpose with '"


def _default_kind(name: str) -> str:
    letter = name[0]
    if name.rstrip("0123456789_") in GREEK or letter in GREEK.values():
        return "scalar"
    if letter.isupper():
        return "matrix"
    return "scalar" if "a" <= letter <= "g" else "vector"


def parse(source: str, shapes: Mapping[str, object] | None = None) -> Expression:
    """The expression that a text stands for.

    Parameters
    ----------
    source : str
        For example ``"norm2(A*x - y)^2"`` or ``"y' * sigma(A*x)"``.
    shapes : mapping, optional
        For a symbol ``"scalar"``, ``"vector"``, ``"matrix"``, ``"symmetric"``, ``(n,)`` or ``(m, n)``.

    Returns
    -------
    Expression

    Raises
    ------
    ParseError
        When the text is no expression; the message shows the place.
    ShapeError
        When dimensions do not fit; the message names both parts.

    Examples
    --------
    >>> parse("x' * A * x")
    <xᵀ A x (1 x 1)>
    """
    said = dict(shapes or {})
    while True:
        builder = Builder(source, said, list(tokens(source)))
        try:
            node = builder.sum()
        except _Became as signal:
            said[signal.name] = "vector"
            continue
        except ShapeError as problem:
            raise ShapeError(with_letters(str(problem))) from None
        if builder.peek().kind != "end":
            raise builder.error(f"{builder.peek().text!r} cannot follow", builder.peek())
        unknown = set(shapes or {}) - set(builder.found)
        if unknown:
            raise ValueError(f"shapes are given for {sorted(unknown)}, which do not occur in {source!r}")
        return named_dims(node, builder.dims.resolve, builder.found)
