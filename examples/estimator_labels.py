"""Labels of every kind: strings, several at once, several multiclass outputs, classes that come later.

Run it with ``python examples/estimator_labels.py``.
"""

import numpy as np
from sklearn.datasets import load_iris, make_multilabel_classification

import chainrule as cr


def main() -> None:
    """Fit each kind of label."""
    X, number = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    name = np.array(["setosa", "versicolor", "virginica"], dtype=object)[number]

    model = cr.MLPClassifier(early_stopping=True, random_state=0, learning_rate_init=0.01).fit(X, name)
    print(f"strings, stopped early       {model.score(X, name):.2f} right, such as {model.predict(X[:1])[0]}")

    Y = np.column_stack([name, np.where(X[:, 1] > 0, "wide", "slim")])
    model = cr.MLPClassifier(20, solver="lbfgs", random_state=0, max_iter=1000).fit(X, Y)
    shapes = [p.shape[1] for p in model.predict_proba(X)]
    print(
        f"two multiclass outputs       {model.score(X, Y):.2f} right in both, {model.network_}, probabilities {shapes}"
    )

    X_many, Y_many = make_multilabel_classification(200, n_classes=4, random_state=0)
    model = cr.MLPClassifier(standardize=True, learning_rate_init=0.01, random_state=0)
    for start in np.tile(np.arange(0, 200, 20), 40):
        model.partial_fit(X_many[start : start + 20], Y_many[start : start + 20])
    print(f"several labels, in parts     {model.score(X_many, Y_many):.2f} right in all four")

    model = cr.MLPClassifier(20, random_state=0, learning_rate_init=0.02)
    first = number < 2
    for _ in range(50):
        model.partial_fit(X[first], name[first], classes=["setosa", "versicolor"])
    before = model.score(X[first], name[first])
    model.partial_fit(X, name, classes=["setosa", "versicolor", "virginica"])  # the output layer grows
    for _ in range(99):
        model.partial_fit(X, name)
    print(f"a class that came later      {before:.2f} right of two, then {model.score(X, name):.2f} of three")


if __name__ == "__main__":
    main()
