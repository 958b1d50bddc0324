"""What the room offers: its names exist, SymPy stays out, a ten-layer network derives quickly."""

import subprocess
import sys
import time

import pytest

import chainrule as cr
import chainrule.symbolic


def test_every_name_is_there():
    for name in chainrule.symbolic.__all__:
        assert getattr(chainrule.symbolic, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'simplfy'"):
        _ = chainrule.symbolic.simplfy


def test_every_operation_is_complete():
    from chainrule.symbolic.layout import LAYOUTS
    from chainrule.symbolic.rules import ADJOINTS
    from chainrule.symbolic.shapes import SHAPES
    from chainrule.symbolic.values import VALUES

    assert set(SHAPES) <= set(VALUES)
    assert set(VALUES) == set(LAYOUTS)
    assert set(ADJOINTS) == set(SHAPES)


def test_importing_loads_no_sympy_and_no_scipy():
    code = "import chainrule as cr, sys; cr.derive, cr.differentiate('x', 'x'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sympy", "scipy", "rich", "sklearn"} & set(loaded)


def test_ten_layers_derive_within_a_second():
    net = cr.Network((64, *[32] * 9, 10), (*["tanh"] * 9, "softmax"), "categorical_cross_entropy")
    start = time.process_time()
    assert "W₁₀" in cr.derive(net).text(components=True)
    assert time.process_time() - start < 1
