"""Peers in processes of their own that take turns: a round is one measurement of each, so a busy moment hits all."""

import multiprocessing
import os
import statistics
import time

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CHAINRULE_NUM_THREADS")
LEAST = 0.15  # seconds of one measurement


def worker(pipe, peer, case, cores):
    """Answers every message with the seconds of an epoch: of the processor on one core, by the clock on several."""
    os.sched_setaffinity(0, cores)
    clock = time.process_time if len(cores) == 1 else time.perf_counter
    try:
        from peers import PEERS

        epoch = PEERS[peer](case, len(cores))
        epoch()  # compiles, and fills caches
        start = clock()
        epoch()
        repeats = max(1, int(LEAST / max(clock() - start, 1e-9)))
    except Exception as error:  # a peer that cannot run is left out, and said so
        pipe.send(f"{type(error).__name__}: {error}".splitlines()[0][:200])
        return
    pipe.send("ready")
    while pipe.recv():
        start = clock()
        for _ in range(repeats):
            epoch()
        pipe.send((clock() - start) / repeats)


def compare(case, peers, cores, rounds):
    """Median seconds of one mini-batch by peer, and why a peer is missing."""
    context = multiprocessing.get_context("spawn")
    for variable in THREADS:  # before the workers load a BLAS
        os.environ[variable] = str(len(cores))
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if len(cores) > 1 else 'false'}"
    pipes, missing = {}, {}
    processes = []
    for peer in peers:
        here, there = context.Pipe()
        process = context.Process(target=worker, args=(there, peer, case, cores), daemon=True)
        process.start()
        processes.append(process)
        try:
            answer = here.recv() if here.poll(240) else "not ready within 240 s"
        except EOFError:
            answer = "ended without a word"
        if answer == "ready":
            pipes[peer] = here
        else:
            missing[peer] = answer
    times = {peer: [] for peer in pipes}
    for _ in range(rounds):
        for peer, pipe in pipes.items():
            pipe.send(True)
            times[peer].append(pipe.recv() / case.n_batches)
    for pipe in pipes.values():
        pipe.send(False)
    for process in processes:
        process.join(5)
        if process.is_alive():
            process.terminate()
    return {peer: statistics.median(values) for peer, values in times.items()}, missing
