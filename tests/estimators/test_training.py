"""How an estimator trains: regularisation, update rules, validation, stopping, callbacks."""

import os
import signal
import time

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import chainrule as cr

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


@pytest.fixture(scope="module")
def halves(iris):
    return train_test_split(*iris, random_state=0, test_size=0.4, stratify=iris[1])


class TestRegularisation:
    def test_dropout_is_that_of_the_engine(self, iris):
        settings = {"random_state": 0, "max_iter": 1, "batch_size": 150, "shuffle": False, "alpha": 0.0}
        X, y = iris
        model = cr.MLPClassifier(20, dropout=0.5, **settings).fit(X, y)
        begun = cr.MLPClassifier(20, **settings).initialize(X, y)
        losses = []
        cr.fit(
            begun.network_,
            X,
            np.eye(3)[y],
            theta=begun.theta_,
            optimizer=cr.SGD(1e-12),
            batch_size=None,
            epochs=1,
            dropout=0.5,
            callbacks=lambda epoch: losses.append(epoch.loss),
            progress=False,
        )
        plain = cr.MLPClassifier(20, **settings).fit(X, y)
        assert model.loss_ != plain.loss_  # masks are at work
        assert model.loss_ == pytest.approx(losses[0], rel=0.5)
        assert not np.array_equal(model.coefs_[0], plain.coefs_[0])

    def test_dropout_rates_by_layer_and_none_at_prediction(self, iris):
        model = cr.MLPClassifier((8, 8), dropout=(0.1, 0.3, 0.0), max_iter=5, random_state=0).fit(*iris)
        np.testing.assert_array_equal(model.predict_proba(iris[0]), model.predict_proba(iris[0]))
        with pytest.raises(ValueError, match="dropout has 2 rates"):
            cr.MLPClassifier((8, 8), dropout=(0.1, 0.3)).fit(*iris)
        with pytest.raises(ValueError, match="needs a stochastic solver"):
            cr.MLPClassifier(8, dropout=0.1, solver="lbfgs").fit(*iris)

    def test_dropout_keeps_a_wide_network_from_learning_noise_by_heart(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(80, 20)), rng.integers(0, 2, 80)
        settings = {"random_state": 0, "max_iter": 150, "learning_rate_init": 0.01}
        assert cr.MLPClassifier(100, **settings).fit(X, y).score(X, y) == 1
        assert cr.MLPClassifier(100, dropout=(0.5, 0.5), **settings).fit(X, y).loss_ > 0.1

    def test_l1_is_in_the_objective_divided_like_alpha(self, iris):
        X, y = iris
        model = cr.MLPClassifier(6, "tanh", solver="lbfgs", l1=2.0, alpha=0.5, random_state=0, max_iter=50).fit(X, y)
        J = model.network_.objective(model.theta_, X, np.eye(3)[y], l1=2.0 / 150, l2=0.5 / 150)
        assert float(J) == pytest.approx(model.loss_)

    def test_l1_makes_weights_small_where_nothing_is_to_be_learned(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 10))
        y = np.sin(X[:, 0])
        settings = {"random_state": 0, "max_iter": 400, "learning_rate_init": 0.01, "alpha": 0.0}
        size = [np.abs(cr.MLPRegressor("squared_error", 10, l1=l1, **settings).fit(X, y).coefs_[0]) for l1 in (0, 1.0)]
        assert size[1][1:].mean() < size[0][1:].mean() / 5
        assert size[1][0].max() > 5 * size[1][1:].mean()

    def test_class_weights_are_sample_weights(self, iris):
        X, y = iris
        settings = {"random_state": 0, "max_iter": 20}
        by_class = cr.MLPClassifier(class_weight={0: 1.0, 1: 5.0, 2: 0.5}, **settings).fit(X, y)
        by_row = cr.MLPClassifier(**settings).fit(X, y, sample_weight=np.array([1.0, 5.0, 0.5])[y])
        np.testing.assert_allclose(by_class.theta_, by_row.theta_)

    def test_classes_that_all_weigh_nothing_are_refused(self, iris):
        with pytest.raises(ValueError, match="no row has any weight"):
            cr.MLPClassifier(class_weight={0: 0, 1: 0, 2: 0}).fit(*iris)

    def test_balanced_weights_cannot_come_in_parts(self, iris):
        with pytest.raises(ValueError, match="give a dictionary"):
            cr.MLPClassifier(class_weight="balanced").partial_fit(*iris, classes=[0, 1, 2])

    def test_balanced_classes_lift_the_rare_one(self):
        rng = np.random.default_rng(0)
        X = np.concatenate([rng.normal(0, 1, (190, 1)), rng.normal(1.5, 1, (10, 1))])
        y = np.repeat([0, 1], [190, 10])
        settings = {"solver": "lbfgs", "random_state": 0, "max_iter": 50}
        recalls = [
            cr.MLPClassifier(5, class_weight=w, **settings).fit(X, y).predict(X)[190:].mean()
            for w in (None, "balanced")
        ]
        assert recalls[0] < 0.5 < recalls[1]


