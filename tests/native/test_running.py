"""Threads, cuts, interruptions, sparse inputs and wrong arguments: how the compiled engine behaves under way."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import scipy.sparse

import chainrule as cr
from chainrule.engine import native_loading, reference
from chainrule.network.spec import Network
from native.jobs import TOLERANCE, assert_close_by_block, job_for, native, problem, run_engine

WIDE = Network((60, 150, 120, 4), ("relu", "tanh", "softmax"), "categorical_cross_entropy")


def trained(threads, monkeypatch, batch_size=400, dtype=np.float64, **changes):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", str(threads))
    theta, X, T, w = problem(WIDE, 1300, dtype, weighted=True)
    job = job_for(WIDE, X, T, w, batch_size=batch_size, optimizer=cr.Adam(0.01), l2=0.01, **changes)
    theta, state, _, records = run_engine(native, job, theta)
    return theta, state["v"], records[0].objectives, records[0].norms


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("batch_size", [400, 1300])
def test_the_bits_do_not_depend_on_the_number_of_threads(batch_size, dtype, monkeypatch):
    alone = trained(1, monkeypatch, batch_size, dtype, dropout=(0.0, 0.3, 0.2))
    for threads in (2, 3, 8):
        for got, expected in zip(
            trained(threads, monkeypatch, batch_size, dtype, dropout=(0.0, 0.3, 0.2)), alone, strict=True
        ):
            np.testing.assert_array_equal(got, expected)


def test_the_bits_of_wide_layers_do_not_depend_on_the_number_of_threads(monkeypatch):
    network = Network((300, 900, 610, 3), ("relu", "tanh", "identity"), "half_squared_error")
    theta, X, T, _ = problem(network, 600, np.float32)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setenv("CHAINRULE_NUM_THREADS", str(threads))
        found.append(native.value_and_gradient(network, theta, X, T)[1])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_the_bits_do_not_depend_on_how_an_epoch_is_cut():
    network = Network.parse("6-17:tanh-3", loss="categorical_cross_entropy")
    theta, X, T, w = problem(network, 100, weighted=True)
    job = job_for(network, X, T, w, optimizer=cr.NAdam(0.01), dropout=(0.1, 0.2))
    order = np.random.default_rng(0).permutation(100)
    whole, cut = run_engine(native, job, theta, order), run_engine(native, job, theta, order, calls=[1, 3, 0, 3])
    np.testing.assert_array_equal(whole[0], cut[0])
    assert whole[2].updates == cut[2].updates == 7


def test_several_threads_of_python_fit_at_once(monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "2")
    alone = trained(2, monkeypatch)
    found = [None] * 4

    def work(i):
        theta, X, T, w = problem(WIDE, 1300, weighted=True)
        job = job_for(WIDE, X, T, w, batch_size=400, optimizer=cr.Adam(0.01), l2=0.01)
        found[i] = run_engine(native, job, theta)[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for theta in found:
        np.testing.assert_array_equal(theta, alone[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is not here")
def test_a_forked_child_computes_the_same():
    code = (
        "import os, sys; os.environ['CHAINRULE_NUM_THREADS'] = '2'\n"
        "import numpy as np, chainrule as cr\n"
        "from chainrule.engine import native\n"
        "net = cr.Network.parse('60-200:relu-200:relu-4', loss='categorical_cross_entropy')\n"
        "rng = np.random.default_rng(0); X = rng.normal(size=(900, 60)); T = np.eye(4)[rng.integers(0, 4, 900)]\n"
        "theta = net.initial(0); one = native.value_and_gradient(net, theta, X, T)[1]\n"
        "pid = os.fork()\n"
        "two = native.value_and_gradient(net, theta, X, T)[1]\n"
        "ok = bool((one == two).all())\n"
        "if pid == 0: os._exit(0 if ok else 3)\n"
        "sys.exit(0 if ok and os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 else 4)\n"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_inputs(dtype, index):
    network = Network.parse("90-21:tanh-3", loss="categorical_cross_entropy")
    theta, X, T, w = problem(network, 150, dtype, weighted=True)
    X[np.random.default_rng(3).random(X.shape) < 0.9] = 0
    X[7] = 0
    S = scipy.sparse.csr_matrix(X)
    S.indices, S.indptr = S.indices.astype(index), S.indptr.astype(index)
    order = np.random.default_rng(2).permutation(150)
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    for changes in ({}, {"dropout": (0.3, 0.2)}):
        sparse = run_engine(native, job_for(network, S, T, w, optimizer=cr.Adam(0.01), **changes), theta, order)
        dense = run_engine(reference, job_for(network, X, T, w, optimizer=cr.Adam(0.01), **changes), theta, order)
        assert_close_by_block(network, sparse[0], dense[0], tolerance)
    np.testing.assert_allclose(
        native.predict(network, theta, S), native.predict(network, theta, X), rtol=1e-4, atol=1e-6
    )
    g = native.value_and_gradient(network, theta, S, T, sample_weight=w)[1]
    assert_close_by_block(network, g, native.value_and_gradient(network, theta, X, T, sample_weight=w)[1], tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_gradients_of_any_shape_and_order_of_entries(dtype):
    rng = np.random.default_rng(0)
    for n_0, n_1, rows in ((1, 1, 3), (7, 40, 2600), (300, 65, 1030), (33, 129, 70)):
        network = Network((n_0, n_1, 2), ("tanh", "identity"), "half_squared_error")
        theta, X, T, w = problem(network, rows, dtype, weighted=True)
        X[rng.random(X.shape) < 0.8] = 0
        X[:, rng.random(n_0) < 0.5] = 0  # whole blocks of columns without an entry
        halves = scipy.sparse.csr_matrix(X / 2)
        S = scipy.sparse.csr_matrix(  # every entry twice, the later columns first
            (np.repeat(halves.data, 2), np.repeat(halves.indices, 2), 2 * halves.indptr), shape=X.shape
        )
        for i in range(rows):
            S.indices[S.indptr[i] : S.indptr[i + 1]] = S.indices[S.indptr[i] : S.indptr[i + 1]][::-1]
            S.data[S.indptr[i] : S.indptr[i + 1]] = S.data[S.indptr[i] : S.indptr[i + 1]][::-1]
        got = native.value_and_gradient(network, theta, S, T, sample_weight=w, l1=0.01, l2=0.1)
        wide = [x.astype(np.float64) for x in (theta, X, T, w)]
        J, g = reference.value_and_gradient(network, *wide[:3], sample_weight=wide[3], l1=0.01, l2=0.1)
        tolerance = TOLERANCE[np.dtype(dtype)]
        assert pytest.approx(J, rel=10 * tolerance) == got[0]
        assert_close_by_block(network, got[1], g, tolerance)


def test_the_bits_of_sparse_training_do_not_depend_on_the_number_of_threads(monkeypatch):
    network = Network((3000, 64, 3), ("relu", "softmax"), "categorical_cross_entropy")
    theta, X, T, _ = problem(network, 1200, np.float32)
    X[np.random.default_rng(3).random(X.shape) < 0.97] = 0
    job = job_for(network, scipy.sparse.csr_matrix(X), T, optimizer=cr.Adam(0.01), batch_size=600, dropout=(0.2, 0.1))
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("CHAINRULE_NUM_THREADS", threads)
        found.append(run_engine(native, job, theta)[0])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_sparse_inputs_that_are_broken_are_refused():
    network = Network.parse("5-2", loss="categorical_cross_entropy")
    S = scipy.sparse.csr_matrix(np.eye(4, 5))
    S.indices[2] = 7
    with pytest.raises(ValueError, match="column 7 of 5"):
        native.session(job_for(network, S, np.eye(2)[[0, 1, 0, 1]], batch_size=2), network.initial(0), {})


def test_arrays_of_any_kind_are_read():
    network = Network.parse("6-5:tanh-2", loss="half_squared_error")
    theta, X, T, _ = problem(network, 20)
    expected = native.value_and_gradient(network, theta, X, T)[1]
    read_only = X.copy()
    read_only.flags.writeable = False
    for other in (np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], read_only):
        np.testing.assert_array_equal(native.value_and_gradient(network, theta, other, T)[1], expected)
    assert native.predict(network, theta, X[:0]).shape == (0, 2)


def test_what_does_not_fit_is_refused():
    network = Network.parse("6-5:tanh-2", loss="half_squared_error")
    theta, X, T, _ = problem(network, 20)
    with pytest.raises(ValueError, match=r"X has shape \(20, 5\), expected \(N, 6\)"):
        native.predict(network, theta, X[:, :5])
    with pytest.raises(ValueError, match="parameters"):
        native.value_and_gradient(network, theta[:-1], X, T)
    with pytest.raises(TypeError, match="float16"):
        native.predict(network, theta.astype(np.float16), X)
    with pytest.raises(ValueError, match="order holds 20"):
        run_engine(native, job_for(network, X, T), theta, np.full(20, 20))
    session = native.session(job_for(network, X, T), theta, {})
    with pytest.raises(ValueError, match="mini-batches"):
        session.run(None, 1, 2, np.ones(2))
    with pytest.raises(ValueError, match='lacks "m"'):
        native.session(job_for(network, X, T, optimizer=cr.Adam()), theta, {}).run(None, 0, 1, np.ones(1))
    theta.flags.writeable = False
    with pytest.raises((TypeError, ValueError)):
        session.run(None, 0, 1, np.ones(1))


def test_an_error_in_a_function_of_ones_own_comes_out_whole():
    def broken(xp, z):
        raise RuntimeError("no such function")

    own = cr.Activation("broken", f=broken, df=lambda xp, z, a: z)
    network = Network((3, 4, 1), (own, "identity"), "half_squared_error")
    theta, X, T, _ = problem(network, 20)
    with pytest.raises(RuntimeError, match="no such function"):
        run_engine(native, job_for(network, X, T), theta)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_predictor(dtype):
    network = Network((70, 300, 33, 5), ("relu", "tanh", "softmax"), "categorical_cross_entropy")
    theta, X, _, _ = problem(network, 700, dtype)
    predict = cr.predictor(network, theta)
    expected = network.predict(theta.astype(np.float64), X.astype(np.float64))
    theta[:] = 0  # is of no concern to it
    for rows in (1, 2, 300, 700, 0, 1):
        np.testing.assert_allclose(
            predict(X[:rows]), expected[:rows], rtol=1e-3 if dtype == np.float32 else 1e-12, atol=1e-6
        )
    with pytest.raises(ValueError, match="takes 70 inputs"):
        predict(X[:, :3])


def test_the_instruction_level_is_chosen_by_name():
    code = "from chainrule.engine import native; print(native.LEVEL)"
    for level in ("baseline", "nonsense"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "CHAINRULE_ISA": level},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if level == "baseline":
            assert done.stdout.strip() == "baseline"
        else:
            assert "CHAINRULE_ISA is 'nonsense'" in done.stderr


def test_the_processors_are_counted(monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "3")
    assert native_loading.module().processors() == 3
    monkeypatch.delenv("CHAINRULE_NUM_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert native_loading.module().processors() == 1
