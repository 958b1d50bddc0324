"""Derivations: every preset, activation and loss verified; the documents' own equations in their printed form."""

from itertools import cycle

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.loss import loss as LOSS  # noqa: N812
from chainrule.symbolic.presets import NOTATIONS, variant

LOSSES = [*cr.LOSSES, "quantile(0.1, 0.5, 0.9)", "binary_cross_entropy(0.1)", "categorical_cross_entropy(0.2)"]
PAIRS = []
for _activation in cr.ACTIVATIONS:
    for _loss in LOSSES:
        try:
            cr.Network((3, 2 * LOSS(_loss).outputs_per_target), (_activation,), _loss)
        except ValueError:
            continue
        PAIRS.append((_activation, _loss))


def data(net, rng):
    X = rng.normal(size=(5, net.sizes[0]))
    n = net.n_targets
    if net.loss.target_values:
        T = rng.choice(net.loss.target_values, size=(5, n))
    elif net.loss.name in ("categorical_cross_entropy", "kl_divergence"):
        T = rng.dirichlet(np.ones(n), size=5)
    else:
        T = rng.uniform(0.1, 0.9, size=(5, n))
    return X, T


def network(activation, loss, depth, seed=0):
    sizes = (*(3, 4, 5)[3 - depth :], 2 * LOSS(loss).outputs_per_target)
    hidden = [activation if activation != "exp" else "tanh"] * (depth - 1)
    net = cr.Network(sizes, (*hidden, activation), loss)
    theta = net.initial(seed=seed)
    return net, theta + 0.05 * np.random.default_rng(seed).normal(size=theta.shape)


def check(activation, loss, depth, preset):
    net, theta = network(activation, loss, depth)
    X, T = data(net, np.random.default_rng(1))
    report = cr.derive(net, preset).verify(theta, X, T)
    assert report.ok, f"{net} in {preset}\n{report}"


_PRESET, _DEPTH = cycle(NOTATIONS), cycle((1, 2, 3))
ROTATING = [(*pair, next(_DEPTH), next(_PRESET)) for pair in PAIRS]


@pytest.mark.parametrize(("activation", "loss", "depth", "preset"), ROTATING)
def test_verify(activation, loss, depth, preset):
    check(activation, loss, depth, preset)


@pytest.mark.soak
@pytest.mark.parametrize("preset", NOTATIONS)
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize(("activation", "loss"), PAIRS)
def test_verify_everything(activation, loss, depth, preset):
    check(activation, loss, depth, preset)


PRINTED = [
    ("rows", "F1", 1, "z₁ = a₀ W₁ᵀ + 𝟏 b₁"),
    ("rows", "B2", 1, "δ₁ = (δ₂ W₂) ⊙ σ₁′(z₁) = (δ₂ W₂) ⊙ (𝟏 − a₁⊙²)"),
    ("rows", "B3", 1, "∂J/∂W₁ = δ₁ᵀ a₀"),
    ("rows", "B4", 1, "∂J/∂b₁ = 𝟏ᵀ δ₁"),
    ("watters", "B1", 3, "∂L/∂f = 2 (f − y)ᵀ"),  # (44)
    ("watters", "B2", "n", "∂L/∂hⁿ = ∂L/∂gⁿ⁺¹ Wⁿ⁺¹"),  # (77)
    ("watters", "B3", "n", "∂L/∂W̃ⁿ = (∂L/∂gⁿ)ᵀ (h̃ⁿ⁻¹)ᵀ"),  # (75)
    ("watters", "B3", 3, "∂L/∂W̃^F = (∂L/∂f)ᵀ (h̃²)ᵀ"),  # (49)
    ("wichmann", "F1", 1, "Z⁽¹⁾ = W⁽¹⁾ A⁽⁰⁾ + b⁽¹⁾ J_Nᵗ"),  # 1.4
    ("wichmann", "B2", "l", "Δ⁽ˡ⁾ = (W⁽ˡ⁺¹⁾)ᵗ H⁽ˡ⁺¹⁾"),  # 5.2
    ("wichmann", "B3", "l", "∂J/∂W⁽ˡ⁾ = H⁽ˡ⁾ (A⁽ˡ⁻¹⁾)ᵗ"),  # 5.1
    ("wichmann", "B4", "l", "∂J/∂b⁽ˡ⁾ = H⁽ˡ⁾ J_N"),  # 5.1, corrected
    ("chains", "F1", 2, "p₂ = W₁₂ q₁"),
    ("chains", "B3", 1, "∂C/∂W₀₁ = Δ₂ q₀ᵀ"),
    ("chains", "B2", 1, "Δ₂ = (W₁₂ᵀ Δ₁) ⊙ σ₁′(p₁) = (W₁₂ᵀ Δ₁) ⊙ (𝟏 − q₁⊙²)"),
    ("neuron", "B2", "l", "δˡ = ((Wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ ∂σₗ/∂zˡ"),
    ("neuron", "B3", "l", "∇Wˡ = δˡ (aˡ⁻¹)ᵀ"),
    ("menon", "B2", "j", "φʲ = ((wʲ⁺¹)ᵀ φʲ⁺¹) ∘ σⱼ′(zʲ)"),  # (2), corrected
    ("menon", "B3", "j", "∇_wʲL = φʲ (aʲ⁻¹)ᵀ"),  # (3)
    ("menon", "B4", "j", "∇_bʲL = φʲ"),  # (4)
]


