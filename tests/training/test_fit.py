"""cr.fit: what it minimises, in which order, with which bits, and when it stops."""

import pickle
import threading
from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.training.state import order_of_epoch, order_of_split

RULES = [
    cr.SGD(0.3),
    cr.Momentum(0.05),
    cr.Nesterov(0.05),
    cr.AdaGrad(0.3),
    cr.RMSProp(0.02),
    cr.Adam(0.05),
    cr.AdamW(0.05),
    cr.NAdam(0.05),
    cr.LBFGS(),
]
SCHEDULES = [
    cr.schedules.Constant(0.05),
    cr.schedules.InverseScaling(0.2, every=9),
    cr.schedules.Step(0.1, every=30),
    cr.schedules.Exponential(0.1, decay=0.99),
    cr.schedules.Cosine(0.1),
    cr.schedules.OneCycle(0.1),
    cr.schedules.WarmUp(0.05, steps=20),
    cr.schedules.ReduceOnPlateau(0.1),
]


def accuracy(fit, X, T):
    return np.mean(fit.predict(X).argmax(axis=1) == T.argmax(axis=1))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_every_optimizer_learns(net, clouds, rule):
    fit = cr.fit(net, *clouds, optimizer=rule, batch_size=16, epochs=30)
    assert accuracy(fit, *clouds) >= 0.95
    assert fit.history.loss[-1] < 0.5 * fit.history.loss[0]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
def test_every_schedule_is_followed(net, clouds, schedule):
    fit = cr.fit(net, *clouds, optimizer=cr.Adam(schedule), batch_size=10, epochs=10)
    expected = schedule(np.arange(9, 91, 9), 90)
    np.testing.assert_allclose(fit.history.learning_rate, expected, rtol=1e-12)
    assert accuracy(fit, *clouds) >= 0.9


@pytest.mark.parametrize("batch_size", [1, 7, 45, 89, 90, 1000, None])
def test_an_epoch_by_hand(net, clouds, batch_size):
    """Stochastic, mini-batch and whole-batch descent, as the sources define them: equation U along the permutation."""
    X, T = clouds
    fit = cr.fit(net, X, T, optimizer=cr.SGD(0.1), batch_size=batch_size, epochs=2, seed=4)
    theta, size, updates = net.initial(seed=4), min(batch_size or 90, 90), 0
    for epoch in (1, 2):
        order = order_of_epoch(4, epoch, 90) if size < 90 else np.arange(90)
        losses, counts = [], []
        for first in range(0, 90, size):
            rows = order[first : first + size]
            J, g = net.value_and_gradient(theta, X[rows], T[rows])
            theta = theta - 0.1 * g
            losses.append(J)
            counts.append(len(rows))
            updates += 1
        assert fit.history[epoch - 1].loss == pytest.approx(np.average(losses, weights=counts), rel=1e-12)
        assert fit.history[epoch - 1].updates == updates
    np.testing.assert_allclose(fit.theta, theta, rtol=1e-9, atol=1e-12)
    assert fit.stopped == "epochs"


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(net, clouds):
    options = {"epochs": 3, "dropout": 0.3, "validation": 0.2}
    first = cr.fit(net, *clouds, seed=5, **options)
    second = cr.fit(net, *clouds, seed=5, **options)
    other = cr.fit(net, *clouds, seed=6, **options)
    np.testing.assert_array_equal(first.theta, second.theta)
    np.testing.assert_array_equal(first.history.loss, second.history.loss)
    assert not np.array_equal(first.theta, other.theta)


def test_the_pace_of_calls_changes_no_bit(net, clouds, monkeypatch):
    from chainrule.training import pacing

    options = {"epochs": 3, "dropout": 0.3, "batch_size": 4, "optimizer": cr.Adam(cr.schedules.Cosine(0.01))}
    found = []
    for seconds in (1e-12, 10.0):
        monkeypatch.setattr(pacing, "CALL_SECONDS", seconds)
        found.append(cr.fit(net, *clouds, **options).theta)
    np.testing.assert_array_equal(*found)


def test_a_seed_can_come_from_a_generator_or_from_nowhere(net, clouds):
    ours = cr.fit(net, *clouds, epochs=1, seed=np.random.default_rng(3))
    assert ours.seed == cr.fit(net, *clouds, epochs=1, seed=np.random.default_rng(3)).seed
    fresh = cr.fit(net, *clouds, epochs=1, seed=None)
    again = cr.fit(net, *clouds, epochs=1, seed=fresh.seed)
    np.testing.assert_array_equal(fresh.theta, again.theta)


