"""A custom activation: a function, its derivative, and a check that the one belongs to the other.

z / sqrt(1 + z^2) is a sigmoid curve without an exponential. Both functions take the array library first, so that they
work on every library and on complex numbers, with which the check works.

Run it with ``python examples/custom_activation.py``.
"""

import numpy as np

import chainrule as cr

ISRU = cr.Activation(
    "isru",
    f=lambda xp, z: z * (1 + z * z) ** -0.5,
    df=lambda xp, z, a: (1 + z * z) ** -1.5,
)
WITH_A_SLIP = cr.Activation(
    "isru_with_a_slip",
    f=ISRU.f,
    df=lambda xp, z, a: (1 + z * z) ** -0.5,  # the exponent is wrong
)


def network(activation: cr.Activation) -> cr.Network:
    """One hidden layer of this activation."""
    return cr.Network((1, 16, 1), (activation, "identity"), "half_squared_error")


def main() -> None:
    """Check both derivatives, and fit a sine with the right one."""
    x = np.linspace(-3, 3, 60)[:, None]
    t = np.sin(2 * x)

    for activation in (ISRU, WITH_A_SLIP):
        net = network(activation)
        report = cr.check_gradient(net, net.initial(seed=0), x, t)
        verdict = "right" if report.ok else "wrong"
        print(f"{activation.name:<17} derivative {verdict}, largest relative error {report.max_relative_error:.1e}")

    try:
        cr.Activation("isru", f=ISRU.f)
    except TypeError as error:
        print(f"without one: {error}")

    fit = cr.fit(network(ISRU), x, t, optimizer=cr.LBFGS(), batch_size=None, epochs=1000, seed=0)
    print(f"\nsin(2x) learned to {np.abs(fit.predict(x) - t).max():.4f} at worst, after {len(fit.history)} iterations")


if __name__ == "__main__":
    main()
