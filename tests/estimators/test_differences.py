"""What the page about coming from scikit-learn says is different, is."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

import chainrule as cr

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def test_the_loss_of_several_targets_is_their_sum(iris):
    X, Y = iris[0], iris[0][:, :2]
    settings = {"random_state": 0, "alpha": 0.0, "max_iter": 3}
    ours, theirs = cr.MLPRegressor(**settings).fit(X, Y), TheirRegressor(**settings).fit(X, Y)
    np.testing.assert_allclose(ours.loss_curve_, 2 * np.array(theirs.loss_curve_))


def test_a_certain_and_wrong_prediction_goes_on_costing():
    X, y = load_wine(return_X_y=True)  # columns up to a thousand
    ours, theirs = (E(solver="lbfgs", random_state=0).fit(X, y) for E in (cr.MLPClassifier, TheirClassifier))
    assert theirs.n_iter_ < 10
    assert ours.score(X, y) > theirs.score(X, y) + 0.3


def test_float32_stays_with_lbfgs(iris):
    X = iris[0].astype(np.float32)
    ours, theirs = (E(solver="lbfgs", max_iter=5).fit(X, iris[1]) for E in (cr.MLPClassifier, TheirClassifier))
    assert (ours.coefs_[0].dtype, theirs.coefs_[0].dtype) == (np.float32, np.float64)


def test_a_mini_batch_without_weight_is_skipped(iris):
    X, y = iris
    weight = np.ones(150)
    weight[50:100] = 0
    settings = {"shuffle": False, "batch_size": 50, "max_iter": 2, "random_state": 0, "solver": "sgd"}
    ours = cr.MLPClassifier(**settings).fit(X, y, sample_weight=weight)
    assert np.isfinite(ours.loss_)
    with pytest.raises(ZeroDivisionError):
        TheirClassifier(**settings).fit(X, y, sample_weight=weight)


def test_negative_weights_are_refused(iris):
    with pytest.raises(ValueError, match="Negative values"):
        cr.MLPClassifier().fit(*iris, sample_weight=-np.ones(150))


def test_one_class_has_one_probability(iris):
    model = cr.MLPClassifier(max_iter=2).fit(iris[0], np.full(150, "only"))
    assert model.predict_proba(iris[0]).tolist() == [[1.0]] * 150
    assert set(model.predict(iris[0])) == {"only"}


def test_an_activation_that_scikit_learn_lacks_starts_as_suits_it(iris):
    model = cr.MLPClassifier(400, "selu", random_state=0).initialize(*iris)
    assert model.coefs_[0].std() == pytest.approx(np.sqrt(1 / 4), rel=0.1)  # LeCun et al. 1998
    assert not model.intercepts_[0].any()
    again = cr.MLPClassifier(400, "selu", random_state=0).initialize(*iris)
    np.testing.assert_array_equal(model.theta_, again.theta_)


def test_a_new_learning_rate_takes_effect_between_batches(iris):
    model = cr.MLPClassifier(5, random_state=0).partial_fit(*iris, classes=[0, 1, 2])
    before = model.theta_.copy()
    model.set_params(learning_rate_init=1e-9).partial_fit(*iris)
    assert np.abs(model.theta_ - before).max() < 1e-8


def test_lbfgs_looks_at_a_validation_set(iris):
    X, y = iris
    model = cr.MLPClassifier(5, solver="lbfgs", max_iter=10, random_state=0)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    J = model.network_.objective(model.theta_, X[1::2], np.eye(3)[y[1::2]])
    assert model.validation_loss_curve_[-1] == pytest.approx(float(J))
    assert model.history_.score.tolist() == model.validation_scores_
    assert len(model.validation_scores_) == model.n_iter_


def test_several_multiclass_outputs_can_be_pickled(iris):
    Y = np.column_stack([iris[1], iris[1] % 2])
    Y[:3, 1] = 2
    model = cr.MLPClassifier(5, max_iter=3, random_state=0).fit(iris[0], Y)
    copy = pickle.loads(pickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(copy.predict(iris[0]), model.predict(iris[0]))
    copy.partial_fit(iris[0], Y)


@pytest.mark.filterwarnings("default")
def test_warnings_point_at_the_line_that_called(iris):
    for settings in ({"max_iter": 2}, {"max_iter": 2, "solver": "lbfgs"}, {"batch_size": 1000}):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cr.MLPClassifier(**settings).fit(*iris)
        assert {warning.filename for warning in caught} == {__file__}
