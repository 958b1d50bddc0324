"""Schedules against PyTorch's schedulers, scikit-learn's, and their equations."""

import math
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.descent.schedules import Plateau, learning_rates

s = cr.schedules
SCHEDULES = {
    "constant": s.Constant(0.1),
    "inverse_scaling": s.InverseScaling(0.1, power=0.7, every=3, scale=2.0),
    "step": s.Step(0.1, every=4, factor=0.5),
    "exponential": s.Exponential(0.1, decay=0.9, every=2),
    "cosine": s.Cosine(0.1, final=0.01),
    "one_cycle": s.OneCycle(0.1),
    "warm_up": s.WarmUp(s.Cosine(0.1, steps=15), steps=5),
    "reduce_on_plateau": s.ReduceOnPlateau(s.Step(0.1, every=5)),
}
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


@every_schedule
def test_many_steps_at_once_are_the_steps_one_by_one(schedule):
    together = schedule(np.arange(1, 31), 20)
    one_by_one = [schedule(np.array([step]), 20)[0] for step in range(1, 31)]
    assert together.dtype == np.float64
    np.testing.assert_array_equal(together, one_by_one)
    assert (together >= 0).all()


@every_schedule
def test_schedules_pickle_compare_and_cannot_be_changed(schedule):
    assert pickle.loads(pickle.dumps(schedule)) == schedule  # noqa: S301  our own bytes
    with pytest.raises(AttributeError):
        schedule.steps = 3


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (SCHEDULES["constant"], lambda k: 0.1),
        (SCHEDULES["inverse_scaling"], lambda k: 0.1 / (1 + 2 * (k // 3)) ** 0.7),
        (SCHEDULES["step"], lambda k: 0.1 * 0.5 ** (k // 4)),
        (SCHEDULES["exponential"], lambda k: 0.1 * 0.9 ** (k / 2)),
        (SCHEDULES["cosine"], lambda k: 0.01 + 0.045 * (1 + math.cos(math.pi * min(k / 20, 1)))),
        (SCHEDULES["warm_up"], lambda k: 0.05 * (1 + math.cos(math.pi * min(k / 15, 1))) * min((k + 1) / 5, 1)),
    ],
)
def test_the_equation(schedule, expected):
    np.testing.assert_allclose(schedule(np.arange(1, 25), 20), [expected(k) for k in range(24)], rtol=1e-13)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["step", "exponential", "cosine", "one_cycle"])
def test_pytorch_has_the_same_rates(name):
    torch = pytest.importorskip("torch")
    lr = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    scheduler, ours = {
        "step": lambda: (lr.StepLR(optimizer, 4, 0.5), SCHEDULES["step"]),
        "exponential": lambda: (lr.ExponentialLR(optimizer, 0.9), s.Exponential(0.1, decay=0.9)),
        "cosine": lambda: (lr.CosineAnnealingLR(optimizer, 20, 0.01), SCHEDULES["cosine"]),
        "one_cycle": lambda: (lr.OneCycleLR(optimizer, 0.1, total_steps=20), SCHEDULES["one_cycle"]),
    }[name]()
    theirs = []
    for _ in range(20):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(theirs) < 20:
            scheduler.step()
    np.testing.assert_allclose(ours(np.arange(1, 21), 20), theirs, rtol=1e-9, atol=1e-12)


def test_inverse_scaling_by_epochs_is_that_of_scikit_learn():
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    batches, samples = 5, 37
    theirs = SGDOptimizer([np.zeros(1)], 0.2, lr_schedule="invscaling", power_t=0.4)
    rates = []
    for epoch in range(1, 5):
        rates += [theirs.learning_rate] * batches
        theirs.iteration_ends(epoch * samples)
    ours = s.InverseScaling(0.2, power=0.4, every=batches, scale=samples)
    np.testing.assert_allclose(ours(np.arange(1, 21), 20), rates, rtol=1e-14)


def test_one_cycle_of_very_few_steps_stays_within_its_bounds():
    for total in (1, 2, 3):
        rates = s.OneCycle(0.1)(np.arange(1, total + 1), total)
        assert np.isfinite(rates).all()
        assert ((rates > 0) & (rates <= 0.1)).all()
        assert rates[0] == 0.1  # no room for a way up, so the only step is not the smallest of all
        np.testing.assert_allclose(rates[1:][-1:], [0.1 / 25 / 1e4] * (total > 1))
    assert s.OneCycle(0.1)(np.array([2, 3]), 1) == pytest.approx(0.1 / 25 / 1e4)


def test_a_plateau_counts_epochs_that_do_not_improve_enough():
    schedule, plateau = s.ReduceOnPlateau(1.0, factor=0.5, patience=2, min_delta=0.1), Plateau()
    scales = []
    for value in (5.0, 4.0, 3.95, 3.92, 3.91, 3.0, 3.0, 3.0, 3.0, math.nan, math.nan, math.nan):
        plateau = schedule.after(plateau, value)
        scales.append(plateau.scale)
    assert scales == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]


def test_a_plateau_does_not_go_below_its_minimum():
    schedule = s.ReduceOnPlateau(1.0, minimum=0.2)
    np.testing.assert_array_equal(schedule.reduced(np.array([1.0, 0.5]), Plateau(scale=0.3)), [0.3, 0.2])


@pytest.mark.parametrize(
    "make",
    [
        lambda: s.Constant(0),
        lambda: s.Step(0.1, every=0),
        lambda: s.Exponential("a"),
        lambda: s.Cosine(0.1, steps=0),
        lambda: s.Cosine(0.1, final=-1.0),
        lambda: s.Cosine(0.1, final=math.nan),
        lambda: s.Cosine(0.1, final=math.inf),
        lambda: s.Constant(math.inf),
        lambda: s.OneCycle(0.1, rise=1.0),
        lambda: s.WarmUp(0.1, steps=0),
        lambda: s.ReduceOnPlateau(0.1, factor=2.0),
        lambda: s.ReduceOnPlateau(0.1, patience=-1),
        lambda: s.InverseScaling(-1),
    ],
)
def test_numbers_out_of_range_are_refused(make):
    with pytest.raises(ValueError, match=r"must|give"):
        make()


def test_a_plateau_inside_a_warm_up_is_turned_round():
    with pytest.raises(TypeError, match=r"ReduceOnPlateau\(WarmUp"):
        s.WarmUp(s.ReduceOnPlateau(0.1), steps=3)


def test_a_number_is_a_schedule_too():
    np.testing.assert_array_equal(learning_rates(0.3, np.arange(3), 3), [0.3, 0.3, 0.3])
