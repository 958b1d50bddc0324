"""Numbers with gaps and long tails, categories common and rare, and a target that depends on their interplay.

The defaults do better than logistic regression on the same columns.
"""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from chainrule.table import Table, table_of
from chainrule.table.learning import Settings, learn, prepare

WORK = np.array(["private", "public", "own", "family", "army", "none"], object)
STATE = np.array(["single", "married", "divorced", "widowed"], object)
COUNTRY = np.array([f"country {j}" for j in range(40)], object)


def adult_like(n: int = 6_000, seed: int = 0) -> Table:
    """Incomes: age matters in a curve, hours only for some kinds of work, gains rarely but then much."""
    rng = np.random.default_rng(seed)
    age, hours, school = (
        rng.gamma(9, 4.5, n) + 16,
        rng.normal(40, 12, n).clip(1, 99),
        rng.integers(1, 17, n).astype(float),
    )
    gain = np.where(rng.random(n) < 0.08, rng.lognormal(8, 1, n), 0)
    work = rng.choice(WORK, n, p=[0.6, 0.15, 0.12, 0.08, 0.03, 0.02])
    state = rng.choice(STATE, n, p=[0.35, 0.45, 0.15, 0.05])
    country = rng.choice(COUNTRY, n, p=rng.dirichlet(np.full(40, 0.2)))
    logit = 0.35 * (school - 9) - 0.004 * (age - 48) ** 2 + 2.2 * (state == "married") - 1.5
    logit += np.where(np.isin(work, ["own", "private"]), 0.09, -0.03) * (hours - 40) + 3 * (gain > 4000)
    income = np.where(logit + rng.logistic(0, 1, n) > 0, ">50K", "<=50K")
    for column, share in ((age, 0.05), (hours, 0.1)):
        column[rng.random(n) < share] = np.nan
    work[rng.random(n) < 0.06] = None
    columns = {"age": age, "hours": hours, "school": school, "gain": gain, "work": work, "state": state}
    return table_of({**columns, "country": country, "income": income})


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_better_than_logistic_regression_on_the_same_columns(seed: int) -> None:
    prepared = prepare(adult_like(seed=seed), ["income"], Settings(seed=seed))
    ours = learn(prepared).scores["test"]
    X, T = (
        np.concatenate(parts) for parts in zip(prepared.arrays("train"), prepared.arrays("validation"), strict=True)
    )
    linear = LogisticRegression(max_iter=1000).fit(X, T[:, 0])
    X, T = prepared.arrays("test")
    assert ours["log loss"] < log_loss(T[:, 0], linear.predict_proba(X)) - 0.01
    assert ours["accuracy"] > linear.score(X, T[:, 0])
