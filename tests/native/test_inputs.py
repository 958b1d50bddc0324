"""Whatever arrays and numbers are handed in: right results or clear errors, never a crash."""

import math

import numpy as np
import pytest
import scipy.sparse

import chainrule as cr
from chainrule.engine import native_loading, reference
from chainrule.network.spec import Network
from native.jobs import job_for, native, problem

NETWORK = Network.parse("6-5:tanh-2", loss="half_squared_error")
REFUSED = (TypeError, ValueError)


def expected(X):
    theta, _, T, _ = problem(NETWORK, 20)
    return reference.value_and_gradient(NETWORK, theta, np.asarray(X, np.float64), T)


def layouts(X):
    """The same numbers in every way NumPy can hold them."""
    read_only = X.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape)
    wide = np.zeros((X.shape[0], 3 * X.shape[1]))
    wide[:, ::3] = X
    return {
        "columns first": np.asfortranarray(X),
        "every second row": np.repeat(X, 2, axis=0)[::2],
        "every third column": wide[:, ::3],
        "backwards": X[::-1].copy()[::-1],
        "mirrored": X[:, ::-1].copy()[:, ::-1],
        "read only": read_only,
        "unaligned": unaligned,
        "foreign byte order": X.astype(X.dtype.newbyteorder()),
        "of another precision": X.astype(np.longdouble),
        "a subclass": X.view(np.recarray),
        "sparse by columns": scipy.sparse.csc_matrix(X),
        "sparse coordinates": scipy.sparse.coo_array(X),
    }


@pytest.mark.parametrize("name", layouts(np.ones((2, 2))))
def test_every_layout_of_x_gives_the_same(name):
    theta, X, T, _ = problem(NETWORK, 20)
    given = layouts(X)[name]
    J, g = native.value_and_gradient(NETWORK, theta, given, T)
    assert pytest.approx(expected(X)[0], rel=1e-13) == J
    np.testing.assert_allclose(g, expected(X)[1], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(native.predict(NETWORK, theta, given), NETWORK.predict(theta, X), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.bool_, np.float16, np.float32])
