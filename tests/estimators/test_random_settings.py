"""Settings drawn at random: the same course as scikit-learn's, whatever they are."""

import warnings

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

import chainrule as cr


def drawn_data(rng):
    n, d = int(rng.integers(12, 300)), int(rng.integers(1, 6))
    X = rng.normal(size=(n, d)) * rng.choice([0.1, 1, 3])
    kind = str(rng.choice(["binary", "multiclass", "multilabel", "number", "count"]))
    y = {
        "binary": (X[:, 0] + rng.normal(size=n) > 0).astype(int),
        "multiclass": rng.integers(0, 4, n),
        "multilabel": (rng.random((n, 3)) > 0.5).astype(int),
        "number": X[:, 0] + rng.normal(size=n),
        "count": rng.poisson(2, n).astype(float),
    }[kind]
    return kind, X, y, rng.uniform(0.5, 2, n) if rng.random() < 0.4 else None


def drawn_settings(rng):
    choices = {
        "activation": ["identity", "logistic", "tanh", "relu"],
        "solver": ["adam", "sgd"],
        "alpha": [0.0, 1e-4, 0.1],
        "batch_size": ["auto", 1, 7, 32, 1000],
        "learning_rate": ["constant", "invscaling", "adaptive"],
        "learning_rate_init": [1e-3, 1e-2, 0.05],
        "power_t": [0.25, 0.5],
        "shuffle": [True, False],
        "tol": [0.0, 1e-4, 0.1],
        "momentum": [0.0, 0.5, 0.9],
        "nesterovs_momentum": [True, False],
        "early_stopping": [True, False],
        "validation_fraction": [0.1, 0.3],
    }
    settings = {name: values[rng.integers(len(values))] for name, values in choices.items()}
    widths = tuple(int(width) for width in rng.integers(1, 9, rng.integers(1, 4)))
    numbers = {name: int(rng.integers(1, most)) for name, most in (("max_iter", 25), ("n_iter_no_change", 6))}
    return settings | numbers | {"hidden_layer_sizes": widths, "random_state": int(rng.integers(100))}


def course(Estimator, X, y, weight, settings):
    """What became of a fit: the model, or the words of its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Estimator(**settings).fit(X, y, sample_weight=weight)
        except ValueError as error:
            return str(error)


@pytest.mark.parametrize("seed", range(60))
def test_the_same_course(seed):
    rng = np.random.default_rng(seed)
    kind, X, y, weight = drawn_data(rng)
    settings = drawn_settings(rng)
    if kind == "count":
        settings["loss"] = "poisson"
    numbers = kind in {"number", "count"}
    pair = (TheirRegressor, cr.MLPRegressor) if numbers else (TheirClassifier, cr.MLPClassifier)
    theirs, ours = (course(Estimator, X, y, weight, settings) for Estimator in pair)
    if isinstance(theirs, str):
        assert ours == theirs
        return
    for a, b in zip([*theirs.coefs_, *theirs.intercepts_], [*ours.coefs_, *ours.intercepts_], strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-8)
    if np.isfinite(theirs.loss_curve_).all():  # where theirs runs into the infinite, ours has stopped
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-7)
        assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
        if settings["early_stopping"]:
            np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-6, atol=1e-7)
