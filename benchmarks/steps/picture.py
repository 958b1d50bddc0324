"""The picture of docs/benchmarks.md: the ratios of relu in float32, a point for each peer and case."""

MARKS = tuple(zip("osD^vP", ("C0", "C1", "C3", "C2", "C4", "C5"), strict=True))
TICKS = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500]


def draw(rows, peers, ours, path):
    """One panel for each number of cores, on one logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    chosen = [row for row in rows if row["case"].endswith("relu float32") and ours in row["seconds"]]
    counts = sorted({row["cores"] for row in chosen}) or [1]
    shape = {"figsize": (4.2 * len(counts) + 0.8, 3.8), "sharey": True, "layout": "constrained", "squeeze": False}
    figure, (all_axes,) = plt.subplots(1, len(counts), **shape)
    for axes, count in zip(all_axes, counts, strict=True):
        _panel(axes, [row for row in chosen if row["cores"] == count], peers, ours)
        axes.set_title("one core" if count == 1 else "two cores", fontsize=10)
    ratios = [row["seconds"][peer] / row["seconds"][ours] for row in chosen for peer in peers if peer in row["seconds"]]
    all_axes[0].set_ylim(0.8 * min(ratios, default=1), 1.5 * max(ratios, default=1))
    all_axes[0].set_ylabel("time of a step, chainrule's = 1")
    figure.legend(*all_axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(peers), frameon=False)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def _panel(axes, rows, peers, ours):
    for place, (peer, (marker, color)) in enumerate(zip(peers, MARKS, strict=False)):
        aside = 0.11 * (place - (len(peers) - 1) / 2)
        points = [
            (i + aside, r["seconds"][peer] / r["seconds"][ours]) for i, r in enumerate(rows) if peer in r["seconds"]
        ]
        axes.plot([x for x, _ in points], [y for _, y in points], marker, color=color, label=peer, markersize=6)
    axes.axhline(1, color="black", linewidth=1)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_xlim(-0.5, max(len(rows), 1) - 0.5)
    axes.set_xticks(range(len(rows)), [row["shape"] for row in rows])
    axes.grid(axis="y", linewidth=0.3)
    axes.spines[["top", "right"]].set_visible(False)
