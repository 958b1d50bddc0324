"""What network an estimator builds: layers, activations, losses, and the parameters laid open."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import chainrule as cr

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def moons():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


@pytest.fixture(scope="module")
def wave():
    X = np.random.default_rng(1).uniform(-2, 2, (80, 1))
    return X, np.sin(2 * X[:, 0])


def test_an_activation_for_each_layer(moons):
    model = cr.MLPClassifier((5, 4), ("tanh", "leaky_relu(0.2)"), max_iter=3).fit(*moons)
    assert str(model.network_) == "2-5:tanh-4:leaky_relu(0.2)-1:sigmoid"
    with pytest.raises(ValueError, match="activation has 3 entries, but there are 2 hidden layers"):
        cr.MLPClassifier((5, 4), ("tanh",) * 3).fit(*moons)


@pytest.mark.parametrize("name", [n for n in cr.ACTIVATIONS if n not in {"softmax", "exp"}])
def test_every_activation_of_the_table_learns(moons, name):
    model = cr.MLPClassifier(12, name, solver="lbfgs", random_state=0, max_iter=60).fit(*moons)
    assert model.history_[0].loss > model.loss_


def cube(xp, z):
    return z**3


def cube_slope(xp, z, a):
    return 3 * z**2


def test_an_activation_of_ones_own_is_trained_cloned_and_right(moons):
    own = cr.Activation("cube", f=cube, df=cube_slope)
    model = clone(cr.MLPClassifier(8, own, random_state=0, max_iter=400, tol=0.0, learning_rate_init=0.01)).fit(*moons)
    assert model.score(*moons) > 0.9  # x y is a sum of cubes of sums
    T = moons[1][:, None].astype(float)
    assert cr.check_gradient(model.network_, model.theta_, moons[0], T).ok


def test_an_unknown_activation_is_named(moons):
    with pytest.raises(ValueError, match="tnah"):
        cr.MLPClassifier(activation="tnah").fit(*moons)


def test_an_output_activation(wave):
    X, y = wave
    model = cr.MLPRegressor(output_activation="tanh", max_iter=5).fit(X, 100 * y)
    assert np.abs(model.predict(X)).max() <= 1
    assert model.out_activation_ == "tanh"


@pytest.mark.parametrize(
    "loss", ["absolute_error", "huber(0.5)", "log_cosh", "mean_squared_error", "quantile(0.5)", "gaussian_nll"]
)
def test_regression_losses(wave, loss):
    model = cr.MLPRegressor(loss, 30, "tanh", learning_rate_init=0.02, max_iter=150, random_state=0).fit(*wave)
    assert model.score(*wave) > 0.9
    assert model.network_.loss.spec == loss


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_losses_of_positive_targets_come_with_an_exponential(wave, loss):
    X, y = wave
    model = cr.MLPRegressor(loss, 20, "tanh", solver="lbfgs", random_state=0).fit(X, np.exp(y))
    assert model.out_activation_ == "exp"
    assert model.score(X, np.exp(y)) > 0.95
    with pytest.raises(ValueError, match="takes targets in"):
        cr.MLPRegressor(loss).fit(X, y)


def quartic(xp, f, y):
    return (f - y) ** 4


def quartic_slope(xp, f, y):
    return 4 * (f - y) ** 3


def test_a_loss_of_ones_own(wave):
    own = cr.Loss("quartic", term=quartic, slope=quartic_slope)
    model = cr.MLPRegressor(own, 20, "tanh", learning_rate_init=0.02, random_state=0, max_iter=200).fit(*wave)
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 9
    J = np.mean((model.predict(wave[0]) - wave[1]) ** 4)
    assert float(model.network_.objective(model.theta_, *wave)) == pytest.approx(J)


@pytest.mark.parametrize(
    ("loss", "classes"),
    [(loss, n) for loss in ("log_loss(0.1)", "focal(2.0, 0.25)", "squared_error") for n in (2, 3)]
    + [("kl_divergence", 3)],
)
def test_classification_losses_that_give_probabilities(moons, loss, classes):
    X, y = moons
    y = y if classes == 2 else y + (X[:, 0] > 1)
    model = cr.MLPClassifier(20, "tanh", loss=loss, learning_rate_init=0.02, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.85
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_outputs_that_speak_for_no_class_give_each_the_same_probability(moons, dtype):
    X, y = moons[0].astype(dtype), moons[1] + (moons[0][:, 0] > 1)
    model = cr.MLPClassifier(5, output_activation="sigmoid", loss="binary_cross_entropy", max_iter=3).fit(X, y)
    before = model.predict_proba(X)
    np.testing.assert_allclose(before.sum(axis=1), 1, rtol=1e-5)
    model.intercepts_[-1][...] = -1e4  # every sigmoid underflows to 0
    found = model.predict_proba(X)
    assert found.dtype == before.dtype == dtype
    np.testing.assert_allclose(found, 1 / 3, rtol=1e-6)
    np.testing.assert_array_equal(found.argmax(axis=1), model.predict(X))


def test_smoothed_labels_keep_probabilities_away_from_one(moons):
    settings = {"activation": "tanh", "solver": "lbfgs", "alpha": 0.0, "random_state": 0, "max_iter": 100}
    sharp = cr.MLPClassifier(20, **settings).fit(*moons).predict_proba(moons[0])
    smooth = cr.MLPClassifier(20, loss="log_loss(0.2)", **settings).fit(*moons).predict_proba(moons[0])
    assert np.median(sharp.max(axis=1)) > 0.99
    assert np.median(smooth.max(axis=1)) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_hinge_loss_trains_margins(moons, classes):
    X, y = moons
    y = y if classes == 2 else y + (X[:, 0] > 1)
    model = cr.MLPClassifier(20, loss="hinge", learning_rate_init=0.02, random_state=0).fit(X, y)
    margins = model.decision_function(X)
    best = (margins > 0).astype(int) if classes == 2 else margins.argmax(axis=1)
    np.testing.assert_array_equal(best, model.predict(X))
    assert model.score(X, y) > 0.9
    assert not hasattr(model, "predict_proba")
    assert not hasattr(cr.MLPClassifier(), "decision_function")


def test_layers_and_width_as_numbers(moons):
    assert cr.MLPClassifier(n_layers=3, width=7, max_iter=2).fit(*moons).network_.sizes == (2, 7, 7, 7, 1)
    assert cr.MLPClassifier(n_layers=2, max_iter=2).fit(*moons).network_.sizes == (2, 100, 100, 1)
    assert cr.MLPClassifier(n_layers=0, max_iter=2).fit(*moons).network_.sizes == (2, 1)


def test_widths_are_whole_numbers(moons):
    with pytest.raises(ValueError, match="whole numbers"):
        cr.MLPClassifier((5.5,)).fit(*moons)


def test_no_hidden_layer_is_logistic_regression(moons):
    from sklearn.linear_model import LogisticRegression

    X, y = moons[0], (moons[0][:, 0] + 0.5 * np.random.default_rng(0).normal(size=120) > 0).astype(int)
    ours = cr.MLPClassifier((), solver="lbfgs", alpha=1.0, tol=1e-8, random_state=0).fit(X, y)
    theirs = LogisticRegression(C=1.0, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(ours.coefs_[0].T, theirs.coef_, atol=1e-4)


class TestBeforeAnyTraining:
    def test_initialize_builds_the_network_that_fit_would_begin_with(self, moons):
        from sklearn.neural_network import MLPClassifier

        model = cr.MLPClassifier(5, random_state=3).initialize(*moons)
        theirs = MLPClassifier(5, random_state=3, max_iter=1, learning_rate_init=1e-30).fit(*moons)
        np.testing.assert_allclose(model.coefs_[0], theirs.coefs_[0], rtol=1e-12)
        assert model.n_iter_ == 0
        assert len(model.history_) == 0
        assert model.predict_proba(moons[0]).shape == (120, 2)

    def test_weights_set_by_hand_are_where_training_goes_on(self, moons):
        model = cr.MLPClassifier(5, random_state=3).initialize(*moons)
        model.coefs_[0][...] = 0.25
        model.intercepts_ = [np.ones(5), np.zeros(1)]
        model.partial_fit(*moons)
        assert np.abs(model.coefs_[0] - 0.25).max() <= 0.0011  # one Adam step
        assert np.abs(model.intercepts_[0] - 1).max() <= 0.0011

    def test_nothing_is_there_before(self):
        model = cr.MLPClassifier()
        with pytest.raises(AttributeError, match="call fit or initialize first"):
            _ = model.theta_
        with pytest.raises(AttributeError, match="call fit first"):
            _ = model.history_
        with pytest.raises(NotFittedError):
            model.transform([[0.0]])


class TestTheParametersLieOpen:
    def test_theta_is_one_vector_and_coefs_are_views(self, moons):
        model = cr.MLPClassifier((5, 3), max_iter=2).fit(*moons)
        assert all(np.shares_memory(part, model.theta_) for part in [*model.coefs_, *model.intercepts_])
        model.coefs_[1][2, 1] = 42.0
        assert model.network_.layers(model.theta_)[1].weights[1, 2] == 42.0

    def test_assigned_weights_are_used(self, moons):
        model = cr.MLPClassifier(5, max_iter=2, random_state=0).fit(*moons)
        other = cr.MLPClassifier(5, max_iter=20, random_state=1).fit(*moons)
        model.coefs_ = [W.copy() for W in other.coefs_]
        model.intercepts_[0], model.intercepts_[1] = other.intercepts_
        np.testing.assert_array_equal(model.predict_proba(moons[0]), other.predict_proba(moons[0]))

    def test_weights_of_another_shape_are_refused(self, moons):
        model = cr.MLPClassifier(5, max_iter=2).fit(*moons)
        model.coefs_[0] = np.zeros((3, 5))
        with pytest.raises(ValueError, match="W1"):
            model.predict(moons[0])

    def test_from_the_model_to_the_mathematics(self, moons):
        model = cr.MLPClassifier(5, "tanh", solver="lbfgs", max_iter=30, random_state=0).fit(*moons)
        X, T = moons[0], moons[1][:, None].astype(float)
        J, gradient = model.network_.value_and_gradient(model.theta_, X, T, l2=model.alpha / 120)
        assert float(J) == pytest.approx(model.loss_)
        assert np.linalg.norm(gradient) < model.history_[0].gradient_norm
        np.testing.assert_allclose(model.network_.predict(model.theta_, X)[:, 0], model.predict_proba(X)[:, 1])
        assert len(model.history_) == model.n_iter_

    def test_the_data_as_the_network_takes_them(self, moons):
        X, y = moons[0].copy(), np.array(["no", "yes"])[moons[1]]
        X[0, 0] = np.nan
        model = cr.MLPClassifier(5, "tanh", missing="impute", standardize=True, solver="lbfgs", alpha=0.0, max_iter=20)
        model.fit(X, y)
        X_in, T = model.prepared(X, y)
        assert X_in.shape == (120, 3)
        assert float(model.network_.objective(model.theta_, X_in, T)) == pytest.approx(model.loss_)
        np.testing.assert_array_equal(model.prepared(X), X_in)

    @pytest.mark.parametrize("settings", [{}, {"standardize": True, "missing": "impute"}])
    def test_a_predictor_gives_the_outputs(self, moons, settings):
        model = cr.MLPClassifier(5, max_iter=3, random_state=0, **settings).fit(*moons)
        predict, expected = model.predictor(), model.predict_proba(moons[0])
        np.testing.assert_allclose(predict(moons[0])[:, 0], expected[:, 1], rtol=1e-12)
        model.theta_[...] = 0.0
        np.testing.assert_allclose(predict(moons[0][:1])[0, 0], expected[0, 1], rtol=1e-12)

    def test_a_fitted_model_is_derived_and_explained(self, moons):
        model = cr.MLPClassifier(3, "tanh", max_iter=2, random_state=0).fit(*moons)
        X, T = model.prepared(*moons)
        assert cr.derive(model.network_).verify(model.theta_, X, T).ok
        assert "delta" in cr.explain(model.network_, model.theta_, X[0], T[0]).text()

    def test_transform_gives_the_last_hidden_layer(self, moons):
        model = cr.MLPClassifier((6, 4), "tanh", max_iter=3).fit(*moons)
        a = model.network_.forward(model.theta_, moons[0]).a
        np.testing.assert_allclose(model.transform(moons[0]), a[2])
        assert list(model.get_feature_names_out()) == [f"mlpclassifier{i}" for i in range(4)]


def test_a_changed_architecture_is_refused_on_a_warm_start(moons):
    model = cr.MLPClassifier(5, max_iter=2, warm_start=True).fit(*moons)
    with pytest.raises(ValueError, match="set warm_start=False"):
        model.set_params(hidden_layer_sizes=(6, 6)).fit(*moons)
