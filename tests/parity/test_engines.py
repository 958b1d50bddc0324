"""Every engine computes what the equations say: the same J, gradient, masks, updates and records.

The reference engine is checked against network/ directly; an engine that is there besides it joins by its name.
"""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

import chainrule as cr
from chainrule.descent import stored
from chainrule.engine.choosing import choose
from chainrule.engine.dropout import masks
from chainrule.engine.protocol import Job

ENGINES = ["reference", *(["native"] if importlib.util.find_spec("chainrule.engine.native") else [])]
SIZES = (5, 7, 4, 3)
TOLERANCE = {np.float64: 1e-13, np.float32: 1e-5}
RULES = [
    cr.SGD(0.1),
    cr.Momentum(0.1),
    cr.Nesterov(0.1),
    cr.AdaGrad(0.1),
    cr.RMSProp(0.01),
    cr.Adam(0.01),
    cr.Adam(0.01, epsilon_hat=True, epsilon=1e-4),
    cr.AdamW(0.01),
    cr.NAdam(0.01),
]


@pytest.fixture(params=ENGINES)
def engine(request):
    return choose(request.param)


def network(hidden="tanh", output="softmax", loss="categorical_cross_entropy", sizes=SIZES, **options):
    return cr.Network(sizes, [*[hidden] * (len(sizes) - 2), output], loss, **options)


def problem(n=23, dtype=np.float64, net=None, seed=0):
    """X, T, sample_weight; every fourth weight is zero."""
    net = net or network()
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, net.sizes[0])).astype(dtype)
    T = np.eye(net.n_targets, dtype=dtype)[rng.integers(0, net.n_targets, n)]
    weight = rng.uniform(0.5, 2.0, n).astype(dtype)
    weight[::4] = 0
    return X, T, weight


def job_of(net, X, T, weight=None, **options):
    options = {"optimizer": cr.SGD(0.1), "batch_size": 4} | options
    return Job(net, X, T, weight, **options)


def start(job, engine, seed=1, updates=0):
    theta = job.network.initial(seed, dtype=job.X.dtype)
    state = job.optimizer.init(theta)
    return theta, state, engine.session(job, theta, state, updates)


def rates_of(job, epochs=1):
    return np.linspace(0.1, 0.05, job.n_batches * epochs)


def by_hand(job, theta, state, order, rates, updates=0):
    """The protocol's page, line by line, on the public functions of the network: what a session must do."""
    record = []
    for k in range(job.n_batches):
        rows = order[k * job.batch_size : (k + 1) * job.batch_size]
        weight = None if job.sample_weight is None else job.sample_weight[rows]
        w = len(rows) if weight is None else weight.sum()
        if w == 0:
            continue
        p = w if job.penalty_per_weight else 1
        J, g = gradient_under_masks(job, theta, rows, weight, updates + 1, job.l1 / p, job.l2 / p)
        norm = np.linalg.norm(g.astype(float))
        if job.clip_norm and norm > job.clip_norm:
            g = (g * (job.clip_norm / norm)).astype(g.dtype)
        if job.clip_value:
            g = g.clip(-job.clip_value, job.clip_value)
        job.optimizer.update(theta, g, state, float(rates[len(record)]), updates + 1)
        updates += 1
        record.append((J, w, norm))
    return np.array(record), g


