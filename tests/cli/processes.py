"""Run the command many times in one process of its own, with bounded memory: Python and its libraries start once."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ADDRESSES = 3 << 30  # bytes; a process that only imports everything takes half of them

_DRIVER = """
import json, os, resource, sys, time
import polars, safetensors  # their start does not count
from chainrule.cli import main

def opened(name):
    if name != "closed":
        return os.open(name, os.O_RDWR | os.O_CREAT | (0 if name.startswith("/dev") else os.O_TRUNC))
    reading, writing = os.pipe()
    os.close(reading)
    return writing

def once(arguments, stdout):
    os.dup2(opened(stdout or f"{folder}/out"), 1)
    os.dup2(opened(f"{folder}/err"), 2)
    began = time.process_time()
    code = main(arguments)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    out, err = (open(f"{folder}/{name}", errors="replace").read() for name in ("out", "err"))
    return {"code": code, "out": out[-2000:], "err": err, "seconds": seconds, "peak": peak}

folder, answers = sys.argv[1], os.fdopen(os.dup(1), "w")
open(f"{folder}/out", "w").close()
for line in sys.stdin:
    print(json.dumps(once(**json.loads(line))), file=answers, flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How one run of the command ended: the exit code, what it said, processor time, and memory up to then."""

    code: int
    out: str
    err: str
    seconds: float
    peak: int

    @property
    def is_one_sentence(self) -> bool:
        """One line, said by the command, and no traceback."""
        return self.err.count("\n") == 1 and is_sentence(self.err)


def is_sentence(text: str) -> bool:
    said = text.startswith("chainrule: ") and len(text) < 600
    return said and "Traceback" not in text and "unexpected" not in text


def run_all(cases: Iterable[list[object]], folder: Path, stdout: str | None = None) -> list[Ended]:
    """One run after another, started in ``folder``; ``stdout`` is a file, or "closed" for a pipe nobody reads."""
    said = folder / ".said"
    said.mkdir()
    asked = [{"arguments": [*map(str, case)], "stdout": stdout} for case in cases]
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER, said],
        input="".join(f"{json.dumps(case)}\n" for case in asked),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "2"},
        preexec_fn=_limit_memory,
    )
    for file in said.iterdir():
        file.unlink()
    said.rmdir()
    answers = [Ended(**json.loads(line)) for line in done.stdout.splitlines()]
    assert len(answers) == len(asked), done.stderr[-2000:]
    return answers


def _limit_memory() -> None:
    if sys.platform == "linux":  # others do not know this limit, or do not keep it
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


def command(*arguments: object) -> list[str]:
    """The command as a process of its own."""
    return [sys.executable, "-m", "chainrule.cli", *map(str, arguments)]
