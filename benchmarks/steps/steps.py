"""The time of a training step: gather the mini-batch, forward, backward, Adam."""

import itertools
import os
import statistics
from dataclasses import dataclass

from cases import Case
from cores import WHOLE, wait_for_whole
from machine import idle
from peers import FLOOR, OURS, PEERS
from turns import compare

LEAST = 0.15  # seconds of one measurement
SECONDS = 12.0  # of the rounds of a case, on each core
LEAST_ROUNDS = 2  # on whole cores, for the others to be left out
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
    """Case and number of cores: those that always are measured, and those for which time may be short."""
    relu = [(Case(shape), 1) for shape in shapes]
    if quick:
        return relu, []
    two = [(Case(shape), 2) for shape in shapes] if len(os.sched_getaffinity(0)) > 1 else []
    others = [(Case(shape, "tanh"), 1) for shape in shapes] + [(Case(shape, "relu", "float64"), 1) for shape in shapes]
    return relu + two, others


def measured(case, count, peers, rounds):
    """One row: median seconds of a step by peer, and why a peer is missing."""
    cores = sorted(os.sched_getaffinity(0))[-count:]
    names = [p for p in peers if (case.activation, case.dtype) == ("relu", "float32") or p not in SLOW_TO_BEGIN]
    allowed = {name: set(cores) for name in names}
    if count > 1:
        allowed[ALONE] = {cores[-1]}
    quiet = idle()
    shares = []
    look = (lambda: shares.append(wait_for_whole(cores))) if count > 1 and FLOOR in names else None
    found, missing = compare(Steps(case), allowed, rounds, SECONDS * count, look)
    whole = [min(pair) >= WHOLE for pair in itertools.pairwise(shares)]
    if sum(whole) >= LEAST_ROUNDS:
        found = {peer: [v for v, good in zip(values, whole, strict=True) if good] for peer, values in found.items()}
    return {
        "case": case.name,
        "shape": case.shape,
        "cores": count,
        "operations": case.operations,
        "rounds": {peer: len(values) for peer, values in found.items()},
        "seconds": {peer: statistics.median(values) for peer, values in found.items() if values},
        "spread": {peer: (max(values) - min(values)) / min(values) for peer, values in found.items() if values},
        "missing": missing,
        "whole": whole,
        "idle": quiet,
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