def gradient_under_masks(job, theta, rows, weight, step, l1, l2):
    """J and g of a mini-batch; with dropout by the chain rule written out for this test."""
    net, X, T = job.network, job.X[rows], job.T[rows]
    if not job.dropout:
        return net.value_and_gradient(theta, X, T, weight, l1, l2)
    drawn = masks(job.dropout, net.sizes, len(rows), theta.dtype, seed=job.seed, step=step)
    drawn = [1.0 if mask is None else mask for mask in drawn]
    layers, a, fed = net.layers(theta), [X], []
    for l, (W, b) in enumerate(layers):
        fed.append(a[l] * drawn[l])
        z = fed[l] @ W.T + b
        a.append(np.tanh(z) if l < net.depth - 1 else np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))
    share = np.full(len(rows), 1 / len(rows)) if weight is None else weight / weight.sum()
    J = -(share[:, None] * T * np.log(a[-1])).sum() + sum(l1 * abs(W).sum() + l2 / 2 * (W**2).sum() for W, _ in layers)
    delta, parts = (a[-1] - T) * share[:, None], []
    for l in reversed(range(net.depth)):
        W = layers[l][0]
        parts.insert(0, (delta.T @ fed[l] + l1 * np.sign(W) + l2 * W, delta.sum(axis=0)))
        delta = (delta @ W) * drawn[l] * (1 - a[l] ** 2)
    return J, net.pack(parts).astype(theta.dtype)


def close(ours, theirs, dtype=np.float64, factor=1.0):
    """Normwise agreement to the dtype's tolerance."""
    scale = max(np.linalg.norm(np.asarray(theirs, float)), 1e-300)
    assert np.linalg.norm(np.asarray(ours, float) - np.asarray(theirs, float)) <= factor * TOLERANCE[dtype] * scale


CASES = {
    "plain": {},
    "weights": {"weighted": True},
    "penalties": {"l1": 0.01, "l2": 0.1},
    "penalties per weight": {"l1": 0.01, "l2": 0.1, "penalty_per_weight": True, "weighted": True},
    "clip_norm": {"clip_norm": 0.2},
    "clip_value": {"clip_value": 0.02},
    "dropout": {"dropout": (0.2, 0.5, 0.3), "seed": 12345678901234567890},
    "everything": {"dropout": (0.0, 0.5, 0.0), "weighted": True, "l2": 0.1, "clip_norm": 0.3, "seed": 7},
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_epoch_is_the_protocol_line_by_line(engine, case, dtype):
    options = dict(case)
    X, T, weight = problem(dtype=dtype)
    job = job_of(
        network(), X, T, weight if options.pop("weighted", False) else None, optimizer=cr.Momentum(0.1), **options
    )
    theta, state, session = start(job, engine)
    order = np.random.default_rng(5).permutation(len(X))
    record = session.run(order, 0, job.n_batches, rates_of(job))
    other = job.network.initial(1, dtype=dtype)
    memory = job.optimizer.init(other)
    expected, g = by_hand(job, other, memory, order, rates_of(job))
    assert (record.batches, record.updates, record.non_finite) == (6, len(expected), None)
    assert session.updates == len(expected)
    close(theta, other, dtype, 10)
    close(state["velocity"], memory["velocity"], dtype, 20)
    close(session.gradient, g, dtype, 20)
    close(record.norms, expected[:, 2], dtype, 10)
    close(record.objectives, expected[:, 0], dtype, 10)
    close(record.weights, expected[:, 1], dtype, 10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_every_update_rule(engine, rule, dtype):
    X, T, _ = problem(dtype=dtype)
    job = job_of(network(), X, T, optimizer=rule)
    theta, state, session = start(job, engine)
    other = job.network.initial(1, dtype=dtype)
    memory = rule.init(other)
    order = np.arange(len(X))
    session.run(order, 0, job.n_batches, rates_of(job) / 10)
    by_hand(job, other, memory, order, rates_of(job) / 10)
    close(theta, other, dtype, 50)
    kept = stored(state)
    assert kept.keys() == stored(memory).keys()
    for name, array in stored(memory).items():
        close(kept[name], array, dtype, 50)


@pytest.mark.parametrize("output", ["reference", "native"])
def test_an_own_update_rule_runs_on_every_engine_or_is_refused(output):
    class Sign:
        """theta = theta - learning_rate sign(g)."""

        learning_rate = 0.01

        def init(self, theta):
            return {}

        def update(self, theta, gradient, state, learning_rate, step):
            theta -= learning_rate * np.sign(gradient)

    if output not in ENGINES:
        pytest.skip("this engine is not there")
    X, T, _ = problem()
    job = job_of(network(), X, T, optimizer=Sign())
    engine = choose(output)
    if engine.refusal(job):
        return
    theta, _, session = start(job, engine)
    before = theta.copy()
    session.run(None, 0, 1, np.array([0.01]))
    np.testing.assert_allclose(np.abs(theta - before), 0.01, rtol=1e-12)


@pytest.mark.parametrize("cuts", [[1] * 6, [2, 4], [5, 1], [3, 0, 3]])
def test_the_bits_do_not_depend_on_how_an_epoch_is_cut_into_calls(engine, cuts):
    X, T, weight = problem()
    job = job_of(network(), X, T, weight, optimizer=cr.Adam(), dropout=(0.1, 0.4, 0.2), l2=0.01, seed=3)
    order = np.random.default_rng(5).permutation(len(X))
    theta, _, session = start(job, engine)
    whole = session.run(order, 0, 6, np.full(6, 0.01))
    other, _, session = start(job, engine)
    parts, first = [], 0
    for count in cuts:
        parts.append(session.run(order, first, count, np.full(count, 0.01)))
        first += count
    np.testing.assert_array_equal(other, theta)
    for name in ("objectives", "weights", "norms"):
        np.testing.assert_array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))
    assert sum(part.batches for part in parts) == whole.batches == 6


