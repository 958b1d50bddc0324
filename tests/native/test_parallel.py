"""Fits side by side, in processes, threads and forked children: the same bits as alone."""

import os
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import chainrule as cr

pytest.importorskip("chainrule.engine.native", reason="the compiled engine was not built")

X, y = (part[:240] for part in load_digits(return_X_y=True))
X = X.astype(np.float32) / 16
# wide enough for two threads of the engine's own in each fit
MODEL = cr.MLPClassifier((256, 256), max_iter=2, batch_size=120, tol=0.0, n_iter_no_change=99, random_state=0)
GRID = {"alpha": [1e-4, 1.0], "activation": ["relu", "tanh"]}


def search(n_jobs):
    found = GridSearchCV(MODEL, GRID, cv=2, n_jobs=n_jobs).fit(X, y)
    return found.cv_results_["mean_test_score"], found.best_estimator_.theta_


@pytest.fixture(scope="module")
def alone():
    with pytest.warns(match="Maximum iterations"):
        return search(1)


@pytest.mark.filterwarnings("ignore:.*Maximum iterations")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_grid_search_on_two_jobs_finds_what_one_job_finds(backend, alone):
    with joblib.parallel_config(backend):
        scores, theta = search(2)
    np.testing.assert_array_equal(scores, alone[0])
    np.testing.assert_array_equal(theta, alone[1])


@pytest.mark.filterwarnings("ignore:.*Maximum iterations")
def test_threads_of_python_fit_at_once(monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "2")
    fits = {}

    def fit(seed, place):
        fits[place] = cr.MLPClassifier((256, 256), max_iter=2, random_state=seed).fit(X, y).theta_

    for seed in range(3):
        fit(seed, ("alone", seed))
    threads = [threading.Thread(target=fit, args=(seed, ("together", seed))) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(3):
        np.testing.assert_array_equal(fits["together", seed], fits["alone", seed])


FORKED = """
import multiprocessing, os, sys, warnings
import numpy as np
import chainrule as cr
warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X, y = rng.normal(size=(600, 40)).astype(np.float32), rng.integers(0, 3, 600)

def fit(seed):
    return cr.MLPClassifier((256, 256), max_iter=2, batch_size=300, random_state=seed).fit(X, y).theta_

before = [fit(seed) for seed in range(2)]  # the engine's threads have run in this process
{children}
after = fit(0)
sys.exit(not all(np.array_equal(a, b) for a, b in [*zip(before, found, strict=True), (before[0], after)]))
"""
CHILDREN = {
    "a pool": """
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map(fit, range(2))
""",
    "os.fork": """
found = []
for seed in range(2):
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        with os.fdopen(into, "wb") as file:
            file.write(fit(seed).tobytes())
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as file:
        found.append(np.frombuffer(file.read(), np.float32))
    os.waitpid(child, 0)
""",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is not here")
@pytest.mark.parametrize("way", CHILDREN)
def test_forked_children_fit_as_their_parent_did(way):
    environment = {**os.environ, "CHAINRULE_NUM_THREADS": "2"}
    code = FORKED.format(children=CHILDREN[way])
    done = subprocess.run([sys.executable, "-c", code], env=environment, timeout=120, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
