"""XOR: the smallest problem that a network without a hidden layer cannot learn, and one with a hidden layer can.

Run it with ``python examples/xor.py``.
"""

import numpy as np

import chainrule as cr

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
T = np.array([0, 1, 1, 0])


def learn(text: str) -> cr.Fit:
    """Train the network of this grammar on the four rows, the whole batch at every step."""
    net = cr.Network.parse(text, loss="binary_cross_entropy")
    return cr.fit(net, X, T, optimizer=cr.SGD(1.0), batch_size=None, epochs=2000, seed=1)


def main() -> None:
    """Print the truth table as each network has learned it."""
    flat, deep = learn("2-1:sigmoid"), learn("2-4:tanh-1:sigmoid")
    print(f"{'x':>6} {'target':>7} {flat.network!s:>14} {deep.network!s:>20}")
    rows = zip(X, T, flat.predict(X)[:, 0], deep.predict(X)[:, 0], strict=True)
    for x, target, by_flat, by_deep in rows:
        print(f"{x[0]:>4} {x[1]} {target:>7} {by_flat:>14.3f} {by_deep:>20.3f}")
    print(f"{'loss':>6} {'':>7} {flat.history.loss[-1]:>14.3f} {deep.history.loss[-1]:>20.3f}")
    print(f"\nWithout a hidden layer the best is to answer 1/2 to everything: log 2 = {np.log(2):.3f}.")


if __name__ == "__main__":
    main()
