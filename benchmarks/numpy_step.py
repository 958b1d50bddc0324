"""One Adam step of 64-100-10 on NumPy, beside scikit-learn's: the reference engine alone, one thread.

    python benchmarks/numpy_step.py [--rounds 40] [--json]

Both train the same network (relu, softmax, cross-entropy, float64, the same penalty) on the same rows in mini-batches
of one size, each in a process of its own, so that neither's settings help the other. They take turns, a round being one
epoch of each; the time is that of the processor, and the ratio that of the medians, so that a busy machine does not
decide it.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  after the threads are pinned
import sklearn  # noqa: E402
from sklearn.neural_network import MLPClassifier  # noqa: E402

import chainrule as cr  # noqa: E402
from chainrule.engine import reference  # noqa: E402
from chainrule.engine.protocol import Job  # noqa: E402

N, INPUTS, HIDDEN, CLASSES = 6_400, 64, 100, 10
WANTED = {32: 2.0, 200: 1.5}  # batch size: how many times faster a step has to be


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, INPUTS))
    labels = rng.integers(0, CLASSES, N)
    return X, labels, np.eye(CLASSES)[labels]


def ours(batch_size):
    """A function that runs one epoch."""
    X, _, T = data()
    network = cr.Network((INPUTS, HIDDEN, CLASSES), ("relu", "softmax"), "categorical_cross_entropy")
    optimizer, theta = cr.Adam(1e-3), network.initial(seed=0)
    job = Job(network, X, T, None, optimizer, batch_size, l2=1e-4, penalty_per_weight=True)
    session = reference.session(job, theta, optimizer.init(theta))
    rng, rates = np.random.default_rng(0), np.full(job.n_batches, 1e-3)
    return lambda: session.run(rng.permutation(N), 0, job.n_batches, rates)


def theirs(batch_size):
    """A function that runs one epoch: partial_fit is one pass over the data, its checks a few microseconds a step."""
    X, labels, _ = data()
    model = MLPClassifier((HIDDEN,), alpha=1e-4, batch_size=batch_size, random_state=0)
    model.partial_fit(X, labels, classes=np.arange(CLASSES))
    return lambda: model.partial_fit(X, labels)


PEERS = {"chainrule": ours, "scikit-learn": theirs}


def work(name, batch_size, pipe):
    """Run an epoch and answer with the seconds it took, whenever asked to."""
    run = PEERS[name](batch_size)
    run()
    while pipe.recv():
        start = time.process_time()
        run()
        pipe.send(time.process_time() - start)


def compare(batch_size, rounds):
    """Seconds per step, the median of each, taken in turns."""
    context, pipes, seconds = multiprocessing.get_context("spawn"), {}, {name: [] for name in PEERS}
    for name in PEERS:
        pipes[name], other = context.Pipe()
        context.Process(target=work, args=(name, batch_size, other), daemon=True).start()
    for _ in range(rounds):
        for name, pipe in pipes.items():
            pipe.send(True)
            seconds[name].append(pipe.recv() * batch_size / N)
    for pipe in pipes.values():
        pipe.send(False)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for batch_size, wanted in WANTED.items():
        step = compare(batch_size, options.rounds)
        rows.append(
            {
                "batch": batch_size,
                "chainrule_us": round(step["chainrule"] * 1e6, 1),
                "scikit_learn_us": round(step["scikit-learn"] * 1e6, 1),
                "ratio": round(step["scikit-learn"] / step["chainrule"], 2),
                "wanted": wanted,
            }
        )
    machine = {
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "machine": platform.processor() or platform.machine(),
    }
    if options.json:
        print(json.dumps({"rows": rows, **machine}))
        return
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    for row in rows:
        print(
            f"batch {row['batch']:3d}: {row['chainrule_us']:7.1f} us a step, "
            f"scikit-learn {row['scikit_learn_us']:7.1f} us: {row['ratio']:.2f} times faster (wanted: {row['wanted']})"
        )


if __name__ == "__main__":
    main()