def test_other_numbers_become_thetas(dtype):
    theta, X, T, _ = problem(NETWORK, 20)
    whole = (3 * X).astype(dtype)
    np.testing.assert_allclose(
        native.value_and_gradient(NETWORK, theta, whole, T)[1], expected(whole)[1], rtol=1e-10, atol=1e-14
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("where", ["theta", "X", "T", "sample_weight"])
def test_what_is_not_finite_comes_out_as_it_does_in_the_reference(bad, where):
    theta, X, T, w = problem(NETWORK, 20, weighted=True)
    {"theta": theta, "X": X, "T": T, "sample_weight": w}[where].flat[-1] = bad
    with np.errstate(all="ignore"):
        J, g = native.value_and_gradient(NETWORK, theta, X, T, sample_weight=w)
        by_reference = reference.value_and_gradient(NETWORK, theta, X, T, sample_weight=w)
        predicted = NETWORK.predict(theta, X)
    assert math.isfinite(J) == math.isfinite(by_reference[0])
    assert np.isfinite(g).all() == np.isfinite(by_reference[1]).all()
    np.testing.assert_allclose(native.predict(NETWORK, theta, X), predicted, rtol=1e-10)


def test_no_rows():
    theta, X, T, w = problem(NETWORK, 20, weighted=True)
    for none in (X[:0], scipy.sparse.csr_matrix(X[:0])):
        J, g = native.value_and_gradient(NETWORK, theta, none, T[:0], sample_weight=w[:0])
        assert math.isnan(J)
        assert np.isnan(g).all()
        assert math.isnan(native.objective(NETWORK, theta, none, T[:0]))
        assert native.predict(NETWORK, theta, none).shape == (0, 2)
    assert native.predictor(NETWORK, theta)(X[:0]).shape == (0, 2)
    assert math.isnan(native.objective(NETWORK, theta, X, T, sample_weight=np.zeros(20)))


WRONG_X = {
    "too narrow": np.ones((20, 5)),
    "too wide": np.ones((20, 7)),
    "too few rows": np.ones((19, 6)),
    "one sample alone": np.ones(6),
    "a number": np.array(1.0),
    "three axes": np.ones((20, 6, 1)),
    "no columns": np.ones((20, 0)),
    "text": np.full((20, 6), "a"),
    "sparse and too narrow": scipy.sparse.csr_matrix(np.ones((20, 5))),
    "sparse and too wide": scipy.sparse.csr_matrix(np.ones((20, 7))),
}


@pytest.mark.parametrize("name", WRONG_X)
def test_an_x_that_does_not_fit_is_refused(name):
    theta, _, T, _ = problem(NETWORK, 20)
    with pytest.raises(REFUSED):
        native.value_and_gradient(NETWORK, theta, WRONG_X[name], T)


@pytest.mark.parametrize("T", [np.ones((20, 1)), np.ones((19, 2)), np.ones((20, 2, 1)), np.ones(40), np.ones((0, 2))])
def test_targets_that_do_not_fit_are_refused(T):
    theta, X, _, _ = problem(NETWORK, 20)
    with pytest.raises(REFUSED, match="T "):
        native.value_and_gradient(NETWORK, theta, X, T)


@pytest.mark.parametrize("w", [np.ones(19), np.ones((20, 1)), np.ones(0)])
def test_weights_that_do_not_fit_are_refused(w):
    theta, X, T, _ = problem(NETWORK, 20)
    with pytest.raises(REFUSED, match="sample_weight"):
        native.value_and_gradient(NETWORK, theta, X, T, sample_weight=w)


@pytest.mark.parametrize("theta", [np.ones(46), np.ones(48), np.ones((47, 1)), np.ones(0), np.ones(47, complex)])
def test_a_theta_that_does_not_fit_is_refused(theta):
    _, X, T, _ = problem(NETWORK, 20)
    with pytest.raises(REFUSED):
        native.value_and_gradient(NETWORK, theta, X, T)
    with pytest.raises(REFUSED):
        native.predict(NETWORK, theta, X)


# Below: the compiled classes themselves, which no check of ours in Python stands before.

IDENTITY, SQUARED = (0, []), (1, [])


def compiled(sizes=(6, 5, 2), activations=3 * (IDENTITY,), bias=True, loss=SQUARED, scale=1.0, targets=2):
    made = native_loading.module().Net64
    return made(list(sizes), list(activations), bias, loss, scale, targets, None, None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": ()},
        {"sizes": (6,), "activations": (IDENTITY,)},
        {"sizes": (6, 0, 2)},
        {"sizes": (6, -5, 2)},
        {"sizes": (6, 2**62, 2)},
        {"activations": ()},
        {"activations": 2 * (IDENTITY,)},
        {"activations": 3 * ((99, []),)},
        {"activations": 3 * ((-2, []),)},
        {"loss": (99, [])},
        {"loss": (-7, [])},
        {"targets": 0},
        {"targets": 3},
        {"targets": -1},
        {"loss": (14, []), "targets": 2},  # gaussian_nll
        {"sizes": (6, 5, 3), "loss": (9, [0.5]), "targets": 2},  # quantile
    ],
    ids=str,
)
def test_a_network_that_cannot_be_is_refused(wrong):
    with pytest.raises(REFUSED):
        compiled(**wrong)


