"""Networks of one's own: an activation per layer, custom ones, output activations, custom losses, weights set by hand.

Run it with ``python examples/estimator_architecture.py``.
"""

import numpy as np

import chainrule as cr

# An activation is a function with its derivative, written once for every array library; a loss likewise.
BENT = cr.Activation(
    "bent",
    f=lambda xp, z: (xp.sqrt(z * z + 1) - 1) / 2 + z,
    df=lambda xp, z, a: z / (2 * xp.sqrt(z * z + 1)) + 1,
)
QUARTIC = cr.Loss("quartic", term=lambda xp, f, y: (f - y) ** 4, slope=lambda xp, f, y: 4 * (f - y) ** 3)


def main() -> None:
    """Fit a wave between -1 and 1 in several ways."""
    X = np.random.default_rng(0).uniform(-2, 2, (200, 1))
    y = np.sin(2 * X[:, 0])
    common = {"solver": "lbfgs", "random_state": 0, "max_iter": 2000}
    models = {
        "an activation per layer": cr.MLPRegressor("squared_error", (16, 8), ("tanh", "gelu"), **common),
        "with a parameter": cr.MLPRegressor("squared_error", (16,), "leaky_relu(0.2)", **common),
        "one of your own": cr.MLPRegressor("squared_error", (16,), BENT, **common),
        "a bounded output": cr.MLPRegressor("squared_error", (16,), "tanh", output_activation="tanh", **common),
        "another loss": cr.MLPRegressor("huber(0.1)", (16,), "tanh", **common),
        "a loss of your own": cr.MLPRegressor(QUARTIC, (16,), "tanh", **common),
    }
    for name, model in models.items():
        model.fit(X, y)
        print(f"{name:24s} {model.network_!s:34s} R^2 {model.score(X, y):.3f}")

    # Built and initialised without fit; the weights may be set, and training goes on from there.
    model = cr.MLPRegressor("squared_error", (2,), "tanh", random_state=0).initialize(X, y)
    model.coefs_ = [np.array([[1.0, -1.0]]), np.array([[0.5], [-0.5]])]
    model.intercepts_ = [np.zeros(2), np.zeros(1)]
    print(f"set by hand              tanh(1) = {np.tanh(1):.4f}, predicted {model.predict([[1.0]])[0]:.4f}")
    model.partial_fit(X, y)
    print(f"one epoch later          {np.abs(model.coefs_[0] - [[1, -1]]).max():.4f} away")

    # What the last hidden layer has learned is a transform, for a pipeline or for another model.
    features = models["an activation per layer"].transform(X)
    print(f"hidden features          {features.shape[1]} of {len(features)} samples")


if __name__ == "__main__":
    main()
