"""What `chainrule train` needs for a large CSV file: reading and preparing against one epoch, and its peak of memory.

    python benchmarks/table.py [--rows 1000000] [--columns 20] [--repeat 3] [--write docs/benchmarks-table.md]

Each run is a process of its own. Before the file is read everything is loaded, so that the memory of Python and its
libraries can be told from that of the table. Times of wall clock and of processors are those of the quickest run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MB = 1e6


def generate(path: Path, rows: int, columns: int) -> None:
    """Normal numbers with six decimals, and a target that depends on all of them."""
    import numpy as np
    import polars

    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, columns)).astype(np.float32)
    y = (X @ rng.normal(size=columns) + np.sin(3 * X[:, 0]) + 0.1 * rng.normal(size=rows)).astype(np.float32)
    frame = polars.DataFrame({f"x{j}": X[:, j] for j in range(columns)} | {"y": y})
    frame.write_csv(path, float_precision=6)


def resident() -> float:
    """MB in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MB


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


def measure(path: Path, epochs: int) -> dict[str, float]:
    """One run of the command in this process, with a clock before and after its steps."""
    import io

    import polars

    from chainrule.cli import main
    from chainrule.table import learning, sources
    from chainrule.table.preparing import Prepared
    from chainrule.training import fit

    polars.read_csv(io.BytesIO(b"a,b\n1,2\n"))  # its threads and what it loads late
    found = {"resident before": resident()}
    clocks = {"reading": 0.0, "preparing": 0.0}
    busy = dict.fromkeys(clocks, 0.0)

    def timed(owner: object, name: str, step: str) -> None:
        call = getattr(owner, name)

        def watched(*args: object, **options: object) -> object:
            began, used = time.perf_counter(), time.process_time()
            try:
                return call(*args, **options)
            finally:
                clocks[step] += time.perf_counter() - began
                busy[step] += time.process_time() - used

        setattr(owner, name, watched)

    import chainrule.table

    timed(sources, "read_table", "reading")
    chainrule.table.read_table = sources.read_table
    timed(learning, "prepare", "preparing")
    timed(Prepared, "arrays", "preparing")
    ends: list[tuple[float, float]] = []

    def trained(*args: object, **options: object) -> object:
        callbacks = (*options.pop("callbacks", ()), lambda _: ends.append((time.perf_counter(), time.process_time())))
        return train(*args, callbacks=callbacks, **options)

    train, fit.fit = fit.fit, trained
    os.chdir(path.parent)
    code = main(["train", str(path), "--target", "y", "--epochs", str(epochs), "--no-plot", "--quiet"])
    if code:
        raise SystemExit(code)
    each = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(ends)]
    found |= {step: clocks[step] for step in clocks} | {f"{step}, processor": busy[step] for step in busy}
    found |= {"epoch": min(e[0] for e in each), "epoch, processor": min(e[1] for e in each)}
    return found | {"peak": peak()}


def page(best: dict[str, float], rows: int, columns: int, size: float, load: float) -> str:
    """The findings as a page."""
    data = rows * columns * 4 / MB
    ready, ready_busy = best["reading"] + best["preparing"], best["reading, processor"] + best["preparing, processor"]
    before, above = best["resident before"], best["peak"] - best["resident before"]
    times = "\n".join(
        f"| {name} | {best[name]:.2f} s | {best[f'{name}, processor']:.2f} s |"
        for name in ("reading", "preparing", "epoch")
    )
    return f"""# Training on a large table

`chainrule train big.csv --target y` with its defaults, on {rows:,} rows of {columns} columns, numbers with six decimals
({size:.0f} MB of text, {data:.0f} MB in float32). {platform.machine()}, {os.cpu_count()} cores, Python
{platform.python_version()}, a load of {load:.1f} when it began. `python benchmarks/table.py` repeats it.

| step | wall clock | processors |
|---|---|---|
{times}

Preparing is everything between the file and the first epoch: the split, the use of each column, and the matrices.
Reading and preparing together take as long as {ready / best["epoch"]:.1f} epochs by the wall clock, and as
{ready_busy / best["epoch, processor"]:.1f} epochs by processors. Most of it is parsing the text: polars alone, told the
types, needs {best["polars"]:.2f} s for the same file by the wall clock and {best["polars, processor"]:.2f} s by
processors.

| memory | MB | times the data in float32 |
|---|---|---|
| Python and libraries, before reading | {before:.0f} | {before / data:.1f} |
| the run above that | {above:.0f} | {above / data:.1f} |
| peak of the whole process | {best["peak"]:.0f} | {best["peak"] / data:.1f} |
"""


def parse(path: Path) -> dict[str, float]:
    """What polars needs for the same text, told the types."""
    import polars

    names = polars.read_csv(path, n_rows=1).columns
    began, used = time.perf_counter(), time.process_time()
    polars.read_csv(path, schema=dict.fromkeys(names, polars.Float32))
    return {"polars": time.perf_counter() - began, "polars, processor": time.process_time() - used}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FILE"), help="one step in this process; used from within")
    asked = parser.parse_args()
    if asked.step:
        step, path = asked.step[0], Path(asked.step[1])
        if step == "generate":
            generate(path, asked.rows, asked.columns)
        else:
            print(json.dumps(parse(path) if step == "parse" else measure(path, asked.epochs)))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.csv"
        sizes = ["--rows", str(asked.rows), "--columns", str(asked.columns), "--epochs", str(asked.epochs)]

        def of_step(step: str) -> str:
            command = [sys.executable, __file__, *sizes, "--step", step, str(path)]
            return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

        of_step("generate")
        runs = [
            json.loads(of_step("measure").splitlines()[-1]) | json.loads(of_step("parse")) for _ in range(asked.repeat)
        ]
        best = {key: min(run[key] for run in runs) for key in runs[0]}
        text = page(best, asked.rows, asked.columns, path.stat().st_size / MB, load)
    print(text)
    if asked.write:
        asked.write.write_text(text)


if __name__ == "__main__":
    main()
