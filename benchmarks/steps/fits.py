"""Whole fits on one core: digits to 97.5 %, a regression of a million rows, and 200 small fits in a grid search.

Reading the data and importing are not counted; building and compiling the model are. Each answers with seconds and
with what came out, by which one sees that everyone did the same work.
"""

import itertools
import os
import statistics
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from cases import Problem
from peers import OURS, PEERS, chainrule_parts
from turns import compare

READY = "JAX, compiled before"
SECONDS = 100.0  # after which no new round begins
GOAL, MOST_EPOCHS = 0.975, 300
GRID = {
    "hidden_layer_sizes": [(16,), (32,)],
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [1e-3, 2e-3, 5e-3, 1e-2, 2e-2],
}
FOLDS, GRID_BATCH, GRID_EPOCHS = 5, 50, 20


# ---- digits until 97.5 % of the held-out quarter are right


def digits_problem(seed):
    """1344 rows, 42 batches of 32, to train on; 453 held out."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X, X_held, y, y_held = train_test_split(
        (X / 16).astype(np.float32), y, test_size=453, random_state=seed, stratify=y
    )
    return Problem((64, 100, 10), 32, X, y, learning_rate=2e-3, seed=seed), X_held, y_held


def digits(peer, given, clock):
    """Seconds until the goal, and the epochs it took."""
    problem, X_held, y_held = given
    start = clock()
    if peer == OURS:
        epochs = _digits_by_fit(problem, X_held, y_held)
    else:
        epochs = _digits_by_epochs(PEERS[peer](problem, 1), X_held, y_held)
    return clock() - start, epochs


def _digits_by_epochs(training, X_held, y_held):
    for epoch in range(1, MOST_EPOCHS + 1):
        training.run(1)
        if np.mean(training.predicted(X_held) == y_held) >= GOAL:
            return epoch
    return MOST_EPOCHS


def _digits_by_fit(problem, X_held, y_held):
    import chainrule as cr

    network, theta, rule = chainrule_parts(problem)
    fit = cr.fit(
        network,
        problem.X,
        problem.T,
        theta=theta,
        optimizer=rule,
        batch_size=problem.batch_size,
        epochs=MOST_EPOCHS,
        seed=problem.seed,
        score=lambda theta: np.mean(network.predict(theta, X_held).argmax(1) == y_held),
        callbacks=lambda epoch: epoch.score >= GOAL,
        progress=False,
    )
    return len(fit.history)


# ---- three epochs of a million rows


@lru_cache
def regression_problem(rows=1_000_000):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 20)).astype(np.float32)
    y = np.sin(X @ rng.normal(size=20) / 2) + X[:, 0] * X[:, 1] / 2 + 0.1 * rng.normal(size=rows)
    return Problem((20, 64, 64, 1), 500, X, y.astype(np.float32))


def regression(peer, problem, clock):
    """Seconds of three epochs, and the mean squared error of the first hundred thousand rows after them."""
    start = clock()
    if peer == OURS:
        predicted = _regression_by_fit(problem)
    else:
        training = PEERS[peer](problem, 1)
        training.run(3)
        predicted = training.predicted
    seconds = clock() - start
    some = slice(100_000)
    return seconds, float(np.mean((predicted(problem.X[some]) - problem.y[some]) ** 2))


def _regression_by_fit(problem):
    import chainrule as cr

    network, theta, rule = chainrule_parts(problem)
    fit = cr.fit(
        network,
        problem.X,
        problem.y,
        theta=theta,
        optimizer=rule,
        batch_size=problem.batch_size,
        epochs=3,
        progress=False,
    )
    return lambda X: fit.predict(X)[:, 0]


# ---- 40 settings, each fitted on 5 folds


def grid_data():
    """500 rows, so that each fold trains on 8 batches of 50."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 20)).astype(np.float32)
    return X, np.argmax(np.tanh(X @ rng.normal(size=(20, 3))) + 0.3 * rng.normal(size=(500, 3)), axis=1)


