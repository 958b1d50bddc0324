"""Random expressions: differentiate, simplify, print as NumPy, evaluate; twice for a symmetric Hessian."""

import contextlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.symbolic.derivative import differentiate
from chainrule.symbolic.expression import (
    add,
    apply,
    hadamard,
    identity,
    number,
    product,
    scale,
    symbol,
    symbols,
    transpose,
    unary,
)  # fmt: skip
from chainrule.symbolic.parser import parse
from chainrule.symbolic.simplify import simplify
from chainrule.symbolic.source import compiled
from chainrule.symbolic.values import Point, value

SIZES = {"m": 3, "n": 2}
A, B = symbol("A", ("m", "n")), symbol("B", ("n", "n"))
x, y, w = symbol("x", ("n", 1)), symbol("y", ("m", 1)), symbol("w", ("n", 1))
NUMBERS = st.sampled_from([number(2), number(-1), number(0.5), number(3)])


def scalars(depth):
    leaf = st.one_of(NUMBERS, st.just(symbol("a")))
    if depth == 0:
        return leaf
    v, s = st.one_of(vectors(depth - 1, "n"), vectors(depth - 1, "m")), scalars(depth - 1)
    return st.one_of(
        leaf,
        v.map(lambda u: unary("sum", u)),
        v.map(lambda u: product(transpose(u), u)),
        v.map(lambda u: unary("logsumexp", u, 0)),
        st.tuples(s, s).map(lambda p: hadamard(*p)),
        st.tuples(s, s).map(lambda p: add(*p)),
        s.map(lambda u: apply("tanh", u)),
        matrices(depth - 1).map(lambda M: unary("trace", product(M, transpose(M)))),
        matrices(depth - 1).map(lambda M: unary("trace", unary("inverse", definite(M)))),
        matrices(depth - 1).map(lambda M: unary("logdet", definite(M))),
        matrices(depth - 1).map(lambda M: unary("norm2", add(M, apply("cosh", M)))),
        st.tuples(vectors(depth - 1, "m"), matrices(depth - 1), vectors(depth - 1, "n")).map(
            lambda p: product(transpose(p[0]), p[1], p[2])
        ),
    )


def definite(M):
    return add(product(M, transpose(M)), identity("m"))


def vectors(depth, dim):
    leaf = st.sampled_from([x, w] if dim == "n" else [y])
    if depth == 0:
        return leaf
    v = vectors(depth - 1, dim)
    moved = vectors(depth - 1, "m" if dim == "n" else "n")
    return st.one_of(
        leaf,
        st.tuples(v, v).map(lambda p: add(*p)),
        st.tuples(v, v).map(lambda p: hadamard(*p)),
        st.tuples(scalars(depth - 1), v).map(lambda p: scale(*p)),
        v.map(lambda u: apply("sigma", u)),
        v.map(lambda u: unary("softmax", u, 0)),
        v.map(lambda u: product(unary("diag", u), u)),
        moved.map(lambda u: product(transpose(A) if dim == "n" else A, u)),
    )


def matrices(depth):
    if depth == 0:
        return st.just(A)
    return st.one_of(
        st.just(A),
        matrices(depth - 1).map(lambda M: product(M, B)),
        matrices(depth - 1).map(lambda M: apply("sigma", M)),
        st.tuples(vectors(depth - 1, "m"), vectors(depth - 1, "n")).map(lambda p: product(p[0], transpose(p[1]))),
        st.tuples(matrices(depth - 1), matrices(depth - 1)).map(lambda p: hadamard(*p)),
        st.tuples(scalars(depth - 1), matrices(depth - 1)).map(lambda p: scale(*p)),
    )


def bounded(depth):
    """tanh keeps deep random products within what double precision can compare."""
    return scalars(depth).map(lambda s: add(apply("tanh", s), hadamard(number(0.5), product(transpose(x), B, x))))


def arrays(nodes, seed):
    rng = np.random.default_rng(seed)
    shape = {k: tuple(SIZES.get(d, d) for d in v.shape) for k, v in nodes.items()}
    return {k: 0.3 * rng.normal(size=s) if s != (1, 1) else 0.3 * rng.normal() for k, s in shape.items()}


FUNCTIONS = {"sigma": np.sin, "sigma_d1": np.cos, "sigma_d2": lambda z: -np.sin(z)}


def sine(order, z):
    return np.sin(z + order * np.pi / 2)


def call(node, given):
    f = compiled(node)
    names = f.__code__.co_varnames[: f.__code__.co_argcount]
    return f(**{n: given[n] if n in given else FUNCTIONS[n] for n in names})


@settings(max_examples=40, deadline=None)
@given(bounded(5), st.integers(0, 5))
def test_gradient_of_a_random_expression(cost, seed):
    values = arrays(symbols(cost) | {"x": x}, seed)
    direction = np.random.default_rng(seed + 1).normal(size=values["x"].shape)
    point = Point({k: np.reshape(v, np.shape(v) or (1, 1)) for k, v in values.items()}, dict(SIZES), {"sigma": sine})
    point.arrays["x"] = values["x"] + 1e-20j * direction
    slope = np.imag(value(cost, point).item()) / 1e-20
    gradient = call(differentiate(cost, "x").expression, values)
    scale_ = np.abs(gradient * direction.ravel()).sum() + 1e-6
    assert abs(np.sum(gradient * direction.ravel()) - slope) <= 1e-8 * scale_
    assert np.allclose(call(simplify(cost), values), call(cost, values), rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(bounded(3), st.integers(0, 5))
def test_second_derivatives_are_symmetric(cost, seed):
    first = differentiate(cost, "x")
    hessian = first.hessian().evaluate
    given = dict(arrays(symbols(cost) | {"x": x}, seed).items())
    functions = {"sigma": (np.sin, np.cos, lambda z: -np.sin(z))} if "sigma" in str(cost) or "σ" in str(cost) else {}
    used = {**given, **functions}
    H = np.reshape(hessian(**used), (2, 2))
    assert np.allclose(H, H.T, rtol=1e-8, atol=1e-10)
    product_ = first.hessian_product("v").evaluate(**used, v=np.array([1.0, -2.0]))
    assert np.allclose(product_, H @ [1.0, -2.0], rtol=1e-8, atol=1e-10)


@settings(max_examples=60, deadline=None)
@given(bounded(4))
def test_simplification_is_settled(cost):
    simple = simplify(cost)
    assert simplify(simple) is simple


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="xyAB'*+-/.^()1 2sumexp,", max_size=14))
def test_any_text_is_parsed_or_refused_politely(text):
    with contextlib.suppress(ValueError):
        parse(text)


def test_second_derivatives_through_a_diagonal():
    """x^T A^T diag(A x)^2 A x = sum (A x)^4, whose Hessian is 12 A^T diag(A x)^2 A."""
    rng = np.random.default_rng(0)
    A, x_ = rng.normal(size=(3, 2)), rng.normal(size=2)
    found = differentiate("x' * A' * diag((A * x) .^ 2) * A * x", "x").hessian().evaluate(A=A, x=x_)
    np.testing.assert_allclose(found, 12 * A.T @ np.diag((A @ x_) ** 2) @ A, rtol=1e-12)