def test_a_session_made_anew_in_the_middle_goes_on_with_the_same_bits(engine):
    X, T, _ = problem()
    job = job_of(network(), X, T, optimizer=cr.NAdam(), dropout=(0.0, 0.4, 0.2), seed=3)
    theta, _, session = start(job, engine)
    session.run(None, 0, 6, np.full(6, 0.01))
    other, state, session = start(job, engine)
    session.run(None, 0, 4, np.full(4, 0.01))
    engine.session(job, other, state, updates=4).run(None, 4, 2, np.full(2, 0.01))
    np.testing.assert_array_equal(other, theta)


def test_what_is_put_into_theta_and_state_between_calls_counts(engine):
    X, T, _ = problem()
    job = job_of(network(), X, T, optimizer=cr.Momentum(0.1))
    theta, state, session = start(job, engine)
    session.run(None, 0, 2, np.full(2, 0.1))
    theta[...] = 0.5
    state["velocity"][...] = 0.25
    other, memory, fresh = start(job, engine)
    other[...] = 0.5
    memory["velocity"][...] = 0.25
    session.run(None, 2, 1, np.array([0.1]))
    fresh.run(None, 2, 1, np.array([0.1]))
    np.testing.assert_array_equal(theta, other)


def test_no_order_is_the_rows_as_they_lie(engine):
    X, T, _ = problem()
    job = job_of(network(), X, T)
    theta, _, session = start(job, engine)
    session.run(None, 0, 6, rates_of(job))
    other, _, session = start(job, engine)
    session.run(np.arange(23), 0, 6, rates_of(job))
    np.testing.assert_array_equal(theta, other)


def test_a_batch_without_weight_is_skipped_and_takes_no_learning_rate(engine):
    X, T, weight = problem()
    weight = np.ones_like(weight)
    weight[4:8] = 0  # the second of six mini-batches
    job = job_of(network(), X, T, weight, dropout=(0.3, 0.3, 0.3))
    theta, _, session = start(job, engine)
    record = session.run(None, 0, 6, rates_of(job))
    assert (record.batches, record.updates, session.updates, len(record.norms)) == (6, 5, 5, 5)
    rest = np.r_[0:4, 8:23]
    short = replace(job, X=X[rest].copy(), T=T[rest].copy(), sample_weight=None)
    other, _, session = start(short, engine)
    session.run(None, 0, 5, rates_of(job)[:5])
    np.testing.assert_array_equal(theta, other)


