"""df = f' for every entry of the activation table, on symbols."""

import numpy as np
import pytest

from chainrule.network.activation import ACTIVATIONS, activation
from chainrule.symbolic.derivative import differentiate
from chainrule.symbolic.expression import symbol
from chainrule.symbolic.namespace import SYMBOLS
from chainrule.symbolic.simplify import simplify
from chainrule.symbolic.values import Point, value

ELEMENTWISE = [name for name, entry in ACTIVATIONS.items() if entry.elementwise]
WITH_PARAMETERS = ["leaky_relu(0.2)", "elu(0.7)", "sine(3.0)"]
GRID = np.concatenate([np.linspace(-6, 6, 241) + 0.0123, [-40.0, 40.0]])


def at(expression, z):
    return value(expression, Point(arrays={"z": np.array([[z]])})).item()


@pytest.mark.parametrize("name", [*ELEMENTWISE, *WITH_PARAMETERS])
def test_df_is_the_derivative_of_f(name):
    entry = activation(name)
    z = symbol("z")
    a = entry.f(SYMBOLS, z)
    derived, declared = differentiate(a, "z").expression, simplify(entry.df(SYMBOLS, z, a))
    for point in GRID:
        assert at(declared, point) == pytest.approx(at(derived, point), rel=1e-9, abs=1e-12), point


@pytest.mark.parametrize("name", [*ELEMENTWISE, *WITH_PARAMETERS])
def test_f_on_symbols_is_f_on_numbers(name):
    from chainrule.network.arrays import NUMPY

    entry = activation(name)
    expression = entry.f(SYMBOLS, symbol("z"))
    np.testing.assert_allclose([at(expression, z) for z in GRID], entry.f(NUMPY, GRID), rtol=1e-12, atol=1e-15)


def test_a_wrong_derivative_is_noticed():
    z = symbol("z")
    wrong = simplify(1 + ACTIVATIONS["tanh"].f(SYMBOLS, z) ** 2)  # the sign slipped
    derived = differentiate(ACTIVATIONS["tanh"].f(SYMBOLS, z), "z").expression
    assert at(wrong, 0.5) != pytest.approx(at(derived, 0.5), rel=1e-9)


def test_softmax_pullback_is_the_adjoint():
    from chainrule.network.arrays import NUMPY
    from chainrule.symbolic.expression import make
    from chainrule.symbolic.rules import gradient

    rng = np.random.default_rng(0)
    Z, G = symbol("Z", ("N", "K")), symbol("G", ("N", "K"))
    point = Point(arrays={"Z": rng.normal(size=(4, 3)), "G": rng.normal(size=(4, 3))}, sizes={"N": 4, "K": 3})
    entry = ACTIVATIONS["softmax"]
    a = entry.f(NUMPY, point.arrays["Z"])
    expected = entry.pullback(NUMPY, point.arrays["Z"], a, point.arrays["G"])
    adjoint = simplify(gradient(make("softmax", (Z,), 1), Z, G))
    np.testing.assert_allclose(value(adjoint, point), expected, rtol=1e-12)
    on_symbols = entry.pullback(SYMBOLS, Z, entry.f(SYMBOLS, Z), G)
    np.testing.assert_allclose(value(on_symbols, point), expected, rtol=1e-12)
