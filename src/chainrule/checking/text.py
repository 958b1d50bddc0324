"""The report for a reader: plain text, 80 columns, the answer in the first line and what to do in the last."""

import math
import textwrap
from collections.abc import Iterator

from chainrule.checking.report import Entry, Report, Row
from chainrule.checking.verdict import Verdict

WIDTH = 80
MANY_ROWS = 30


def render(report: Report) -> str:
    """The whole report."""
    return "\n".join(line.rstrip() for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield _headline(report)
    yield from _wrapped(f"{report.method}; {report.evaluations:,} evaluations", "", "")
    yield ""
    yield from _table(report.rows, report.rtol)
    listed = [entry for entry in report.worst if entry.verdict is not Verdict.OK]
    if listed:
        yield ""
        yield from _entries(listed)
    yield ""
    yield from _wrapped(_taylor(report), "", "")
    if report.findings:
        yield ""
        yield "Noticed"
        for finding in report.findings:
            yield from _wrapped(finding.text, "! " if finding.is_error else "- ", "  ")
    if report.hints:
        yield ""
        yield "What to look at"
        for hint in report.hints:
            where = f"{', '.join(hint.blocks)}: " if hint.blocks else ""
            yield from _wrapped(where + hint.cause, "- ", "  ")
            yield from _wrapped(hint.evidence, "    because ", "    ")
    if not report.ok and not report.hints:
        yield ""
        yield from _wrapped(_without_hint(report), "", "")


def _headline(report: Report) -> str:
    n = sum(row.size for row in report.rows)
    size = f"{n:,} parameter{'s' * (n != 1)} in {len(report.rows)} block{'s' * (len(report.rows) != 1)}"
    wrong = [row for row in report.rows if row.verdict.is_error]
    if wrong:
        return f"Gradient check: WRONG in {len(wrong)} of {len(report.rows)} blocks ({n:,} parameters)"
    if not report.ok:
        return f"Gradient check: FAILED, see below ({size})"
    if not report.conclusive:
        return f"Gradient check: NOTHING COULD BE TOLD at this theta ({size})"
    if all(row.verdict is Verdict.KINK for row in report.rows):
        return f"Gradient check: OK beside theta, which lies on kinks ({size})"
    return f"Gradient check: OK, {size}, errors up to {report.max_relative_error:.1e}"


def _table(rows: tuple[Row, ...], rtol: float) -> Iterator[str]:
    shown = rows if len(rows) <= MANY_ROWS else _notable(rows)
    name = max(5, *(len(row.block) for row in shown))
    yield f"{'block':<{name}}  {'shape':<13}{'checked':>14}  {'rel. error':>10}  verdict"
    for row in shown:
        shape = " x ".join(map(str, row.shape))
        checked = f"{row.checked:,} of {row.size:,}" if 0 < row.checked < row.size else f"{row.size:,}"
        error = "" if row.verdict is Verdict.KINK else _number(row.relative_error, ".1e")
        yield f"{row.block:<{name}}  {shape:<13}{checked:>14}  {error:>10}  {_verdict(row)}"
    if len(shown) < len(rows):
        yield f"and {len(rows) - len(shown)} more blocks, all ok"
    yield f"accepted up to {rtol:.1e}"


def _notable(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    found = [row for row in rows if row.verdict is not Verdict.OK]
    return tuple((found or sorted(rows, key=lambda row: -row.relative_error))[:MANY_ROWS])


def _verdict(row: Row) -> str:
    """The verdict, with the number of entries it stands for where it is not all of them."""
    count = row.counts.get(row.verdict, 0)
    partly = f", {count:,} of {row.checked:,}" if row.verdict is not Verdict.OK and 0 < count < row.checked else ""
    aside = [
        f"{row.counts[v]} {label}"
        for v, label in ((Verdict.KINK, "at a kink"), (Verdict.TOO_SMALL, "too small"))
        if v in row.counts
    ]
    if row.verdict is Verdict.OK and aside:
        return "ok, " + ", ".join(aside)
    return f"{row.verdict.upper() if row.verdict.is_error else row.verdict}{partly}"


def _entries(entries: list[Entry]) -> Iterator[str]:
    name = max(13, *(len(entry.name) for entry in entries))
    yield f"{'worst entries':<{name}}{'analytic':>16}{'numeric':>16}{'rel. error':>12}  verdict"
    for entry in entries:
        analytic, numeric = (_number(number, ".7e") for number in (entry.analytic, entry.numeric))
        error = "" if entry.verdict is Verdict.KINK else _number(entry.relative_error, ".1e")
        yield f"{entry.name:<{name}}{analytic:>16}{numeric:>16}{error:>12}  {entry.verdict}"


def _number(number: float, form: str) -> str:
    return format(number, form) if math.isfinite(number) else str(number)


def _taylor(report: Report) -> str:
    rate = report.taylor.rate
    if rate is None:
        return "Taylor remainder: below rounding, no rate to be seen"
    if any(Verdict.KINK in row.counts for row in report.rows):
        return f"Taylor remainder: shrinks like t^{rate:.2f} (at a kink that tells nothing)"
    return f"Taylor remainder: shrinks like t^{rate:.2f} (2: gradient right, 1: wrong)"


def _without_hint(report: Report) -> str:
    if any(row.verdict.is_error for row in report.rows):
        return (
            "No known pattern fits. Take one sample and the smallest network that still fails, "
            "and compare the worst entries above by hand."
        )
    return "The slopes are right; what is marked with ! above is not."


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
