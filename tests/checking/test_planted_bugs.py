"""Every planted bug is found, in its place, and most are named by a hint.

The victim is a two-layer perceptron in plain NumPy, independent of the package; each bug changes its backward pass.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

N, IN, HIDDEN, OUT = 7, 4, 4, 3
BLOCKS = {"W1": (HIDDEN, IN), "b1": (HIDDEN,), "W2": (OUT, HIDDEN), "b2": (OUT,)}
L2 = 0.03

RNG = np.random.default_rng(7)
X, T = RNG.standard_normal((N, IN)), RNG.standard_normal((N, OUT))
WEIGHT = RNG.uniform(0.5, 2.0, N)
THETA = 0.7 * RNG.standard_normal(sum(int(np.prod(shape)) for shape in BLOCKS.values()))


def parts(theta: Any) -> list[Any]:
    """W1, b1, W2, b2."""
    found, start = [], 0
    for shape in BLOCKS.values():
        stop = start + int(np.prod(shape))
        found.append(theta[start:stop].reshape(shape))
        start = stop
    return found


def mlp(theta: Any, **slip: Any) -> tuple[Any, Any]:
    """Weighted half squared error of a tanh network with l2; ``slip`` replaces steps of the backward pass."""
    W1, b1, W2, b2 = parts(theta)
    share = WEIGHT / WEIGHT.sum()
    z1 = X @ W1.T + b1
    a1 = np.tanh(z1)
    r = a1 @ W2.T + b2 - T
    value = (share @ (r**2).sum(axis=1)) / 2 + L2 / 2 * ((W1**2).sum() + (W2**2).sum())
    delta2 = slip.get("delta2", lambda r, share: r * share[:, None])(r, share)
    delta1 = slip.get("delta1", lambda g, z1, a1: g * (1 - a1 * a1))(
        slip.get("back", lambda d, W: d @ W)(delta2, W2), z1, a1
    )
    gradient = [delta1.T @ X + L2 * W1, delta1.sum(axis=0), delta2.T @ a1 + L2 * W2, delta2.sum(axis=0)]
    gradient = slip.get("last", lambda g, theta: g)(gradient, [W1, b1, W2, b2])
    return value, np.concatenate([np.ravel(part) for part in gradient])


def with_slip(**slip: Any) -> Callable[[Any], tuple[Any, Any]]:
    """The function with a slip in it."""
    return lambda theta: mlp(theta, **slip)


def altered(name: str, change: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, Any]]:
    """The function with one block of the gradient changed at the end."""
    place = list(BLOCKS).index(name)

    def last(gradient: list[Any], theta: list[Any]) -> list[Any]:
        return [change(part.copy()) if k == place else part for k, part in enumerate(gradient)]

    return with_slip(last=last)


def set_at(index: Any, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change of some entries of a block."""

    def apply(part: Any) -> Any:
        part[index] = change(part[index])
        return part

    return apply


# name: (function, words that the hints must contain, blocks that must be wrong)
PLANTED: dict[str, tuple[Any, str, str]] = {
    "factor 2": (with_slip(delta2=lambda r, s: 2 * r * s[:, None]), "B1", "W1 b1 W2 b2"),
    "half of a block": (altered("W2", lambda g: g / 2), "factor 2 is missing", "W2"),
    "sign": (altered("b1", lambda g: -g), "sign is turned", "b1"),
    "transpose": (altered("W1", lambda g: g.T), "transposed", "W1"),
    "column by column": (altered("W2", lambda g: g.T), "transposed", "W2"),
    "bias averaged": (altered("b2", lambda g: g / N), "averaged instead of summed", "b2"),
    "not averaged": (altered("W1", lambda g: g * N), "not divided by N", "W1"),
    "no sigma'": (with_slip(delta1=lambda g, z, a: g), "delta_1 (B2)", "W1 b1"),
    "sigma' at a": (with_slip(delta1=lambda g, z, a: g * (1 - np.tanh(a) ** 2)), "delta_1 (B2)", "W1 b1"),
    "no penalty": (
        with_slip(last=lambda g, p: [g[0] - L2 * p[0], g[1], g[2] - L2 * p[2], g[3]]),
        "l2 penalty of the value is missing",
        "W1 W2",
    ),
    "penalty on biases": (
        with_slip(last=lambda g, p: [g[0], g[1] + L2 * p[1], *g[2:]]),
        "l2 penalty is in the gradient",
        "b1",
    ),
    "no weights": (with_slip(delta2=lambda r, s: r / N), "B1", "W1 b1 W2 b2"),
    "one entry": (altered("W1", set_at((2, 1), lambda g: 2 * g)), "at [2, 1]", "W1"),
    "one row": (altered("W1", set_at(3, lambda g: 0 * g)), "never written", "W1"),
    "block never written": (altered("b1", lambda g: 0 * g), "never written", "b1"),
    "rows reversed": (altered("W1", lambda g: g[::-1]), "wrong places", "W1"),
    "clipped": (altered("W1", lambda g: np.clip(g, -0.05, 0.05)), "clipped", "W1"),
    "constant added": (altered("W2", lambda g: g + 0.25), "added to every entry", "W2"),
    "scaled by row": (altered("W1", lambda g: g * np.array([[1.5], [0.5], [3.0], [0.2]])), "to the neuron", "W1"),
    "scaled by column": (altered("W1", lambda g: g * np.array([1.5, 0.5, 3.0, 0.2])), "to its input", "W1"),
    "float32": (altered("W1", lambda g: g.astype(np.float32).astype(np.float64)), "float32", "W1"),
    "not a number": (altered("W2", set_at((0, 0), lambda g: np.nan)), "divides by zero", "W2"),
    "W2 untransposed way back": (with_slip(back=lambda d, W: d @ W[:, ::-1]), "W2 on the way back", "W1 b1"),
}


