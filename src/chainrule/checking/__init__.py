"""The gradient check: whether `value_and_gradient(theta)` returns the slope of its own value, and if not, why."""

from chainrule.checking.check import check_gradient
from chainrule.checking.report import Entry, Finding, Hint, Report, Row
from chainrule.checking.verdict import Verdict

__all__ = ["Entry", "Finding", "Hint", "Report", "Row", "Verdict", "check_gradient"]