@pytest.mark.parametrize(("preset", "tag", "layer", "printed"), PRINTED)
def test_the_documents_equations(preset, tag, layer, printed):
    loss = NOTATIONS[preset].loss or "half_squared_error"
    net = cr.Network((2, 3, 4, 2), ("tanh", "tanh", "identity"), loss, bias=preset != "chains")
    assert cr.derive(net, preset).line(tag, layer).text() == printed


FUSED = [  # the slope of the loss by itself, and what is left of it times that of the activation
    (
        ("sigmoid", "binary_cross_entropy"),
        "wichmann",
        "Δ⁽¹⁾ = −1/N (T ⊘ A⁽¹⁾ + (T − 𝟏) ⊘ (𝟏 − A⁽¹⁾))",
        "1/N (A⁽¹⁾ − T)",  # 3.12
    ),
    (("sigmoid", "binary_cross_entropy"), "menon", "∂L/∂a¹ = −(y ⊘ a¹ + (y − 𝟏) ⊘ (𝟏 − a¹))", "a¹ − y"),
    (("identity", "half_squared_error"), "wichmann", "Δ⁽¹⁾ = 1/N (A⁽¹⁾ − T)", "1/N (A⁽¹⁾ − T)"),
    (("exp", "poisson"), "rows", "∂J/∂a₁ = 1/N ((a₁ − T) ⊘ a₁)", "1/N (a₁ − T)"),
]


@pytest.mark.parametrize(("pair", "preset", "slope", "cancelled"), FUSED)
def test_fused_pairs_cancel(pair, preset, slope, cancelled):
    net = cr.Network((2, 2), (pair[0],), pair[1])
    of_loss, delta = [line.text() for line in cr.derive(net, preset).steps if line.tag == "B1"]
    assert of_loss == slope
    assert delta.endswith("= " + cancelled)


def test_menon_softmax_form():
    net = cr.Network((2, 3), ("softmax",), "categorical_cross_entropy")
    assert [line.text() for line in cr.derive(net, "menon").steps if line.condition] == ["φ¹ = a¹ − y"]  # 3.3.1


def test_weights_penalties_and_optimizers():
    net, theta = network("tanh", "half_squared_error", 2)
    X, T = data(net, np.random.default_rng(1))
    w = np.array([1.0, 2.0, 0.5, 1.0, 3.0])
    for preset in ("rows", "wichmann"):
        d = cr.derive(net, preset, weights=True, l1=0.1, l2=0.2, optimizer="adam")
        report = d.verify(theta, X, T, w)
        assert report.ok, report
        assert "λ₂" in d.line("B3", 1).text()
    with pytest.raises(ValueError, match="pass sample_weight"):
        d.verify(theta, X, T)
    assert cr.derive(net, "watters", l2=0.2).verify(theta, X, T).ok


