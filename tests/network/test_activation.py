"""Every entry of the table: derivative, range, kinks, extremes, dtypes, pickling; and entries of one's own."""

import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.activation import activation
from chainrule.network.arrays import NUMPY, namespace
from chainrule.network.interval import Interval

ENTRIES = [*cr.ACTIVATIONS.values(), activation("leaky_relu(0.3)"), activation("elu(1.7)"), activation("sine(30)")]
ELEMENTWISE = [entry for entry in ENTRIES if entry.elementwise]
ids = {"ids": lambda entry: entry.spec}
h = 1e-30


@pytest.fixture(params=ENTRIES, **ids)
def entry(request):
    return request.param


@pytest.mark.parametrize("entry", ELEMENTWISE, **ids)
@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_df_is_the_derivative_of_f(entry, scale):
    z = scale * np.random.default_rng(0).normal(size=501)
    numeric = entry.f(NUMPY, z + 1j * h).imag / h
    analytic = entry.df(NUMPY, z, entry.f(NUMPY, z)) * np.ones_like(z)
    np.testing.assert_allclose(analytic, numeric, rtol=1e-12, atol=1e-15 * scale)


@pytest.mark.parametrize("entry", ELEMENTWISE, **ids)
def test_df_agrees_with_real_differences(entry):
    """Complex steps share the branches of f; real differences do not."""
    z = np.random.default_rng(1).normal(size=301) * 2
    z = z[np.all([np.abs(z - kink) > 1e-2 for kink in (*entry.kinks, 0.0)], axis=0)]
    e = 1e-5
    numeric = (entry.f(NUMPY, z + e) - entry.f(NUMPY, z - e)) / (2 * e)
    # the third derivative of sine(w) is w^3
    scale = max(1.0, *(abs(p) for p in entry.parameters)) ** 3 if entry.parameters else 1.0
    np.testing.assert_allclose(entry.df(NUMPY, z, entry.f(NUMPY, z)), numeric, atol=2e-9 * scale, rtol=1e-8)


@pytest.mark.parametrize("entry", ELEMENTWISE, **ids)
def test_kinks_are_where_the_derivative_jumps(entry):
    """df jumps at each kink and nowhere on a fine grid besides."""

    def df(z):
        return entry.df(NUMPY, z, entry.f(NUMPY, z))

    e = 1e-9
    for kink in entry.kinks:
        at = np.array([kink - e, kink + e])
        assert abs(np.diff(df(at))[0]) > 1e-3
    grid = np.linspace(-5, 5, 2001) + 1e-4
    jumps = np.abs(df(grid + e) - df(grid - e)) > 1e-4
    near = np.min([np.abs(grid - kink) for kink in entry.kinks] or [np.ones_like(grid)], axis=0) < 1e-8
    assert not (jumps & ~near).any()


def test_relu_has_derivative_zero_at_zero():
    relu = cr.ACTIVATIONS["relu"]
    assert relu.df(NUMPY, np.zeros(1), np.zeros(1)) == 0.0


def test_pullback_of_rows_is_the_transposed_jacobian(entry):
    rng = np.random.default_rng(2)
    z, g = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    jacobian = np.stack([entry.f(NUMPY, z + 1j * h * np.eye(4)[j]).imag / h for j in range(4)], axis=2)
    expected = np.einsum("ni,nij->nj", g, jacobian)
    np.testing.assert_allclose(entry.pullback(NUMPY, z, entry.f(NUMPY, z), g), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_lie_in_the_range_and_keep_their_type(entry, dtype):
    z = (np.random.default_rng(3).normal(size=(50, 7)) * 3).astype(dtype)
    a = entry.f(NUMPY, z)
    assert a.dtype == dtype
    assert entry.pullback(NUMPY, z, a, np.ones_like(z)).dtype == dtype
    closed = Interval(entry.range.low, entry.range.high, True, True)
    assert Interval(float(a.min()), float(a.max()), True, True) in closed


def test_no_overflow_at_800(entry):
    """Values and derivatives at +-800 are finite, except where e^800 itself is the value."""
    z = np.array([[800.0, -800.0, 0.0], [-800.0, -800.0, -800.0]])
    if entry.name == "exp":
        z = -np.abs(z)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        a = entry.f(NUMPY, z)
        g = entry.pullback(NUMPY, z, a, np.ones_like(z))
        stepped = entry.f(NUMPY, z + 1j * h)
    assert np.isfinite(a).all()
    assert np.isfinite(g).all()
    assert np.isfinite(stepped).all()


def test_pickles_by_name(entry):
    again = pickle.loads(pickle.dumps(entry))  # noqa: S301
    assert again.spec == entry.spec
    assert again.code == entry.code


def test_codes_are_stable():
    """Compiled code and files know the entries by these numbers: new entries go to the end."""
    assert [(entry.code, entry.name) for entry in cr.ACTIVATIONS.values()][:5] == [
        (0, "identity"),
        (1, "relu"),
        (2, "leaky_relu"),
        (3, "elu"),
        (4, "selu"),
    ]
    assert [entry.code for entry in cr.ACTIVATIONS.values()] == list(range(len(cr.ACTIVATIONS)))


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.logs is not None], **ids)
def test_logarithms_agree_with_the_function(entry):
    rng = np.random.default_rng(4)
    z, g = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    a, logs = entry.f(NUMPY, z), entry.logs
    np.testing.assert_allclose(logs.log(NUMPY, z, a), np.log(a), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(logs.log_pullback(NUMPY, z, a, g), entry.pullback(NUMPY, z, a, g / a), atol=1e-12)
    if logs.colog is not None:
        np.testing.assert_allclose(logs.colog(NUMPY, z, a), np.log1p(-a), rtol=1e-11)
        expected = entry.pullback(NUMPY, z, a, -g / (1 - a))
        np.testing.assert_allclose(logs.colog_pullback(NUMPY, z, a, g), expected, atol=1e-11)


def test_softmax_knows_the_logarithm_of_what_is_left_when_one_class_is_sure():
    """log(1 - f) where f rounds to 1: from the other classes, not from the difference."""
    softmax = cr.ACTIVATIONS["softmax"]
    z = np.array([[100.0, 0.0, 0.0]])
    assert softmax.logs.colog(NUMPY, z, softmax.f(NUMPY, z))[0, 0] == pytest.approx(np.log(2) - 100)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("rleu", "did you mean 'relu'"),
        ("tanh(2)", "takes no parameters"),
        ("leaky_relu(a)", "must be numbers"),
        ("leaky_relu(1, 2)", "takes 1 parameter"),
        ("relu[3]", "not of the form"),
        ("leaky_relu(nan)", "must be finite"),
        ("sine(0)", "other than 0"),
    ],
)
def test_unknown_entries_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        activation(given)


def test_a_function_without_derivative_is_told_how_to_give_one():
    with pytest.raises(TypeError, match=r"no derivative: give df\(xp, z, a\)"):
        cr.Activation("cube", f=lambda xp, z: z**3)
    with pytest.raises(TypeError, match=r"name or a cr\.Activation"):
        activation(np.tanh)


def test_an_activation_of_ones_own_can_join_the_table():
    cube = cr.Activation("cube", f=lambda xp, z: z**3, df=lambda xp, z, a: 3 * z**2)
    cr.ACTIVATIONS["cube"] = cube
    try:
        assert cr.Network.parse("2-3:cube-1", loss="squared_error").activations[0] is cube
    finally:
        del cr.ACTIVATIONS["cube"]


def test_namespace_of_mixed_libraries_is_refused():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError):
        namespace(np.zeros(2), strict.zeros(2))
