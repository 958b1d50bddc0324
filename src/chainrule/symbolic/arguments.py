"""The user's arrays and functions, checked and brought to the 2-D form in which expressions are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.symbolic.expression import Expression, symbols
from chainrule.symbolic.source import abstract_functions
from chainrule.symbolic.values import Array, Point

_STEP = 1e-20  # complex step


def point_of(node: Expression, given: Mapping[str, Any], extra: tuple[Expression, ...] = ()) -> Point:
    """The point that the user's arrays make; sizes are read off them."""
    wanted = symbols(node)
    known = dict(wanted)
    functions = dict(abstract_functions(node))
    for other in extra:
        known |= symbols(other)
        functions = dict(abstract_functions(other)) | functions
    point = Point(functions={n: _ordered(n, given[n]) for n in functions if n in given})
    strangers = set(given) - set(known) - set(functions)
    if strangers:
        raise TypeError(f"{sorted(strangers)} do not occur in the expression; its symbols are {list(known)}")
    present = {name: symbol for name, symbol in known.items() if name in given}
    for name, symbol in present.items():
        point.arrays[name] = _two_dimensional(symbol, given[name])
        for dim, length in zip(symbol.shape, point.arrays[name].shape, strict=True):
            if isinstance(dim, str) and dim.isidentifier():
                point.sizes.setdefault(dim, length)
    for symbol in present.values():
        _check_shape(symbol, point)
    missing = [n for n in [*wanted, *abstract_functions(node)] if n not in given]
    if missing:
        raise TypeError(f"values are missing for {missing}")
    return point


def _two_dimensional(node: Expression, given: Any) -> Array:
    array = np.asarray(given)
    if array.ndim > 2:
        raise ValueError(f"{node.name} is {node.shape[0]} x {node.shape[1]}; given an array of shape {array.shape}")
    array = array if array.dtype.kind == "c" else array.astype(float)
    return array if array.ndim == 2 else array.reshape((1, -1) if node.shape[0] == 1 else (-1, 1))


def _check_shape(node: Expression, point: Point) -> None:
    expected, actual = point.shape(node.shape), point.arrays[node.name].shape
    if actual != expected:
        rows, columns = node.shape
        raise ValueError(f"{node.name} is {rows} x {columns}, here {expected[0]} x {expected[1]}; given {actual}")


def _ordered(name: str, given: Any) -> Callable[[int, Array], Array]:
    """A function of (order, argument) from a callable, a tuple (f, f', ...) or an activation of the table."""
    if hasattr(given, "f") and hasattr(given, "df"):
        return function_of_activation(name, given)
    functions = tuple(given) if isinstance(given, tuple | list) else (given,)
    if not all(callable(f) for f in functions):
        raise TypeError(f"{name} must be a callable or a tuple of callables (f, f', ...), not {given!r}")

    def of_order(order: int, z: Array) -> Array:
        if order < len(functions):
            return np.asarray(functions[order](z))
        if order == len(functions) and not np.iscomplexobj(z):
            return np.asarray(np.imag(functions[-1](z + 1j * _STEP)) / _STEP)
        raise TypeError(f"derivative {order} of {name} is needed; pass {name}=(f, f', ...) with {order + 1} callables")

    return of_order


def function_of_activation(name: str, activation: Any) -> Callable[[int, Array], Array]:
    from chainrule.network.arrays import NUMPY

    def of_order(order: int, z: Array) -> Array:
        if order == 0:
            return np.asarray(activation.f(NUMPY, z))
        if order == 1 and activation.df is not None:
            return np.asarray(activation.df(NUMPY, z, activation.f(NUMPY, z)) * np.ones_like(z))
        raise TypeError(f"derivative {order} of {name} is needed; the activation {activation.name!r} does not give it")

    return of_order


def shaped(node: Expression, array: Array) -> Any:
    """A number as a float, a column or row as a 1-D array, a matrix as it is."""
    if node.is_scalar:
        return array.item()
    return array.ravel() if 1 in node.shape else array
