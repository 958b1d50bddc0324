"""What the libraries lack, on complex numbers."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.arrays import NUMPY

xp = NUMPY


@pytest.mark.parametrize("x", [1e-300, 1e-12, -1e-9, 1e-3, -0.4, 0.5, 3.0, 1e200])
def test_log1p_keeps_the_digits_of_both_parts(x):
    """NumPy's complex log1p takes log|1 + z|, which has four right digits at 1e-12."""
    z = xp.log1p(np.array([complex(x, 1e-20)]))[0]
    assert z.real == pytest.approx(np.log1p(x), rel=1e-15)
    assert z.imag == pytest.approx(1e-20 / (1 + x), rel=1e-15)


def test_log1p_off_the_axis():
    z = np.array([0.2 + 0.3j, -0.4 - 0.45j, 2.0 + 1.0j, 0.1 + 5.0j])
    np.testing.assert_allclose(xp.log1p(z), np.log(1 + z), rtol=1e-15)


@pytest.mark.parametrize("name", [name for name, entry in cr.ACTIVATIONS.items() if entry.elementwise])
def test_complex_step_at_exactly_zero_is_the_derivative_that_backward_takes(name):
    """Functions made of two branches must change both at the same side of 0; theta = 0 puts every z there."""
    sigma = cr.ACTIVATIONS[name]
    z = np.zeros(1)
    step = sigma.f(xp, z + 1e-20j).imag / 1e-20
    assert step == pytest.approx(np.asarray(sigma.df(xp, z, sigma.f(xp, z))), abs=1e-15)


@pytest.mark.parametrize(("f", "slope"), [(xp.sigmoid, 0.25), (xp.softplus, 0.5), (xp.log_sigmoid, 0.5)])
def test_smooth_functions_are_smooth_at_zero(f, slope):
    assert f(np.array([1e-20j])).imag[0] / 1e-20 == pytest.approx(slope, rel=1e-15)
