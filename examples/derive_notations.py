"""One network in six notations: the same four equations side by side, and the same gradient from each.

Run it with ``python examples/derive_notations.py``.
"""

import numpy as np

import chainrule as cr
from chainrule.symbolic.presets import NOTATIONS


def main() -> None:
    """Print the step of the hidden layer in each notation; carry a gradient there and back."""
    net = cr.Network.parse("3-4:tanh-2:sigmoid", loss="binary_cross_entropy")
    theta = net.initial(seed=0)
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(5, 3)), rng.integers(0, 2, size=(5, 2)).astype(float)
    gradient = net.value_and_gradient(theta, X, T)[1]

    for name, notation in NOTATIONS.items():
        derivation = cr.derive(net, notation)
        print(f"\n{name}")
        for tag in ("F1", "B2", "B3"):
            print("   ", derivation.line(tag, 1).text())
        report = derivation.verify(theta, X, T)
        print(f"    every line holds to {report.max_error:.0e}")
        there_and_back = notation.theta(net, notation.parameters(net, gradient))
        assert report.ok
        assert np.array_equal(there_and_back, gradient)


if __name__ == "__main__":
    main()
