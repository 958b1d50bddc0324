"""How to train: any update rule and schedule, dropout, l1, class weights, callbacks, a time limit, going on later.

Run it with ``python examples/estimator_training.py``.
"""

import warnings

import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

import chainrule as cr


def main() -> None:
    """Train the same network in several ways on a rare class."""
    data = make_classification(900, 30, n_informative=5, weights=[0.9], class_sep=0.8, random_state=0)
    X, X_test, y, y_test = train_test_split(*data, random_state=0, stratify=data[1])
    common = {"random_state": 0, "max_iter": 60, "hidden_layer_sizes": 40}
    models = {
        "as in scikit-learn": cr.MLPClassifier(**common),
        "an update rule": cr.MLPClassifier(solver=cr.AdamW(3e-3, weight_decay=0.1), **common),
        "by its name": cr.MLPClassifier(solver="nadam", learning_rate_init=3e-3, **common),
        "a schedule": cr.MLPClassifier(learning_rate=cr.schedules.OneCycle(0.01), **common),
        "dropout": cr.MLPClassifier(dropout=0.3, **common),
        "dropout, inputs too": cr.MLPClassifier(dropout=(0.1, 0.3), **common),
        "l1": cr.MLPClassifier(l1=0.5, **common),
        "balanced classes": cr.MLPClassifier(class_weight="balanced", **common),
    }
    print(f"{'':22s}{'accuracy':>9s}{'rare found':>12s}{'small weights':>15s}")
    for name, model in models.items():
        model.fit(X, y)
        rare = model.predict(X_test)[y_test == 1].mean()
        small = np.mean(np.abs(model.coefs_[0]) < 0.01)
        print(f"{name:22s}{model.score(X_test, y_test):9.3f}{rare:12.2f}{small:15.2f}")

    # A callback sees a record of every epoch, and stops training by returning True; progress=True shows a bar.
    norms = []
    stopped = cr.MLPClassifier(callbacks=[lambda e: norms.append(e.gradient_norm), lambda e: e.loss < 0.3], **common)
    stopped.fit(X, y)
    print(f"stopped by a callback after {stopped.n_iter_} epochs; gradient norm {norms[0]:.2f} to {norms[-1]:.2f}")
    hurried = cr.MLPClassifier(time_limit=0.05, **{**common, "max_iter": 100_000}).fit(X, y)
    print(f"stopped by the clock: {hurried.history_[-1].seconds < 1}")

    # A warm start keeps the update rule's memory: twice thirty epochs are sixty.
    common["shuffle"] = False
    parts = cr.MLPClassifier(warm_start=True, **{**common, "max_iter": 30}).fit(X, y).fit(X, y)
    whole = cr.MLPClassifier(**common).fit(X, y)
    print(f"30 + 30 epochs and 60 epochs differ by {np.abs(parts.theta_ - whole.theta_).max():.0e}")


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    main()