class TestUpdateRules:
    @pytest.mark.parametrize("solver", ["adamw", "nadam", "rmsprop", "adagrad"])
    def test_more_solvers_by_name(self, iris, solver):
        model = cr.MLPClassifier(20, solver=solver, learning_rate_init=0.05, random_state=0, max_iter=100).fit(*iris)
        assert model.score(*iris) > 0.95

    @pytest.mark.parametrize("rule", [cr.AdamW(0.01, weight_decay=0.1), cr.Momentum(0.05), cr.NAdam(0.01)])
    def test_any_rule_with_its_own_constants_steps_as_in_cr_fit(self, iris, rule):
        X, y = iris
        settings = {"random_state": 0, "batch_size": 150, "shuffle": False, "alpha": 0.0, "tol": 0.0}
        model = cr.MLPClassifier(8, solver=rule, max_iter=15, **settings).fit(X, y)
        start = cr.MLPClassifier(8, **settings).initialize(X, y)
        other = cr.fit(
            start.network_,
            X,
            np.eye(3)[y],
            theta=start.theta_,
            optimizer=rule,
            batch_size=None,
            epochs=15,
            progress=False,
        )
        np.testing.assert_allclose(model.theta_, other.theta, rtol=1e-10, atol=1e-12)

    def test_lbfgs_with_its_own_constants(self, iris):
        model = cr.MLPClassifier(8, solver=cr.LBFGS(max_evaluations=7), random_state=0)
        with pytest.warns(match="EVALUATIONS EXCEEDS LIMIT"):
            model.fit(*iris)
        assert model.n_iter_ <= 7

    @pytest.mark.parametrize("solver", ["adam", "sgd", "adamw"])
    def test_a_schedule_sets_the_rate_of_any_solver(self, iris, solver):
        schedule = cr.schedules.Cosine(0.1)
        model = cr.MLPClassifier(solver=solver, learning_rate=schedule, batch_size=50, max_iter=20, tol=0.0)
        rates = model.set_params(random_state=0).fit(*iris).history_.learning_rate
        np.testing.assert_allclose(rates, schedule(np.arange(3, 61, 3), 60))

    @pytest.mark.parametrize("Schedule", [cr.schedules.Cosine, cr.schedules.OneCycle])
    def test_a_warm_start_stretches_a_schedule_over_what_is_to_come(self, iris, Schedule):
        schedule = Schedule(0.1)
        settings = {"batch_size": 50, "max_iter": 20, "tol": 0.0, "random_state": 0}
        model = cr.MLPClassifier(learning_rate=schedule, warm_start=True, **settings).fit(*iris)
        rates = model.fit(*iris).history_.learning_rate
        np.testing.assert_allclose(rates[:20], schedule(np.arange(3, 61, 3), 60))
        np.testing.assert_allclose(rates[20:], schedule(np.arange(63, 121, 3), 120))

    def test_a_schedule_over_all_training_ends_after_max_iter_parts(self, iris):
        schedule = cr.schedules.Cosine(0.1)
        model = cr.MLPClassifier(learning_rate=schedule, batch_size=50, max_iter=4, random_state=0)
        for _ in range(4):
            model.partial_fit(*iris, classes=[0, 1, 2])
        np.testing.assert_allclose(model.history_.learning_rate, schedule(np.arange(3, 13, 3), 12))

    def test_a_rate_that_falls_on_a_plateau(self, iris):
        schedule = cr.schedules.ReduceOnPlateau(0.5, factor=0.1, patience=2, min_delta=0.05)
        model = cr.MLPClassifier(solver="sgd", learning_rate=schedule, random_state=0, n_iter_no_change=60, max_iter=60)
        rates = model.fit(*iris).history_.learning_rate
        assert rates[0] == 0.5
        assert rates[-1] <= 0.05

    @pytest.mark.parametrize("solver", ["adam", "sgd", cr.RMSProp(0.001)])
    def test_a_warm_start_goes_on_as_if_it_had_never_stopped(self, iris, solver):
        settings = {"solver": solver, "shuffle": False, "random_state": 0, "tol": 0.0}
        whole = cr.MLPClassifier(max_iter=20, **settings).fit(*iris)
        parts = cr.MLPClassifier(max_iter=10, warm_start=True, **settings).fit(*iris).fit(*iris)
        np.testing.assert_allclose(parts.theta_, whole.theta_, rtol=1e-12)
        np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_)
        assert [e.number for e in parts.history_] == list(range(1, 21))

    def test_a_cold_start_forgets(self, iris):
        model = cr.MLPClassifier(max_iter=5, random_state=0).fit(*iris)
        first = model.theta_.copy()
        np.testing.assert_array_equal(model.fit(*iris).theta_, first)
        assert len(model.loss_curve_) == 5


