"""Peers in processes of their own that take turns: a round is one measurement of each, so a busy moment hits all."""

import contextlib
import multiprocessing
import os
import time

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CHAINRULE_NUM_THREADS")
PATIENCE = 240  # seconds for an answer
REST = 0.1  # seconds before a turn on several cores: threads of the last peer spin for a while before they sleep


def clock_of(cores):
    """The processor's time on one core, which others cannot stretch; the clock on several."""
    return time.process_time if len(cores) == 1 else time.perf_counter


def worker(pipe, work, peer, cores, first_cores, clock):
    """Prepare, then answer each round's number with what was measured; an exception ends the peer, with its reason."""
    os.sched_setaffinity(0, first_cores)
    try:
        measure = work(peer, len(cores), clock)
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setaffinity(int(thread), cores)
        pipe.send(("ready", None))
        while (number := pipe.recv()) is not None:
            pipe.send(("measured", measure(number)))
    except Exception as error:
        pipe.send(("failed", f"{type(error).__name__}: {error}".splitlines()[0][:200]))


class Peer:
    """A process and the pipe to it."""

    def __init__(self, work, name, cores, first_cores, clock):
        for variable in THREADS:  # before the process loads a BLAS
            os.environ[variable] = str(len(cores))
        os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if len(cores) > 1 else 'false'}"
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=worker, args=(there, work, name, cores, first_cores, clock), daemon=True)
        self.process.start()
        there.close()

    def answer(self):
        """("ready" | "measured" | "failed", what)."""
        try:
            return self.pipe.recv() if self.pipe.poll(PATIENCE) else ("failed", f"no answer within {PATIENCE} s")
        except (EOFError, OSError):
            return "failed", "its process ended without a word"

    def ask(self, number):
        try:
            self.pipe.send(number)
        except OSError:
            return "failed", "its process ended without a word"
        return self.answer()

    def end(self):
        if self.process.is_alive():
            self.process.terminate()
        self.process.join(5)


def compare(work, peers, rounds, seconds, between_rounds=None):
    """What each peer measured, round by round, and why a peer is missing.

    `work(peer, threads, clock)` is called in the peer's process and gives `measure(round)`; `peers` maps names to the
    cores each may use. The first to go changes from round to round, and `between_rounds()` is called before each and
    after the last. After three rounds, no new one begins later than `seconds` after the first.
    """
    clock = clock_of(max(peers.values(), key=len))
    found, missing, running = {}, {}, {}
    try:
        everywhere = sorted(os.sched_getaffinity(0))
        for place, (name, cores) in enumerate(peers.items()):  # they get ready side by side, on as many cores each
            first = {everywhere[place % len(everywhere)]} if len(cores) == 1 else cores
            running[name] = Peer(work, name, cores, first, clock)
        for name in peers:
            state, what = running[name].answer()
            if state == "failed":
                missing[name] = what
                running.pop(name).end()
        found = {name: [] for name in running}
        start = time.monotonic()
        for number in range(rounds):
            if number >= 3 and time.monotonic() - start > seconds:
                break
            if between_rounds:
                between_rounds()
            names = list(running)
            for name in names[number % max(1, len(names)) :] + names[: number % max(1, len(names))]:
                time.sleep(REST if clock is time.perf_counter else 0)
                state, what = running[name].ask(number)
                if state == "failed":
                    missing[name] = what
                    found.pop(name)
                    running.pop(name).end()
                else:
                    found[name].append(what)
        if between_rounds:
            between_rounds()
    finally:
        for peer in running.values():
            peer.end()
    return found, missing