def test_updates_are_those_of_the_optimizers():
    from chainrule.symbolic.expression import symbols
    from chainrule.symbolic.values import Point, value

    net, _ = network("tanh", "half_squared_error", 2)
    rng = np.random.default_rng(0)
    W, g, v = (rng.normal(size=(2, 3)) for _ in range(3))
    arrays = {"weights_l": W, "weights_gradient_l": g, "velocity": v, "moment": v, "square": v**2}
    numbers = {"eta": 0.1, "mu": 0.9, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "steps": 3}
    arrays |= {k: np.array([[float(n)]]) for k, n in numbers.items()}
    for name, rule, state in (
        ("momentum", cr.Momentum(0.1, momentum=0.9), ("velocity",)),
        ("adam", cr.Adam(0.1), ("moment", "square")),
    ):
        point = Point(dict(arrays), {"n_l": 2, "n_lm1": 3})
        for line in [s for s in cr.derive(net, "rows", optimizer=name).steps if s.tag == "U"]:
            (target,) = symbols(line.left)
            point.arrays[target] = value(line.right[0], point)
        theta, kept = W.ravel().copy(), rule.init(W.ravel())
        for key, name_ in zip(kept, state, strict=False):
            kept[key][...] = arrays[name_].ravel()
        rule.update(theta, g.ravel(), kept, 0.1, 3)
        np.testing.assert_allclose(point.arrays["weights_l"].ravel(), theta, rtol=1e-7)


@pytest.mark.parametrize("preset", NOTATIONS)
def test_converters_are_exact(preset):
    net, theta = network("tanh", "half_squared_error", 3)
    n = NOTATIONS[preset]
    X, T = data(net, np.random.default_rng(1))
    gradient = net.value_and_gradient(theta, X, T)[1]
    for vector in (theta, gradient):
        assert np.array_equal(n.theta(net, n.parameters(net, vector)), vector)
    assert np.array_equal(n.rows(n.data(X)), X)
    shapes = [p[0].shape for p in n.parameters(net, theta)]
    assert shapes == ([(4, 4), (5, 5), (2, 6)] if preset == "watters" else [(4, 3), (5, 4), (2, 5)])


def test_ones_own_notation():
    net, theta = network("tanh", "squared_error", 2)
    X, T = data(net, np.random.default_rng(1))
    mine = cr.Notation(
        "mine", samples="columns", weights="from_to", sign=-1, letters={"preactivation": "u", "delta": "e"}
    )
    d = cr.derive(net, mine)
    assert d.verify(theta, X, T).ok
    assert d.line("F1", 1).text() == "u₁ = W₁ᵀ a₀ + b₁ 𝟏ᵀ"
    assert d.line("B3", 1).text() == "∂J/∂W₁ = −a₀ e₁ᵀ"
    diagonal = cr.derive(net, variant("neuron", name="diagonal", diagonal=True, slope="prime"))
    assert diagonal.verify(theta, X, T).ok
    assert diagonal.line("B2", "l").text() == "δˡ = diag(σₗ′(zˡ)) (Wˡ⁺¹)ᵀ δˡ⁺¹"


def test_symbolic_sizes_and_input_activation():
    net = cr.Network((2, 3, 1), ("tanh", "identity"), "half_squared_error", input_activation="tanh", bias=False)
    d = cr.derive(net, "chains", sizes="symbolic")
    assert d.line("F2", 0).text() == "q₀ = σ₀(p₀)"
    assert d.line("B5").text() == "∂C/∂q₀ = W₀₁ᵀ Δ₁"
    assert "(n₁ × 1)" in d.text()
    theta = net.initial(seed=0)
    rng = np.random.default_rng(0)
    assert d.verify(theta, rng.normal(size=(3, 2)), rng.normal(size=(3, 1))).ok


def test_errors_say_what_to_do():
    net = cr.Network((2, 1), ("identity",), "half_squared_error")
    with pytest.raises(ValueError, match="there are rows, watters"):
        cr.derive(net, "nobody")
    with pytest.raises(TypeError, match=r"model\.network_"):
        cr.derive("2-1")
    with pytest.raises(ValueError, match="roles of letters"):
        cr.Notation("x", letters={"wieghts": "W"})


def test_a_softmax_of_a_single_unit_is_tried_away_from_the_kink():
    assert "sign" in cr.derive(cr.Network.parse("3-4:tanh-1:softmax", loss="absolute_error")).text()