class TestValidation:
    def test_a_validation_set_of_ones_own_stops_training(self, halves):
        X, X_val, y, y_val = halves
        model = cr.MLPClassifier(30, early_stopping=True, learning_rate_init=0.05, random_state=0, max_iter=500)
        model.fit(X, y, X_val=X_val, y_val=y_val)
        assert model.converged_
        assert model.n_iter_ < 500
        assert model.t_ == model.n_iter_ * len(X)  # nothing was split off
        assert model.score(X_val, y_val) == model.best_validation_score_ == max(model.validation_scores_)

    def test_the_validation_loss_curve(self, halves):
        X, X_val, y, y_val = halves
        model = cr.MLPClassifier(8, random_state=0, max_iter=12).fit(X, y, X_val=X_val, y_val=y_val)
        assert len(model.validation_loss_curve_) == len(model.validation_scores_) == 12
        J = model.network_.objective(model.theta_, X_val, np.eye(3)[y_val])
        assert model.validation_loss_curve_[-1] == pytest.approx(float(J))
        assert model.history_.validation.tolist() == model.validation_loss_curve_
        assert model.history_.score.tolist() == model.validation_scores_

    def test_weights_of_the_validation_set_count(self, halves):
        X, X_val, y, y_val = halves
        model = cr.MLPClassifier(8, random_state=0, max_iter=3)
        model.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=(y_val == 0).astype(float))
        J = model.network_.objective(model.theta_, X_val[y_val == 0], np.eye(3)[y_val[y_val == 0]])
        assert model.validation_loss_curve_[-1] == pytest.approx(float(J))

    def test_weights_that_leave_nothing_to_validate_on_are_refused(self, iris):
        weight = np.zeros(150)
        weight[:3] = 1
        with pytest.raises(ValueError, match="all weights of one part are zero"):
            cr.MLPClassifier(early_stopping=True, random_state=0).fit(*iris, sample_weight=weight)

    def test_half_a_validation_set_is_refused(self, halves):
        with pytest.raises(ValueError, match="give both, or none"):
            cr.MLPClassifier().fit(halves[0], halves[2], X_val=halves[1])

    @pytest.mark.parametrize("scoring", ["f1_macro", "neg_log_loss", "loss"])
    def test_stopping_by_any_scorer(self, halves, scoring):
        from sklearn.metrics import get_scorer

        X, X_val, y, y_val = halves
        model = cr.MLPClassifier(
            8, scoring=scoring, early_stopping=True, random_state=0, learning_rate_init=0.02, max_iter=30
        ).fit(X, y, X_val=X_val, y_val=y_val)
        if scoring == "loss":
            assert model.validation_scores_ == [-loss for loss in model.validation_loss_curve_]
        else:
            assert get_scorer(scoring)(model, X_val, y_val) == pytest.approx(model.best_validation_score_)

    @pytest.mark.parametrize("lost_after", [0, 3])
    def test_a_score_that_is_no_number_is_no_improvement(self, halves, lost_after):
        X, X_val, y, y_val = halves
        scores = iter([0.1, 0.2, 0.3][:lost_after] + 200 * [float("nan")])
        settings = {"early_stopping": True, "n_iter_no_change": 5, "random_state": 0}
        model = cr.MLPClassifier(8, scoring=lambda *_: next(scores), **settings)
        begun = cr.MLPClassifier(8, random_state=0).initialize(X, y).theta_
        if lost_after:
            model.fit(X, y, X_val=X_val, y_val=y_val)
            assert model.best_validation_score_ == 0.3
        else:
            with pytest.warns(UserWarning, match="no validation score was a number"):
                model.fit(X, y, X_val=X_val, y_val=y_val)
        assert model.n_iter_ == lost_after + 6
        assert np.array_equal(model.theta_, begun) == (lost_after == 0)

    def test_a_scorer_function_sees_the_rows_as_they_were_given(self, iris):
        pl = pytest.importorskip("polars")
        seen = []

        def scorer(model, X, y):
            seen.append((type(X), len(X), type(y[0])))
            return float((model.predict(X) == y).mean())

        X, y = pl.DataFrame(iris[0], schema=list("abcd")), np.array(["u", "v", "w"], dtype=object)[iris[1]]
        model = cr.MLPClassifier(5, early_stopping=True, scoring=scorer, max_iter=4, random_state=0).fit(X, y)
        assert seen == [(pl.DataFrame, 15, str)] * 4
        assert model.validation_scores_[-1] <= 1

    def test_early_stopping_with_partial_fit(self, halves):
        X, X_val, y, y_val = halves
        model = cr.MLPClassifier(20, early_stopping=True, learning_rate_init=0.05, n_iter_no_change=5, random_state=0)
        for _ in range(300):
            model.partial_fit(X, y, classes=[0, 1, 2], X_val=X_val, y_val=y_val)
            if model.converged_:
                break
        assert model.converged_
        assert len(model.validation_scores_) < 300
        assert model.score(X_val, y_val) == model.best_validation_score_

    def test_parts_that_come_after_the_stop_are_learned_again(self, halves):
        X, X_val, y, y_val = halves
        model = cr.MLPClassifier(5, early_stopping=True, n_iter_no_change=1, tol=1.0, random_state=0)
        val = {"X_val": X_val, "y_val": y_val}
        for _ in range(5):
            model.partial_fit(X, y, classes=[0, 1, 2], **val)
        assert model.converged_
        stopped = model.theta_.copy()
        model.set_params(n_iter_no_change=100).partial_fit(X, y, **val)
        assert not model.converged_
        assert not np.array_equal(model.theta_, stopped)

    def test_the_regressor_takes_them_too(self, halves):
        X, X_val, _, _ = halves
        model = cr.MLPRegressor(
            width=20, early_stopping=True, random_state=0, learning_rate_init=0.01, scoring="neg_mean_absolute_error"
        ).fit(X[:, :3], X[:, 3], X_val=X_val[:, :3], y_val=X_val[:, 3])
        found = -np.abs(model.predict(X_val[:, :3]) - X_val[:, 3]).mean()
        assert found == pytest.approx(model.best_validation_score_)


