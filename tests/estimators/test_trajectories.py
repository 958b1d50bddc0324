"""The same weights, data and settings as scikit-learn: the same numbers, step by step."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.preprocessing import scale

import chainrule as cr

PAIRS = {"classifier": (cr.MLPClassifier, TheirClassifier), "regressor": (cr.MLPRegressor, TheirRegressor)}
SOLVERS = {
    "adam": {"solver": "adam"},
    "adam slow": {"solver": "adam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "learning_rate_init": 0.01},
    "plain": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.05},
    "momentum that never slows down": {"solver": "sgd", "nesterovs_momentum": False, "momentum": 1.0},
    "nesterov that never slows down": {"solver": "sgd", "momentum": 1.0},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1, "power_t": 0.25},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2},
}


def data(kind):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 5))
    return {
        "binary": (X, (X[:, 0] > 0).astype(int)),
        "multiclass": (X, np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])),
        "multilabel": (X, (X[:, :3] > 0).astype(int)),
        "one target": (X, X[:, 0] * X[:, 1]),
        "two targets": (X, X[:, :2] ** 2),
        "counts": (X, rng.poisson(np.exp(X[:, 0] / 2)).astype(float)),
    }[kind]


def both(ours, theirs, X, y, sample_weight=None, **settings):
    models = [theirs(**settings), ours(**settings)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model in models:
            model.fit(X, y, sample_weight=sample_weight)
    return models


def assert_same(theirs, ours, tolerance=1e-10):
    for a, b in zip([*theirs.coefs_, *theirs.intercepts_], [*ours.coefs_, *ours.intercepts_], strict=True):
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "one target", "two targets", "counts"])
def test_twenty_whole_batch_steps_agree(kind, activation, settings):
    pair = PAIRS["classifier" if kind in {"binary", "multiclass", "multilabel"} else "regressor"]
    more = {"loss": "poisson", "learning_rate_init": 0.01} if kind == "counts" else {}
    if kind == "two targets":  # theirs reports the mean over targets and follows the gradient of the sum: tol differs
        settings = {**settings, "n_iter_no_change": 100}
    settings = {
        "activation": activation,
        "batch_size": 60,
        "shuffle": False,
        "random_state": 1,
        "hidden_layer_sizes": (7, 4),
        "alpha": 0.1,
        "max_iter": 20,
        "tol": 0.0,
        **settings,
        **more,
    }
    theirs, ours = both(*pair, *data(kind), **settings)
    assert theirs.n_iter_ == ours.n_iter_
    assert_same(theirs, ours)
    if kind != "two targets":
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("kind", ["multiclass", "one target"])
def test_sample_weights_shuffled_mini_batches_and_the_drawn_weights_agree(kind, solver):
    pair = PAIRS["classifier" if kind == "multiclass" else "regressor"]
    weight = np.random.default_rng(0).uniform(0.5, 2, 60)
    settings = {"solver": solver, "batch_size": 16, "random_state": 2, "hidden_layer_sizes": 6, "max_iter": 20}
    theirs, ours = both(*pair, *data(kind), sample_weight=weight, **settings)
    assert_same(theirs, ours)
    assert theirs.t_ == ours.t_ == 1200


@pytest.mark.parametrize("kind", ["binary", "multiclass", "one target"])
@pytest.mark.parametrize("weighted", [False, True])
def test_early_stopping_splits_scores_and_stops_alike(kind, weighted):
    pair = PAIRS["regressor" if kind == "one target" else "classifier"]
    settings = {
        "early_stopping": True,
        "random_state": 4,
        "validation_fraction": 0.3,
        "learning_rate_init": 0.02,
        "n_iter_no_change": 4,
        "batch_size": 10,
    }
    weight = np.random.default_rng(0).uniform(0.5, 2, 60) if weighted else None
    theirs, ours = both(*pair, *data(kind), sample_weight=weight, **settings)
    np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-9)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
    assert_same(theirs, ours, tolerance=1e-9)


def test_an_adaptive_rate_falls_and_stops_at_the_same_epoch(capsys):
    settings = {**SOLVERS["adaptive"], "learning_rate_init": 0.1, "random_state": 0, "verbose": True}
    theirs, ours = both(*PAIRS["classifier"], *data("binary"), **settings)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours._optimizer.learning_rate == pytest.approx(theirs._optimizer.learning_rate)
    out = capsys.readouterr().out
    assert out[: len(out) // 2] == out[len(out) // 2 :]  # what theirs printed, ours printed


def test_partial_fit_agrees_over_many_calls():
    X, y = data("multiclass")
    models = [E(random_state=0, hidden_layer_sizes=5, batch_size=20) for E in PAIRS["classifier"]]
    for model in models:
        for part in range(12):
            rows = slice(part % 3 * 20, part % 3 * 20 + 20)
            model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    ours, theirs = models
    assert_same(theirs, ours)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)


def test_float32_stays_float32_and_near():
    X, y = data("multiclass")
    theirs, ours = both(*PAIRS["classifier"], X.astype(np.float32), y, random_state=0, max_iter=20)
    assert ours.theta_.dtype == np.float32
    assert_same(theirs, ours, tolerance=1e-3)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "one target", "counts"])
def test_lbfgs_gets_at_least_as_low(kind):
    pair = PAIRS["classifier" if kind in {"binary", "multiclass"} else "regressor"]
    more = {"loss": "poisson"} if kind == "counts" else {}
    settings = {"solver": "lbfgs", "random_state": 0, "hidden_layer_sizes": 8, "alpha": 0.1, "max_iter": 100, **more}
    theirs, ours = both(*pair, *data(kind), **settings)
    assert ours.loss_ <= theirs.loss_ * (1 + 1e-3) + 1e-9


def test_lbfgs_follows_the_gradient_of_its_own_objective_with_several_targets():
    """scikit-learn divides the value by the number of targets and not the gradient (its issue 8349)."""
    X, y = data("two targets")
    theirs, ours = both(*PAIRS["regressor"], X, y, solver="lbfgs", random_state=0, alpha=0.0, max_iter=100)
    assert np.mean((ours.predict(X) - y) ** 2) < np.mean((theirs.predict(X) - y) ** 2)
    net, l2 = ours.network_, 0.0
    J, gradient = net.value_and_gradient(ours.theta_, X, y, l2=l2)
    assert ours.loss_ == pytest.approx(J)
    assert cr.check_gradient(net, ours.theta_, X, y).ok
    assert gradient.shape == ours.theta_.shape


@pytest.mark.parametrize(
    ("load", "kind"),
    [
        (load_digits, "classifier"),
        (load_breast_cancer, "classifier"),
        (load_wine, "classifier"),
        (load_diabetes, "regressor"),
    ],
)
def test_real_data_the_same_scores_after_forty_epochs(load, kind):
    X, y = load(return_X_y=True)
    theirs, ours = both(*PAIRS[kind], scale(X), y, random_state=0, max_iter=40)
    assert ours.score(scale(X), y) == pytest.approx(theirs.score(scale(X), y), abs=1e-6)


def test_multilabel_from_a_sparse_indicator_gives_a_sparse_answer():
    from scipy.sparse import csr_matrix

    X, Y = make_multilabel_classification(n_samples=50, random_state=0)
    theirs, ours = both(*PAIRS["classifier"], X, csr_matrix(Y), random_state=0, max_iter=20)
    assert (ours.predict(X) != theirs.predict(X)).nnz == 0
