"""The data an estimator takes: gaps, scales, frames, sparse matrices, and data routed through other tools."""

import numpy as np
import pytest
import sklearn
from scipy.sparse import csc_matrix, csr_matrix
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils import get_tags

import chainrule as cr

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = [cr.MLPClassifier, cr.MLPRegressor]


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


class TestGaps:
    @pytest.mark.parametrize("Estimator", BOTH)
    def test_nan_is_refused_unless_asked_for(self, iris, Estimator):
        X = iris[0].copy()
        X[3, 1] = np.nan
        with pytest.raises(ValueError, match="Input X contains NaN"):
            Estimator().fit(X, iris[1])
        assert not get_tags(Estimator()).input_tags.allow_nan
        assert get_tags(Estimator(missing="impute")).input_tags.allow_nan

    def test_gaps_are_filled_with_the_mean_and_marked(self):
        X = np.array([[1.0, 4.0], [np.nan, 5.0], [5.0, 9.0]])
        model = cr.MLPRegressor(missing="impute", max_iter=1).fit(X, [0, 1, 2])
        assert model.network_.sizes[0] == 3
        np.testing.assert_array_equal(model._preparation.apply(X), [[1, 4, 0], [3, 5, 1], [5, 9, 0]])
        new = np.array([[2.0, np.nan]])  # a gap where there was none before
        np.testing.assert_array_equal(model._preparation.apply(new), [[2, 6, 0]])
        assert model.n_features_in_ == 2

    def test_a_gap_may_be_the_signal(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 2))
        gone = rng.random(200) < 0.5
        X[gone, 0] = np.nan
        model = cr.MLPClassifier(8, solver="lbfgs", missing="impute", random_state=0, max_iter=50).fit(X, gone)
        assert model.score(X, gone) == 1

    def test_weights_count_in_the_means(self):
        X, w = np.array([[0.0], [4.0], [np.nan]]), [3.0, 1.0, 1.0]
        model = cr.MLPRegressor(missing="impute", standardize=True, max_iter=1).fit(X, [0, 1, 2], sample_weight=w)
        np.testing.assert_allclose(model._preparation.fill, [1.0])
        np.testing.assert_allclose(model._preparation.scale, [np.sqrt(3.0)])

    def test_a_mask_marks_gaps(self):
        X = np.ma.masked_equal([[1, 4], [-9, 5], [5, 9]], -9)
        model = cr.MLPRegressor(missing="impute", max_iter=1).fit(X, [0, 1, 2])
        np.testing.assert_array_equal(model.prepared(X), [[1, 4, 0], [3, 5, 1], [5, 9, 0]])
        np.testing.assert_array_equal(model.predict(X), model.predict([[1, 4], [np.nan, 5], [5, 9]]))

    def test_a_mask_over_nothing_changes_nothing(self, iris):
        X, y = np.ma.array(iris[0]), np.ma.array(iris[1], mask=np.zeros(150, bool))
        masked = cr.MLPClassifier(5, max_iter=3, random_state=0).fit(X, y, sample_weight=np.ma.ones(150))
        plain = cr.MLPClassifier(5, max_iter=3, random_state=0).fit(*iris, sample_weight=np.ones(150))
        np.testing.assert_array_equal(masked.theta_, plain.theta_)

    @pytest.mark.parametrize("Estimator", BOTH)
    def test_what_is_masked_is_refused_where_nothing_can_stand_for_it(self, iris, Estimator):
        X, y, ones = *iris, np.ones(150)
        X_gap, y_gap, w_gap = (np.ma.array(part, copy=True) for part in (X, y, ones))
        X_gap[3, 1] = y_gap[4] = w_gap[5] = np.ma.masked
        with pytest.raises(ValueError, match=r'X is a masked array with 1 masked value.*missing="impute"'):
            Estimator().fit(X_gap, y)
        model = Estimator(max_iter=2).fit(X, y)
        with pytest.raises(ValueError, match="X is a masked array"):
            model.predict(X_gap)
        for call in (
            lambda: Estimator(missing="impute").fit(X, y_gap),
            lambda: Estimator().fit(X, y, X_val=X, y_val=y_gap),
            lambda: model.score(X, y_gap),
        ):
            with pytest.raises(ValueError, match="y is a masked array with 1 masked value"):
                call()
        for given in ({"sample_weight": w_gap}, {"X_val": X, "y_val": y, "sample_weight_val": w_gap}):
            with pytest.raises(ValueError, match="sample_weight is a masked array"):
                Estimator().fit(X, y, **given)

    def test_a_sparse_matrix_has_no_gaps(self, iris):
        with pytest.raises(ValueError, match="dense X"):
            cr.MLPClassifier(missing="impute").fit(csr_matrix(iris[0]), iris[1])


