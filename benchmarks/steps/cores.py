"""Whether a virtual machine has whole cores at the moment: its host may lend it two halves of one."""

import os
import threading
import time

from floor import peak

WHOLE = 0.85  # of what each core does alone
PATIENCE = 10  # seconds to wait for whole cores before a round
PAUSE = 0.5


def together(cores):
    """Arithmetic of all cores at once, as a share of the sum of what each does alone."""
    found = {}

    def run(core, name):
        os.sched_setaffinity(0, {core})  # of this thread
        found[name, core] = peak()

    for core in cores:
        thread = threading.Thread(target=run, args=(core, "alone"))
        thread.start()
        thread.join()
    threads = [threading.Thread(target=run, args=(core, "together")) for core in cores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(found["together", core] for core in cores) / sum(found["alone", core] for core in cores)


def wait_for_whole(cores):
    """Wait until the cores are whole, or patience ends; what they were last."""
    start = time.monotonic()
    while (share := together(cores)) < WHOLE and time.monotonic() - start < PATIENCE:
        time.sleep(PAUSE)
    return share