def grid_search(peer, grid, clock):
    """Seconds of all fits and their scores, and the best mean accuracy."""
    from sklearn.model_selection import GridSearchCV, KFold

    X, y = grid_data()
    folds = KFold(FOLDS)
    start = clock()
    if peer in (OURS, "scikit-learn"):
        fixed = {"batch_size": GRID_BATCH, "max_iter": GRID_EPOCHS, "n_iter_no_change": GRID_EPOCHS, "random_state": 0}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged
            best = GridSearchCV(_classifier(peer)(**fixed), grid, cv=folds, refit=False).fit(X, y).best_score_
    else:
        best = max(
            statistics.mean(_fold(peer, X, y, split, *setting) for split in folds.split(X))
            for setting in itertools.product(*grid.values())
        )
    return clock() - start, float(best)


def _classifier(peer):
    if peer == OURS:
        from chainrule import MLPClassifier
    else:
        from sklearn.neural_network import MLPClassifier
    return MLPClassifier


def _fold(peer, X, y, split, hidden, alpha, learning_rate):
    train, test = split
    problem = Problem((20, *hidden, 3), GRID_BATCH, X[train], y[train], "relu", learning_rate, alpha / GRID_BATCH)
    training = PEERS[peer](problem, 1)
    training.run(GRID_EPOCHS)
    return np.mean(training.predicted(X[test]) == y[test])


# ---- in turns


@dataclass(frozen=True)
class Kind:
    """A fit, what it is given in each round, and a small one of its kind to warm up with."""

    title: str
    came_out: str
    fit: Callable
    given: Callable
    small: Callable
    rounds: int
    peers: tuple[str, ...]


JAX = ("JAX scan", READY)
KINDS = {
    "digits": Kind(
        "digits to 97.5 %", "epochs", digits, digits_problem, lambda: digits_problem(100), 7,
        (OURS, "scikit-learn", "torch eager", *JAX, "Keras"),
    ),
    "regression": Kind(
        "1,000,000 x 20, 3 epochs", "squared error", regression, lambda number: regression_problem(),
        lambda: regression_problem(10_000), 3, (OURS, "scikit-learn", "torch eager", *JAX, "Keras"),
    ),
    "grid": Kind(
        "200 fits, grid search", "best accuracy", grid_search, lambda number: GRID,
        lambda: GRID | {"alpha": [1e-4], "learning_rate_init": [1e-3]}, 3, (OURS, "scikit-learn", "torch eager", *JAX),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Fits:
    """Work for `turns.compare`: seconds and outcome of a fit, after a small one that does not count."""

    name: str

    def __call__(self, peer, threads, clock):
        kind = KINDS[self.name]
        ready, forget = peer == READY, peer == "JAX scan"
        peer = "JAX scan" if ready else peer
        kind.fit(peer, kind.given(0) if ready else kind.small(), clock)

        def measure(number):
            if forget:
                _forget_compiled()
            return kind.fit(peer, kind.given(number), clock)

        return measure


def _forget_compiled():
    import jax
    from peers import jax_functions

    jax_functions.cache_clear()
    jax.clear_caches()


def measured(name, peers):
    """One whole fit: by peer the median seconds and what came out, and why a peer is missing."""
    kind, core = KINDS[name], {max(os.sched_getaffinity(0))}
    wanted = [peer for peer in kind.peers if peer in peers or (peer == READY and "JAX scan" in peers)]
    found, missing = compare(Fits(name), dict.fromkeys(wanted, core), kind.rounds, SECONDS)
    medians = {peer: [statistics.median(part) for part in zip(*values, strict=True)] for peer, values in found.items()}
    return {
        "fit": name,
        "title": kind.title,
        "came_out": kind.came_out,
        "seconds": {peer: median[0] for peer, median in medians.items() if median},
        "outcome": {peer: median[1] for peer, median in medians.items() if median},
        "missing": missing,
    }


def line(row):
    """A row as it is printed while measuring."""
    parts = [f"{peer} {seconds:.3g} s ({row['outcome'][peer]:.3g})" for peer, seconds in row["seconds"].items()]
    return f"{row['title']}: " + ", ".join(
        parts + [f"{peer} is missing: {why}" for peer, why in row["missing"].items()]
    )
