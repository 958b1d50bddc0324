"""How sure is the prediction: intervals by quantiles, and by a network that predicts its own deviation.

Run it with ``python examples/estimator_intervals.py``.
"""

import numpy as np
from sklearn.model_selection import train_test_split

import chainrule as cr


def main() -> None:
    """Noise that grows along x, seen by both kinds of interval."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 3000)
    y = 100 + 20 * np.sin(3 * x) + (6 + 4 * x) * rng.normal(size=3000)
    X, X_test, y, y_test = train_test_split(x[:, None], y, random_state=0)
    common = {
        "hidden_layer_sizes": 24,
        "activation": "tanh",
        "learning_rate": cr.schedules.Cosine(0.02),
        "max_iter": 80,
        "tol": 0.0,
        "batch_size": 64,
        "standardize_target": True,
        "random_state": 0,
    }
    for loss in ("quantile(0.05, 0.5, 0.95)", "gaussian_nll"):
        model = cr.MLPRegressor(loss, n_iter_no_change=80, **common)
        model.fit(X, y)
        low, high = model.predict_interval(X_test, coverage=0.9).T
        inside = np.mean((low <= y_test) & (y_test <= high))
        left, right = (high - low)[X_test[:, 0] < -0.5].mean(), (high - low)[X_test[:, 0] > 0.5].mean()
        print(f"{loss:28s} {inside:.1%} inside, {left:.1f} wide on the left, {right:.1f} on the right")
    mean, deviation = model.predict([[0.0]], return_std=True)
    print(f"at 0: {mean[0]:.1f} with a standard deviation of {deviation[0]:.1f}; the truth is 100 and 6")


if __name__ == "__main__":
    import warnings

    warnings.filterwarnings("ignore", "Stochastic Optimizer: Maximum iterations")
    main()
