"""The language: what it says, and how it refuses."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.symbolic.expression import ShapeError, symbols
from chainrule.symbolic.parser import ParseError, parse


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("y' * sigma(A*x)", "yᵀ σ(A x)"),
        ("norm2(A*x - b)^2", "‖A x − b‖₂²"),  # b beside a vector is a vector
        ("-x'*x", "−xᵀ x"),
        ("x .* y ./ z", "x ⊙ y ⊘ z"),
        ("2*a^2*x", "2 a² x"),
        ("A^-1", "A⁻¹"),
        ("inv(A)'", "A⁻ᵀ"),
        ("sigma''(x)", "σ″(x)"),
        ("x + 1", "x + 𝟏"),
        ("sin(a)^2", "sin²(a)"),
        ("2.*x", "2 x"),  # the dot belongs to the sign
        ("2.2*x", "2.2 x"),
        ("x.^y", "exp(y ⊙ log(x))"),
        ("2.^x", "exp(log(2) x)"),
    ],
)
def test_reading(text, shown):
    from chainrule.symbolic.simplify import simplify

    assert str(simplify(parse(text))) == shown.replace("″", "′′")


def test_dimensions_are_found():
    found = symbols(parse("y' * A * B * x"))
    assert found["A"].shape[1] == found["B"].shape[0]
    assert found["B"].shape[1] == found["x"].shape[0]
    assert len({d for node in found.values() for d in node.shape} - {1}) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A*x*y", r"x \(\w+ x 1\).*y \(\w+ x 1\)"),
        ("x*y", r"x' \* y is a number"),
        ("tr(x)", "square matrix"),
        ("A + x", r"A \(m x n\) and x \(m x 1\)"),
        ("a^x", r"a number, not x \(m x 1\)"),
    ],
)
def test_shape_errors_name_both_factors(text, said):
    with pytest.raises(ShapeError, match=said):
        parse(text)


def test_given_shapes_are_checked():
    with pytest.raises(ShapeError, match=r"A \(2 x 3\).*x \(4 x 1\)"):
        parse("A*x", {"A": (2, 3), "x": (4,)})
    with pytest.raises(ValueError, match="do not occur"):
        parse("A*x", {"B": "vector"})


@pytest.mark.parametrize("text", ["", "x +", "(x", "x y", "sum()", "x ? y", "f(x, y)", "1 2"])
def test_parse_errors_show_the_place(text):
    with pytest.raises(ParseError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A^1000000", "to the power 1000000 is too long"),
        ("A^(-17)", "to the power -17 is too long"),
        ("1e400*x", "1e400 is too large"),
        ("(" * 400 + "x" + ")" * 400, "stand within each other"),
        ("-" * 5000 + "x", "stand within each other"),
    ],
)
def test_what_is_too_long_or_too_deep_is_refused_with_a_sentence(text, said):
    with pytest.raises(ParseError, match=said):
        parse(text)


def test_fifty_brackets_are_read():
    assert parse("(" * 50 + "x" + ")" * 50).name == "x"


@pytest.mark.parametrize("name", ["max", "prod", "norm"])
def test_what_is_no_elementwise_function_is_not_taken_for_one(name):
    with pytest.raises(ParseError, match=rf"{name} is no elementwise function.*\n.*\n +\^"):
        parse(f"{name}(x)")


def test_evaluate_checks_its_arguments():
    d = cr.differentiate("y' * A * x", "A")
    with pytest.raises(ValueError, match=r"given \(2, 1\)"):
        cr.differentiate("x'*A*x", "x").evaluate(A=np.eye(3), x=np.ones(2))
    with pytest.raises(TypeError, match=r"missing for \['x'\]"):
        d.evaluate(y=np.ones(2), A=np.ones((2, 3)))
    with pytest.raises(TypeError, match="do not occur"):
        d.evaluate(y=np.ones(2), x=np.ones(3), q=1)
    with pytest.raises(TypeError, match="derivative 2 of sigma"):
        cr.differentiate("sum(sigma(x))", "x").hessian().evaluate(x=np.ones(2), sigma=(np.sin,))


def test_activations_of_the_table_stand_for_abstract_functions():
    d = cr.differentiate("y' * sigma(A*x)", "A")
    A, x, y = np.ones((2, 3)), np.ones(3), np.array([1.0, 2.0])
    given = d.evaluate(A=A, x=x, y=y, sigma=cr.ACTIVATIONS["tanh"])
    np.testing.assert_allclose(given, np.outer(y * (1 - np.tanh(3.0) ** 2), x))


def test_jacobians_and_hessians():
    rng = np.random.default_rng(0)
    A, B, X = (rng.normal(size=(3, 3)) for _ in range(3))
    jacobian = cr.differentiate("A*X*B", "X")
    assert jacobian.kind == "jacobian"
    np.testing.assert_allclose(jacobian.evaluate(A=A, B=B), np.kron(B.T, A))
    assert str(cr.differentiate("A*x", "x")) == "∂F/∂x = A"
    assert cr.differentiate("softmax(x)", "x").text() == "diag(softmax(x)) − softmax(x) softmax(x)ᵀ"
    for symbol in "AB":
        kron = cr.differentiate("kron(A, B)", symbol, shapes={"A": (3, 3), "B": (3, 3)})
        basis = np.eye(9).reshape(9, 3, 3).transpose(0, 2, 1)  # the columns stacked
        columns = [np.kron(E, B) if symbol == "A" else np.kron(A, E) for E in basis]
        expected = np.stack([c.ravel(order="F") for c in columns], axis=1)
        np.testing.assert_allclose(
            kron.evaluate(**{"B" if symbol == "A" else "A": B if symbol == "A" else A}), expected
        )
    assert cr.differentiate("kron(x, y)", "x").text() == "I ⊗ y"
    hessian = cr.differentiate("tr(X'*A*X)", "X").hessian()
    np.testing.assert_allclose(hessian.evaluate(A=A, X=X), np.kron(np.eye(3), A + A.T))
    assert cr.differentiate("x'*A*x", "x").hessian().text() == "A + Aᵀ"
    assert str(cr.differentiate("x'*A*x", "x").hessian_product()) == "∂²C/∂x² v = (A + Aᵀ) v"
    by_number = cr.differentiate("a^2*x", "a")
    assert by_number.text() == "2 a x"


def test_what_cannot_be_verified_is_an_error():
    from chainrule.symbolic.proof import ProofError

    with pytest.raises(ProofError, match="no finite value"):
        cr.differentiate("log(-x'*x - 1)", "x")


def test_a_wrong_rule_is_caught(monkeypatch):
    from dataclasses import replace

    from chainrule.symbolic import rules
    from chainrule.symbolic.proof import ProofError

    wrong = replace(rules.ADJOINTS["norm2"], adjoint=lambda g, f, i: f.args[0])
    monkeypatch.setitem(rules.ADJOINTS, "norm2", wrong)
    with pytest.raises(ProofError, match="complex step"):
        cr.differentiate("norm2(A*x)", "x")


def test_a_wrong_rewrite_is_caught():
    from chainrule.symbolic.expression import symbol
    from chainrule.symbolic.proof import ProofError, prove_rewrite

    x = symbol("x", ("n", 1))
    with pytest.raises(ProofError, match="changes its value"):
        prove_rewrite(x + x, x, "forgetful")


def test_numpy_source_stands_alone():
    source = cr.differentiate("-y'*log(softmax(W*x)) + c/2*norm2(W)^2", "W").numpy()
    scope = {}
    exec(source, scope)  # noqa: S102
    W, x, y = np.ones((2, 3)), np.ones(3), np.array([1.0, 0.0])
    np.testing.assert_allclose(scope["derivative"](W=W, c=2.0, x=x, y=y), np.outer([-0.5, 0.5], x) + 2 * W)
