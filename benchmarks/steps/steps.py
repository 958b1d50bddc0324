"""The time of a training step: gather the mini-batch, forward, backward, Adam."""

import os
import statistics
from dataclasses import dataclass

from cases import SHAPES, Case
from peers import FLOOR, OURS, PEERS
from turns import compare

LEAST = 0.15  # seconds of one measurement
SECONDS = 12.0  # of the rounds of a case
ALONE = "chainrule on one core"
SLOW_TO_BEGIN = {"torch.compile", "Keras"}  # half a minute for each case: asked for relu in float32 alone


@dataclass(frozen=True)
class Steps:
    """Work for `turns.compare`: the seconds of a step, over an epoch or several."""

    case: Case

    def __call__(self, peer, threads, clock):
        problem = self.case.problem()
        training = PEERS[OURS if peer == ALONE else peer](problem, threads)
        training.run(1)  # compiles, and fills caches
        start = clock()
        training.run(1)
        repeats = max(1, int(LEAST / max(clock() - start, 1e-9)))

        def measure(number):
            start = clock()
            for _ in range(repeats):
                training.run(1)
            return (clock() - start) / (repeats * problem.n_batches)

        return measure


def cases(shapes, quick):
    """Case and number of cores, in the order of the tables."""
    relu = [Case(shape) for shape in shapes]
    one = relu if quick else relu + [Case(s, "tanh") for s in shapes] + [Case(s, "relu", "float64") for s in shapes]
    two = [] if quick or len(os.sched_getaffinity(0)) < 2 else relu
    return [(case, 1) for case in one] + [(case, 2) for case in two]


def measured(case, count, peers, rounds):
    """One row: median seconds of a step by peer, and why a peer is missing."""
    cores = sorted(os.sched_getaffinity(0))[-count:]
    names = [p for p in peers if (case.activation, case.dtype) == ("relu", "float32") or p not in SLOW_TO_BEGIN]
    allowed = {name: set(cores) for name in names}
    if count > 1:
        allowed[ALONE] = {cores[-1]}
    found, missing = compare(Steps(case), allowed, rounds, SECONDS)
    return {
        "case": case.name,
        "shape": case.shape,
        "cores": count,
        "operations": case.operations,
        "rounds": {peer: len(values) for peer, values in found.items()},
        "seconds": {peer: statistics.median(values) for peer, values in found.items() if values},
        "missing": missing,
    }


def line(row):
    """A row as it is printed while measuring."""
    ours = row["seconds"].get(OURS)
    parts = [f"{row['cores']} core(s) {row['case']:24s}"]
    if ours:
        parts.append(f"{ours * 1e6:10.1f} us {row['operations'] / ours / 1e9:6.1f} GFlop/s")
        parts += [f"{peer} {s / ours:.2f}" for peer, s in row["seconds"].items() if peer not in (OURS, FLOOR)]
        parts += [f"of the floor {ours / row['seconds'][FLOOR]:.2f}"] if FLOOR in row["seconds"] else []
    parts += [f"{peer} is missing: {why}" for peer, why in row["missing"].items()]
    return "  ".join(parts)


__all__ = ["ALONE", "SHAPES", "cases", "line", "measured"]