def test_rows_of_weight_zero_do_not_count(engine):
    X, T, weight = problem()
    X[weight == 0] = 1e6
    J, g = engine.value_and_gradient(network(), network().initial(0), X, T, sample_weight=weight)
    keep = weight > 0
    J2, g2 = network().value_and_gradient(network().initial(0), X[keep], T[keep], weight[keep])
    close([J], [J2])
    close(g, g2, factor=10)


@pytest.mark.parametrize("spoil", ["X", "theta"])
def test_numbers_that_are_not_finite_stop_before_the_update(engine, spoil):
    X, T, _ = problem()
    job = job_of(network("relu"), X, T)
    if spoil == "X":
        X[9, 2] = np.nan  # in the third mini-batch
    theta, _, session = start(job, engine)
    if spoil == "theta":
        theta[0] = np.inf
    record = session.run(None, 0, 6, rates_of(job))
    stop = 2 if spoil == "X" else 0
    assert (record.batches, record.updates, record.non_finite) == (stop, stop, stop)
    good = job_of(network("relu"), np.nan_to_num(X), T)
    other, _, session = start(good, engine)
    if spoil == "theta":
        other[0] = np.inf
    else:
        session.run(None, 0, 2, rates_of(job)[:2])
    np.testing.assert_array_equal(theta, other)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_huge_gradient_that_is_finite_is_no_error(engine, dtype):
    """|g|^2 overflows float32 here, g does not."""
    net = cr.Network((2, 1), ("identity",), "half_squared_error")
    X, T = np.full((4, 2), 1e10, dtype), np.zeros((4, 1), dtype)
    job = job_of(net, X, T, clip_norm=1.0)
    theta = np.array([1e5, 0, 0], dtype)
    record = engine.session(job, theta, job.optimizer.init(theta)).run(None, 0, 1, np.array([0.5]))
    assert record.non_finite is None
    assert record.norms[0] == pytest.approx(2**0.5 * 1e25, rel=1e-5)


