"""Every line of a derivation at real numbers: against the network's own passes and against the complex step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.network.arrays import NUMPY
from chainrule.symbolic.arguments import function_of_activation
from chainrule.symbolic.expression import symbols
from chainrule.symbolic.mathml import mathml
from chainrule.symbolic.notation import SLOPES
from chainrule.symbolic.page import notebook
from chainrule.symbolic.passes import Passes
from chainrule.symbolic.quantities import safe
from chainrule.symbolic.update_checks import mean_error, update_error
from chainrule.symbolic.values import Point, value

if TYPE_CHECKING:
    from chainrule.symbolic.derivation import Derivation, Line

__all__ = ["Check", "Verification", "point_of_line", "verify"]

Array = Any
TOLERANCE = 1e-8  # of the largest entry; a logarithm's slope at a saturated output costs digits
_TINY = 1e-300
_SMALL = 1e-12
_ROUNDING = 1e-6  # a slope this much smaller than the cost is zero up to rounding


@dataclass(frozen=True)
class Check:
    """What came of one line: the largest relative error of its forms, and of the derivative it claims."""

    line: Line
    error: float
    slope_error: float | None
    note: str = ""

    @property
    def ok(self) -> bool:
        return self.error <= TOLERANCE and (self.slope_error is None or self.slope_error <= TOLERANCE)


@dataclass(frozen=True, repr=False)
class Verification:
    """The checks of a derivation; prints as a table."""

    rows: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every line holds."""
        return all(check.ok for check in self.rows)

    @property
    def max_error(self) -> float:
        """The largest relative error of all lines."""
        return max(max(c.error, c.slope_error or 0.0) for c in self.rows)

    def _repr_html_(self) -> str:
        rows = "".join(_row(check) for check in self.rows)
        verdict = "every line holds" if self.ok else "not every line holds"
        head = "<tr><th>line</th><th>error</th><th>complex step</th><th>equation</th></tr>"
        return notebook(f"<table><thead>{head}</thead><tbody>{rows}</tbody></table><p>{verdict}</p>")

    def __repr__(self) -> str:
        lines = [f"{'line':6} {'error':>9} {'complex step':>13}  equation"]
        for c in self.rows:
            slope = "" if c.slope_error is None else f"{c.slope_error:.1e}"
            mark = "" if c.ok else "  <- FAILS"
            note = f"  ({c.note})" if c.note else ""
            lines.append(f"{c.line.tag:6} {c.error:9.1e} {slope:>13}  {c.line.text()}{note}{mark}")
        lines.append("every line holds" if self.ok else "not every line holds")
        return "\n".join(lines)


def _row(check: Check) -> str:
    """One line of the table of a notebook."""
    slope = "" if check.slope_error is None else f"{check.slope_error:.1e}"
    words = (" ← fails" if not check.ok else "") + (f" ({check.note})" if check.note else "")
    cells = f"<td>{escape(check.line.tag)}</td><td>{check.error:.1e}</td><td>{slope}</td>"
    return f'<tr>{cells}<td style="text-align:left">{mathml(check.line.box())}{escape(words)}</td></tr>'


def verify(derivation: Derivation, theta: Array, X: Array, T: Array, sample_weight: Array | None) -> Verification:
    """The checks of all lines; see `Derivation.verify`."""
    theta, X, T = (np.asarray(v, dtype=float) for v in (theta, X, T))
    T = T[:, None] if T.ndim == 1 else T
    if derivation.options["weights"] and sample_weight is None:
        raise ValueError("the derivation carries weights: pass sample_weight, one number for each sample")
    if sample_weight is not None and not derivation.options["weights"]:
        raise ValueError("the derivation carries no weights: make it with derive(..., weights=True)")
    one = derivation.notation.samples == "one"
    if one:
        batches = [Passes(derivation, theta, X[n : n + 1], T[n : n + 1], None) for n in range(len(X))]
    else:
        batches = [Passes(derivation, theta, X, T, sample_weight)]
    return Verification(tuple(_check(line, batches) for line in derivation.steps))


def _check(line: Line, batches: list[Passes]) -> Check:
    if line.condition and not all(np.allclose(b.T.sum(axis=1), 1) for b in batches):
        return Check(line, 0.0, None, "not applicable: " + line.condition)
    if line.relation == "←":
        errors = [update_error(line, batch) for batch in batches]
        if line.components:  # one sample at a time: the mean over samples is the gradient of the batch
            errors.append(mean_error(batches, _together(batches).gradient))
        return Check(line, max(errors), None)
    errors = [_error(line, point, _floor(line, batch)) for batch in batches for point in _points(line, batch)]
    if not errors:
        return Check(line, 0.0, None, "not applicable: no hidden layer is elementwise")
    slopes = [_slope_error(line, batch) for batch in batches] if line.claim else None
    return Check(line, max(errors), None if slopes is None else max(slopes))


def _together(batches: list[Passes]) -> Passes:
    first = batches[0]
    X, T = np.concatenate([b.X for b in batches]), np.concatenate([b.T for b in batches])
    return Passes(first.derivation, first.theta, X, T, None)


