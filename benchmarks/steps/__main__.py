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
from cases import SHAPES  # noqa: E402
from peers import PEERS  # noqa: E402
from turns import compare  # noqa: E402


def alone(name):
    """What a function of latency.py gives in a process of its own on one core; None and why if it fails."""
    found, missing = compare(latency.work, {name: {max(os.sched_getaffinity(0))}}, 1, 0)
    return next(iter(found.get(name, [])), None), missing.get(name)


class Book:
    """The figures so far, in a file that is whole after each of them."""

    def __init__(self, path, minutes):
        self.path, self.figures = Path(path), {"steps": [], "fits": [], "left_out": []}
        self.start, self.seconds = time.monotonic(), 60 * minutes
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def elapsed(self):
        return time.monotonic() - self.start

    def late(self):
        return self.elapsed() > self.seconds

    def attempt(self, name, work):
        """`work` puts its figures here; where it fails, it is left out, and the rest goes on."""
        try:
            line = work()
        except Exception as error:
            line = f"{name} is left out: {type(error).__name__}: {error}".splitlines()[0]
            self.figures["left_out"].append(f"{name} ({error})".splitlines()[0])
        self.path.write_text(json.dumps(self.figures, indent=1))
        print(f"{self.elapsed():5.0f} s  {line}", flush=True)


def measure(book, options):
    """All the figures of the page, one after another."""
    about, why = alone("machine")
    if about is None:
        raise SystemExit(f"chainrule's engine does not run here, so there is nothing to compare: {why}")
    book.figures["machine"] = about
    shapes, peers = options.cases.split(","), options.peers.split(",")
    always, others = steps.cases(shapes, options.quick)

    def one_case(case, cores):
        row = steps.measured(case, cores, peers, options.rounds)
        book.figures["steps"].append(row)
        return steps.line(row)

    def one_fit(kind):
        row = fits.measured(kind, peers)
        book.figures["fits"].append(row)
        return fits.line(row)

    def one_small(name):
        book.figures[name], why = alone(name)
        if why:
            raise RuntimeError(why)
        return f"{name}: {book.figures[name]}"

    for case, cores in always:
        book.attempt(case.name, lambda case=case, cores=cores: one_case(case, cores))
    if not options.quick:
        for kind in fits.KINDS:
            book.attempt(kind, lambda kind=kind: one_fit(kind))
        for name in ("one_row", "first_epoch", "price", "memory"):
            book.attempt(name, lambda name=name: one_small(name))
    for case, cores in others:
        if book.late():
            book.figures["left_out"].append(f"{case.name} (no time left)")
        else:
            book.attempt(case.name, lambda case=case, cores=cores: one_case(case, cores))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default=",".join(SHAPES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--minutes", type=float, default=12, help="after which tanh and float64 are left out")
    parser.add_argument("--quick", action="store_true", help="steps with relu and float32 on one core alone")
    parser.add_argument("--out", default="out/benchmarks.json", help="the file of figures")
    parser.add_argument("--write", default="", help="write the page and its picture")
    options = parser.parse_args()
    book = Book(options.out, options.minutes)
    try:
        measure(book, options)
    except KeyboardInterrupt:
        raise SystemExit(f"stopped; the figures so far are in {book.path}") from None
    if options.write:
        from page import write

        write(book.figures, options.write)


if __name__ == "__main__":
    main()