def test_an_empty_call_does_nothing(engine):
    X, T, _ = problem()
    theta, _, session = start(job_of(network(), X, T), engine)
    before = theta.copy()
    record = session.run(None, 3, 0, np.empty(0))
    assert (record.batches, record.updates, len(record.weights), len(record.norms)) == (0, 0, 0, 0)
    np.testing.assert_array_equal(theta, before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", sorted(cr.ACTIVATIONS))
def test_every_hidden_activation(engine, name, dtype):
    net = network(name, "identity", "half_squared_error")
    X, T, weight = problem(dtype=dtype, net=net)
    theta = net.initial(3, dtype=dtype)
    J, g = engine.value_and_gradient(net, theta, X, T, sample_weight=weight, l2=0.1)
    J2, g2 = net.value_and_gradient(
        theta.astype(float), X.astype(float), T.astype(float), weight.astype(float), 0.0, 0.1
    )
    assert g.dtype == dtype
    close([J], [J2], dtype, 10)
    for block in net.blocks():
        close(g[block.slice], g2[block.slice], dtype, 20)
    close(engine.predict(net, theta, X), net.predict(theta.astype(float), X.astype(float)), dtype, 10)


def heads():
    """Every loss with every output activation that respects its domain."""
    for name, loss in cr.LOSSES.items():
        width = 2 * loss.outputs_per_target
        for sigma in cr.ACTIVATIONS:
            try:
                yield cr.Network((5, 6, width), ("tanh", sigma), name)
            except ValueError:
                continue


def targets(net, n, dtype):
    """Targets that the loss takes."""
    rng = np.random.default_rng(2)
    if net.loss.target_values:
        return rng.choice(net.loss.target_values, (n, net.n_targets)).astype(dtype)
    return rng.dirichlet(np.ones(net.n_targets), n).astype(dtype)


@pytest.mark.parametrize("net", list(heads()), ids=lambda net: f"{net.activations[-1].name}-{net.loss.name}")
def test_every_head(engine, net):
    X, T = problem(net=net)[0], targets(net, 23, np.float64)
    theta = net.initial(3)
    J, g = engine.value_and_gradient(net, theta, X, T)
    J2, g2 = net.value_and_gradient(theta, X, T)
    close([J], [J2], factor=10)
    close(g, g2, factor=20)
    close([engine.objective(net, theta, X, T)], [J2], factor=10)


def test_own_activations_and_losses(engine):
    cube = cr.Activation("cube", f=lambda xp, z: z**3, df=lambda xp, z, a: 3 * z**2)
    quartic = cr.Loss("quartic", term=lambda xp, f, y: (f - y) ** 4, slope=lambda xp, f, y: 4 * (f - y) ** 3)
    net = cr.Network((5, 7, 3), (cube, "identity"), quartic)
    X, T, _ = problem(net=net)
    theta = net.initial(0)
    J, g = engine.value_and_gradient(net, theta, X, T)
    J2, g2 = net.value_and_gradient(theta, X, T)
    close([J], [J2])
    close(g, g2, factor=10)
    job = job_of(net, X, T)
    assert engine.refusal(job) == ""
    found, _, session = start(job, engine)
    session.run(None, 0, 6, rates_of(job) / 1e4)
    other = net.initial(1)
    by_hand(job, other, job.optimizer.init(other), np.arange(23), rates_of(job) / 1e4)
    close(found, other, factor=10)


@pytest.mark.parametrize("sizes", [(5, 3), (5, 1, 3), (1, 9, 2, 3), (5, *[6] * 8, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_depths_and_widths_with_and_without_bias(engine, sizes, bias):
    net = network(sizes=sizes, bias=bias, input_activation="tanh")
    X, T, _ = problem(net=net)
    theta = net.initial(0)
    close(engine.value_and_gradient(net, theta, X, T)[1], net.value_and_gradient(theta, X, T)[1], factor=20)
    job = job_of(net, X, T, batch_size=5)
    found, _, session = start(job, engine)
    session.run(None, 0, job.n_batches, rates_of(job))
    other = net.initial(1)
    by_hand(job, other, job.optimizer.init(other), np.arange(23), rates_of(job))
    close(found, other, factor=10)


@pytest.mark.parametrize("batch_size", [1, 2, 22, 23])
def test_batch_sizes(engine, batch_size):
    X, T, _ = problem()
    job = job_of(network(), X, T, batch_size=batch_size)
    found, _, session = start(job, engine)
    record = session.run(None, 0, job.n_batches, rates_of(job))
    other = network().initial(1)
    expected, _ = by_hand(job, other, job.optimizer.init(other), np.arange(23), rates_of(job))
    assert record.updates == job.n_batches == len(expected)
    close(found, other, factor=10)
    close(record.objectives, expected[:, 0], factor=10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_rows(engine, dtype):
    from scipy.sparse import csr_array

    X, T, weight = problem(dtype=dtype)
    X[X < 0.3] = 0
    theta = network().initial(0, dtype=dtype)
    dense = engine.value_and_gradient(network(), theta, X, T, sample_weight=weight)
    sparse = engine.value_and_gradient(network(), theta, csr_array(X), T, sample_weight=weight)
    close(sparse[1], dense[1], dtype, 10)
    close(engine.predict(network(), theta, csr_array(X)), engine.predict(network(), theta, X), dtype, 10)
    close([engine.objective(network(), theta, csr_array(X), T)], [engine.objective(network(), theta, X, T)], dtype)
    order = np.random.default_rng(5).permutation(len(X))
    found = []
    for rows in (X, csr_array(X)):
        job = job_of(network(), rows, T)
        theta, _, session = start(job, engine)
        session.run(order, 0, 6, rates_of(job))
        found.append(theta)
    close(found[1], found[0], dtype, 10)


def test_sets_larger_than_one_part(engine, monkeypatch):
    from chainrule.engine import reference

    monkeypatch.setattr(reference, "ROWS_AT_ONCE", 5)
    X, T, weight = problem()
    weight[5:10] = 0  # a whole part
    theta = network().initial(0)
    close(engine.predict(network(), theta, X), network().predict(theta, X), factor=5)
    close([engine.objective(network(), theta, X, T)], [network().objective(theta, X, T)], factor=5)
    weighted = network().objective(theta, X, T, weight)
    close([engine.objective(network(), theta, X, T, sample_weight=weight)], [weighted], factor=5)


def test_read_only_data_and_theta_are_read(engine):
    X, T, _ = problem()
    theta = network().initial(0)
    expected = engine.value_and_gradient(network(), theta, X, T)
    for array in (X, T, theta):
        array.flags.writeable = False
    found = engine.value_and_gradient(network(), theta, X, T)
    np.testing.assert_array_equal(found[1], expected[1])


WHOLE = [np.uint8, np.int8, np.int64, np.bool_]


def whole_problem(kind, n=24):
    """X as a picture's bytes, as small numbers of both signs, or as truth values; T one-hot of the same dtype."""
    rng = np.random.default_rng(4)
    low, high = {np.uint8: (0, 256), np.bool_: (0, 2)}.get(kind, (-5, 6))
    return rng.integers(low, high, (n, 5)).astype(kind), np.eye(3, dtype=kind)[rng.integers(0, 3, n)]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", WHOLE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("first", ["identity", "sigmoid", "gelu"])
@pytest.mark.parametrize("loss", ["categorical_cross_entropy", "kl_divergence"])
def test_whole_numbers_and_truth_values_count_as_numbers(engine, dtype, kind, first, loss):
    """-X, X^2 and T log T are what bytes and truth values get wrong, if they are taken as they are."""
    net = network(loss=loss, input_activation=first)
    X, T = whole_problem(kind)
    weight = np.arange(24) % 3
    theta, as_floats = net.initial(2, dtype=dtype), (X.astype(dtype), T.astype(dtype))
    J, g = engine.value_and_gradient(net, theta, X, T, sample_weight=weight)
    J2, g2 = engine.value_and_gradient(net, theta, *as_floats, sample_weight=weight.astype(dtype))
    assert (J, g.dtype) == (J2, dtype)
    np.testing.assert_array_equal(g, g2)
    expected = net.objective(theta.astype(float), X.astype(float), T.astype(float), weight.astype(float))
    close([J], [expected], dtype, 10)
    close([engine.objective(net, theta, X, T, sample_weight=weight)], [expected], dtype, 10)
    outputs = engine.predict(net, theta, X)
    assert outputs.dtype == dtype
    np.testing.assert_array_equal(outputs, engine.predict(net, theta, as_floats[0]))


@pytest.mark.parametrize("optimizer", [cr.Adam(0.01), cr.LBFGS()], ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("kind", WHOLE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", ENGINES)
def test_training_on_whole_numbers_and_truth_values(name, kind, optimizer):
    net = network(loss="kl_divergence", input_activation="sigmoid")
    X, T = whole_problem(kind)
    options = {"optimizer": optimizer, "epochs": 3, "batch_size": 5, "engine": name}
    fit = cr.fit(net, X, T, validation=(X[:9], T[:9]), sample_weight=np.arange(24) % 3, **options)
    wide = X.astype(float), T.astype(float)
    other = cr.fit(net, *wide, validation=(wide[0][:9], wide[1][:9]), sample_weight=np.arange(24) % 3.0, **options)
    assert fit.engine == name
    np.testing.assert_array_equal(fit.theta, other.theta)
    np.testing.assert_array_equal(fit.history.loss, other.history.loss)
    np.testing.assert_array_equal(fit.history.validation, other.history.validation)
    np.testing.assert_array_equal(fit.predict(X), other.predict(wide[0]))
    close(fit.predict(X), net.predict(fit.theta, wide[0]), factor=10)


def test_engines_compute_in_the_dtype_of_theta(engine):
    X, T, weight = problem()
    theta = network().initial(0, dtype=np.float32)
    assert engine.predict(network(), theta, X).dtype == np.float32
    assert engine.value_and_gradient(network(), theta, X, T, sample_weight=weight)[1].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sparse", [False, True])
def test_no_rows_give_no_outputs_and_a_mean_of_nothing(engine, dtype, sparse):
    from scipy.sparse import csr_array

    X, T, _ = problem(dtype=dtype)
    X, T = (csr_array(X) if sparse else X)[:0], T[:0]
    theta = network().initial(0, dtype=dtype)
    outputs = engine.predict(network(), theta, X)
    assert (outputs.shape, outputs.dtype) == ((0, 3), dtype)
    assert np.isnan(engine.objective(network(), theta, X, T))
    J, g = engine.value_and_gradient(network(), theta, X, T, l2=0.1)
    assert np.isnan(J)
    assert (g.shape, g.dtype) == (theta.shape, dtype)
    assert np.isnan(g).all()


def test_weights_of_zero_leave_nothing_to_average(engine):
    X, T, weight = problem()
    assert np.isnan(engine.objective(network(), network().initial(0), X, T, sample_weight=0 * weight))


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_predictor_takes_what_can_be_made_rows_of_numbers(name, dtype):
    from scipy.sparse import csr_array

    net = network()
    X = np.random.default_rng(0).integers(0, 9, (8, 5))
    theta = net.initial(0, dtype=dtype)
    predict = cr.predictor(net, theta, engine=name)
    expected = net.predict(theta.astype(float), X.astype(float))
    forms = X, X.tolist(), X.astype(np.uint8), np.asfortranarray(X, dtype), X.astype(np.float32), X.astype(np.float64)
    for rows in (*forms, csr_array(X)):
        assert predict(rows).dtype == dtype
        close(predict(rows), expected, dtype, 10)
    close(predict(X.astype(dtype)[::2]), expected[::2], dtype, 10)
    close(predict(X > 4), net.predict(theta.astype(float), (X > 4).astype(float)), dtype, 10)
    assert predict(np.empty((0, 5), dtype)).shape == (0, 3)
    with pytest.raises(ValueError, match=r"X has shape \(5,\), .* one sample is X\[None, :\]") as caught:
        predict(X[0].astype(dtype))
    assert caught.value.__context__ is None
    with pytest.raises(ValueError, match=r"X has shape \(8, 3\), .* takes 5 inputs"):
        predict(X[:, :3].astype(dtype))
    with pytest.raises(ValueError, match="X holds <U1, expected real numbers"):
        predict([["a"] * 5])


@pytest.mark.parametrize("name", ENGINES)
def test_a_predictor_takes_theta_as_a_list_and_refuses_what_is_none(name):
    net, X = network(), np.ones((2, 5))
    theta = net.initial(0)
    np.testing.assert_array_equal(
        cr.predictor(net, theta.tolist(), engine=name)(X), cr.predictor(net, theta, engine=name)(X)
    )
    whole = np.arange(theta.size) % 3 - 1
    close(cr.predictor(net, whole, engine=name)(X), net.predict(whole.astype(float), X), factor=10)
    for wrong in (theta[:-1], theta[None], [1.0, 2.0], ["a"] * theta.size):
        with pytest.raises(ValueError, match="takes numbers in shape"):
            cr.predictor(net, wrong, engine=name)


def test_an_unknown_engine_is_refused_by_name():
    with pytest.raises(ValueError, match="'auto', 'native', 'reference'"):
        choose("fast")


def test_an_engine_of_ones_own_is_taken_as_it_is(engine):
    assert choose(engine) is engine
