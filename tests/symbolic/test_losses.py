"""Losses in derivations: each of the table written out, quantities of the outputs named, the text's factor kept."""

from fractions import Fraction
from itertools import cycle

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.arrays import NUMPY
from chainrule.network.loss import loss
from chainrule.symbolic.expression import symbols
from chainrule.symbolic.losses import loss_form
from chainrule.symbolic.presets import NOTATIONS, variant
from chainrule.symbolic.values import Point, value

LEVELS = "quantile(0.1, 0.5, 0.9)"
EVERY = [*cr.LOSSES, LEVELS, "quantile(0.3)", "huber(0.2)", "focal(1.5, 0.3)", "binary_cross_entropy(0.1)"]


def lines(net, preset="rows", **options):
    return {(s.tag, s.title): s.text() for s in cr.derive(net, preset, **options).steps}


@pytest.mark.parametrize(("name", "preset"), list(zip(EVERY, cycle(NOTATIONS), strict=False)))
def test_nothing_abstract_is_left_of_a_loss_of_the_table(name, preset):
    entry = loss(name)
    net = cr.Network((2, 2 * entry.outputs_per_target), (entry.output,), name)
    for line in cr.derive(net, preset).steps:
        for form in line.right:
            assert not {"losses", "slopes"} & set(symbols(form)), line.text()


@pytest.mark.parametrize("name", ["log_cosh", "quantile", LEVELS, "gaussian_nll"])
def test_what_is_written_on_paper_is_what_the_table_computes(name):
    entry, rng = loss(name), np.random.default_rng(0)
    k = entry.outputs_per_target
    f, y = 3 * rng.normal(size=(5, 2 * k)), 3 * rng.normal(size=(5, 2))
    y[0, 0] = f[0, 0]  # a residual of zero
    f[1] = 1e3 if name == "log_cosh" else f[1]  # where cosh overflows
    values = {
        "activation": f, "target": y, "adjusted": np.repeat(y, k, axis=1), "levels": np.tile(entry.parameters, (5, 2)),
        "mean": f[:, :2], "log_variance": f[:, 2:],
    }  # fmt: skip
    form = loss_form(entry)
    point = Point({letter.name: values[role] for letter, role in form.places.items()})
    np.testing.assert_allclose(value(form.term, point), entry.term(NUMPY, f, y), rtol=1e-12, atol=1e-15)
    slopes = [value(s, point) for s in form.slopes.values()]
    np.testing.assert_allclose(np.hstack(slopes), entry.slope(NUMPY, f, y), rtol=1e-12, atol=1e-15)


GAUSSIAN = {
    "rows": "1/N [(μ − T) ⊙ exp(−s), 1/2 (𝟏 − (T − μ)⊙² ⊙ exp(−s))]",
    "watters": "[(μ − y) ⊙ exp(−s); 1/2 (𝟏 − (y − μ)⊙² ⊙ exp(−s))]ᵀ",
    "wichmann": "1/N [(μ − T) ⊙ exp(−s); 1/2 (𝟏 − (T − μ)⊙² ⊙ exp(−s))]",
    "chains": "[(μ − y) ⊙ exp(−s); 1/2 (𝟏 − (y − μ)⊙² ⊙ exp(−s))]",
    "menon": "[(μ − y) ∘ exp(−s); 1/2 (𝟏 − (y − μ)∘² ∘ exp(−s))]",
}


@pytest.mark.parametrize("preset", GAUSSIAN)
def test_gaussian_nll(preset):
    shown = lines(cr.Network((2, 4), ("identity",), "gaussian_nll"), preset)
    assert shown["B1", "delta of the last layer"].endswith("= " + GAUSSIAN[preset])
    assert shown["def", "Means and variances"].endswith("[μ, s]" if preset == "rows" else "[μ; s]")


def test_quantiles():
    shown = lines(cr.Network((2, 6), ("identity",), LEVELS), "wichmann", sizes="symbolic")
    assert shown["def", "Repeated targets"] == "T̃ = T ⊗ 𝟏"
    assert shown["def", "Levels"] == "Q = (𝟏 ⊗ [0.1; 0.5; 0.9]) J_Nᵗ"
    assert shown["J", "The cost"].startswith(
        "J = sum({ Q ⊙ (T̃ − A⁽¹⁾) where T̃ > A⁽¹⁾; (𝟏 − Q) ⊙ (A⁽¹⁾ − T̃) elsewhere })"
    )
    slope = "{ −Q where T̃ > A⁽¹⁾; 𝟏 − Q where A⁽¹⁾ > T̃; 0 elsewhere }"
    assert shown["B1", "The cost by the output"] == f"Δ⁽¹⁾ = 1/N {slope}"
    one = lines(cr.Network((2, 1), ("identity",), "quantile(0.3)"), "menon")
    assert one["B1", "The cost by the output"] == "∂L/∂a¹ = { −0.3 where y > a¹; 0.7 where a¹ > y; 0 elsewhere }"