def _floor(line: Line, batch: Passes) -> float:
    """The size below which a difference is rounding: a derivative may be zero by terms that cancel."""
    return max(_ROUNDING * abs(float(batch.J)), _TINY) if line.tag.startswith("B") else _SMALL


def _error(line: Line, point: Point, floor: float) -> float:
    memo: dict[Any, Array] = {}
    left = value(line.left, point, memo)
    worst = 0.0
    for form in line.right:
        right = value(form, point, memo)
        scale = max(np.abs(left).max(), np.abs(right).max(), floor)
        worst = max(worst, float(np.abs(left - right).max() / scale))
    return worst if np.isfinite(worst) else np.inf


def _slope_error(line: Line, batch: Passes) -> float:
    role, l = line.claim or ("", 0)
    form = batch.column_form(role, l)
    worst = 0.0
    for seed in range(2):
        direction = np.random.default_rng(seed).normal(size=form.shape)
        expected, actual = np.sum(form * direction), batch.slope(role, l, direction)
        worst = max(
            worst, abs(actual - expected) / max(np.sum(np.abs(form * direction)), _ROUNDING * abs(batch.J), _TINY)
        )
    return float(worst)


# ---------------------------------------------------------------- the point at which a line is evaluated


def _points(line: Line, batch: Passes) -> Iterator[Point]:
    """The values of the symbols of a line; a line of the general step once for each hidden layer."""
    if "__z" in symbols(line.left) or any("__z" in symbols(r) for r in line.right):
        yield from _number_points(line, batch)
        return
    letter = batch.derivation.notation.layer
    for general in layers_of(line, batch) if line.layer == letter else (None,):
        yield _point_at(line, batch, letter, general)


def layers_of(line: Line, passes: Passes) -> list[int]:
    """The layers of the network that a line is about: those that the letter of the general step stands for."""
    if line.layer is None:
        return [passes.depth]
    if isinstance(line.layer, int):
        return [line.layer]
    top = passes.depth if line.tag == "B2" else passes.depth + 1
    return [l for l in range(1, top) if line.tag != "B2" or passes.network.activation(l).elementwise]


def _number_points(line: Line, batch: Passes) -> Iterator[Point]:
    assert isinstance(line.layer, int)  # noqa: S101 - only a layer of the network has a formula
    sigma = batch.network.activation(line.layer)
    name = line.left.data[0]
    for z in np.ravel(batch.forward.z[line.layer])[:12]:
        point = Point(functions={name: function_of_activation(name, sigma)})
        point.arrays = {"__z": np.array([[z]]), "__a": np.asarray(sigma.f(NUMPY, np.array([[z]])))}
        yield point


def _point_at(line: Line, batch: Passes, letter: str, general: int | None) -> Point:
    point = Point()
    numbers = {safe(l): l for l in range(batch.depth + 1)}
    if general is not None:
        near = {safe(letter): general, safe(f"{letter}+1"): general + 1, safe(f"{letter}-1"): general - 1}
        numbers |= {name: l for name, l in near.items() if l <= batch.depth}
    point.sizes = {f"n_{name}": batch.network.sizes[l] for name, l in numbers.items()}
    point.sizes |= {"N": len(batch.X), "n_targets": batch.network.n_targets}
    point.functions = {
        f"sigma_{name}": function_of_activation(f"sigma_{name}", batch.network.activation(l))
        for name, l in numbers.items()
    }
    for name in {n for node in (line.left, *line.right) for n in symbols(node)}:
        point.arrays[name] = _array(name, batch, numbers)
    return point


def _array(name: str, batch: Passes, numbers: dict[str, int]) -> Array:
    notation = batch.derivation.notation
    special = _special(name, batch)
    if special is not None:
        return special
    role, _, layer = name.rpartition("_")
    array = batch.column_form(role, numbers[layer])
    if notation.turned(role.removesuffix("_gradient")):
        array = array.T
    return -array if role in SLOPES and notation.sign < 0 else array


def _special(name: str, batch: Passes) -> Array | None:
    """The values of what is no quantity of a layer."""
    rows = batch.derivation.notation.samples == "rows"
    loss, head, a = batch.network.head.loss, batch.network.head, batch.forward.a[-1]
    if name == "J":
        return np.array([[float(batch.J)]])
    if name in batch.penalties:
        return np.array([[batch.penalties[name]]])
    if name == "share":
        return batch.share if rows else batch.share.T
    if name == "w":
        w = np.asarray(batch.weights, dtype=float).reshape(-1, 1)
        return w if rows else w.T
    if name == "losses":
        return head.value(NUMPY, batch.forward.z[-1], a, batch.T).reshape(1, -1)
    if name == "slopes":
        slopes = loss.gradient(NUMPY, a, batch.T)
        return slopes if rows else slopes.T
    return None


def point_of_line(line: Line, batch: Passes) -> Point:
    """The values of the symbols of a line about one layer of the network."""
    return _point_at(line, batch, batch.derivation.notation.layer, None)
