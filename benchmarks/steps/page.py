"""docs/benchmarks.md and its picture, from the file of figures that __main__.py writes.

python benchmarks/steps/page.py out/benchmarks.json docs/benchmarks.md
"""

import json
import statistics
import sys
from pathlib import Path

import words
from fits import GRID_EPOCHS, JAX
from peers import FLOOR, OURS
from picture import draw
from steps import ALONE

LIMITS = Path(__file__).with_name("limits.md")


def table_of(head, rows):
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]]) + "\n"


def ratio(numerator, denominator):
    """Two or three digits; a dash where one of the two is missing."""
    if not numerator or not denominator:
        return "-"
    value = numerator / denominator
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 5 else f"{value:.2f}"


def reasons(rows, name):
    """A sentence for each peer that is missing, with its reason."""
    found = {}
    for row in rows:
        for peer, why in row["missing"].items():
            found.setdefault((peer, why), []).append(row[name])
    return "".join(f"\nMissing: {peer} in {', '.join(where)} ({why}).\n" for (peer, why), where in found.items())


def names_of(rows, but):
    """Peers in the order of their first appearance, missing ones too."""
    found = {peer: None for row in rows for peer in (*row["seconds"], *row["missing"])}
    return [peer for peer in found if peer not in but]


# ---- tables, each empty where there are no figures


def steps(rows, cores):
    rows = [row for row in rows if row["cores"] == cores]
    if not rows:
        return ""
    peers = names_of(rows, (OURS, FLOOR, ALONE))
    head = ["case", "us a step", "GFlop/s", "times the floor" if cores == 1 else "times one core", *peers]
    whole = [good for row in rows for good in row["whole"]]
    text = words.ONE_CORE if cores == 1 else words.TWO_CORES.format(whole=sum(whole), counted=len(whole))
    return text + table_of(head, [_step(row, cores, peers) for row in rows]) + reasons(rows, "case") + "\n"


def _step(row, cores, peers):
    seconds = row["seconds"]
    ours = seconds.get(OURS)
    own = ratio(ours, seconds.get(FLOOR)) if cores == 1 else ratio(seconds.get(ALONE), ours)
    speed = [f"{ours * 1e6:.1f}", f"{row['operations'] / ours / 1e9:.0f}"] if ours else ["-", "-"]
    return [row["case"], *speed, own, *(ratio(seconds.get(peer), ours) for peer in peers)]


def fits(rows):
    if not rows:
        return ""
    peers = sorted(names_of(rows, (OURS,)), key=lambda peer: (peer == "Keras", peer in JAX))
    cells = [[f"{row['title']} ({row['came_out']})", *(_fit(row, peer) for peer in (OURS, *peers))] for row in rows]
    end = words.FITS_END.format(epochs=GRID_EPOCHS)
    return words.FITS + table_of(["", OURS, *peers], cells) + reasons(rows, "title") + end


def _fit(row, peer):
    if peer not in row["seconds"]:
        return "-"
    seconds = row["seconds"][peer]
    first = f"{seconds:.3g} s" if peer == OURS else ratio(seconds, row["seconds"].get(OURS))
    return f"{first} ({row['outcome'][peer]:.3g})"


def one_row(found):
    cells = [[name, f"{s * 1e6:.1f}", ratio(s, found[OURS])] for name, s in found.items()]
    return words.ONE_ROW + table_of(["", "us", "times chainrule's"], cells) + "\n"


def first_epoch(found):
    cells = [[name, f"{s:.2f}", ratio(s, found[OURS])] for name, s in found.items()]
    return words.FIRST_EPOCH + table_of(["", "s", "times chainrule's"], cells) + "\n"


def price(rows):
    cells = [
        [
            *_network(row),
            f"{row['parameters']:,}",
            *(f"{row[name] * 1e3:.3f}" for name in ("forward", "gradient")),
            f"{row['gradient'] / row['forward']:.2f}",
            f"{row['arithmetic']:.2f}",
            f"{2 * row['parameters']:,}",
        ]
        for row in rows
    ]
    head = ["network", "parameters", "forward ms", "gradient ms", "gradient in forward passes", "by arithmetic"]
    return words.PRICE + table_of([*head, "finite differences need"], cells) + "\n"


def memory(rows):
    cells = [
        [
            *_network(row),
            *(f"{row[name] / 1e6:.1f}" for name in ("theta", "buffers", "added")),
            f"{(row['added'] - row['buffers']) / row['theta']:.1f}",
        ]
        for row in rows
    ]
    return words.MEMORY + table_of(["network", "theta MB", "buffers MB", "added MB", "rest, in thetas"], cells) + "\n"


def _network(row):
    return [f"{row['network']}, {row['rows']} rows"]


# ---- the page


def write(figures, path):
    """The page, and beside it the picture."""
    page, rows = Path(path), figures["steps"]
    counted = {number for row in rows for number in row["rounds"].values()} or {0}
    rounds = f"{min(counted)} to {max(counted)}" if len(counted) > 1 else f"{max(counted)}"
    limits = LIMITS.read_text().strip() if LIMITS.exists() else ""
    small = [part(figures[name]) for name, part in SMALL.items() if figures.get(name)]
    spread = statistics.median(s for row in rows for s in row["spread"].values()) if rows else 0
    idle = statistics.median(row["idle"] for row in rows) if rows else 0
    left_out = ", ".join(figures["left_out"])
    parts = [
        words.HEAD.format(machine=figures["machine"], idle=f"{100 * idle:.0f}"),
        steps(rows, 1),
        steps(rows, 2),
        f"## What limits each case\n\n{limits}\n\n" if limits else "",
        fits(figures["fits"]),
        *small,
        words.DOUBTS.format(rounds=rounds, spread=f"{100 * spread:.0f}"),
        f"Left out: {left_out}.\n\n" if left_out else "",
        words.END,
    ]
    draw(rows, names_of(rows, (OURS, FLOOR, ALONE)), OURS, page.with_suffix(".png"))
    page.write_text("".join(parts))


SMALL = {"one_row": one_row, "first_epoch": first_epoch, "price": price, "memory": memory}

if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2])
