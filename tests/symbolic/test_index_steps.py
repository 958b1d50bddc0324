"""The steps by indices: read back as printed in every notation; a wrong letter, sign or sum shows no derivation."""

import pytest

import chainrule as cr
from chainrule.symbolic import components
from chainrule.symbolic.boxes import Box
from chainrule.symbolic.presets import NOTATIONS
from chainrule.symbolic.proof import ProofError
from chainrule.symbolic.text import text

NET = cr.Network((3, 4, 5, 2), ("tanh", "softmax", "softmax"), "categorical_cross_entropy")
MINE = cr.Notation("mine", samples="columns", weights="from_to", sign=-1, letters={"preactivation": "u", "delta": "e"})


def steps(net, notation, **options):
    return [text(step) for line in cr.derive(net, notation, **options).steps for step in line.components]


@pytest.mark.parametrize("notation", [*NOTATIONS, MINE], ids=str)
@pytest.mark.parametrize("loss", ["quantile(0.1, 0.9)", "gaussian_nll", "huber(0.5)", "poisson"])
def test_every_matrix_line_has_steps_that_hold(notation, loss):
    output = "exp" if loss == "poisson" else "identity"
    net = cr.Network((3, 4, 4), ("gelu", output), loss, input_activation="tanh")
    derivation = cr.derive(net, notation, l1=0.1, l2=0.2, weights=True)  # reads every step back
    without = {line.tag for line in derivation.steps if not line.components and line.tag != "def"}
    assert without <= {"F1", "F2", "U"}  # the input, a linear layer, the update of a batch


def test_the_steps_of_softmax_and_of_the_cost():
    derivation = cr.derive(NET, "neuron")
    shown = {(line.tag, line.layer): [text(step) for step in line.components] for line in derivation.steps}
    assert shown["F2", 2] == ["aₖ² = exp(zₖ²)/(∑ⱼ exp(zⱼ²))"]
    assert shown["J", None] == ["C = ∑ᵢ (−yᵢ log(aᵢ³))"]
    assert shown["B2", 2][2:] == ["∂aⱼ²/∂zₖ² = aⱼ² (δⱼₖ − aₖ²)", "δₖ² = ∑ⱼ ∂C/∂aⱼ² aⱼ² (δⱼₖ − aₖ²)"]
    assert [text(s) for s in derivation.line("B1", 3).components] == ["∂C/∂aₖ³ = −yₖ/aₖ³"]


def test_no_bias_column_goes_back():
    """Watters (57) to (61) write the matrix with its bias column here, which has an entry too many."""
    net = cr.Network((2, 3, 1), ("tanh", "identity"), "squared_error")
    step = cr.derive(net, "watters").line("B2", 1).components[0]
    assert text(step) == "∂fᵢ/∂hₖ¹ = Wᵢₖ^F"


def test_a_negative_delta_keeps_its_sign():
    net = cr.Network((2, 3, 1), ("tanh", "identity"), "squared_error")
    assert "e_(1,kn) = −∂J/∂u_(1,kn)" in steps(net, MINE)


def other_kronecker(self, *pair):
    return components.sub(components.ident("δ"), self.index("i", "j"))


WRONG = {
    "_through_activation": lambda x, l, other, own, gathered, softmax: [
        components.joined("=", components._delta(x, l, "k"), gathered)  # the slope forgotten
    ],
    "_bias": lambda x, role, l: [components.joined("=", x.by(x.bias(l, "k")), components._delta(x, l, "k"))],
    "_forward": lambda x, role, l: [
        components.joined("=", x.entry("preactivation", l, "i"), Box("row", (x.weight(l, "i", "j"),)))
    ],
    "_weights": lambda x, role, l: [components.joined("=", x.by(x.weight(l, "k", "l")), components._delta(x, l, "k"))],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_step_shows_no_derivation(monkeypatch, name):
    monkeypatch.setattr(components, name, WRONG[name])
    with pytest.raises((ProofError, ValueError)):
        cr.derive(NET)


def test_a_kronecker_delta_of_the_wrong_letters_is_found(monkeypatch):
    monkeypatch.setattr(components.Indices, "kronecker", other_kronecker)
    with pytest.raises((ProofError, ValueError)):
        cr.derive(NET)


def test_a_sum_too_few_is_found(monkeypatch):
    monkeypatch.setattr(components.Indices, "over_samples", lambda self, body: body)
    with pytest.raises((ProofError, ValueError)):
        cr.derive(NET)
