"""Small times and memory: one row through a prepared predictor, a first epoch, a gradient's price, memory of a fit.

Each is a function that gives figures; __main__.py calls them by `work`, each in a process of its own on one core.
"""

import contextlib
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from cases import SHAPES, Case, arithmetic
from machine import machine


def turns(works, rounds=40, seconds=0.01):
    """Least seconds of a call of each, taken in turns."""
    found, counts = {name: float("inf") for name in works}, {}
    for name, work in works.items():
        work()
        start = time.process_time()
        work()
        counts[name] = max(1, int(seconds / max(time.process_time() - start, 1e-7)))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.process_time()
            for _ in range(counts[name]):
                work()
            found[name] = min(found[name], (time.process_time() - start) / counts[name])
    return found


def network(sizes):
    import chainrule as cr

    return cr.Network(sizes, ("relu",) * (len(sizes) - 2) + ("softmax",), "categorical_cross_entropy")


# ---- one row


def one_row():
    """64-100-10: our predictor, scikit-learn's predict_proba, torch's inference mode; seconds of a call."""
    from sklearn.neural_network import MLPClassifier

    import chainrule as cr

    problem = Case("small").problem()
    net = network(problem.sizes)
    predict = cr.predictor(net, net.initial(0, dtype=np.float32))
    model = MLPClassifier((100,), max_iter=1).partial_fit(problem.X[:400], problem.y[:400], classes=np.arange(10))
    row = np.ascontiguousarray(problem.X[:1])
    works = {"chainrule": lambda: predict(row), "scikit-learn": lambda: model.predict_proba(row)}
    with contextlib.suppress(ImportError):
        works["torch"] = _torch_row(row)
    return turns(works)


def _torch_row(row):
    import torch

    torch.set_num_threads(1)
    layers = (torch.nn.Linear(64, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10), torch.nn.Softmax(1))
    net, tensor = torch.nn.Sequential(*layers), torch.from_numpy(row)

    def infer():
        with torch.inference_mode():
            return net(tensor)

    return infer


# ---- the first epoch

FIRST = """
from sklearn.datasets import load_digits
from {package} import MLPClassifier
import warnings; warnings.simplefilter("ignore")
MLPClassifier(max_iter=1, random_state=0{argument}).fit(*load_digits(return_X_y=True))
"""
FIRSTS = {
    "chainrule": ("chainrule", ""),
    "chainrule, reference engine": ("chainrule", ', engine="reference"'),
    "scikit-learn": ("sklearn.neural_network", ""),
}


def first_epoch(rounds=7, seconds=60):
    """Seconds of a new process that imports, reads the digits, and trains MLPClassifier for one epoch; medians."""
    found, start = {name: [] for name in FIRSTS}, time.monotonic()
    for number in range(rounds + 1):
        if number > 3 and time.monotonic() - start > seconds:
            break
        for name, (package, argument) in FIRSTS.items():
            before = os.times()
            subprocess.run([sys.executable, "-c", FIRST.format(package=package, argument=argument)], check=True)
            after = os.times()
            if number:  # the first reads files that are not in memory yet
                found[name].append(sum(after[2:4]) - sum(before[2:4]))
    return {name: statistics.median(values) for name, values in found.items()}


# ---- the price of a gradient

PRICED = (
    ((8, 9, 2), 256),
    ((20, 32, 10), 256),
    SHAPES["small"],
    SHAPES["medium"],
    SHAPES["large"],
    ((784, 2800, 2800, 10), 512),
)


def price():
    """Of each network: seconds of a forward pass and of J with its gradient, and their products' arithmetic."""
    return [_price(sizes, rows) for sizes, rows in PRICED]


def _price(sizes, rows):
    from chainrule.engine import native

    rng, net = np.random.default_rng(0), network(sizes)
    theta = net.initial(0, dtype=np.float32)
    X = rng.normal(size=(rows, sizes[0])).astype(np.float32)
    T = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], rows)]
    forward, both = arithmetic(sizes, rows)
    works = {
        "forward": lambda: native.objective(net, theta, X, T),
        "gradient": lambda: native.value_and_gradient(net, theta, X, T),
    }
    return {
        "network": "-".join(map(str, sizes)),
        "rows": rows,
        "parameters": net.n_parameters,
        "arithmetic": both / forward,
        **turns(works, rounds=12),
    }


# ---- memory


def memory():
    """Of networks large enough to see it: bytes of theta, of the batch's buffers, and what a fit with Adam adds."""
    return [_memory(sizes, rows) for sizes, rows in PRICED[-2:]] if Path("/proc/self/clear_refs").exists() else []


def _memory(sizes, rows):
    import chainrule as cr

    rng, net = np.random.default_rng(0), network(sizes)
    wish = {"optimizer": cr.Adam(), "epochs": 1, "progress": False}
    cr.fit(network((4, 3, 2)), np.ones((4, 4), np.float32), np.eye(2, dtype=np.float32)[[0, 1, 0, 1]], **wish)
    X = rng.normal(size=(8 * rows, sizes[0])).astype(np.float32)
    T = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], len(X))]
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    cr.fit(net, X, T, batch_size=rows, **wish)
    theta = 4 * net.n_parameters
    return {
        "network": "-".join(map(str, sizes)),
        "rows": rows,
        "data": X.nbytes + T.nbytes,
        "theta": theta,
        "buffers": 4 * rows * (sizes[0] + 3 * sum(sizes[1:])),  # the inputs, and z, a and delta of each layer
        "added": _status("VmHWM") - before,
    }


def _status(name):
    return 1024 * int(re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


WORKS = {"machine": machine, "one_row": one_row, "first_epoch": first_epoch, "price": price, "memory": memory}


def work(name, threads, clock):
    """Work for `turns.compare`: one of the functions here."""
    return lambda number: WORKS[name]()