def test_theta_is_where_it_begins_and_is_left_alone(net, clouds):
    theta = net.initial(seed=9)
    kept = theta.copy()
    whole = {"optimizer": cr.SGD(0.1), "batch_size": None, "epochs": 1}
    fit = cr.fit(net, *clouds, theta=theta, **whole)
    np.testing.assert_array_equal(theta, kept)
    np.testing.assert_allclose(fit.theta, kept - 0.1 * net.value_and_gradient(kept, *clouds)[1], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_asked_for_or_that_of_the_data(net, clouds, dtype):
    X, T = clouds
    assert cr.fit(net, X.astype(dtype), T, epochs=1).theta.dtype == dtype
    assert cr.fit(net, X, T, epochs=1, dtype=dtype).theta.dtype == dtype
    assert cr.fit(net, X, T, epochs=1, theta=net.initial(0, dtype=dtype)).theta.dtype == dtype
    assert cr.fit(net, (X * 10).astype(int), T.astype(bool), epochs=1).theta.dtype == np.float64


def test_no_shuffling_walks_the_rows_as_they_lie(net, clouds):
    X, T = clouds
    fit = cr.fit(net, X, T, optimizer=cr.SGD(0.1), batch_size=30, epochs=1, shuffle=False)
    theta = net.initial(0)
    for part in (slice(0, 30), slice(30, 60), slice(60, 90)):
        theta = theta - 0.1 * net.value_and_gradient(theta, X[part], T[part])[1]
    np.testing.assert_allclose(fit.theta, theta, rtol=1e-10, atol=1e-13)


def test_weights_count_as_repetitions(net, clouds):
    X, T = clouds
    weight = np.arange(90) % 3.0
    repeated = np.repeat(np.arange(90), weight.astype(int))
    options = {"batch_size": None, "epochs": 20, "optimizer": cr.Momentum(0.1)}
    weighted = cr.fit(net, X, T, sample_weight=weight, **options)
    np.testing.assert_allclose(weighted.theta, cr.fit(net, X[repeated], T[repeated], **options).theta, rtol=1e-8)


def test_batches_without_weight_are_skipped(net, clouds):
    weight = np.r_[np.ones(60), np.zeros(30)]
    fit = cr.fit(net, *clouds, sample_weight=weight, batch_size=30, shuffle=False, epochs=2)
    assert fit.history.updates.tolist() == [2, 4]
    shorter = cr.fit(net, clouds[0][:60], clouds[1][:60], batch_size=30, shuffle=False, epochs=2)
    np.testing.assert_array_equal(fit.theta, shorter.theta)


def test_penalties_and_clipping_reach_the_update(net, clouds):
    whole = {"batch_size": None, "epochs": 1, "optimizer": cr.SGD(1.0)}
    theta = net.initial(0)
    _, g = net.value_and_gradient(theta, *clouds, None, 0.1, 0.2)
    np.testing.assert_allclose(theta - cr.fit(net, *clouds, l1=0.1, l2=0.2, **whole).theta, g, rtol=1e-9, atol=1e-12)
    _, g = net.value_and_gradient(theta, *clouds)
    short = theta - cr.fit(net, *clouds, clip_norm=0.01, **whole).theta
    np.testing.assert_allclose(short, 0.01 * g / np.linalg.norm(g), rtol=1e-9, atol=1e-12)
    cut = theta - cr.fit(net, *clouds, clip_value=0.02, **whole).theta
    np.testing.assert_allclose(cut, g.clip(-0.02, 0.02), rtol=1e-9, atol=1e-12)


def test_the_penalty_per_weight_is_the_alpha_of_scikit_learn(clouds):
    """The whole trajectory of MLPRegressor, weights and loss curve, from the same start."""
    from sklearn.neural_network import MLPRegressor

    X, T = clouds
    net = cr.Network((2, 5, 3), ("tanh", "identity"), "half_squared_error")
    theirs = MLPRegressor(
        hidden_layer_sizes=(5,),
        activation="tanh",
        solver="sgd",
        alpha=0.5,
        batch_size=90,
        shuffle=False,
        learning_rate_init=0.05,
        max_iter=1,
    )
    theirs.partial_fit(X, T)
    theta = net.pack([(W.T, b) for W, b in zip(theirs.coefs_, theirs.intercepts_, strict=True)])
    theirs._optimizer.velocities = [np.zeros_like(v) for v in theirs._optimizer.velocities]
    for _ in range(20):
        theirs.partial_fit(X, T)
    fit = cr.fit(
        net, X, T, theta=theta, optimizer=cr.Nesterov(0.05), batch_size=None, epochs=20, l2=0.5, penalty_per_weight=True
    )
    expected = net.pack([(W.T, b) for W, b in zip(theirs.coefs_, theirs.intercepts_, strict=True)])
    np.testing.assert_allclose(fit.theta, expected, rtol=1e-10, atol=1e-12)


def test_validation_is_the_loss_of_the_other_set(net, clouds):
    X, T = clouds
    weight = np.linspace(0, 1, 30)
    fit = cr.fit(net, X[:60], T[:60], validation=(X[60:], T[60:], weight), epochs=2, l2=0.3)
    assert fit.history.validation[-1] == pytest.approx(net.objective(fit.theta, X[60:], T[60:], weight), rel=1e-12)
    assert np.isnan(cr.fit(net, X, T, epochs=1).history.validation[0])


def test_a_share_is_split_off_before_training(net, clouds):
    X, T = clouds
    fit = cr.fit(net, X, T, validation=0.3, seed=2, epochs=3)
    held, kept = np.split(order_of_split(2, 90), [27])
    by_hand = cr.fit(
        net, X[np.sort(kept)], T[np.sort(kept)], validation=(X[np.sort(held)], T[np.sort(held)]), seed=2, epochs=3
    )
    np.testing.assert_array_equal(fit.theta, by_hand.theta)
    np.testing.assert_array_equal(fit.history.validation, by_hand.history.validation)


def test_early_stopping_restores_the_best_parameters(net, clouds):
    """Labels of the validation set are turned, so that it gets worse while the training loss gets better."""
    X, T = clouds
    seen = []
    keep = lambda epoch: seen.append(epoch.theta.copy())  # noqa: E731
    options = {"validation": (X[:30], np.roll(T[:30], 1, axis=1)), "epochs": 50, "callbacks": keep}
    fit = cr.fit(net, X[30:], T[30:], patience=3, optimizer=cr.Adam(0.05), **options)
    best = int(np.argmin(fit.history.validation))
    assert fit.stopped == "patience"
    assert fit.best_epoch == best + 1
    assert len(fit.history) == best + 1 + 4  # three are borne, the fourth ends it
    np.testing.assert_array_equal(fit.theta, seen[best])
    np.testing.assert_array_equal(fit.state.theta, seen[-1])
    last = cr.fit(net, X[30:], T[30:], patience=3, restore_best=False, optimizer=cr.Adam(0.05), **options)
    np.testing.assert_array_equal(last.theta, last.state.theta)


def test_min_delta_asks_for_more(net, clouds):
    fit = cr.fit(net, *clouds, optimizer=cr.SGD(1e-6), patience=0, min_delta=0.01, epochs=50)
    assert (fit.stopped, len(fit.history)) == ("patience", 2)


def test_a_score_takes_the_place_of_the_validation_loss(net, clouds):
    scores = iter([0.1, 0.9, 0.5, 0.4, 0.3])
    seen = []
    fit = cr.fit(
        net,
        *clouds,
        score=lambda theta: next(scores),
        validation=0.2,
        patience=1,
        callbacks=lambda epoch: seen.append(epoch.theta.copy()),
    )
    assert fit.history.score.tolist() == [0.1, 0.9, 0.5, 0.4]
    assert fit.best_epoch == 2
    np.testing.assert_array_equal(fit.theta, seen[1])


def test_a_plateau_reduces_the_rate(net, clouds):
    schedule = cr.schedules.ReduceOnPlateau(0.1, factor=0.5, patience=1, min_delta=10.0)
    fit = cr.fit(net, *clouds, optimizer=cr.SGD(schedule), epochs=8)
    np.testing.assert_allclose(fit.history.learning_rate, [0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125])


def test_a_callback_that_returns_true_stops_and_other_answers_do_not(net, clouds):
    fit = cr.fit(net, *clouds, epochs=20, callbacks=[lambda epoch: 1, lambda epoch: epoch.number == 3])
    assert (fit.stopped, len(fit.history)) == ("callback", 3)
    assert cr.fit(net, *clouds, epochs=2, callbacks=[lambda epoch: np.True_]).stopped == "callback"
    assert cr.fit(net, *clouds, epochs=2, callbacks=[lambda epoch: "yes"]).stopped == "epochs"


def test_a_callback_sees_the_parameters_and_cannot_change_them(net, clouds):
    def look(epoch):
        assert epoch.theta.shape == (net.n_parameters,)
        with pytest.raises(ValueError, match="read-only"):
            epoch.theta[0] = 1.0

    fit = cr.fit(net, *clouds, epochs=2, callbacks=[look])
    assert all(epoch.theta is None for epoch in fit.history)


def test_a_time_limit_stops_within_an_epoch(net, clouds):
    fit = cr.fit(net, *clouds, epochs=10**6, batch_size=1, time_limit=0.2)
    assert fit.stopped == "time_limit"
    assert 0.2 <= fit.state.seconds < 2.0


def test_gradient_norms_by_layer(net, clouds):
    fit = cr.fit(net, *clouds, batch_size=None, epochs=1)
    _, g = net.value_and_gradient(net.initial(0), *clouds)
    np.testing.assert_allclose(
        fit.history[0].gradient_norms, [np.linalg.norm(g[:18]), np.linalg.norm(g[18:])], rtol=1e-10
    )
    assert fit.history[0].gradient_norm == pytest.approx(np.linalg.norm(g))


@pytest.mark.parametrize("rule", [cr.NAdam(0.01), cr.SGD(cr.schedules.ReduceOnPlateau(0.1, patience=0, min_delta=1.0))])
def test_going_on_from_a_state_gives_the_bits_of_one_run(net, clouds, rule):
    options = {"optimizer": rule, "dropout": 0.2, "validation": 0.2, "batch_size": 16}
    whole = cr.fit(net, *clouds, epochs=7, **options)
    first = cr.fit(net, *clouds, epochs=3, **options)
    state = pickle.loads(pickle.dumps(first.state))  # noqa: S301  our own bytes
    rest = cr.fit(net, *clouds, epochs=4, state=state, **options)
    np.testing.assert_array_equal(rest.theta, whole.theta)
    np.testing.assert_array_equal(rest.history.loss, whole.history.loss)
    np.testing.assert_array_equal(rest.history.number, np.arange(1, 8))
    assert rest.state.seconds > first.state.seconds


@pytest.fixture
def cut_short(net, clouds, monkeypatch):
    """`cr.fit` that leaves after 30 updates, as Ctrl-C would."""
    from chainrule.training import loop, pacing

    def fit(**options):
        with monkeypatch.context() as patch:
            patch.setattr(pacing, "CALL_SECONDS", 1e-9)
            patch.setattr(loop.Run, "_halt", lambda run, wish: "cut" if run.session.updates == 30 else "")
            return cr.fit(net, *clouds, epochs=3, **options)

    return fit


def test_going_on_from_the_middle_of_an_epoch_gives_the_bits_of_one_run(net, clouds, cut_short):
    options = {"optimizer": cr.Adam(0.01), "batch_size": 4, "dropout": 0.3}
    whole = cr.fit(net, *clouds, epochs=3, **options)
    cut = cut_short(**options)
    assert (cut.state.epoch, cut.state.batch) == (1, 7)
    rest = cr.fit(net, *clouds, epochs=2, state=cut.state, **options)
    np.testing.assert_array_equal(rest.theta, whole.theta)
    np.testing.assert_array_equal(rest.history.loss, whole.history.loss)


def test_within_an_epoch_only_the_same_mini_batches_go_on(net, clouds, cut_short):
    """Mini-batch 7 of other mini-batches is made of other rows: some would be skipped, some taken twice."""
    state = cut_short(batch_size=4).state
    with pytest.raises(ValueError, match="within an epoch over 90 samples, and X has 60"):
        cr.fit(net, clouds[0][:60], clouds[1][:60], state=state, batch_size=4)
    with pytest.raises(ValueError, match="mini-batches of 4 rows, and batch_size is 8"):
        cr.fit(net, *clouds, state=state, batch_size=8)
    with pytest.raises(ValueError, match="with shuffle=True, and shuffle is False"):
        cr.fit(net, *clouds, state=state, batch_size=4, shuffle=False)
    whole = cr.fit(net, *clouds, state=state, batch_size=4, epochs=1).state
    other = cr.fit(net, *clouds, state=whole, batch_size=8, epochs=1, shuffle=False)
    assert other.history.updates.tolist() == [23, 46, 58]


@pytest.mark.parametrize("first", [cr.SGD(0.1), cr.LBFGS(), cr.AdamW(), cr.Momentum(0.1)])
def test_a_state_is_of_use_to_the_rule_that_left_it_alone(net, clouds, first):
    """SGD and L-BFGS remember nothing, and AdamW's memory has the form of Adam's: none of them is Adam's."""
    state = cr.fit(net, *clouds, optimizer=first, epochs=2).state
    name = type(first).__name__
    with pytest.raises(ValueError, match=f"left by {name}, and the optimizer is Adam, .* go on with {name}, or begin"):
        cr.fit(net, *clouds, optimizer=cr.Adam(), state=state)
    if name != "LBFGS":
        with pytest.raises(ValueError, match=f"left by {name}, and the optimizer is LBFGS"):
            cr.fit(net, *clouds, optimizer=cr.LBFGS(), state=state)
    with pytest.raises(ValueError, match="the state kept is not one of Adam"):
        cr.fit(net, *clouds, optimizer=cr.Adam(), state=replace(state, rule="Adam", optimizer={}))
    anew = cr.fit(net, *clouds, optimizer=cr.Adam(), theta=state.theta, epochs=1)
    assert anew.history.updates.tolist() == [3]


@pytest.mark.parametrize("rule", [cr.Adam(), cr.LBFGS()])
@pytest.mark.parametrize(("had", "asked"), [(np.float64, np.float32), (np.float32, np.float64)])
def test_a_state_keeps_its_dtype(net, clouds, rule, had, asked):
    state = cr.fit(net, *clouds, optimizer=rule, epochs=1, dtype=had).state
    with pytest.raises(ValueError, match=f"dtype is {np.dtype(asked)}, but the state's theta is {np.dtype(had)}"):
        cr.fit(net, *clouds, optimizer=rule, state=state, dtype=asked)
    assert cr.fit(net, *clouds, optimizer=rule, state=state, dtype=had, epochs=1).theta.dtype == had
    assert cr.fit(net, clouds[0].astype(asked), clouds[1], optimizer=rule, state=state, epochs=1).theta.dtype == had


def test_another_quantity_to_watch_makes_the_best_begin_anew(net, clouds):
    """The training loss of the first run is lower than any validation loss of the second can be: turned labels."""
    X, T = clouds
    first = cr.fit(net, X, T, optimizer=cr.Adam(0.05), epochs=30)
    validation = (X, 0.5 * np.roll(T, 1, axis=1) + 0.5 * T)
    options = {"optimizer": cr.Adam(0.05), "validation": validation, "patience": 1, "epochs": 5}
    held = cr.fit(net, X[:60], validation[1][:60], state=first.state, **options)
    new = held.history.validation[30:]
    assert len(new) > 2
    assert new.min() > first.history.loss.min()
    assert held.best_epoch == 31 + int(new.argmin())
    assert (held.state.best.watching, held.state.best.value) == ("validation", new.min())
    scored = cr.fit(net, X, T, state=held.state, score=lambda theta: -100.0, **options)
    assert scored.best_epoch == len(held.history) + 1
    back = cr.fit(net, X, T, state=scored.state, optimizer=cr.Adam(0.05), epochs=1)
    assert (back.best_epoch, back.state.best.waited) == (len(back.history), 0)


def test_another_quantity_to_watch_makes_a_plateau_begin_anew_at_its_rate(net, clouds):
    schedule = cr.schedules.ReduceOnPlateau(0.1, factor=0.5, patience=1, min_delta=0.0)
    scores = iter([5.0, 0.0, 0.0, 2.0, 3.0])  # 5 and twice no better: the rate falls once
    first = cr.fit(net, *clouds, optimizer=cr.SGD(schedule), epochs=3, score=lambda theta: next(scores))
    assert (first.state.plateau.scale, first.state.plateau.best) == (0.5, -5.0)
    rest = cr.fit(net, *clouds, optimizer=cr.SGD(schedule), epochs=3, state=first.state)
    np.testing.assert_allclose(rest.history.learning_rate[3:], 0.05)
    assert rest.state.plateau.best == rest.history.loss[3:].min()


def test_lbfgs_finds_a_lower_loss_than_scikit_learn_or_the_same(clouds):
    from sklearn.neural_network import MLPRegressor

    X, T = clouds
    net = cr.Network((2, 5, 1), ("tanh", "identity"), "half_squared_error")
    theirs = MLPRegressor(
        hidden_layer_sizes=(5,), activation="tanh", solver="lbfgs", alpha=0.1, max_iter=2000, random_state=0
    )
    theirs.fit(X, T[:, 0])
    fit = cr.fit(net, X, T[:, 0], optimizer=cr.LBFGS(), epochs=2000, l2=0.1, penalty_per_weight=True, seed=1)
    assert fit.stopped.startswith("converged")
    assert fit.history.loss[-1] <= theirs.loss_ * 1.05
    assert (np.diff(fit.history.loss) <= 0).all()
    assert np.isnan(fit.history.learning_rate).all()


def test_lbfgs_has_the_same_history_callbacks_and_stopping(net, clouds):
    X, T = clouds
    validation = (X[:30], np.roll(T[:30], 1, axis=1))
    fit = cr.fit(net, X[30:], T[30:], optimizer=cr.LBFGS(), epochs=100, validation=validation, patience=2)
    assert fit.stopped == "patience"
    assert fit.best_epoch == int(np.argmin(fit.history.validation)) + 1
    assert net.objective(fit.theta, *validation) == pytest.approx(fit.history.validation.min(), rel=1e-12)
    stop = cr.fit(net, X, T, optimizer=cr.LBFGS(), callbacks=lambda epoch: epoch.number == 2)
    assert (stop.stopped, len(stop.history)) == ("callback", 2)
    more = cr.fit(net, X, T, optimizer=cr.LBFGS(), epochs=3, state=stop.state)
    assert more.history.number.tolist() == [1, 2, 3, 4, 5]
    assert cr.fit(net, X.astype(np.float32), T, optimizer=cr.LBFGS(), epochs=3).theta.dtype == np.float32


def test_sparse_rows_train_like_dense_ones(net, clouds):
    from scipy.sparse import coo_array, csc_matrix

    X, T = clouds
    X = np.where(np.abs(X) < 1, 0.0, X)
    options = {"validation": 0.2, "epochs": 3, "dropout": (0.1, 0.2)}
    dense = cr.fit(net, X, T, **options)
    for form in (coo_array, csc_matrix):
        sparse = cr.fit(net, form(X), T, **options)
        np.testing.assert_allclose(sparse.theta, dense.theta, rtol=1e-10)
        np.testing.assert_allclose(sparse.predict(form(X)), dense.predict(X), rtol=1e-10)


def test_several_threads_can_train_at_once(net, clouds):
    found = {}

    def work(seed):
        found[seed] = cr.fit(net, *clouds, seed=seed, epochs=5, dropout=0.2).theta

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, theta in found.items():
        np.testing.assert_array_equal(theta, cr.fit(net, *clouds, seed=seed, epochs=5, dropout=0.2).theta)


def test_a_network_without_hidden_layer_is_logistic_regression(clouds):
    from sklearn.linear_model import LogisticRegression

    X, T = clouds
    net = cr.Network((2, 3), ("softmax",), "categorical_cross_entropy")
    fit = cr.fit(net, X, T, optimizer=cr.LBFGS(gradient_tolerance=1e-9, value_tolerance=0), epochs=500, l2=1 / 90)
    theirs = LogisticRegression(C=1.0, tol=1e-9, max_iter=1000).fit(X, T.argmax(axis=1))
    np.testing.assert_allclose(fit.predict(X), theirs.predict_proba(X), atol=1e-5)


def test_a_fit_pickles(net, clouds):
    fit = cr.fit(net, *clouds, epochs=2)
    again = pickle.loads(pickle.dumps(fit))  # noqa: S301  our own bytes
    np.testing.assert_array_equal(again.theta, fit.theta)
    np.testing.assert_array_equal(again.predict(clouds[0]), fit.predict(clouds[0]))
    assert again.history.to_json() == fit.history.to_json()
    assert replace(fit, stopped="x").stopped == "x"
