"""Where the error begins: backward goes from right to left, so the wrong block nearest to the output is the place.

W_l and b_l wrong      delta_l is wrong            B1 for l = L, else B2
W_l wrong, b_l right   delta_l is right            B3
b_l wrong, W_l right   delta_l is right            B4
"""

from chainrule.checking.report import Hint, Row


def begins(rows: dict[str, Row], layers: dict[str, tuple[int, str]]) -> Hint | None:
    """The line to look at, from which blocks are wrong; ``layers`` maps a block's name to its layer and kind."""
    wrong = {layers[name] for name, row in rows.items() if name in layers and row.verdict.is_error}
    if not wrong:
        return None
    last, depth = max(l for l, _ in wrong), max(l for l, _ in layers.values())
    kinds = {kind for l, kind in wrong if l == last}
    has_bias = (last, "biases") in layers.values()
    below = any(l < last for l, _ in wrong)
    names = ", ".join(name for name in rows if layers.get(name, (0, ""))[0] == last and rows[name].verdict.is_error)
    right = ", ".join(name for name, row in rows.items() if name in layers and not row.verdict.is_error)
    evidence = f"wrong: {', '.join(name for name in rows if rows[name].verdict.is_error)}; right: {right or 'none'}"
    if kinds == {"biases"}:
        return Hint(
            f"look at the line of {names}, the sum of delta_{last} over samples (B4); delta_{last} itself is right",
            evidence,
        )
    if has_bias and kinds == {"weights"}:
        return Hint(
            f"look at the line of {names}, delta_{last}^T a_{last - 1} (B3); delta_{last} itself is right", evidence
        )
    if last == depth:
        shared = (
            "delta_L, the loss's gradient or the average (B1)"
            if below or has_bias
            else f"delta_L (B1) or the line of {names} (B3)"
        )
        return Hint(f"the error begins at the output: look at {shared}", evidence)
    return Hint(
        f"the error begins at delta_{last} (B2): look at sigma' of layer {last} and at W{last + 1} on the way back",
        evidence,
    )
