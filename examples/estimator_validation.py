"""Validation: a set of one's own, any scorer, the loss curve, early stopping of partial_fit, data routed in a pipeline.

Run it with ``python examples/estimator_validation.py``.
"""

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule as cr


def main() -> None:
    """Stop where a validation set says so."""
    data = load_breast_cancer(return_X_y=True)
    X, X_val, y, y_val = train_test_split(*data, random_state=0, stratify=data[1])

    model = cr.MLPClassifier(early_stopping=True, scoring="neg_log_loss", standardize=True, random_state=0)
    model.set_params(learning_rate_init=0.01, max_iter=500)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    best = int(np.argmax(model.validation_scores_))
    print(
        f"stopped after {model.n_iter_} epochs by neg_log_loss, best at {best + 1}: {model.best_validation_score_:.4f}"
    )
    curve = model.validation_loss_curve_
    print(f"validation loss there {curve[best]:.4f}, at the end {curve[-1]:.4f}")

    # In parts, as the data comes: partial_fit with validation data knows when it is time to stop.
    stream = cr.MLPClassifier(early_stopping=True, standardize=True, learning_rate_init=0.01, random_state=0)
    for call in range(1, 500):
        rows = np.random.default_rng(call).choice(len(X), 100, replace=False)
        stream.partial_fit(X[rows], y[rows], classes=[0, 1], X_val=X_val, y_val=y_val)
        if stream.converged_:
            break
    best_of_all = stream.score(X_val, y_val) == max(stream.validation_scores_)
    print(f"in parts: {call} calls, score {stream.score(X_val, y_val):.3f} is the best of all: {best_of_all}")

    # Inside a pipeline the validation set and the weights are routed, and scaled with the training set.
    with sklearn.config_context(enable_metadata_routing=True):
        net = cr.MLPClassifier(early_stopping=True, learning_rate_init=0.01, random_state=0)
        net.set_fit_request(X_val=True, y_val=True, sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, net, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val, sample_weight=np.ones(len(X)))
    print(f"in a pipeline: score {pipeline.score(X_val, y_val):.3f}")


if __name__ == "__main__":
    main()
