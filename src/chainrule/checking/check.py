"""`check_gradient`: whether this is the gradient of that value, and if not, which entries are wrong and why."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

import numpy as np

from chainrule.checking import hints as hinting
from chainrule.checking.branches import count_ties
from chainrule.checking.entries import Judged, look_at
from chainrule.checking.findings import about_methods, about_points, about_values
from chainrule.checking.judge import Setting
from chainrule.checking.methods import value_noise
from chainrule.checking.noise import measure as measure_noise
from chainrule.checking.problem import (
    Blocks,
    Branches,
    Example,
    Problem,
    ValueAndGradient,
    Vector,
    complex_refusal,
    of_function,
    of_network,
)
from chainrule.checking.projection import project
from chainrule.checking.report import Entry, Report, Row
from chainrule.checking.taylor import remainder_rate
from chainrule.checking.verdict import Verdict

# Up to here every entry is looked at one by one: about 7 evaluations each, a second for a small network.
ENTRY_BY_ENTRY = 1500

Method = Literal["auto", "entries", "projections"]


def check_gradient(
    subject: Any,
    theta: Any,
    X: Any = None,
    T: Any = None,
    *,
    sample_weight: Any = None,
    l1: float = 0.0,
    l2: float = 0.0,
    value_and_gradient: ValueAndGradient | None = None,
    value: Callable[[Vector], Any] | None = None,
    blocks: Blocks = None,
    branches: Branches | None = None,
    numbers: Mapping[str, float] | None = None,
    method: Method = "auto",
    rtol: float | None = None,
    worst: int = 5,
    seed: int = 0,
) -> Report:
    """Check a gradient against its own value, and say where and why it is wrong.

    The numeric gradient is a complex step where the function takes complex numbers, confirmed by central differences
    with Richardson extrapolation; central differences alone where it does not. Kinks, such as a relu whose input is
    exactly 0, are named and not called errors. Small problems are checked entry by entry, large ones block by block
    along random directions with a search where a block fails.

    Parameters
    ----------
    subject : Network or callable
        A network, with ``X`` and ``T``; or any function ``theta -> (value, gradient)``.
    theta : array (n_parameters,), or of any shape for a function
        The point. float32 is checked as float32: the gradient as it comes out, the numeric one in double precision.
    X : array (N, n_0), T : array (N, width), sample_weight : array (N,), l1, l2 : float
        The data, for a network only.
    value_and_gradient : callable, optional
        ``theta -> (value, gradient)`` of an engine, checked in place of the network's own.
    value : callable, optional
        ``theta -> value`` alone; spares the cost of the gradient in every numeric step.
    blocks : dict of name to shape, or sequence of Block, optional
        How theta is cut, in order, for a function; names such as W1 and b1 make the hints speak of layers.
    branches : callable, optional
        ``theta -> array of integers`` that change where the code takes another branch; 0 for exactly on it.
    numbers : dict of str to float, optional
        Constants to look for in a wrong ratio, such as ``{"N": 32}``; a network brings its own.
    method : {"auto", "entries", "projections"}
        auto takes entries up to 1,500 parameters.
    rtol : float, optional
        The relative error that is accepted; the square root of the gradient's machine precision without it.
    worst : int
        How many of the worst entries to list.
    seed : int
        Of the random directions.

    Returns
    -------
    Report
        ``ok``, ``max_relative_error``, ``rows``, ``worst``, ``hints``, ``findings``; print it to read it.

    Raises
    ------
    TypeError, ValueError
        If theta, the data, the blocks or what the function returns do not fit together.

    Notes
    -----
    Chains, part IV, counts what finite differences cost: two forward passes per parameter, against one forward and one
    backward pass. The check pays that price once to trust the cheaper way.

    Examples
    --------
    >>> import numpy as np, chainrule as cr
    >>> def f(theta):  # the factor 2 is missing
    ...     return (theta**2).sum(), theta
    >>> report = cr.check_gradient(f, np.array([1.0, -3.0]))
    >>> report.ok, report.worst[0].name, report.worst[0].analytic, report.worst[0].numeric
    (False, 'theta[0]', 1.0, 2.0)
    >>> report.hints[0].evidence
    'analytic / numeric = 0.5 in all 2 entries'
    """
    if hasattr(subject, "value_and_gradient"):
        example = _example(subject, X, T, sample_weight, l1, l2, np.asarray(theta))
        problem = of_network(subject, theta, example, value_and_gradient, value)
    elif callable(subject):
        if X is not None or T is not None or value_and_gradient is not None:
            raise TypeError("X, T and value_and_gradient belong to a network; a function is called with theta alone")
        problem = of_function(subject, theta, blocks, branches, value, numbers)
    else:
        raise TypeError(f"expected a network or a function theta -> (value, gradient), given {type(subject).__name__}")
    if method not in ("auto", "entries", "projections"):
        raise ValueError(f"method must be 'auto', 'entries' or 'projections', given {method!r}")
    with np.errstate(all="ignore"), warnings.catch_warnings():  # what overflows is told in the report
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)  # a gradient that nobody reads may drop it
        return _run(problem, method, rtol, worst, seed)


def _example(network: Any, X: Any, T: Any, sample_weight: Any, l1: float, l2: float, theta: Vector) -> Example:
    """The data, rounded to theta's precision, so that the check compares arithmetic and not roundings of the data."""
    if X is None or T is None:
        raise TypeError("a network is checked on data: cr.check_gradient(net, theta, X, T)")
    if theta.shape != (network.n_parameters,):
        raise ValueError(f"theta must have shape ({network.n_parameters},) for this network, given {theta.shape}")
    kind = theta.dtype if theta.dtype.kind == "f" else np.dtype(np.float64)
    X, T, w = (
        None if part is None else np.asarray(part).astype(kind).astype(np.float64) for part in (X, T, sample_weight)
    )
    return Example(network, cast(Vector, X), cast(Vector, T), w, l1, l2)


