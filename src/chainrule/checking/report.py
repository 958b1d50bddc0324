"""The result of a check, as data; `text` prints it."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from chainrule.checking.verdict import Verdict


@dataclass(frozen=True)
class Entry:
    """One parameter: where it is, what was returned for it and what it should be."""

    block: str
    index: tuple[int, ...]
    analytic: float
    numeric: float
    relative_error: float
    verdict: Verdict

    @property
    def name(self) -> str:
        """The place as one would write it in code, such as ``W1[2, 0]``."""
        return f"{self.block}[{', '.join(map(str, self.index))}]" if self.index else self.block


@dataclass(frozen=True)
class Row:
    """One block of parameters.

    ``checked`` counts the entries that were looked at one by one; where it is less than ``size``, the block as a whole
    was judged along random directions.
    """

    block: str
    shape: tuple[int, ...]
    size: int
    checked: int
    relative_error: float
    verdict: Verdict
    counts: Mapping[Verdict, int]


@dataclass(frozen=True)
class Hint:
    """A likely cause, with the computed evidence it rests on and the blocks it explains."""

    cause: str
    evidence: str
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something worth knowing besides the rows; an error speaks against the function."""

    text: str
    is_error: bool = False


@dataclass(frozen=True)
class Taylor:
    """The second opinion: |J(theta + t v) - J - t g.v| by t, and the rate at which it shrinks (2: g is right)."""

    steps: tuple[float, ...]
    remainders: tuple[float, ...]
    rate: float | None


@dataclass(frozen=True)
class Report:
    """What a gradient check found; printing it tells the whole of it in 80 columns.

    Attributes
    ----------
    ok : bool
        Nothing speaks against the gradient.
    conclusive : bool
        At least one slope could be confirmed or refuted.
    max_relative_error : float
        Over all that was judged away from kinks; at most ``rtol`` if ``ok``.
    rows : tuple of Row
        One per block.
    worst : tuple of Entry
        The entries with the largest errors, the worst first; ``entries`` has all that were looked at.
    hints : tuple of Hint
    findings : tuple of Finding
    taylor : Taylor
    method : str
        Which numeric methods were used.
    rtol : float
    value : float
        J at theta.
    evaluations : int
        How many values and gradients the check cost.
    """

    ok: bool
    conclusive: bool
    max_relative_error: float
    rows: tuple[Row, ...]
    worst: tuple[Entry, ...]
    hints: tuple[Hint, ...]
    findings: tuple[Finding, ...]
    taylor: Taylor
    method: str
    rtol: float
    value: float
    evaluations: int
    entries: tuple[Entry, ...] = ()

    def __str__(self) -> str:
        from chainrule.checking.text import render

        return render(self)

    def __bool__(self) -> bool:
        return self.ok

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data; what is not finite becomes None, so that it is valid JSON."""
        data = {item.name: _plain(getattr(self, item.name)) for item in fields(self) if item.name != "entries"}
        return {"ok": self.ok, **data}

    def to_json(self, indent: int | None = 2) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Entry | Row | Hint | Finding | Taylor):
        named = {"name": value.name} if isinstance(value, Entry) else {}
        return named | {key: _plain(part) for key, part in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Verdict) else value
