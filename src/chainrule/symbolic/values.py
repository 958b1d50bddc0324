"""The numbers of an expression: evaluation on arrays, at points given by the user or drawn for a proof."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from chainrule.symbolic.expression import Dim, Expression, Shape, postorder
from chainrule.symbolic.functions import FUNCTIONS

Array = Any
_SINGULAR = 1e12  # condition number from which fewer than four digits of an inverse are right


@dataclass
class Point:
    """Arrays for the symbols, whole numbers for the named dimensions, callables for the abstract functions."""

    arrays: dict[str, Array] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    functions: Mapping[str, Callable[[int, Array], Array]] = field(default_factory=dict)

    def dimension(self, dim: Dim) -> int:
        if isinstance(dim, int):
            return dim
        if dim.endswith("+1"):
            return self.dimension(dim[:-2]) + 1
        if "*" in dim:
            return prod(self.dimension(part) for part in dim.split("*"))
        if dim.isdigit():
            return int(dim)
        return self.named(dim)

    def named(self, dim: str) -> int:
        if dim not in self.sizes:
            raise ValueError(f"the size {dim!r} follows from none of the arrays given; pass one that has it")
        return self.sizes[dim]

    def array(self, node: Expression) -> Array:
        if node.name not in self.arrays:
            raise KeyError(f"no value given for {node.name!r}, a matrix of {node.shape[0]} x {node.shape[1]}")
        return self.arrays[node.name]

    def function(self, name: str, order: int, argument: Array) -> Array:
        if name not in self.functions:
            raise KeyError(f"no function given for {name!r}; pass {name}=callable, or (f, f') as a pair")
        return self.functions[name](order, argument)

    def shape(self, shape: Shape) -> tuple[int, int]:
        return self.dimension(shape[0]), self.dimension(shape[1])


class RandomPoint(Point):
    """A point that draws what it is asked for: the same numbers for the same seed, name and shape."""

    SIZES = ((3, 2, 4, 5), (2, 4, 3, 5), (4, 3, 2, 5), (2, 3, 5, 4))  # some products are singular in some orders

    def __init__(self, seed: int, positive: bool) -> None:
        super().__init__()
        self.seed, self.positive = seed, positive

    def _generator(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def named(self, dim: str) -> int:
        return self.sizes.setdefault(dim, self.SIZES[self.seed % 4][len(self.sizes) % 4])

    def array(self, node: Expression) -> Array:
        if node.key not in self.arrays:
            rows, columns = self.shape(node.shape)
            draw = self._generator(node.key)
            value = draw.uniform(0.2, 0.9, (rows, columns)) if self.positive else draw.normal(size=(rows, columns))
            if rows == columns > 1 and self.positive:
                value = value + rows * np.eye(rows)  # diagonally dominant: determinant > 0
            self.arrays[node.key] = value + value.T if node.data[1] else value
        return self.arrays[node.key]

    def function(self, name: str, order: int, argument: Array) -> Array:
        phase, slope = self._generator(name).uniform(0.5, 1.5, 2)
        linear = slope * argument + 2 if order == 0 else slope if order == 1 else 0.0
        return linear + np.sin(argument + phase + order * np.pi / 2)  # sin^(k)(x) = sin(x + k pi/2)


def _softmax(z: Array, axis: int) -> Array:
    e = np.exp(z - np.real(z).max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _logsumexp(z: Array, axis: int) -> Array:
    top = np.real(z).max(axis=axis, keepdims=True)
    return top + np.log(np.exp(z - top).sum(axis=axis, keepdims=True))


def _log_determinant(a: Array) -> Array:
    if np.iscomplexobj(a):
        determinant = np.linalg.det(a)
        return np.log(determinant) if determinant.real > 0 else np.nan
    sign, logarithm = np.linalg.slogdet(a)
    return logarithm if sign > 0 else np.nan


def _inverse(a: Array) -> Array:
    if np.linalg.cond(a) > _SINGULAR:
        raise np.linalg.LinAlgError("the matrix is singular to working precision")
    return np.linalg.inv(a)


def _product(factors: list[Array]) -> Array:
    if factors[-1].shape[1] == 1:  # from the right when it ends in a column
        result = factors[-1]
        for factor in reversed(factors[:-1]):
            result = factor @ result
        return result
    result = factors[0]
    for factor in factors[1:]:
        result = result @ factor
    return result


def _blocks(g: Array, outer: tuple[int, int], inner: tuple[int, int]) -> Array:
    return g.reshape(outer[0], inner[0], outer[1], inner[1])


def _commutation(rows: int, columns: int) -> Array:
    order = np.arange(rows * columns).reshape(columns, rows).T.ravel()
    return np.eye(rows * columns)[order]


def _sum_of(args: list[Array]) -> Array:
    total = args[0]
    for other in args[1:]:
        total = total + other
    return total


def _product_of(args: list[Array]) -> Array:
    total = args[0]
    for other in args[1:]:
        total = total * other
    return total


def _power(base: Array, exponent: Array) -> Array:
    p = exponent.item()
    if p == 2:
        return base * base
    if p == -1:
        return 1 / base
    return base ** (int(p) if p == int(np.real(p)) else p)


def _apply(a: Array, data: tuple[str, int], point: Point) -> Array:
    name, order = data
    return FUNCTIONS[name].value(a) if name in FUNCTIONS and order == 0 else point.function(name, order, a)


VALUES: dict[str, Callable[[Expression, list[Array], Point], Array]] = {
    "number": lambda n, a, p: np.array([[float(n.data)]]),
    "size": lambda n, a, p: np.array([[float(p.dimension(n.data))]]),
    "symbol": lambda n, a, p: p.array(n),
    "ones": lambda n, a, p: np.ones(p.shape(n.shape)),
    "zeros": lambda n, a, p: np.zeros(p.shape(n.shape)),
    "identity": lambda n, a, p: np.eye(p.dimension(n.shape[0])),
    "commutation": lambda n, a, p: _commutation(p.dimension(n.data[0]), p.dimension(n.data[1])),
    "add": lambda n, a, p: _sum_of(a),
    "hadamard": lambda n, a, p: _product_of(a),
    "product": lambda n, a, p: _product(a),
    "scale": lambda n, a, p: a[0].item() * a[1],
    "power": lambda n, a, p: _power(a[0], a[1]),
    "apply": lambda n, a, p: _apply(a[0], n.data, p),
    "softmax": lambda n, a, p: _softmax(a[0], n.data),
    "logsumexp": lambda n, a, p: _logsumexp(a[0], n.data),
    "transpose": lambda n, a, p: a[0].T,
    "sum": lambda n, a, p: a[0].sum(keepdims=True),
    "norm2": lambda n, a, p: np.sqrt((a[0] * a[0]).sum(keepdims=True)),
    "trace": lambda n, a, p: np.trace(a[0]).reshape(1, 1),
    "determinant": lambda n, a, p: np.linalg.det(a[0]).reshape(1, 1),
    "logdet": lambda n, a, p: np.reshape(_log_determinant(a[0]), (1, 1)),
    "inverse": lambda n, a, p: _inverse(a[0]),
    "diag": lambda n, a, p: np.diag(a[0][:, 0]),
    "diagonal": lambda n, a, p: np.diag(a[0]).reshape(-1, 1),
    "kron": lambda n, a, p: np.kron(a[0], a[1]),
    "block_inner": lambda n, a, p: np.einsum("iajb,ab->ij", _blocks(a[0], p.shape(n.shape), a[1].shape), a[1]),
    "block_sum": lambda n, a, p: np.einsum("iajb,ij->ab", _blocks(a[0], a[1].shape, p.shape(n.shape)), a[1]),
    "vec": lambda n, a, p: a[0].reshape(-1, 1, order="F"),
    "unvec": lambda n, a, p: a[0].reshape(p.shape(n.shape), order="F"),
    "stack": lambda n, a, p: np.concatenate(a, axis=n.data[0]),
    "part": lambda n, a, p: np.split(a[0], n.data[3], axis=n.data[0])[n.data[2]],
    "append_ones": lambda n, a, p: np.vstack([a[0], np.ones((1, a[0].shape[1]))]),
    "append_zeros": lambda n, a, p: np.hstack([a[0], np.zeros((a[0].shape[0], 1))]),
    "drop_row": lambda n, a, p: a[0][:-1],
    "drop_column": lambda n, a, p: a[0][:, :-1],
    "greater": lambda n, a, p: np.where(np.real(a[0]) > np.real(a[1]), 1.0, 0.0),
    "where": lambda n, a, p: np.where(np.real(a[0]) != 0, a[1], a[2]),
}


def value(node: Expression, point: Point, memo: dict[Expression, Array] | None = None) -> Array:
    """The 2-D array that the expression has at a point; shared parts are computed once."""
    memo = {} if memo is None else memo
    if node not in memo:
        for current in postorder(node):
            if current not in memo:
                memo[current] = VALUES[current.op](current, [memo[a] for a in current.args], point)
    return memo[node]
