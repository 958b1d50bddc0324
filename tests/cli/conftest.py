"""A small table, and a model learned from it once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from chainrule.cli import main


@dataclass(frozen=True)
class Outcome:
    """How the command ended, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process."""

    def run(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    return run


def write_visits(path: Path, n: int = 240, seed: int = 0) -> Path:
    """Numbers, categories with gaps, a date, an identifier, a constant and two targets."""
    rng = np.random.default_rng(seed)
    age, town = rng.normal(45, 12, n).round(1), rng.choice(["Oslo", "Bergen", "Vardø"], n)
    bought = np.where((age > 45) != (town == "Oslo"), "yes", "no")
    spent = (10 + 0.5 * age + 8 * (town == "Bergen") + rng.normal(0, 1, n)).round(2)
    days = np.datetime64("2023-01-01") + rng.integers(0, 700, n)
    rows = zip(range(1, n + 1), age, town, days, spent, bought, strict=True)
    lines = [f"{i},{a if i % 9 else 'NA'},{t if i % 11 else ''},{d},shop,{s},{b}" for i, a, t, d, s, b in rows]
    path.write_text("\n".join(["id,age,town,day,place,spent,bought", *lines]) + "\n")
    return path


@pytest.fixture(scope="session")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_visits(tmp_path_factory.mktemp("visits") / "visits.csv")


@pytest.fixture(scope="session")
def trained(visits: Path) -> Path:
    """A model that predicts ``bought``."""
    model = visits.with_name("bought.safetensors")
    arguments = ["train", visits, "--target", "bought", "--drop", "spent", "--hidden", "16:tanh"]
    assert main([*map(str, arguments), "--model", str(model), "--learning-rate", "0.01", "--no-plot", "-q"]) == 0
    return model
