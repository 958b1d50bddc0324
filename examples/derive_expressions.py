"""Gradients of matrix expressions: printed, computed, and the step by step way to one of them.

Run it with ``python examples/derive_expressions.py``.
"""

import numpy as np

import chainrule as cr

EXPRESSIONS = [
    ("y' * sigma2(A * sigma1(B * x))", "B"),
    ("norm2(A*x - y)^2 + c*norm2(x)^2", "x"),
    ("-y' * log(softmax(W*x))", "W"),
    ("logdet(X'*X)", "X"),
    ("sum(log(vector(1) + exp(-y .* (X*w))))", "w"),
]


def main() -> None:
    """Print the gradients, then one with its steps, its NumPy source and its numbers."""
    for text, symbol in EXPRESSIONS:
        print(f"{text:45} {cr.differentiate(text, symbol)}")

    ridge = cr.differentiate("norm2(A*x - y)^2 + c*norm2(x)^2", "x")
    print("\nRidge regression, step by step")
    for step in ridge.steps:
        print("  ", step.text())
    print("\n" + ridge.numpy())

    rng = np.random.default_rng(0)
    A, y, c = rng.normal(size=(6, 3)), rng.normal(size=6), 0.5
    best = np.linalg.solve(A.T @ A + c * np.eye(3), A.T @ y)
    gradient = ridge.evaluate(A=A, x=best, y=y, c=c)
    print("gradient at the solution:", np.round(gradient, 12))
    assert np.allclose(gradient, 0)


if __name__ == "__main__":
    main()