def session(**changes):
    _, X, T, _ = problem(NETWORK, 20)
    given = {
        "net": compiled(),
        "X": X,
        "T": T,
        "sample_weight": None,
        "rule": (0, []),
        "batch_size": 5,
        "l1": 0.0,
        "l2": 0.0,
        "penalty_per_weight": False,
        "clip_norm": 0.0,
        "clip_value": 0.0,
        "dropout": [],
        "seed": 0,
        "updates": 0,
        "custom_rule": None,
        "threads": 0,
    }
    return native_loading.module().Session64(**(given | changes))


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 0},
        {"batch_size": -1},
        {"batch_size": 2**60},
        {"dropout": [0.1, 0.1, 0.1]},
        {"dropout": [1.0]},
        {"dropout": [-0.1]},
        {"dropout": [math.nan]},
        {"rule": (99, [])},
        {"rule": (-2, [])},
        {"rule": (5, [0.9])},  # Adam takes four
        {"T": None},
        {"X": None},
        {"X": ()},
        {"X": (np.ones(1), np.zeros(1, np.int32))},
        {"X": (np.ones(1), np.zeros(1, np.int32), np.zeros(0, np.int32))},
        {"X": (np.ones(1), np.zeros(1, np.int32), np.array([0, 2], np.int32))},
        {"X": (np.ones(1), np.zeros(1, np.int32), np.array([0, -1], np.int32))},
        {"X": (np.ones(1), np.array([6], np.int32), np.array([0, 1], np.int32))},
        {"X": (np.ones(1), np.array([-1], np.int64), np.array([0, 1], np.int64))},
        {"X": (np.ones(1), np.zeros(1, np.int64), np.array([0, 1], np.int32))},
        {"X": (np.ones(1), np.zeros(1), np.array([0.0, 1.0]))},
        {"X": np.ones((20, 6), np.float32)},
        {"X": np.ones((6, 20)).T},
        {"seed": -1},
    ],
    ids=str,
)
def test_a_session_that_cannot_be_is_refused(wrong):
    with pytest.raises(REFUSED):
        session(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"order": np.arange(20, dtype=np.int32)},
        {"order": np.arange(19)},
        {"order": np.full(20, -1)},
        {"order": np.full(20, 20)},
        {"order": np.arange(40)[::2]},
        {"first_batch": -1},
        {"first_batch": 4},
        {"n_batches": 5},
        {"n_batches": -1},
        {"learning_rates": np.ones(3)},
        {"book": np.empty((3, 3))},
        {"book": np.empty((2, 4))},
        {"book": np.empty((4, 3)).T},
        {"theta": np.ones(46)},
        {"theta": np.ones(47, np.float32)},
        {"theta": np.ones(94)[::2]},
        {"gradient": np.ones(46)},
        {"state": {}},
        {"state": {"velocity": np.ones(46)}},
        {"state": {"velocity": np.ones(47, np.float32)}},
        {"state": {"velocity": [0.0] * 47}},
    ],
    ids=str,
)
def test_a_call_that_cannot_be_is_refused(wrong):
    given = {
        "order": None,
        "first_batch": 0,
        "n_batches": 4,
        "learning_rates": np.full(4, 0.1),
        "theta": np.ones(47),
        "gradient": np.ones(47),
        "state": {"velocity": np.zeros(47)},
        "book": np.empty((3, 4)),
    }
    before = given["theta"].copy()
    with pytest.raises(REFUSED):
        session(rule=(1, [0.9])).run(**(given | wrong))
    np.testing.assert_array_equal(given["theta"], before)


def test_a_predictor_is_given_what_it_was_made_for():
    theta, X, _, _ = problem(NETWORK, 20)
    S = scipy.sparse.csr_matrix(X)
    made, out = native_loading.module().Predictor64, np.empty((20, 2))
    dense, sparse = (made(compiled(), theta, 8, sparse) for sparse in (False, True))
    with pytest.raises(ValueError, match="sparse"):
        dense.rows_into((S.data, S.indices, S.indptr), out)
    with pytest.raises(ValueError, match="sparse"):
        sparse.rows_into(X, out)
    with pytest.raises(ValueError, match="sparse"):
        sparse.into(X, out)
    with pytest.raises(ValueError, match="fit"):
        dense.rows_into(X, out[:19])
    out.flags.writeable = False
    with pytest.raises(REFUSED):
        dense.into(X, out)


def test_the_networks_asked_for_last_are_kept():
    from chainrule.engine.native_network import MOST_KEPT, compiled_network

    networks = [Network((1, n + 1), ("identity",), "half_squared_error") for n in range(MOST_KEPT + 1)]
    first = compiled_network(networks[0], "64")
    second = compiled_network(networks[1], "64")
    for network in networks[2:MOST_KEPT]:
        compiled_network(network, "64")
    assert compiled_network(networks[0], "64") is first
    compiled_network(networks[MOST_KEPT], "64")  # one more than are kept: the second has rested longest
    assert compiled_network(networks[0], "64") is first
    assert compiled_network(networks[1], "64") is not second


def test_memory_that_python_has_dropped_is_still_there():
    theta, X, T, _ = problem(NETWORK, 20)
    rule = cr.Adam(0.01)
    made = native.session(job_for(NETWORK, X.copy(), T.copy(), optimizer=rule), theta.copy(), rule.init(theta))
    expected = native.session(job_for(NETWORK, X, T, optimizer=rule), theta, rule.init(theta))
    _ = [np.full((20, 6), np.nan) for _ in range(100)]  # would take the place of what was freed
    rates = np.full(2, 0.01)
    np.testing.assert_array_equal(made.run(None, 0, 2, rates).objectives, expected.run(None, 0, 2, rates).objectives)
