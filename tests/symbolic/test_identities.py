"""The matrix derivatives of Chains III and IV, in the form in which they are printed there."""

import pytest

import chainrule as cr

IDENTITIES = [
    ("y' * A * x", "A", "y xᵀ"),
    ("y' * A * B * x", "A", "y xᵀ Bᵀ"),
    ("y' * A * B * x", "B", "Aᵀ y xᵀ"),
    ("1/2 * x' * A' * A * x", "A", "A x xᵀ"),
    ("1/2 * x' * B' * A' * A * B * x", "A", "A B x xᵀ Bᵀ"),
    ("1/2 * x' * B' * A' * A * B * x", "B", "Aᵀ A B x xᵀ"),
    ("y' * sigma(A * x)", "A", "(y ⊙ σ′(A x)) xᵀ"),
    ("y' * sigma2(A * sigma1(B * x))", "A", "(y ⊙ σ₂′(A σ₁(B x))) σ₁(B x)ᵀ"),
    ("y' * sigma2(A * sigma1(B * x))", "B", "((Aᵀ (y ⊙ σ₂′(A σ₁(B x)))) ⊙ σ₁′(B x)) xᵀ"),
    ("1/2 * sigma(A * x)' * sigma(A * x)", "A", "(σ(A x) ⊙ σ′(A x)) xᵀ"),
]

# Chains IV finished: sigma_0 to sigma_3, the cost 1/2 q_3^T q_3 - y^T q_3, p_1 = W_01 sigma_0(x) and so on
Q0, P1 = "sigma0(x)", "U * sigma0(x)"
P2 = f"V * sigma1({P1})"
P3 = f"W * sigma2({P2})"
NETWORK = f"1/2 * sigma3({P3})' * sigma3({P3}) - y' * sigma3({P3})"
DELTA_0 = "((σ₃(W σ₂(V σ₁(U σ₀(x)))) − y) ⊙ σ₃′(W σ₂(V σ₁(U σ₀(x)))))"
DELTA_1 = f"((Wᵀ {DELTA_0}) ⊙ σ₂′(V σ₁(U σ₀(x))))"
DELTA_2 = f"((Vᵀ {DELTA_1}) ⊙ σ₁′(U σ₀(x)))"
CHAINS_IV = [
    ("W", f"{DELTA_0} σ₂(V σ₁(U σ₀(x)))ᵀ"),
    ("V", f"{DELTA_1} σ₁(U σ₀(x))ᵀ"),
    ("U", f"{DELTA_2} σ₀(x)ᵀ"),
    ("x", f"(Uᵀ {DELTA_2}) ⊙ σ₀′(x)"),
]


@pytest.mark.parametrize(("cost", "matrix", "printed"), IDENTITIES)
def test_printed_form(cost, matrix, printed):
    assert cr.differentiate(cost, matrix).text() == printed


@pytest.mark.parametrize(("matrix", "printed"), CHAINS_IV)
def test_chains_iv_for_the_whole_network(matrix, printed):
    assert cr.differentiate(NETWORK, matrix).text() == printed


WRITTEN = [
    ("norm2(A*x - b)^2 + c*norm2(x)^2", "x", "2 (Aᵀ (A x − b) + c x)"),
    ("norm2(x)^3", "x", "3 ‖x‖₂ x"),
    ("x'*A*x", "x", "(A + Aᵀ) x"),
    ("(x'*y)^2", "x", "2 (xᵀ y) y"),
    ("exp(x'*y)*x", "x", "exp(xᵀ y) (x yᵀ + I)"),
    ("-y'*log(softmax(W*x))", "W", "(sum(y) softmax(W x) − y) xᵀ"),
    ("logsumexp(X*w)", "w", "Xᵀ softmax(X w)"),
    ("sum(exp(X))/sum(X)", "X", "1/(sum(X)) exp(X) − sum(exp(X))/sum(X)² 𝟏 𝟏ᵀ"),
    ("log(det(A'*A))", "A", "2 A (Aᵀ A)⁻¹"),
    ("x'*inv(A'*A + c*eye)*x", "A", "−2 A (Aᵀ A + c I)⁻¹ x xᵀ (Aᵀ A + c I)⁻¹"),
    ("tr(X*Y*X'*Z)", "X", "Zᵀ X Yᵀ + Z X Y"),
    ("x./norm2(x)", "x", "1/‖x‖₂ I − 1/‖x‖₂³ x xᵀ"),
    ("sum(A + c*eye)", "c", "m"),
    ("tr(inv(X)*A)", "X", "−X⁻ᵀ Aᵀ X⁻ᵀ"),
]


@pytest.mark.parametrize(("cost", "symbol", "printed"), WRITTEN)
def test_the_form_a_person_would_write(cost, symbol, printed):
    assert cr.differentiate(cost, symbol).text() == printed


def test_latex_and_mathml_say_the_same():
    d = cr.differentiate("y' * sigma(A * x)", "A")
    assert d.latex() == r"\left(y \odot \sigma^{\prime}\left(A \, x\right)\right) \, x^{\mathsf{T}}"
    assert d.mathml().startswith('<math><mrow><mrow><mo fence="true" stretchy="false">(</mo><mrow><mi>y</mi>')


def test_steps_name_their_rules():
    steps = cr.differentiate("1/2 * norm2(A*sigma(B*x) - y)^2", "B").steps
    assert [s.rules[0] for s in steps] == [
        "elementwise product", "power", "norm", "sum", "product", "chain rule", "product",
    ]  # fmt: skip
    assert steps[-1].text() == "∂C/∂B = ((Aᵀ (A σ(B x) − y)) ⊙ σ′(B x)) xᵀ   [product]"
