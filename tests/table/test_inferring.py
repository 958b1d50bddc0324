"""Which numbers are counts: what a statistician would call so, and what looks alike and is none."""

import numpy as np
import pytest
from sklearn.metrics import mean_poisson_deviance

import chainrule as cr
from chainrule.table import column_of, learn_target, table_of
from chainrule.table.inferring import COUNTS, looks_like_counts

N = 800


def _rng() -> np.random.Generator:
    return np.random.default_rng(7)


COUNTED = {
    "visits": _rng().poisson(np.exp(_rng().normal(1.5, 0.8, N))),
    "claims of a customer": _rng().negative_binomial(1.5, 0.1, N),
    "rides": _rng().poisson(_rng().gamma(2.0, 80.0, N)),
    "children born": 1 + _rng().poisson(_rng().exponential(9.0, N)),
}
NO_COUNTS = {
    "year": 1900 + _rng().poisson(20, N),
    "years": _rng().integers(1990, 2026, N),
    "id": _rng().permutation(N),
    "customer": _rng().permutation(N) ** 2,  # skewed, from 0, and never twice the same
    "zip": _rng().poisson(_rng().gamma(2.0, 80.0, N)),
    "month_index": _rng().negative_binomial(1.5, 0.1, N),
    "score": _rng().integers(0, 101, N),
    "percent": np.clip(_rng().normal(80, 15, N).round(), 0, 100),
    "age": np.clip(_rng().normal(40, 18, N).round(), 0, None),
    "price": 5 * _rng().poisson(_rng().gamma(2.0, 80.0, N)),  # rounded amounts of money
    "salary": 20_000 + _rng().poisson(_rng().gamma(2.0, 8000.0, N)),
    "change": _rng().poisson(9.0, N) - _rng().poisson(3.0, N),
    "litres": _rng().gamma(2.0, 8.0, N),
    "stars": _rng().binomial(40, 0.02, N) * 1.0 + (np.arange(N) % 2) * 3,  # spread less than counts would be
}


@pytest.mark.parametrize("name", COUNTED)
def test_counts(name: str) -> None:
    assert looks_like_counts(column_of(name, COUNTED[name]))
    for kind in ("auto", "number"):
        target = learn_target(table_of({name: COUNTED[name]}), [name], kind)
        assert (target.loss, target.output, target.reason) == ("poisson", "exp", COUNTS)


@pytest.mark.parametrize("name", NO_COUNTS)
def test_no_counts(name: str) -> None:
    assert not looks_like_counts(column_of(name, NO_COUNTS[name]))
    assert learn_target(table_of({name: NO_COUNTS[name]}), [name], "number").loss == "half_squared_error"


def test_few_rows_several_columns_and_dates_are_no_counts() -> None:
    visits = COUNTED["visits"]
    assert not looks_like_counts(column_of("visits", visits[:29]))
    assert learn_target(table_of({"a": visits, "b": visits[::-1]}), ["a", "b"]).loss == "half_squared_error"
    assert not looks_like_counts(column_of("visits", visits.astype("M8[s]")))


def test_another_loss_can_be_asked_for() -> None:
    table = table_of({"visits": COUNTED["visits"]})
    assert learn_target(table, ["visits"], loss="half_squared_error").output == "identity"


def test_counts_are_said_and_predicted_better() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2300, 4))
    y = rng.poisson(np.exp(1 + 0.8 * X[:, 0] + 0.5 * np.sin(2 * X[:, 1])))
    train, test = slice(300), slice(300, None)
    found = {}
    for loss in ("auto", "half_squared_error"):
        model = cr.TabularRegressor(loss, epochs=60).fit(X[train], y[train])
        found[loss] = mean_poisson_deviance(y[test], np.maximum(model.predict(X[test]), 0.05))
        assert any("look like counts" in note for note in model.notes_) == (loss == "auto")
    assert found["auto"] < 0.9 * found["half_squared_error"]
