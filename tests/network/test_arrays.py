"""What the libraries lack, on complex numbers."""

import numpy as np
import pytest

from chainrule.network.arrays import NUMPY as xp


@pytest.mark.parametrize("x", [1e-300, 1e-12, -1e-9, 1e-3, -0.4, 0.5, 3.0, 1e200])
def test_log1p_keeps_the_digits_of_both_parts(x):
    """NumPy's complex log1p takes log|1 + z|, which has four right digits at 1e-12."""
    z = xp.log1p(np.array([complex(x, 1e-20)]))[0]
    assert z.real == pytest.approx(np.log1p(x), rel=1e-15)
    assert z.imag == pytest.approx(1e-20 / (1 + x), rel=1e-15)


def test_log1p_off_the_axis():
    z = np.array([0.2 + 0.3j, -0.4 - 0.45j, 2.0 + 1.0j, 0.1 + 5.0j])
    np.testing.assert_allclose(xp.log1p(z), np.log(1 + z), rtol=1e-15)
