"""Digits: 1,797 pictures of 8 x 8 pixels into ten classes, with early stopping on a validation set.

Run it with ``python examples/digits.py``.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import chainrule as cr


def main() -> None:
    """Train on three quarters of the pictures, and count the mistakes on the rest."""
    X, digit = load_digits(return_X_y=True)
    X = X.astype(np.float32) / 16  # pixels are 0..16
    X, X_test, digit, digit_test = train_test_split(X, digit, stratify=digit, random_state=0)
    one_hot = np.eye(10, dtype=np.float32)[digit]

    net = cr.Network.parse("64-100:relu-10:softmax", loss="categorical_cross_entropy(0.1)")  # labels smoothed by 0.1
    fit = cr.fit(
        net, X, one_hot, optimizer=cr.Adam(2e-3), batch_size=32, epochs=80, seed=0,
        validation=0.1, patience=15, dropout=0.2,
    )  # fmt: skip

    said = fit.predict(X_test).argmax(axis=1)
    wrong = said != digit_test
    baseline = np.mean(digit_test == np.bincount(digit).argmax())
    print(f"{net}: {net.n_parameters:,} parameters, best of {len(fit.history)} epochs is {fit.best_epoch}")
    print(f"held out: {len(X_test)} pictures, {wrong.sum()} wrong")
    print(f"accuracy {1 - wrong.mean():.1%}, always the most frequent digit {baseline:.1%}")
    for true, given in zip(digit_test[wrong], said[wrong], strict=True):
        print(f"  a {true} taken for a {given}")


if __name__ == "__main__":
    main()
