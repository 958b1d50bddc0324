"""scikit-learn's contract: its own checks, its own tests, its tools around our estimators."""

import importlib.util
import inspect
import pickle
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import chainrule as cr

PAIRS = [(cr.MLPClassifier, TheirClassifier), (cr.MLPRegressor, TheirRegressor)]
# skipped by scikit-learn itself: one needs an environment variable before SciPy is imported, the other a method we lack
SKIPPED = {"check_array_api_input", "check_classifiers_multilabel_output_format_decision_function"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("Estimator", [cr.MLPClassifier, cr.MLPRegressor])
def test_every_check_of_scikit_learn_passes_with_the_defaults(Estimator):
    skipped = set()
    for estimator, check in estimator_checks_generator(Estimator()):
        try:
            check(estimator)
        except BaseException as error:
            if type(error).__name__ != "SkipTest":
                raise
            skipped.add(check.func.__name__)
    assert skipped <= SKIPPED


def test_scikit_learns_own_tests_pass_but_the_one_that_calls_a_private_method():
    place = Path(__file__).parents[2] / "benchmarks" / "sklearn_own_tests.py"
    spec = importlib.util.spec_from_file_location("sklearn_own_tests", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    outcomes = module.outcomes()
    assert len(outcomes) >= 43
    assert {name for name, result in outcomes.items() if result != "passed"} == {"test_gradient"}
    assert "_loss_grad_lbfgs" in outcomes["test_gradient"]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_the_parameters_begin_with_theirs_in_their_order_with_their_defaults(ours, theirs):
    expected = list(inspect.signature(theirs).parameters.values())
    found = list(inspect.signature(ours).parameters.values())[: len(expected)]
    assert [(p.name, p.default, p.kind) for p in found] == [(p.name, p.default, p.kind) for p in expected]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "sgd"}, {"solver": "lbfgs"}])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_every_fitted_attribute_of_theirs_is_there_and_has_the_same_type(ours, theirs, settings):
    X, y = load_iris(return_X_y=True)
    settings = {"max_iter": 5, "random_state": 0, "hidden_layer_sizes": 4, **settings}
    a, b = theirs(**settings).fit(X, y), ours(**settings).fit(X, y)
    for name in (n for n in vars(a) if n.endswith("_") and not n.startswith("_")):
        assert isinstance(getattr(a, name), type(getattr(b, name))), name


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": -1.0},
        {"batch_size": 0},
        {"learning_rate_init": 0.0},
        {"max_iter": 0},
        {"momentum": 1.5},
        {"validation_fraction": 1.0},
        {"beta_1": 1.0},
        {"epsilon": 0.0},
        {"n_iter_no_change": 0},
        {"hidden_layer_sizes": -1},
        {"hidden_layer_sizes": (3, 0)},
        {"shuffle": "no"},
    ],
)
def test_wrong_parameters_are_refused_in_their_words(ours, theirs, wrong):
    with pytest.raises(ValueError) as expected:  # noqa: PT011  the message is compared
        theirs(**wrong).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(ValueError) as found:  # noqa: PT011
        ours(**wrong).fit([[0.0], [1.0]], [0, 1])
    assert str(found.value) == str(expected.value)


def test_partial_fit_is_hidden_with_lbfgs():
    assert not hasattr(cr.MLPClassifier(solver="lbfgs"), "partial_fit")
    assert not hasattr(cr.MLPRegressor(solver=cr.LBFGS()), "partial_fit")


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


FAST = {"solver": "lbfgs", "hidden_layer_sizes": 5, "max_iter": 30, "random_state": 0}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestAmongScikitLearnsTools:
    def test_pipeline(self, iris):
        assert make_pipeline(StandardScaler(), cr.MLPClassifier(**FAST)).fit(*iris).score(*iris) > 0.9

    def test_grid_search_over_layers_and_width(self, iris):
        search = GridSearchCV(cr.MLPClassifier(**FAST), {"n_layers": [1, 2], "width": [3, 6]}, cv=2).fit(*iris)
        assert len(search.best_estimator_.network_.sizes) == search.best_params_["n_layers"] + 2
        assert search.best_estimator_.network_.sizes[1] == search.best_params_["width"]

    def test_calibration(self, iris):
        model = CalibratedClassifierCV(cr.MLPClassifier(**FAST), cv=2).fit(*iris)
        np.testing.assert_allclose(model.predict_proba(iris[0]).sum(axis=1), 1)

    def test_voting(self, iris):
        models = [("net", cr.MLPClassifier(**FAST)), ("line", LogisticRegression())]
        assert VotingClassifier(models, voting="soft").fit(*iris).score(*iris) > 0.9

    def test_cross_val_predict(self, iris):
        found = cross_val_predict(cr.MLPClassifier(**FAST), *iris, cv=3, method="predict_proba")
        assert np.mean(found.argmax(axis=1) == iris[1]) > 0.9

    @pytest.mark.soak
    def test_cross_val_predict_in_processes(self, iris):
        found = cross_val_predict(cr.MLPRegressor(**FAST), *iris, cv=2, n_jobs=2)
        np.testing.assert_array_equal(found, cross_val_predict(cr.MLPRegressor(**FAST), *iris, cv=2))

    def test_clone_carries_parameters_and_no_fit(self, iris):
        model = cr.MLPClassifier(**FAST, activation=("tanh",), callbacks=[print]).fit
        copy = clone(model.__self__)
        assert copy.get_params() == model.__self__.get_params()
        with pytest.raises(NotFittedError):
            copy.predict(iris[0])

    @pytest.mark.parametrize("solver", ["lbfgs", "adam"])
    def test_pickle_and_joblib(self, iris, tmp_path, solver):
        model = cr.MLPClassifier(**{**FAST, "solver": solver}).fit(*iris)
        joblib.dump(model, tmp_path / "model")
        for copy in (deepcopy(model), pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")):  # noqa: S301
            np.testing.assert_array_equal(copy.predict_proba(iris[0]), model.predict_proba(iris[0]))
            assert all(np.shares_memory(W, copy.theta_) for W in copy.coefs_)
            assert copy.history_.loss.tolist() == model.history_.loss.tolist()


def test_importing_chainrule_loads_no_scikit_learn():
    code = "import sys, chainrule; print([m for m in sys.modules if m.split('.')[0] in ('sklearn', 'scipy', 'pandas')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