def test_smoothed_labels_are_a_target_of_their_own():
    shown = lines(cr.Network((2, 5), ("softmax",), "categorical_cross_entropy(0.1)"), "menon")
    assert shown["def", "Smoothed targets"] == "y\u0303 = 0.9 y + 0.02 𝟏"
    assert shown["J", "The cost"] == "L = −y\u0303ᵀ log(a¹)"
    assert shown["B1", "delta, cancelled"] == "φ¹ = a¹ − y\u0303"
    binary = lines(cr.Network((2, 1), ("sigmoid",), "binary_cross_entropy(0.1)"))
    assert binary["def", "Smoothed targets"] == "T̃ = 0.9 T + 0.05"
    assert binary["B1", "delta of the last layer"].endswith("= 1/N (a₁ − T̃)")


SIMPLE = [
    ("huber", "identity", "J = sum({ 1/2 abs(a₁ − T)⊙² where abs(a₁ − T) ≤ 1; abs(a₁ − T) − 1/2 elsewhere })/N"),
    ("log_cosh", "identity", "J = sum(logcosh(a₁ − T))/N"),
    ("gamma", "exp", "J = sum(T ⊘ a₁ + log(a₁))/N"),
    ("half_mean_squared_error", "identity", "J = sum((a₁ − T)⊙²)/(4 N)"),
]


@pytest.mark.parametrize(("name", "activation", "shown"), SIMPLE)
def test_the_cost_as_a_person_writes_it(name, activation, shown):
    assert lines(cr.Network((2, 2), (activation,), name))["J", "The cost"] == shown


# ---------------------------------------------------------------- the factor of the text

NET = cr.Network((2, 3, 2), ("tanh", "identity"), "half_squared_error")
FACTORS = {"rows": 1, "watters": 2, "wichmann": 1, "chains": 1, "neuron": Fraction(1, 2), "menon": 1}
COSTS = {
    "watters": "L = (f − y)ᵀ (f − y)",  # (8), (42)
    "wichmann": "J = sum((A⁽²⁾ − T)⊙²)/(2 N)",  # 3.5
    "chains": "C = 1/2 (q₂ − y)ᵀ (q₂ − y)",
    "neuron": "C = 1/4 (a² − y)ᵀ (a² − y)",  # the mean over two outputs of halves
    "menon": "L = 1/2 (a² − y)ᵀ (a² − y)",  # 3.1.1: the mean over two outputs
}


@pytest.mark.parametrize("preset", NOTATIONS)
def test_a_text_keeps_the_factor_of_its_loss(preset):
    notation = NOTATIONS[preset]
    assert notation.factor(NET) == FACTORS[preset]
    derivation = cr.derive(NET, preset)
    if preset in COSTS:
        assert derivation.line("J").text() == COSTS[preset]
    rng = np.random.default_rng(0)
    theta = rng.normal(size=NET.n_parameters)
    X, T = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    assert derivation.verify(theta, X, T).ok
    g = NET.value_and_gradient(theta, X, T)[1]
    laid_out = notation.derivatives(NET, g)
    np.testing.assert_array_equal(notation.gradient(NET, laid_out), g)
    np.testing.assert_array_equal(notation.theta(NET, laid_out), float(FACTORS[preset]) * g)


@pytest.mark.parametrize(("preset", "shown"), [
    ("watters", "W̃ⁿ ← W̃ⁿ − 1/2 η ∂L/∂W̃ⁿ"), ("neuron", "Wˡ ← Wˡ − 2 η ∇Wˡ"), ("menon", "wʲ ← wʲ − η ∇_wʲL"),
])  # fmt: skip
def test_the_update_is_the_networks_own(preset, shown):
    assert cr.derive(NET, preset).line("U").text() == shown


def test_the_factor_with_letters_for_the_sizes_and_penalties():
    derivation = cr.derive(NET, "neuron", sizes="symbolic", l2=0.1)
    assert derivation.line("J").text() == "C = ((a² − y)ᵀ (a² − y) + λ₂ (sum((W¹)⊙²) + sum((W²)⊙²)))/(2 n₂)"
    assert derivation.line("U").text() == "Wˡ ← Wˡ − n₂ η ∇Wˡ"


def test_a_notation_of_ones_own_has_its_factor():
    double = variant("rows", name="double", loss="squared_error")
    assert double.factor(NET) == 2
    assert lines(NET, double)["B1", "The cost by the output"] == "∂J/∂a₂ = 2/N (a₂ − T)"
    other = cr.Network((2, 1), ("sigmoid",), "binary_cross_entropy")
    assert double.factor(other) == 1  # another loss has no other factor
    with pytest.raises(ValueError, match="sqared_error"):
        variant("rows", loss="sqared_error")


def test_an_explanation_has_the_numbers_of_the_text():
    theta = np.random.default_rng(0).normal(size=NET.n_parameters)
    x, t = [0.5, -1.0], [1.0, 0.0]
    own, double = (cr.explain(NET, theta, x, t, n, weight=(1, 0, 1)) for n in ("rows", "watters"))
    assert double.path.gradient == pytest.approx(2 * own.path.gradient, rel=1e-15)
    assert double.path.sum_of_ways == pytest.approx(double.path.gradient, rel=1e-12)
    assert double.step.after == pytest.approx(2 * own.step.after, rel=1e-15)  # the same step, counted twice
    assert double.step.predicted == pytest.approx(2 * own.step.predicted, rel=1e-14)
