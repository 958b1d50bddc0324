"""Kinds of targets: labels of every form, classes that come later, quantiles, a Gaussian output."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.preprocessing import scale

import chainrule as cr

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


@pytest.fixture(scope="module")
def noisy():
    """y = x + noise whose deviation grows from 0.2 to 1."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 1500)
    return x[:, None], x + (0.6 + 0.4 * x) * rng.normal(size=1500)


@pytest.fixture(scope="module")
def three_levels(noisy):
    """A model of the 90 %, 10 % and 50 % quantiles."""
    schedule = cr.schedules.Cosine(0.03)
    model = cr.MLPRegressor("quantile(0.9, 0.1, 0.5)", 16, "tanh", learning_rate=schedule, batch_size=50, tol=0.0)
    return model.set_params(max_iter=60, random_state=0).fit(*noisy)


class TestLabels:
    @pytest.mark.parametrize("names", [["a", "b", "c"], [3, 10, -1], [0.0, 1.0, 2.0], [True, False]])
    def test_labels_come_back_as_they_were(self, iris, names):
        y = np.asarray(names)[iris[1] % len(names)]
        model = cr.MLPClassifier(10, solver="lbfgs", random_state=0, max_iter=100).fit(iris[0], y)
        assert model.predict(iris[0]).dtype == y.dtype
        np.testing.assert_array_equal(model.classes_, np.unique(y))
        if len(names) == 3:
            assert (model.predict(iris[0]) == y).mean() > 0.95

    def test_string_labels_with_early_stopping(self, iris):
        y = np.array(["setosa", "versicolor", "virginica"], dtype=object)[iris[1]]
        model = cr.MLPClassifier(early_stopping=True, random_state=0, learning_rate_init=0.01).fit(iris[0], y)
        assert max(model.validation_scores_) > 0.8
        assert model.score(iris[0], y) > 0.8

    def test_several_multiclass_outputs(self, iris):
        X, y = iris
        Y = np.column_stack([np.array(["s", "ve", "vi"])[y], np.where(X[:, 1] > 0, "wide", "slim")])
        model = cr.MLPClassifier(20, solver="lbfgs", random_state=0, max_iter=100).fit(X, Y)
        assert model.predict(X).shape == (150, 2)
        assert model.score(X, Y) > 0.95
        assert [list(c) for c in model.classes_] == [["s", "ve", "vi"], ["slim", "wide"]]
        proba = model.predict_proba(X)
        assert [p.shape for p in proba] == [(150, 3), (150, 2)]
        for p in (*proba, *(np.exp(q) for q in model.predict_log_proba(X))):
            np.testing.assert_allclose(p.sum(axis=1), 1)
        T = np.hstack([np.eye(3)[y], np.eye(2)[(X[:, 1] > 0).astype(int)]])
        assert cr.check_gradient(model.network_, model.theta_, X, T).ok

    def test_several_multiclass_outputs_stop_early_and_come_in_parts(self, iris):
        X, y = iris
        Y = np.column_stack([y, (X[:, 1] > 0).astype(int) + 2 * (X[:, 0] > 0)])
        model = cr.MLPClassifier(early_stopping=True, random_state=0, learning_rate_init=0.01).fit(X, Y)
        assert model.best_validation_score_ > 0.7
        parts = cr.MLPClassifier(10, random_state=0, learning_rate_init=0.01)
        for _ in range(120):
            parts.partial_fit(X, Y, classes=[[0, 1, 2], [0, 1, 2, 3]])
        assert parts.score(X, Y) > 0.7

    def test_multilabel_batches_need_no_classes(self):
        X, Y = make_multilabel_classification(n_samples=80, n_classes=4, random_state=0)
        model = cr.MLPClassifier(30, random_state=0, learning_rate_init=0.01)
        for start in range(0, 80 * 30, 8):
            rows = slice(start % 80, start % 80 + 8)
            model.partial_fit(X[rows], Y[rows])
        assert model.score(X, Y) > 0.8
        assert model.predict(X).shape == Y.shape
        with pytest.raises(ValueError, match="begun with 4 labels"):
            model.partial_fit(X, Y[:, :3])