def _run(problem: Problem, method: Method, rtol: float | None, worst: int, seed: int) -> Report:
    rng = np.random.default_rng((seed, 0))
    value, gradient = _gradient(problem)
    objective = problem.value(problem.theta).real
    noise = measure_noise(problem, objective, gradient, rng)
    refusal = complex_refusal(problem, rng.standard_normal(problem.theta.size))
    setting = Setting(
        problem,
        gradient.astype(np.float64),
        noise,
        rtol=rtol or float(np.sqrt(noise.eps)),
        use_complex=not refusal,
        value_noise=max(
            value_noise(problem.along(rng.standard_normal(problem.theta.size)), problem.typical),
            problem.value_eps(gradient) * abs(objective) / 2,
        ),
        seed=seed,
    )
    single = method == "entries" or (method == "auto" and problem.theta.size <= ENTRY_BY_ENTRY)
    rows, judged, sure = (_by_entries if single else _by_projections)(setting, rng)
    ties = count_ties(problem)
    taylor = remainder_rate(problem, objective, setting.gradient, noise.eps, rng)
    findings = (
        *about_values(problem, value, objective, gradient, noise, rng),
        *about_methods(refusal, judged, sure),
        *about_points(rows, judged, setting.gradient, ties, taylor),
    )
    wrong = any(row.verdict.is_error for row in rows)
    beside = [j for part in judged for j in part.judgements if j.verdict is Verdict.KINK and j.confirmed]
    entries = tuple(_entry(part, k) for part in judged for k in range(len(part.places)))
    return Report(
        ok=not wrong and not any(finding.is_error for finding in findings),
        conclusive=any(row.verdict is Verdict.OK or row.verdict.is_error for row in rows) or bool(beside),
        max_relative_error=max(row.relative_error for row in rows),
        rows=rows,
        worst=tuple(sorted(entries, key=_severity)[:worst]),
        hints=hinting.explain(setting, judged, rows) if wrong else (),
        findings=findings,
        taylor=taylor,
        method=_method(refusal, single),
        rtol=setting.rtol,
        value=objective,
        evaluations=problem.tally.values + problem.tally.gradients,
        entries=entries,
    )


def _gradient(problem: Problem) -> tuple[float, Vector]:
    """The gradient under test, refused if it is no vector of theta's length."""
    value, gradient = problem.gradient(problem.theta)
    if gradient.shape != problem.theta.shape:
        raise ValueError(
            f"the gradient has {gradient.size} entries, theta has {problem.theta.size}: "
            "the function must return (value, gradient) with one entry per parameter"
        )
    if gradient.dtype.kind not in "fiub":
        raise TypeError(f"the gradient must be real numbers, given {gradient.dtype}")
    return value, gradient if gradient.dtype.kind == "f" else gradient.astype(np.float64)


def _by_entries(setting: Setting, rng: np.random.Generator) -> tuple[tuple[Row, ...], list[Judged], bool]:
    judged = [look_at(setting, block, range(int(np.prod(block.shape)))) for block in setting.problem.blocks]
    sure = all(
        j.confirmed or j.verdict in (Verdict.KINK, Verdict.NOT_FINITE) for part in judged for j in part.judgements
    )
    return tuple(_row(part) for part in judged), judged, sure


def _by_projections(setting: Setting, rng: np.random.Generator) -> tuple[tuple[Row, ...], list[Judged], bool]:
    found = [(block, project(setting, block, rng)) for block in setting.problem.blocks]
    rows = []
    for block, part in found:
        row = _row(part.judged)
        verdict = part.verdict if not row.verdict.is_error else row.verdict
        error = max(part.relative_error, row.relative_error)
        rows.append(Row(block.name, block.shape, row.size, row.checked, error, verdict, row.counts))
    return tuple(rows), [part.judged for _, part in found], all(part.confirmed for _, part in found)


def _row(judged: Judged) -> Row:
    verdicts = [judgement.verdict for judgement in judged.judgements]
    counts = {verdict: verdicts.count(verdict) for verdict in Verdict if verdict in verdicts}
    order = (Verdict.NOT_FINITE, Verdict.WRONG, Verdict.OK, Verdict.KINK, Verdict.TOO_SMALL)
    size = int(np.prod(judged.block.shape))
    error = max((judgement.relative_error for judgement in judged.judgements), default=0.0)
    verdict = min(verdicts, key=order.index, default=Verdict.OK)
    return Row(judged.block.name, judged.block.shape, size, len(verdicts), error, verdict, counts)


def _entry(judged: Judged, k: int) -> Entry:
    found = judged.judgements[k]
    index = tuple(int(i) for i in np.unravel_index(judged.places[k], judged.block.shape))
    return Entry(judged.block.name, index, found.analytic, found.numeric, found.relative_error, found.verdict)


def _severity(entry: Entry) -> tuple[int, float]:
    order = (Verdict.NOT_FINITE, Verdict.WRONG, Verdict.KINK, Verdict.TOO_SMALL, Verdict.OK)
    return order.index(entry.verdict), -min(entry.relative_error, 1e300)


def _method(refusal: str, single: bool) -> str:
    numeric = "central differences" if refusal else "complex step and central differences"
    return f"{numeric}, {'entry by entry' if single else 'each block along random directions'}"
