"""The machine and the versions, in a sentence or two."""

import datetime
import os
import platform
import re
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("chainrule", "numpy", "scipy", "scikit-learn", "torch", "jax", "keras")


def machine():
    """The processor, the arithmetic peak of a core, and the versions."""
    from chainrule.engine import native

    name, cpuinfo = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*: (.*)", cpuinfo.read_text())):
        name = found.group(1)
    return (
        f"Measured on {datetime.date.today().isoformat()}: {name}, {os.cpu_count()} cores, instruction level "
        f"{native.LEVEL}{_peak()}. Python {platform.python_version()}, {', '.join(_versions())}."
    )


def _peak():
    try:
        from floor import peak

        return f", fused multiply-adds {peak() / 1e9:.0f} GFlop/s a core in float32"
    except Exception:  # no compiler: the floor is named as missing in the tables
        return ""


def _versions():
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue


def idle(seconds=0.3):
    """The share of the processors' time that nobody used, over some time in which the peers do nothing."""
    before = _ticks()
    time.sleep(seconds)
    passed = [b - a for a, b in zip(before, _ticks(), strict=True)]
    return (passed[3] + passed[4]) / max(1, sum(passed))  # idle, and waiting for a disk


def _ticks():
    return [int(part) for part in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
