"""What every test of the source documents shares: an independent derivative and a strict comparison.

Both are fixtures that return functions, because the test folders are no packages.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Array = np.ndarray


@pytest.fixture(scope="session")
def complex_step() -> Callable[..., Array]:
    """D(f, x)[..., i] = Im f(x + i h e_i) / h: exact to rounding, with no difference taken."""

    def derivative(f: Callable[[Array], Any], x: Array, step: float = 1e-30) -> Array:
        point = np.asarray(x, dtype=np.float64)
        columns = []
        for index in np.ndindex(point.shape):
            moved = point.astype(np.complex128)
            moved[index] += 1j * step
            columns.append(np.imag(f(moved)) / step)
        return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + point.shape)

    return derivative


@pytest.fixture(scope="session")
def agree() -> Callable[..., None]:
    """Assert that all forms have one shape and one value, to 1e-12 of the largest entry."""

    def check(first: Any, *others: Any, tolerance: float = 1e-12) -> None:
        first = np.asarray(first)
        assert others, "a form that is compared with nothing proves nothing"
        for other in map(np.asarray, others):
            assert other.shape == first.shape, f"shapes differ: {first.shape} and {other.shape}"
            scale = max(np.abs(first).max(), np.abs(other).max())
            np.testing.assert_allclose(other, first, rtol=0, atol=tolerance * scale)

    return check


@pytest.fixture(scope="session")
def hadamard() -> Callable[[Array, Array], Array]:
    """The elementwise product as the documents define it: for two matrices of one shape, without broadcasting."""

    def product(a: Array, b: Array) -> Array:
        if a.shape != b.shape:
            raise ValueError(f"a Hadamard product needs one shape, not {a.shape} and {b.shape}")
        return a * b

    return product


@pytest.fixture(scope="session")
def errata() -> dict[str, str]:
    """The entries of docs/errata.md: {name: "shapes", "value" or "reading"}, how each is shown."""
    page = Path(__file__).parents[2] / "docs" / "errata.md"
    row = re.compile(r"^\| ([a-z][\w.-]+) \|.*\| (shapes|value|reading) \|$", re.MULTILINE)
    rows = row.findall(page.read_text(encoding="utf-8"))
    assert len(rows) == len(dict(rows)), "a name appears twice"
    return dict(rows)


@pytest.fixture
def erratum(agree: Callable[..., None], errata: dict[str, str]) -> Callable[..., None]:
    """Show one entry of docs/errata.md: the corrected form is the truth, the printed one is not.

    The page says how the printed form goes wrong: "shapes" (it cannot be formed, or has another shape) or "value".
    """

    def show(name: str, *, truth: Any, printed: Callable[[], Any], corrected: Callable[[], Any]) -> None:
        agree(truth, corrected())
        truth = np.asarray(truth)
        try:
            value = np.asarray(printed())
        except ValueError:
            assert errata[name] == "shapes", f"{name}: the printed form cannot be formed at all"
            return
        if value.shape != truth.shape:
            assert errata[name] == "shapes", f"{name}: printed {value.shape}, right {truth.shape}"
            return
        assert errata[name] == "value", f"{name}: the shapes of the printed form do fit"
        assert np.abs(value - truth).max() > 1e-3 * np.abs(truth).max(), f"{name}: the printed form is right"

    return show
