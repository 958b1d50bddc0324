"""One row through a prepared predictor, and the price of a gradient in forward passes; added to docs/benchmarks.md.

python benchmarks/steps/latency.py [--write docs/benchmarks.md]
"""

import argparse
import os
import time
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "CHAINRULE_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  the threads come first
from cases import Case  # noqa: E402

import chainrule as cr  # noqa: E402
from chainrule.engine import native  # noqa: E402


def turns(works, rounds=40, seconds=0.01):
    """Least seconds of a call of each, taken in turns."""
    found = {name: float("inf") for name in works}
    counts = {}
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


def one_row():
    """64-100-10: our predictor, scikit-learn's predict_proba, torch's inference mode."""
    from sklearn.neural_network import MLPClassifier

    case = Case("small")
    X, labels, _ = case.data()
    network = cr.Network.parse("64-100:relu-10:softmax", loss="categorical_cross_entropy")
    predict = cr.predictor(network, network.initial(0, dtype=np.float32))
    model = MLPClassifier((100,), max_iter=1).partial_fit(X[:400], labels[:400], classes=np.arange(10))
    row = np.ascontiguousarray(X[:1])
    works = {"chainrule": lambda: predict(row), "scikit-learn": lambda: model.predict_proba(row)}
    try:
        import torch
    except ImportError:
        return turns(works)
    torch.set_num_threads(1)
    layers = (torch.nn.Linear(64, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10), torch.nn.Softmax(1))
    net, tensor = torch.nn.Sequential(*layers), torch.from_numpy(row)

    def infer():
        with torch.inference_mode():
            return net(tensor)

    return turns({**works, "torch": infer})


def price(sizes, rows):
    """A gradient's time in forward passes, and the seconds of both."""
    rng = np.random.default_rng(0)
    network = cr.Network(sizes, ("relu",) * (len(sizes) - 2) + ("softmax",), "categorical_cross_entropy")
    theta = network.initial(0, dtype=np.float32)
    X = rng.normal(size=(rows, sizes[0])).astype(np.float32)
    T = np.eye(sizes[-1], dtype=np.float32)[rng.integers(0, sizes[-1], rows)]
    works = {
        "forward": lambda: native.objective(network, theta, X, T),
        "gradient": lambda: native.value_and_gradient(network, theta, X, T),
    }
    return network.n_parameters, turns(works, rounds=10)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", default="", help="the page to add to")
    options = parser.parse_args()
    found = one_row()
    lines = [
        "## One row\n",
        "64-100-10, softmax, least time of many calls.\n",
        "| | us | times chainrule's |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {s * 1e6:.1f} | {s / found['chainrule']:.1f} |" for name, s in found.items()]
    lines += [
        "\n## The price of a gradient\n",
        "Chains' argument: one forward and one backward pass give every derivative, where finite differences need two",
        "forward passes for each parameter.\n",
        "| network | parameters | forward ms | gradient ms | gradient in forward passes | finite differences need |",
        "|---|---|---|---|---|---|",
    ]
    cases = [((8, 9, 2), 256), ((20, 32, 10), 256), ((64, 100, 10), 200), ((784, 256, 128, 10), 128)]
    cases += [((784, 1024, 1024, 10), 512), ((784, 2800, 2800, 10), 512)]
    for sizes, rows in cases:
        count, s = price(sizes, rows)
        ratio = s["gradient"] / s["forward"]
        name = "-".join(map(str, sizes))
        lines.append(
            f"| {name}, {rows} rows | {count:,} | {s['forward'] * 1e3:.3f} | {s['gradient'] * 1e3:.3f} "
            f"| {ratio:.2f} | {2 * count:,} |"
        )
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        page = Path(options.write)
        page.write_text(page.read_text() + text)


if __name__ == "__main__":
    main()
