"""MLPClassifier and MLPRegressor beside scikit-learn's, with its defaults: accuracy over ten seeds and time to fit.

    python benchmarks/estimators.py [--seeds 10] [--engine auto|native|reference] [--json]

Each seed splits the data, draws the weights and orders the rows, the same for both. They take turns, fit by fit, on one
thread; the time is that of the processor, and the ratio that of the medians, so that a busy machine does not decide it.
"""

import argparse
import json
import os
import platform
import statistics
import time
import warnings

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  after the threads are pinned
import sklearn  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402

import chainrule as cr  # noqa: E402
from chainrule.engine.choosing import choose  # noqa: E402

DATA = {
    "digits": (load_digits, MLPClassifier, cr.MLPClassifier),
    "breast_cancer": (load_breast_cancer, MLPClassifier, cr.MLPClassifier),
    "wine": (load_wine, MLPClassifier, cr.MLPClassifier),
    "diabetes": (load_diabetes, MLPRegressor, cr.MLPRegressor),
}


def fit(model, X, X_test, y, y_test):
    """Score on the rows held out, seconds to fit, epochs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        model.fit(X, y)
        seconds = time.process_time() - start
    return model.score(X_test, y_test), seconds, model.n_iter_


def compare(name, seeds, engine):
    """One row of the table."""
    load, theirs, ours = DATA[name]
    X, y = load(return_X_y=True)
    found = {"scikit_learn": [], "chainrule": []}
    for seed in range(-1, seeds):  # the first round warms up and does not count
        rows = train_test_split(X, y, random_state=max(seed, 0), test_size=0.25)
        pair = {
            "scikit_learn": theirs(random_state=max(seed, 0)),
            "chainrule": ours(random_state=max(seed, 0), engine=engine),
        }
        for peer, model in pair.items():
            result = fit(model, *rows)
            if seed >= 0:
                found[peer].append(result)
    row = {"data": name, "seeds": seeds}
    for peer, results in found.items():
        scores, seconds, epochs = zip(*results, strict=True)
        row[peer] = {
            "score": round(statistics.mean(scores), 4),
            "spread": round(statistics.pstdev(scores), 4),
            "seconds": round(statistics.median(seconds), 4),
            "epochs": statistics.median(epochs),
        }
    row["ratio"] = round(row["scikit_learn"]["seconds"] / row["chainrule"]["seconds"], 2)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--engine", default="auto", choices=["auto", "native", "reference"])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    machine = {
        "engine": choose(options.engine).NAME,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "machine": platform.processor() or platform.machine(),
    }
    rows = [compare(name, options.seeds, options.engine) for name in DATA]
    if options.json:
        print(json.dumps({"rows": rows, **machine}))
        return
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"{'':15s}{'score (spread)':>40s}{'fit, ms':>20s}")
    print(f"{'':15s}{'scikit-learn':>20s}{'chainrule':>20s}{'scikit-learn':>14s}{'chainrule':>11s}{'ratio':>8s}")
    for row in rows:
        a, b = row["scikit_learn"], row["chainrule"]
        scores = "".join(f"{peer['score']:11.4f} ({peer['spread']:.4f})" for peer in (a, b))
        print(f"{row['data']:15s}{scores}{a['seconds'] * 1e3:14.0f}{b['seconds'] * 1e3:11.0f}{row['ratio']:8.2f}")


if __name__ == "__main__":
    main()
