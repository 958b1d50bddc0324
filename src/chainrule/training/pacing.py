"""How many mini-batches a call of the engine takes: so many that Ctrl-C is noticed soon, and no fewer."""

CALL_SECONDS = 0.05  # what a call of the engine should last: Ctrl-C is noticed well within 0.2 s
GROWTH = 8  # a call may be this many times longer than the one before


def next_count(count: int, seconds: float) -> int:
    """Mini-batches for the next call, after one of `count` mini-batches took `seconds`.

    Examples
    --------
    >>> next_count(10, seconds=0.1), next_count(10, seconds=1e-6)
    (5, 80)
    """
    return int(max(1, min(CALL_SECONDS / max(seconds / count, 1e-9), GROWTH * count)))
