"""What the tests of the compiled engine share: jobs for both engines, and the distance by parameter block."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.descent import SGD
from chainrule.engine import reference
from chainrule.engine.protocol import Job
from chainrule.network.activation import activation
from chainrule.network.loss import loss
from chainrule.network.spec import Network

native = pytest.importorskip("chainrule.engine.native", reason="the compiled engine was not built")

TOLERANCE = {np.dtype(np.float64): 1e-13, np.dtype(np.float32): 1e-5}


def targets_for(network, rows, rng):
    """Targets that the loss takes."""
    entry, shape = network.loss, (rows, network.n_targets)
    if entry.target_values:
        return rng.choice(entry.target_values, size=shape)
    if network.activations[-1].name == "softmax":
        return rng.dirichlet(np.ones(shape[1]), size=rows)
    if entry.targets.low == 0 and entry.targets.high == 1:
        return rng.uniform(0, 1, shape)
    if entry.targets.low == 0:
        return rng.uniform(0.1, 3, shape)
    return rng.normal(size=shape)


def problem(network, rows=37, dtype=np.float64, seed=0, weighted=False):
    """theta, X, T and the weights."""
    rng = np.random.default_rng(seed)
    theta = (network.initial(seed) + 0.1 * rng.normal(size=network.n_parameters)).astype(dtype)
    X = rng.normal(size=(rows, network.sizes[0])).astype(dtype)
    T = targets_for(network, rows, rng).astype(dtype)
    w = rng.uniform(0, 2, rows).astype(dtype) if weighted else None
    return theta, X, T, w


def assert_close_by_block(network, got, expected, tolerance):
    """Normwise agreement of every W and b."""
    for block in network.blocks():
        difference = np.linalg.norm(got[block.slice].astype(float) - expected[block.slice].astype(float))
        scale = np.linalg.norm(expected[block.slice].astype(float))
        assert difference <= tolerance * scale + tolerance * 1e-3, (block.name, difference / (scale or 1))


def run_engine(engine, job, theta, order=None, rates=None, calls=None):
    """One epoch (or the calls given as numbers of batches); theta, the state, the session and the records."""
    theta = theta.copy()
    state = job.optimizer.init(theta)
    session = engine.session(job, theta, state)
    records, first = [], 0
    for count in calls or [job.n_batches]:
        chosen = np.full(count, 0.01) if rates is None else rates[first : first + count]
        records.append(session.run(order, first, count, chosen))
        first += count
    return theta, state, session, records


def job_for(network, X, T, w=None, **changes):
    return replace(Job(network, X, T, w, SGD(0.01), batch_size=16), **changes)


def fitting_pairs():
    """Every loss on every output activation whose outputs it takes."""
    from chainrule.network.activation import ACTIVATIONS
    from chainrule.network.loss import LOSSES

    pairs = []
    for name in ACTIVATIONS:
        for cost in (
            *LOSSES,
            "quantile(0.1,0.5,0.9)",
            "huber(0.3)",
            "binary_cross_entropy(0.1)",
            "categorical_cross_entropy(0.2)",
            "focal(1.5,0.6)",
        ):
            width = 6 if "quantile" in cost or cost == "gaussian_nll" else 3
            try:
                Network((5, 7, width), ("tanh", name), cost)
            except ValueError:
                continue
            pairs.append((name, cost, width))
    return pairs


__all__ = ["activation", "loss", "reference"]
