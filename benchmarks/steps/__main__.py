"""Training steps side by side with the peers; see docs/benchmarks.md.

python benchmarks/steps [--rounds 7] [--cases tiny,small] [--quick] [--write docs/benchmarks.md]
"""

import argparse
import json
import os

for variable in (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
):  # settings of one machine's BLAS, which the peers do not share
    os.environ.pop(variable, None)

from cases import SHAPES, Case  # noqa: E402  the environment comes first
from peers import PEERS  # noqa: E402
from turns import compare  # noqa: E402


def chosen(options):
    shapes = options.cases.split(",") if options.cases else list(SHAPES)
    found = [Case(shape) for shape in shapes]
    if not options.quick:
        found += [Case(shape, "tanh") for shape in shapes] + [Case(shape, "relu", "float64") for shape in shapes]
    return found


def line(case, times, missing):
    ours = times["chainrule"]
    parts = [f"{case.name:24s} {ours * 1e6:10.1f} us {case.operations / ours / 1e9:6.1f} GF/s"]
    parts += [f"{peer} {seconds / ours:.2f}" for peer, seconds in times.items() if peer != "chainrule"]
    parts += [f"{peer}: {why}" for peer, why in missing.items()]
    return "  ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cases", default="")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--quick", action="store_true", help="relu and float32 on one core alone")
    parser.add_argument("--write", default="", help="write the page and its picture")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    results = []
    for count in (1,) if options.quick else (1, 2):
        for case in chosen(options):
            peers = options.peers.split(",")
            if case.name.split()[1:] != ["relu", "float32"]:
                peers = [
                    peer for peer in peers if peer != "torch.compile"
                ]  # it never led, and takes the longest to begin
            if count == 2 and (len(cores) < 2 or case.activation != "relu" or case.dtype != "float32"):
                continue
            times, missing = compare(case, peers, set(cores[-count:]), options.rounds)
            print(f"{count} core(s)", line(case, times, missing), flush=True)
            results.append(
                {
                    "case": case.name,
                    "shape": case.shape,
                    "cores": count,
                    "operations": case.operations,
                    "seconds": times,
                    "missing": missing,
                }
            )
    if options.write:
        from page import write

        write(options.write, results, options.rounds)
    else:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
