"""Training side by side with the peers; see docs/benchmarks.md.

python benchmarks/steps [--rounds 5] [--cases tiny,small] [--quick] [--out FIGURES.json] [--write docs/benchmarks.md]
"""

import argparse
import json
import os
import time
from pathlib import Path

for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # settings of one machine's BLAS, not shared by the peers
    os.environ.pop(variable, None)

import fits  # noqa: E402  the environment comes first
import latency  # noqa: E402
import steps  # noqa: E402
from peers import PEERS  # noqa: E402
from turns import compare  # noqa: E402


def alone(name):
    """What a function of latency.py gives in a process of its own on one core; None and why if it fails."""
    found, missing = compare(latency.work, {name: {max(os.sched_getaffinity(0))}}, 1, 0)
    return next(iter(found.get(name, [])), None), missing.get(name)


class Book:
    """The figures so far, in a file that is whole after each of them."""

    def __init__(self, path):
        self.path, self.figures, self.start = Path(path), {"steps": [], "fits": []}, time.monotonic()
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def put(self, line, **figures):
        for name, value in figures.items():
            if name in ("steps", "fits"):
                self.figures[name].append(value)
            else:
                self.figures[name] = value
        self.path.write_text(json.dumps(self.figures, indent=1))
        print(f"{time.monotonic() - self.start:5.0f} s  {line}", flush=True)


def measure(book, options):
    """All the figures of the page, one after another."""
    peers = options.peers.split(",")
    about, why = alone("machine")
    if about is None:
        raise SystemExit(f"chainrule's engine does not run here, so there is nothing to compare: {why}")
    book.put(about, machine=about)
    shapes = options.cases.split(",") if options.cases else list(steps.SHAPES)
    for case, cores in steps.cases(shapes, options.quick):
        row = steps.measured(case, cores, peers, options.rounds)
        book.put(steps.line(row), steps=row)
    if options.quick:
        return
    for kind in fits.KINDS:
        row = fits.measured(kind, peers)
        told = [f"{peer} {s:.3g} s ({row['outcome'][peer]:.3g})" for peer, s in row["seconds"].items()]
        told += [f"{peer} is missing: {why}" for peer, why in row["missing"].items()]
        book.put(f"{row['title']}: {', '.join(told)}", fits=row)
    for name in ("one_row", "first_epoch", "price", "memory"):
        figures, why = alone(name)
        book.put(f"{name}: {why or figures}", **{name: figures})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default="", help="some of " + ", ".join(steps.SHAPES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--quick", action="store_true", help="steps with relu and float32 on one core alone")
    parser.add_argument("--out", default="out/benchmarks.json", help="the file of figures")
    parser.add_argument("--write", default="", help="write the page and its picture")
    options = parser.parse_args()
    book = Book(options.out)
    try:
        measure(book, options)
    except KeyboardInterrupt:
        raise SystemExit(f"stopped; the figures so far are in {book.path}") from None
    if options.write:
        from page import write

        write(book.figures, options.write)


if __name__ == "__main__":
    main()