class TestStopping:
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_callbacks_see_every_epoch_and_may_stop(self, iris, solver):
        seen = []

        def callback(epoch):
            seen.append((epoch.number, epoch.loss, epoch.theta.copy()))
            return epoch.number == 4

        model = cr.MLPClassifier(8, solver=solver, callbacks=[callback], random_state=0).fit(*iris)
        assert [number for number, _, _ in seen] == [1, 2, 3, 4]
        assert [loss for _, loss, _ in seen] == model.loss_curve_
        np.testing.assert_array_equal(seen[-1][2], model.theta_)
        assert model.n_iter_ == 4

    def test_the_last_epoch_is_told_too(self, iris):
        seen = []
        model = cr.MLPClassifier(tol=0.5, callbacks=seen.append, random_state=0).fit(*iris)
        assert model.converged_
        assert len(seen) == model.n_iter_ < 200

    def test_a_callback_cannot_write_into_theta(self, iris):
        def callback(epoch):
            epoch.theta[0] = 1.0

        with pytest.raises(ValueError, match="read-only"):
            cr.MLPClassifier(callbacks=callback).fit(*iris)

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_a_time_limit(self, iris, solver):
        began = time.perf_counter()
        model = cr.MLPClassifier(
            solver=solver,
            time_limit=0.2,
            max_iter=100_000,
            tol=0.0,
            n_iter_no_change=100_000,
            callbacks=lambda epoch: time.sleep(0.02),
        )
        model.fit(*iris)
        assert time.perf_counter() - began < 2
        assert model.n_iter_ < 50

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    @pytest.mark.parametrize("how", ["raised", "pressed"])
    def test_control_c_keeps_what_was_learned(self, iris, how, solver):
        def callback(epoch):
            if epoch.number == 3 and how == "raised":
                raise KeyboardInterrupt
            if epoch.number == 3:
                os.kill(os.getpid(), signal.SIGINT)

        model = cr.MLPClassifier(callbacks=callback, random_state=0, solver=solver)
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            model.fit(*iris)
        assert len(model.loss_curve_) == model.n_iter_ == 3
        assert model.loss_ == model.loss_curve_[-1]
        assert model.predict(iris[0]).shape == (150,)

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_progress_writes_to_the_console_that_is_given(self, iris, solver):
        from io import StringIO

        from rich.console import Console

        console = Console(file=StringIO(), force_terminal=True, width=100)
        cr.MLPClassifier(max_iter=3, progress=console, solver=solver).fit(*iris)
        assert "3/3" in console.file.getvalue()

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_seconds_count_on_and_the_time_limit_does_not(self, iris, solver):
        pause = {"callbacks": lambda epoch: time.sleep(0.05), "max_iter": 5, "tol": 0.0, "random_state": 0}
        model = cr.MLPClassifier(8, solver=solver, warm_start=True, **pause).fit(*iris)
        before = model.history_[-1].seconds
        model.set_params(time_limit=before).fit(*iris)
        seconds = [entry.seconds for entry in model.history_]
        assert seconds == sorted(seconds)
        assert seconds[5] > before
        assert model.n_iter_ > 1

    def test_numbers_that_overflow_are_an_error_and_leave_no_model_behind_unnoticed(self):
        X = np.full((10, 2), 1e200)
        with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
            cr.MLPRegressor().fit(X, np.arange(10.0))


def test_the_history_tells_gradient_norms_by_layer(iris):
    X, y = iris
    model = cr.MLPClassifier(6, random_state=0, max_iter=2, batch_size=150, shuffle=False, alpha=0.0).fit(X, y)
    start = cr.MLPClassifier(6, random_state=0, alpha=0.0).initialize(X, y)
    _, g = start.network_.value_and_gradient(start.theta_, X, np.eye(3)[y])
    assert model.history_[0].gradient_norm == pytest.approx(np.linalg.norm(g))
    assert model.history_[0].gradient_norms == pytest.approx([np.linalg.norm(g[:30]), np.linalg.norm(g[30:])])
    assert model.history_.to_json()


@pytest.mark.parametrize("engine", ["reference", "auto"])
def test_the_engine_may_be_chosen(iris, engine):
    model = cr.MLPClassifier(engine=engine, max_iter=5, random_state=0).fit(*iris)
    other = cr.MLPClassifier(max_iter=5, random_state=0).fit(*iris)
    np.testing.assert_allclose(model.theta_, other.theta_, rtol=1e-9)
