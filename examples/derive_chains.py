"""A network with sigma_0 to sigma_3 and no biases, as Chains IV leaves it unfinished: the whole derivation.

Run it with ``python examples/derive_chains.py``.
"""

import numpy as np

import chainrule as cr

ACTIVATIONS = ("tanh", "sigmoid", "identity")


def main() -> None:
    """Derive, print, and check every line at random numbers."""
    net = cr.Network((3, 4, 4, 2), ACTIVATIONS, "half_squared_error", bias=False, input_activation="tanh")
    derivation = cr.derive(net, "chains")
    print(derivation.text(reasons=False))

    rng = np.random.default_rng(0)
    report = derivation.verify(net.initial(seed=0), rng.normal(size=(4, 3)), rng.normal(size=(4, 2)))
    print(f"\n{len(report.rows)} lines checked, largest relative error {report.max_error:.1e}")
    assert report.ok


if __name__ == "__main__":
    main()
