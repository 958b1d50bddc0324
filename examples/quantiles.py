"""Quantiles: not one number for the progress of a disease, but a range that holds it four times out of five.

The loss quantile(0.1, 0.5, 0.9) gives the network three outputs for the one target. Between the first and the
last should lie 80 % of patients that the network has not seen.

Run it with ``python examples/quantiles.py``.
"""

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import chainrule as cr

LEVELS = np.array([0.1, 0.5, 0.9])


def pinball(said: np.ndarray, y: np.ndarray) -> float:
    """The quantile loss, averaged over patients, in the units of y."""
    r = y[:, None] - said
    return float(np.maximum(LEVELS * r, (LEVELS - 1) * r).sum(axis=1).mean())


def main() -> None:
    """Fit the three quantiles, and compare the ranges with the same range for everyone."""
    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(axis=0)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    centre, spread = y.mean(), y.std()

    net = cr.Network.parse("10-16:tanh-3:identity", loss="quantile(0.1, 0.5, 0.9)")
    fit = cr.fit(
        net, X, (y - centre) / spread, optimizer=cr.Adam(5e-3), batch_size=32, epochs=200, seed=0,
        validation=0.2, patience=20, l2=1e-2,
    )  # fmt: skip
    said = centre + spread * fit.predict(X_test)
    same = np.tile(np.quantile(y, LEVELS), (len(y_test), 1))

    print(f"{len(y_test)} patients held out; {net}, best epoch {fit.best_epoch}\n")
    print("                     network   same range for everyone")
    for text, of in (("below the 10 % line", 0), ("below the median", 1), ("below the 90 % line", 2)):
        print(f"{text:<20} {np.mean(y_test < said[:, of]):>7.1%} {np.mean(y_test < same[:, of]):>14.1%}")
    print(
        f"{'width of the range':<20} {np.mean(said[:, 2] - said[:, 0]):>7.0f} {np.mean(same[:, 2] - same[:, 0]):>14.0f}"
    )
    print(f"{'quantile loss':<20} {pinball(said, y_test):>7.1f} {pinball(same, y_test):>14.1f}")
    print(f"{'lines that cross':<20} {np.mean(np.diff(said, axis=1) < 0):>7.1%}")


if __name__ == "__main__":
    main()