@pytest.mark.parametrize("method", ["entries", "projections"])
@pytest.mark.parametrize("complex_step", [True, False])
def test_right_gradient_passes(method, complex_step):
    f = mlp if complex_step else lambda theta: mlp(theta.real) if np.isrealobj(theta) else 1 / 0
    report = cr.check_gradient(f, THETA, blocks=BLOCKS, method=method)
    assert report.ok, str(report)
    assert report.conclusive
    assert report.max_relative_error < (1e-12 if complex_step else 1e-8)
    assert report.taylor.rate == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("name", PLANTED)
def test_found_placed_and_hinted(name):
    function, words, blocks = PLANTED[name]
    report = cr.check_gradient(function, THETA, blocks=BLOCKS, numbers={"N": N})
    text = str(report)
    assert not report.ok
    assert {row.block for row in report.rows if row.verdict.is_error} == set(blocks.split()), text
    assert words in " ".join(text.split()), text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("name", PLANTED)
def test_found_along_random_directions(name):
    function, _, blocks = PLANTED[name]
    report = cr.check_gradient(function, THETA, blocks=BLOCKS, method="projections", seed=1)
    assert {row.block for row in report.rows if row.verdict.is_error} == set(blocks.split()), str(report)


@pytest.mark.parametrize("name", [name for name in PLANTED if name != "float32"])
def test_found_without_complex_numbers(name):
    function, _, blocks = PLANTED[name]

    def real_only(theta):
        if np.iscomplexobj(theta):
            raise TypeError("real numbers only")
        return function(theta)

    report = cr.check_gradient(real_only, THETA, blocks=BLOCKS)
    assert {row.block for row in report.rows if row.verdict.is_error} == set(blocks.split()), str(report)
    assert "No complex step" in str(report)


@pytest.mark.parametrize("name", [name for name in PLANTED if name != "float32"])
def test_found_in_float32(name):
    function, _, blocks = PLANTED[name]

    def single(theta):
        value, gradient = function(theta)
        return value, gradient.astype(np.float32) if theta.dtype == np.float32 else gradient

    right = cr.check_gradient(
        lambda t: (mlp(t)[0], mlp(t)[1].astype(np.float32)), THETA.astype(np.float32), blocks=BLOCKS
    )
    report = cr.check_gradient(single, THETA.astype(np.float32), blocks=BLOCKS)
    assert right.ok
    assert right.rtol == pytest.approx(3.45e-4, rel=1e-2)
    assert {row.block for row in report.rows if row.verdict.is_error} == set(blocks.split()), str(report)


def test_swapped_blocks():
    def swapped(theta):
        value = (theta[:3] ** 2).sum() + (theta[3:] ** 3).sum()
        return value, np.concatenate([3 * theta[3:] ** 2, 2 * theta[:3]])

    report = cr.check_gradient(swapped, np.arange(1.0, 7.0), blocks={"u": (3,), "v": (3,)})
    assert report.hints[0].cause == "their gradients are swapped"
    assert report.hints[0].blocks == ("u", "v")


@pytest.mark.parametrize("n", [10, 1000, 20_000])
@pytest.mark.parametrize("method", ["auto", "projections"])
@pytest.mark.parametrize("complex_step", [True, False])
def test_a_factor_two_is_found_at_every_size(n, method, complex_step):
    """JAX's forward-mode check scales its tolerance by the size, and lets this one through at 1,000 elements."""
    theta = np.random.default_rng(n).standard_normal(n)

    def doubled(theta):
        if not complex_step and np.iscomplexobj(theta):
            raise TypeError
        return np.sum(np.sin(theta)), 2 * np.cos(theta)

    report = cr.check_gradient(doubled, theta, method=method)
    assert not report.ok
    assert report.rows[0].relative_error == pytest.approx(0.5, abs=0.3)
    assert "a factor 2 too much" in report.hints[0].cause


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1.0, 1e30, 1e150])
def test_scale_of_the_value_does_not_matter(scale):
    def f(theta, factor=1.0):
        return scale * np.sum(np.sin(theta)), factor * scale * np.cos(theta)

    theta = np.linspace(-2, 2, 9)
    assert cr.check_gradient(f, theta).ok
    assert not cr.check_gradient(lambda theta: f(theta, 1.0001), theta).ok


def test_one_wrong_entry_of_many_is_found():
    theta = np.random.default_rng(0).standard_normal(50_000)

    def f(theta):
        gradient = np.cos(theta)
        gradient[31_415] *= 1.001
        return np.sum(np.sin(theta)), gradient

    report = cr.check_gradient(f, theta)
    assert [entry.name for entry in report.worst if entry.verdict == "wrong"] == ["theta[31415]"]
    assert report.evaluations < 500