class TestNewClasses:
    def test_a_third_class_comes_later_and_nothing_is_forgotten(self, iris):
        X, y = iris
        model = cr.MLPClassifier(20, random_state=0, learning_rate_init=0.02)
        for _ in range(50):
            model.partial_fit(X[y < 2], y[y < 2], classes=[0, 1])
        before = model.predict_proba(X[y < 2])
        memory = model._optimizer.memory["m"].copy()
        model.set_params(learning_rate_init=1e-12).partial_fit(X, y, classes=[0, 1, 2])
        after = model.predict_proba(X[y < 2])
        np.testing.assert_allclose(after[:, 1] / after[:, 0], before[:, 1] / before[:, 0], rtol=1e-6)
        assert np.abs(model._optimizer.memory["m"]).sum() > 0.5 * np.abs(memory).sum()
        np.testing.assert_array_equal(model.classes_, [0, 1, 2])
        model.set_params(learning_rate_init=0.02)
        for _ in range(100):
            model.partial_fit(X, y)
        assert model.score(X, y) > 0.9

    def test_from_three_to_five_the_old_rows_stay(self, iris):
        X, y = iris
        model = cr.MLPClassifier(6, random_state=0).partial_fit(X, y * 2, classes=[0, 2, 4])
        W, b = model.network_.layers(model.theta_)[-1]
        old, bias = W.copy(), b.copy()
        model.set_params(learning_rate_init=1e-12).partial_fit(X, y * 2, classes=range(5))
        W, b = model.network_.layers(model.theta_)[-1]
        np.testing.assert_allclose(W[[0, 2, 4]], old, atol=1e-9)
        np.testing.assert_allclose(b[[0, 2, 4]], bias, atol=1e-9)
        np.testing.assert_allclose(W[[1, 3]], 0, atol=1e-9)

    @pytest.mark.parametrize("solver", ["sgd", "nadam"])
    def test_other_rules_grow_too(self, iris, solver):
        X, y = iris
        model = cr.MLPClassifier(6, solver=solver, random_state=0).partial_fit(X, y, classes=[0, 1, 2])
        assert model.partial_fit(X, y, classes=[0, 1, 2, 3]).predict_proba(X).shape == (150, 4)

    def test_classes_do_not_go_and_do_not_come_unannounced(self, iris):
        model = cr.MLPClassifier(6).partial_fit(*iris, classes=[0, 1, 2])
        with pytest.raises(ValueError, match="all of the old ones stay"):
            model.partial_fit(*iris, classes=[0, 1])
        with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
            model.partial_fit(iris[0], iris[1] + 1)
        with pytest.raises(ValueError, match="classes must be passed on the first call"):
            cr.MLPClassifier().partial_fit(*iris)


class TestQuantiles:
    def test_each_level_has_its_share_below(self, three_levels, noisy):
        below = (noisy[1][:, None] <= three_levels.predict_quantiles(noisy[0])).mean(axis=0)
        np.testing.assert_allclose(below, [0.9, 0.1, 0.5], atol=0.03)

    def test_the_prediction_is_the_median(self, three_levels, noisy):
        x = np.linspace(-0.9, 0.9, 5)[:, None]
        np.testing.assert_array_equal(three_levels.predict(x).shape, (5,))
        np.testing.assert_allclose(three_levels.predict(x), x[:, 0], atol=0.25)

    def test_the_interval_lies_between_the_levels(self, three_levels):
        x = np.linspace(-0.9, 0.9, 5)[:, None]
        interval = three_levels.predict_interval(x)
        np.testing.assert_array_equal(interval, three_levels.predict_quantiles(x)[:, [1, 0]])
        np.testing.assert_array_equal(interval, three_levels.predict_interval(x, coverage=0.8))
        truth = norm.ppf(0.9) * (0.6 + 0.4 * x[:, 0])
        np.testing.assert_allclose(interval[:, 1] - interval[:, 0], 2 * truth, rtol=0.25)
        with pytest.raises(ValueError, match=r"levels 0\.25 and 0\.75"):
            three_levels.predict_interval(x, coverage=0.5)

    def test_quantiles_never_cross(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
        model = cr.MLPRegressor("quantile(0.2, 0.4, 0.6, 0.8)", random_state=0, max_iter=3).fit(X, y)
        assert (np.diff(model.predict_quantiles(rng.normal(size=(200, 3))), axis=1) >= 0).all()
        assert (np.diff(model.network_.predict(model.theta_, X), axis=1) < 0).any()  # the outputs themselves do

    def test_several_targets(self, noisy):
        X, y = noisy
        model = cr.MLPRegressor("quantile(0.25, 0.75)", 4, max_iter=2, random_state=0).fit(X, np.column_stack([y, -y]))
        assert model.predict_quantiles(X).shape == (1500, 2, 2)
        assert model.predict_interval(X).shape == (1500, 2, 2)
        assert model.predict(X).shape == (1500, 2)


class TestGaussianOutput:
    @pytest.mark.parametrize("standardize", [False, True])
    def test_mean_and_deviation_and_coverage(self, noisy, standardize):
        X, y = noisy
        y = 50 + 10 * y if standardize else y
        model = cr.MLPRegressor(
            "gaussian_nll",
            16,
            "tanh",
            learning_rate_init=0.02,
            batch_size=50,
            max_iter=60,
            random_state=0,
            standardize_target=standardize,
        ).fit(X, y)
        mean, deviation = model.predict(X, return_std=True)
        unit = 10 if standardize else 1
        np.testing.assert_allclose(deviation / unit, 0.6 + 0.4 * X[:, 0], atol=0.12)
        np.testing.assert_array_equal(mean, model.predict(X))
        for coverage in (0.5, 0.9):
            interval = model.predict_interval(X, coverage=coverage)
            inside = (interval[:, 0] <= y) & (y <= interval[:, 1])
            assert inside.mean() == pytest.approx(coverage, abs=0.04)
        np.testing.assert_allclose(model.predict_interval(X)[:, 1] - mean, norm.ppf(0.95) * deviation)

    def test_only_where_there_is_a_spread(self, noisy):
        model = cr.MLPRegressor(max_iter=2).fit(*noisy)
        assert not hasattr(model, "predict_interval")
        assert not hasattr(model, "predict_quantiles")
        with pytest.raises(ValueError, match="return_std needs"):
            model.predict(noisy[0], return_std=True)
        with pytest.raises(ValueError, match="coverage is 90"):
            cr.MLPRegressor("gaussian_nll", max_iter=2).fit(*noisy).predict_interval(noisy[0], coverage=90)
