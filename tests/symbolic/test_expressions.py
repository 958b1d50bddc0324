"""Every expression of the list against the complex step of an independent NumPy form, at random shapes."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from chainrule.symbolic.derivative import differentiate
from chainrule.symbolic.expression import postorder, symbols
from chainrule.symbolic.values import Point

CASES = tomllib.loads(Path(__file__).with_name("expressions.toml").read_text())["cases"]
FOUR_INDEX = {"vec", "unvec", "commutation"}


def sigma(z):
    return np.sin(z) + z * z


def sigma_slope(z):
    return np.cos(z) + 2 * z


def draw(found, kind, rng):
    """Arrays for the symbols: vectors 1-D, each named dimension one random size."""
    point, arrays = Point(), {}
    for name, node in found.items():
        for dim in node.shape:
            if isinstance(dim, str) and dim.isidentifier():
                point.sizes.setdefault(dim, int(rng.integers(2, 6)))
        shape = point.shape(node.shape)
        array = rng.normal(size=shape) if kind == "normal" else rng.uniform(0.2, 0.9, shape)
        if kind == "positive" and shape[0] == shape[1] > 1:
            array += 2 * shape[0] * np.eye(shape[0])
        arrays[name] = array.item() if shape == (1, 1) else array.ravel() if node.is_column else array
    return arrays


def complex_step(function, arrays, name):
    x = np.asarray(arrays[name], dtype=float)
    slope = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[place] += 1e-20j
        value = function(**{**arrays, name: moved if x.ndim else complex(moved)})
        slope[place] = np.imag(value) / 1e-20
    return slope


@pytest.mark.parametrize("case", CASES, ids=[f"{c[0]} by {c[1]}" for c in CASES])
def test_gradient_equals_the_complex_step(case):
    text, wrt, form, kind, *sizes = case
    d = differentiate(text, wrt)
    found = symbols(
        differentiate(text, wrt, shapes={k: tuple(v) for k, v in sizes[0].items()}).function if sizes else d.function
    )
    rng = np.random.default_rng(len(text))
    arrays = draw(found, kind, rng)
    scope = {"np": np, "sigma": sigma, **dict(arrays.items())}
    expected = complex_step(lambda **values: eval(form, {**scope, **values}), arrays, wrt)  # noqa: S307
    functions = {"sigma": (sigma, sigma_slope)} if "sigma(" in text else {}
    actual = d.evaluate(**arrays, **functions)
    assert np.shape(actual) == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10 * max(1, np.abs(expected).max()))
    assert not {n.op for n in postorder(d.expression)} & FOUR_INDEX  # a matrix form, no index tensor


def test_the_list_is_long_enough():
    assert len(CASES) >= 60
    assert len({(c[0], c[1]) for c in CASES}) == len(CASES)
