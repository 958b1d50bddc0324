"""docs/benchmarks.md and its picture, from what __main__.py has measured."""

import datetime
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from floor import peak

PACKAGES = ("chainrule", "numpy", "scipy", "scikit-learn", "torch", "jax")
HEAD = """# Benchmarks

One training step (gather the mini-batch, forward, backward, Adam) beside its peers, all in one run: every peer in a
process of its own, pinned to the same cores, taking turns round by round; the figures are medians of {rounds} rounds.
On one core the time is that of the processor, on two that of the clock. `make bench` measures again and writes this
page.

| | network | batch |
|---|---|---|
| tiny | 20-32-2 | 32 |
| small | 64-100-10 | 200 |
| medium | 784-256-128-10 | 128 |
| large | 784-1024-1024-10 | 512 |
| deep | 32-(64 x 10)-1 | 64 |

"BLAS alone" is the floor: the same matrix products and nothing else, by the BLAS that SciPy carries, called from
compiled code. A ratio is the peer's time over chainrule's: above 1, chainrule is faster. The floor's column is the
other way round: how many times the floor a whole step of chainrule takes; below 1, its own products beat that BLAS by
more than all the rest costs.

"""


def machine():
    """The processor, the versions, and the arithmetic peak of a core."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*: (.*)", cpuinfo.read_text())
        name = found.group(1) if found else name
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    from chainrule.engine import native

    load = os.getloadavg()[0]
    return (
        f"Measured on {datetime.date.today().isoformat()}: {name}, {os.cpu_count()} cores, "
        f"instruction level {native.LEVEL}, fused multiply-adds {peak() / 1e9:.0f} GFlop/s a core in float32; "
        f"load of the machine at the end {load:.1f}. "
        f"Python {platform.python_version()}, {', '.join(versions)}.\n\n"
    )


def table(results, cores):
    """One row per case: microseconds, GFlop/s, and the ratios."""
    chosen = [result for result in results if result["cores"] == cores]
    if not chosen:
        return ""
    peers = [peer for peer in chosen[0]["seconds"] if peer not in ("chainrule", "BLAS alone")]
    peers += [peer for peer in chosen[0]["missing"] if peer not in peers]
    lines = [f"## {'One core' if cores == 1 else f'{cores} cores'}\n"]
    lines.append(f"| case | us a step | GFlop/s | times the floor | {' | '.join(peers)} |")
    lines.append("|---" * (4 + len(peers)) + "|")
    for result in chosen:
        seconds, ours = result["seconds"], result["seconds"]["chainrule"]
        floor = f"{ours / seconds['BLAS alone']:.2f}" if "BLAS alone" in seconds else ""
        ratios = [f"{seconds[peer] / ours:.2f}" if peer in seconds else "-" for peer in peers]
        rate = result["operations"] / ours / 1e9
        lines.append(f"| {result['case']} | {ours * 1e6:.1f} | {rate:.1f} | {floor} | {' | '.join(ratios)} |")
    reasons = {f"{peer} ({result['case']}): {why}" for result in chosen for peer, why in result["missing"].items()}
    return "\n".join(lines) + "\n\n" + "".join(f"Not there: {reason}.\n\n" for reason in sorted(reasons))


def picture(results, path):
    """The ratios on one core as bars."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    chosen = [result for result in results if result["cores"] == 1 and result["case"].endswith("relu float32")]
    peers = [peer for peer in chosen[0]["seconds"] if peer != "chainrule"]
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for place, peer in enumerate(peers):
        heights = [result["seconds"].get(peer, float("nan")) / result["seconds"]["chainrule"] for result in chosen]
        axes.bar(
            [i + 0.8 * place / len(peers) for i in range(len(chosen))],
            heights,
            0.8 / len(peers),
            label=peer,
            align="edge",
        )
    axes.axhline(1, color="black", linewidth=1)
    axes.set_yscale("log")
    axes.set_xticks([i + 0.4 for i in range(len(chosen))], [result["shape"] for result in chosen])
    axes.set_ylabel("time of a step over chainrule's")
    axes.legend(frameon=False, ncols=3)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def write(path, results, rounds):
    """The page, and beside it the picture."""
    page = Path(path)
    text = HEAD.format(rounds=rounds) + "![ratios on one core](benchmarks.png)\n\n" + machine()
    text += table(results, 1) + table(results, 2)
    picture(results, page.with_suffix(".png"))
    page.write_text(text)