class TestStandardising:
    @pytest.mark.parametrize("Estimator", BOTH)
    def test_inputs_are_those_of_a_standard_scaler(self, iris, Estimator):
        X, y = iris[0] * [1, 1000, 1e-3, 1] + 50, iris[1]
        settings = {"random_state": 0, "max_iter": 10}
        inside = Estimator(standardize=True, **settings).fit(X, y)
        outside = make_pipeline(StandardScaler(), Estimator(**settings)).fit(X, y)
        np.testing.assert_allclose(inside.theta_, outside[-1].theta_, rtol=1e-6, atol=1e-9)
        np.testing.assert_array_equal(inside.predict(X).shape, outside.predict(X).shape)

    def test_targets_are_in_their_own_units_at_the_end(self, iris):
        X, y = scale(iris[0][:, :3]), 1e6 + 1e5 * iris[0][:, 3]
        settings = {"random_state": 0, "learning_rate_init": 0.01, "max_iter": 100}
        model = cr.MLPRegressor(standardize_target=True, **settings).fit(X, y)
        assert model.score(X, y) > 0.9
        assert cr.MLPRegressor(**settings).fit(X, y).score(X, y) < 0  # without, it cannot get there
        Y = np.column_stack([y, -y / 1e6])
        both = cr.MLPRegressor(standardize_target=True, early_stopping=True, **settings).fit(X, Y)
        assert both.score(X, Y) > 0.8
        assert both.best_validation_score_ > 0.8

    def test_a_column_that_does_not_vary(self):
        X = np.column_stack([np.full(20, 7.0), np.arange(20.0)])
        model = cr.MLPRegressor(standardize=True, standardize_target=True, max_iter=2).fit(X, np.full(20, 3.0))
        assert np.isfinite(model.predict(X)).all()

    def test_counts_are_not_moved(self, iris):
        with pytest.raises(ValueError, match="moves the targets below zero"):
            cr.MLPRegressor("poisson", standardize_target=True).fit(*iris)

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("form", [np.asarray, csr_matrix, csc_matrix])
    def test_constant_columns_are_those_of_a_standard_scaler(self, form, weighted, dtype):
        rng = np.random.default_rng(0)
        X = np.full((300, 5), 1e8 + 0.1)
        X[:, 1:] = rng.normal(size=(300, 4)) * [1e-16, 1e-30, 0.0, 1e3] + [0.0, 0.0, 0.1, 0.0]
        X, weight = X.astype(dtype), rng.uniform(0.1, 2, 300).astype(dtype) if weighted else None
        model = cr.MLPRegressor(standardize=True, max_iter=1).fit(form(X), X[:, 4], sample_weight=weight)
        theirs = StandardScaler(with_mean=form is np.asarray).fit(form(X.astype(float)), sample_weight=weight)
        np.testing.assert_allclose(model._preparation.scale, theirs.scale_, rtol=1e-5)
        assert model._preparation.scale[[0, 3]].tolist() == [1, 1]
        assert (model._preparation.scale[[1, 2]] < 1e-15).all()

    def test_a_drift_of_a_constant_column_stays_small(self):
        X = np.full((200, 2), 1e8 + 0.1)
        X[:, 1] = np.arange(200)
        model = cr.MLPRegressor(standardize=True, max_iter=1).fit(X, X[:, 1])
        assert np.abs(model.prepared(X + np.array([1e-3, 0]))[:, 0]).max() < 2e-3

    def test_a_scale_too_small_for_float32_is_no_division_by_zero(self):
        X = np.random.default_rng(0).normal(size=(50, 2)) * [1e-60, 1.0]
        model = cr.MLPRegressor(standardize=True, max_iter=1).fit(X, X[:, 1])
        assert np.isfinite(model.predict(X.astype(np.float32))).all()

    def test_a_constant_target_keeps_its_scale(self):
        X, y = np.random.default_rng(0).normal(size=(300, 2)), np.full(300, 1e8 + 0.1)
        model = cr.MLPRegressor(standardize_target=True, max_iter=1).fit(X, y)
        np.testing.assert_allclose(model.prepared(X, y + 1)[1], 1.0, rtol=1e-6)

    def test_sparse_columns_are_scaled_and_not_centred(self, iris):
        X, y = iris[0] * (iris[0] > 2), iris[1]
        settings = {"random_state": 0, "max_iter": 10}
        inside = cr.MLPClassifier(standardize=True, **settings).fit(csr_matrix(X), y)
        outside = cr.MLPClassifier(**settings).fit(X / X.std(axis=0), y)
        np.testing.assert_allclose(inside.theta_, outside.theta_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("form", [csr_matrix, csc_matrix])
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
def test_sparse_input_gives_what_dense_input_gives(iris, form, settings):
    X, y = iris[0] * (iris[0] > 2), iris[1]
    dense = cr.MLPClassifier(8, random_state=0, max_iter=10, **settings).fit(X, y)
    sparse = cr.MLPClassifier(8, random_state=0, max_iter=10, **settings).fit(form(X), y)
    np.testing.assert_allclose(sparse.predict_proba(form(X)), dense.predict_proba(X), rtol=1e-6)
    np.testing.assert_allclose(sparse.transform(form(X)), dense.transform(X), rtol=1e-6, atol=1e-9)


class TestFrames:
    @pytest.mark.parametrize("library", ["pandas", "polars"])
    @pytest.mark.parametrize("Estimator", BOTH)
    def test_in_and_out_with_names(self, iris, library, Estimator):
        frames = pytest.importorskip(library)
        X = frames.DataFrame(dict(zip("abcd", iris[0].T, strict=True)))
        y = frames.Series(iris[1])
        model = Estimator(5, max_iter=3) if Estimator is cr.MLPClassifier else Estimator(hidden_layer_sizes=5)
        model.set_params(max_iter=3, early_stopping=True).set_output(transform=library).fit(X, y)
        assert list(model.feature_names_in_) == list("abcd")
        hidden = model.transform(X)
        assert type(hidden) is frames.DataFrame
        assert list(hidden.columns) == list(model.get_feature_names_out())
        with pytest.raises(ValueError, match="feature names"):
            model.predict(X[["b", "a", "c", "d"]])


class TestRouting:
    @pytest.fixture(autouse=True)
    def routing(self):
        with sklearn.config_context(enable_metadata_routing=True):
            yield

    def test_a_validation_set_goes_through_the_steps_before(self, iris):
        X, y = iris[0] * 100, iris[1]
        model = cr.MLPClassifier(8, early_stopping=True, random_state=0, max_iter=20)
        model.set_fit_request(X_val=True, y_val=True, sample_weight=True)
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False), model, transform_input=["X_val"]
        )
        pipeline.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2], sample_weight=np.ones(75))
        held = pipeline[0].transform(X[1::2])
        J = pipeline[-1].network_.objective(pipeline[-1].theta_, held, np.eye(3)[y[1::2]])
        assert float(J) in [pytest.approx(loss) for loss in pipeline[-1].validation_loss_curve_]

    def test_weights_reach_the_folds(self, iris):
        weight = np.random.default_rng(0).uniform(0, 2, 150)
        model = cr.MLPClassifier(5, solver="lbfgs", max_iter=20).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=2).fit(*iris, sample_weight=weight)
        assert search.best_score_ > 0.8
        found = cross_validate(model, *iris, cv=2, params={"sample_weight": weight})
        assert found["test_score"].shape == (2,)


def test_the_tags():
    tags = get_tags(cr.MLPClassifier())
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_label
    assert tags.target_tags.multi_output
    assert get_tags(cr.MLPRegressor()).target_tags.multi_output
