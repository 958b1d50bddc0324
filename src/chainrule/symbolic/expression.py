"""Expressions of matrix calculus: a small tree in which every node knows its shape.

Everything is a matrix: a number is 1 x 1, a vector n x 1, its transpose 1 x n. A dimension is a whole number or a
name. Nodes are interned by their structural key, so equal expressions are the same object and a tree with repeated
parts is a graph. The operators follow NumPy: ``*`` is elementwise, ``@`` is the matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from weakref import WeakValueDictionary

from chainrule.symbolic.shapes import SCALAR, SHAPES, Dim, Shape, ShapeError, describe, map_dim, times_dim

_LONGEST_KEY = 160  # longer structural keys are replaced by their digest

__all__ = ["SCALAR", "Dim", "Expression", "Shape", "ShapeError", "describe", "map_dim"]


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True, repr=False)
class Expression:
    """One node: an operation, its arguments, what else it needs, and the shape that follows from them."""

    op: str
    args: tuple[Expression, ...]
    data: Any
    shape: Shape
    key: str
    __array_ufunc__ = None  # NumPy scalars leave the arithmetic to this class

    @property
    def T(self) -> Expression:
        return transpose(self)

    @property
    def is_scalar(self) -> bool:
        return self.shape == SCALAR

    @property
    def is_column(self) -> bool:
        return self.shape[1] == 1

    @property
    def name(self) -> str:
        return str(self.data[0]) if self.op == "symbol" else ""

    def __add__(self, other: Any) -> Expression:
        return add(*alike(self, other))

    def __radd__(self, other: Any) -> Expression:
        return add(*alike(other, self))

    def __sub__(self, other: Any) -> Expression:
        left, right = alike(self, other)
        return add(left, negative(right))

    def __rsub__(self, other: Any) -> Expression:
        return as_expression(other).__sub__(self)

    def __mul__(self, other: Any) -> Expression:
        return elementwise(self, other)

    def __rmul__(self, other: Any) -> Expression:
        return elementwise(other, self)

    def __truediv__(self, other: Any) -> Expression:
        return elementwise(self, power(as_expression(other), number(-1)))

    def __rtruediv__(self, other: Any) -> Expression:
        return elementwise(other, power(self, number(-1)))

    def __pow__(self, exponent: Any) -> Expression:
        return power(self, as_expression(exponent))

    def __matmul__(self, other: Expression) -> Expression:
        return times(self, other)

    def __neg__(self) -> Expression:
        return negative(self)

    def __pos__(self) -> Expression:
        return self

    def __gt__(self, other: Any) -> Expression:
        return make("greater", alike(self, other))

    def __lt__(self, other: Any) -> Expression:
        return make("greater", alike(other, self))

    def __ge__(self, other: Any) -> Expression:
        return as_expression(1) - self.__lt__(other)

    def __le__(self, other: Any) -> Expression:
        return as_expression(1) - self.__gt__(other)

    def __bool__(self) -> bool:
        raise TypeError(f"the truth of {self} is not known; branch with xp.where(condition, a, b)")

    def __str__(self) -> str:
        from chainrule.symbolic.text import text

        return text(self)

    def __repr__(self) -> str:
        return f"<{describe(self)}>"

    def _repr_latex_(self) -> str:
        from chainrule.symbolic.latex import latex

        return f"${latex(self)}$"


# ---------------------------------------------------------------- nodes

_NODES: WeakValueDictionary[str, Expression] = WeakValueDictionary()


def _interned(op: str, args: tuple[Expression, ...], data: Any, shape: Shape) -> Expression:
    label = f"{data}:{shape}" if not args else data if data is not None else ""
    key = f"{op}[{label}]({','.join(a.key for a in args)})"
    if len(key) > _LONGEST_KEY:
        import hashlib  # takes OpenSSL with it, which a short formula need not wait for

        key = f"{op}#{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"
    node = _NODES.get(key)
    if node is None:
        node = _NODES[key] = Expression(op, args, data, shape, key)
    return node


def make(op: str, args: tuple[Expression, ...], data: Any = None) -> Expression:
    """The node of this operation; ShapeError when the arguments do not fit."""
    return _interned(op, args, data, SHAPES[op](args, data))


# ---------------------------------------------------------------- leaves


def number(value: Any) -> Expression:
    """An exact number; a float stands for its shortest decimal form."""
    exact = value if isinstance(value, Fraction) else Fraction(value if isinstance(value, int) else repr(float(value)))
    return _interned("number", (), exact, SCALAR)


ONE = number(1)


def symbol(name: str, shape: Shape = SCALAR, symmetric: bool = False) -> Expression:
    """A named number, vector or matrix."""
    return _interned("symbol", (), (name, symmetric), shape)


def ones(shape: Shape) -> Expression:
    return number(1) if shape == SCALAR else _interned("ones", (), None, shape)


def zeros(shape: Shape) -> Expression:
    return number(0) if shape == SCALAR else _interned("zeros", (), None, shape)


def identity(dim: Dim) -> Expression:
    return number(1) if dim == 1 else _interned("identity", (), None, (dim, dim))


def commutation(rows: Dim, columns: Dim) -> Expression:
    """K with K vec(A) = vec(A^T) for A of rows x columns."""
    size_ = times_dim(rows, columns)
    return _interned("commutation", (), (rows, columns), (size_, size_))


def size(dim: Dim) -> Expression:
    """A dimension as a number of the expression."""
    return number(dim) if isinstance(dim, int) else _interned("size", (), dim, SCALAR)


def as_expression(value: Any) -> Expression:
    return value if isinstance(value, Expression) else number(value)


# ---------------------------------------------------------------- constructors


def add(*terms: Expression) -> Expression:
    return terms[0] if len(terms) == 1 else make("add", terms)


def product(*factors: Expression) -> Expression:
    return factors[0] if len(factors) == 1 else make("product", factors)


def hadamard(*factors: Expression) -> Expression:
    return factors[0] if len(factors) == 1 else make("hadamard", factors)


def scale(factor: Expression, body: Expression) -> Expression:
    return hadamard(factor, body) if body.is_scalar else make("scale", (factor, body))


def times(left: Expression, right: Expression) -> Expression:
    """The product a person writes side by side: scaling by a number or the matrix product."""
    if left.is_scalar:
        return scale(left, right)
    return scale(right, left) if right.is_scalar else product(left, right)


def negative(node: Expression) -> Expression:
    return number(-node.data) if node.op == "number" else scale(number(-1), node)


def power(base: Expression, exponent: Expression) -> Expression:
    """Elementwise power; the exponent is a number."""
    if not exponent.is_scalar:
        raise ShapeError(f"the exponent must be a number, not {describe(exponent)}")
    return make("power", (base, exponent))


def stack(*blocks: Expression, dim: Dim, axis: int = 0) -> Expression:
    """Blocks of one shape, one under the other (axis 0) or side by side, with the dimension they make together."""
    return make("stack", blocks, (axis, dim))


def transpose(node: Expression) -> Expression:
    return node.args[0] if node.op == "transpose" else make("transpose", (node,))


def apply(function: str, argument: Expression, order: int = 0) -> Expression:
    """An elementwise function, known or abstract, or its derivative of the given order."""
    return make("apply", (argument,), (function, order))


def unary(op: str, argument: Expression, data: Any = None) -> Expression:
    return make(op, (argument,), data)


def broadcast(node: Expression, shape: Shape) -> Expression:
    """Repeat a number, a column or a row to the given shape, as NumPy would."""
    if node.shape == shape:
        return node
    if node.is_scalar:
        return scale(node, ones(shape))
    if node.shape == (shape[0], 1):
        return product(node, ones((1, shape[1])))
    if node.shape == (1, shape[1]):
        return product(ones((shape[0], 1)), node)
    raise ShapeError(f"{describe(node)} does not fit the shape {shape[0]} x {shape[1]}")


def alike(left: Any, right: Any) -> tuple[Expression, Expression]:
    """Both arguments at the shape they have together."""
    left, right = as_expression(left), as_expression(right)
    if left.shape == right.shape:
        return left, right
    rows = left.shape[0] if left.shape[0] != 1 else right.shape[0]
    columns = left.shape[1] if left.shape[1] != 1 else right.shape[1]
    return broadcast(left, (rows, columns)), broadcast(right, (rows, columns))


def elementwise(left: Any, right: Any) -> Expression:
    left, right = as_expression(left), as_expression(right)
    if left.is_scalar:
        return scale(left, right)
    return scale(right, left) if right.is_scalar else hadamard(*alike(left, right))


# ---------------------------------------------------------------- walking


def depends(node: Expression, variable: Expression, memo: dict[Expression, bool] | None = None) -> bool:
    """Whether the variable occurs in the expression."""
    memo = {} if memo is None else memo
    if node not in memo:
        memo[node] = node is variable or any(depends(a, variable, memo) for a in node.args)
    return memo[node]


def postorder(node: Expression) -> list[Expression]:
    """Every distinct node, arguments before the nodes that use them."""
    seen: dict[Expression, None] = {}

    def visit(current: Expression) -> None:
        if current not in seen:
            for argument in current.args:
                visit(argument)
            seen[current] = None

    visit(node)
    return list(seen)


def symbols(node: Expression) -> dict[str, Expression]:
    """The symbols of an expression by name, in the order in which they occur."""
    return {n.name: n for n in postorder(node) if n.op == "symbol"}


def substitute(node: Expression, replacements: dict[Expression, Expression]) -> Expression:
    """The expression with some nodes replaced by others of the same shape."""
    done: dict[Expression, Expression] = {}
    for current in postorder(node):
        if current in replacements:
            done[current] = replacements[current]
        elif current.args:
            done[current] = make(current.op, tuple(done[a] for a in current.args), current.data)
        else:
            done[current] = current
    return done[node]
