"""From a table to a trained model, and to a file and back."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.storage import StorageError, Stored, write
from chainrule.table import Table, TableError, TableModel, column_of, read_table, table_of
from chainrule.table.learning import OPTIMIZERS, Learned, Settings, cross_validate, learn, prepare
from chainrule.table.preparing import usable
from chainrule.table.split import Split, folds, split_rows

QUICK = Settings(hidden="8:tanh", epochs=5)


def _mixed(n: int = 300, seed: int = 0) -> Table:
    """Numbers, categories with gaps, an identifier and a constant; the target depends on two of them."""
    rng = np.random.default_rng(seed)
    x, town = rng.normal(50, 10, n), rng.choice(["Oslo", "Bergen", "Vardø"], n)
    y = np.where((x > 50) != (town == "Oslo"), "bought", "left")
    x[rng.random(n) < 0.1] = np.nan
    columns = {"row": np.arange(n), "x": x, "town": town, "planet": ["Earth"] * n, "noise": rng.normal(size=n), "y": y}
    return table_of(columns)


@pytest.fixture(scope="module")
def learned() -> Learned:
    return learn(prepare(_mixed(), ["y"], Settings(hidden="16:tanh", epochs=60, learning_rate=0.01)))


def test_it_learns_what_there_is_to_learn(learned: Learned) -> None:
    assert learned.scores["test"]["accuracy"] > 0.85
    assert learned.scores["baseline"]["accuracy"] < 0.65
    assert {column.name for column in learned.model.encoder.left_out} == {"row", "planet"}


def test_only_training_rows_are_looked_at() -> None:
    table = _mixed()
    split = split_rows(300, QUICK.seed, strata=table["y"].values)
    changed = table["x"].values.copy()
    changed[split.test] *= 1e6
    changed[split.validation] += 77
    other = Table(tuple(type(c)(c.name, c.kind, changed) if c.name == "x" else c for c in table.columns), 300)
    settings = replace(QUICK, validation=0.1)
    assert prepare(table, ["y"], settings).encoder == prepare(other, ["y"], settings).encoder


@pytest.mark.parametrize("name", ["iris", "diabetes", "breast_cancer"])
def test_the_same_seed_gives_the_same_file(tmp_path: Path, name: str) -> None:
    for file in ("1", "2"):
        cr.save(learn(prepare(read_table(name), ["target"], QUICK)).model, tmp_path / file)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_a_loaded_model_predicts_the_same_bits(tmp_path: Path, learned: Learned) -> None:
    cr.save(learned.model, tmp_path / "m")
    again = cr.load(tmp_path / "m")
    assert isinstance(again, TableModel)
    table = _mixed(seed=1)
    np.testing.assert_array_equal(again.outputs(table), learned.model.outputs(table))
    assert again.predict(table)["y"].tolist() == learned.model.predict(table)["y"].tolist()


def test_another_process_with_more_threads_predicts_the_same_bits(tmp_path: Path, learned: Learned) -> None:
    cr.save(learned.model, tmp_path / "m")
    code = (
        "import sys, zlib, chainrule as cr; from chainrule.table import read_table\n"
        "t = read_table(sys.argv[2]); print(zlib.crc32(cr.load(sys.argv[1]).outputs(t).tobytes()))"
    )
    path = tmp_path / "t.csv"
    rng = np.random.default_rng(0)
    path.write_text("x,town,noise\n" + "".join(f"{rng.normal(50, 10)},Oslo,{rng.normal()}\n" for _ in range(3000)))
    sums = {
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "m", path],
            env={"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(sums) == 1


def test_shuffled_columns_and_unseen_categories(learned: Learned) -> None:
    new = table_of({"noise": [0.0, 0.0], "town": ["Atlantis", "Oslo"], "x": [60.0, 60.0], "spare": [1, 2]})
    first = learned.model.predict(new)
    again = learned.model.predict(table_of({"x": [60.0], "town": ["Oslo"], "noise": [0.0]}))
    assert first["y"][1] == again["y"][0] == "left"  # above 50 in Oslo
    with pytest.raises(TableError, match="lacks 'town'"):
        learned.model.predict({"x": [1.0], "noise": [0.0]})


def test_rows_without_a_target_are_left_out_and_said() -> None:
    y = [1.0, 2.0, None, 4.5] * 10
    prepared = prepare(table_of({"x": np.random.default_rng(0).normal(size=40), "y": y}), ["y"], QUICK)
    assert "10 of 40 rows have no target and are left out" in prepared.notes
    assert sum(table.n_rows for table in prepared.parts.values()) == 30


def test_rows_without_a_target_are_not_scored(learned: Learned) -> None:
    table = _mixed()
    values = [table["y"].levels[code] for code in table["y"].values]
    gaps = [None if j % 2 and value == "left" else value for j, value in enumerate(values)]
    rows = np.array([j for j, value in enumerate(gaps) if value is not None])
    holed = Table((*table.without(["y"]).columns, column_of("y", gaps)), table.n_rows)
    assert learned.model.score(holed) == learned.model.score(table.take(rows))
    with pytest.raises(TableError, match="no row with a target"):
        learned.model.score(Table((*table.without(["y"]).columns, column_of("y", [None] * table.n_rows)), table.n_rows))


def test_a_table_without_rows_gives_no_predictions(learned: Learned) -> None:
    nothing = learned.model.predict(_mixed().take(np.array([], np.int64)))
    assert {len(column) for column in nothing.values()} == {0}


def test_a_column_that_tells_the_target_is_pointed_at() -> None:
    rng = np.random.default_rng(0)
    y = rng.choice(["a", "b"], 100)
    notes = prepare(table_of({"x": rng.normal(size=100), "copy": np.char.add("was ", y), "y": y}), ["y"], QUICK).notes
    assert any("'copy' tells the target exactly" in note for note in notes)


@pytest.mark.parametrize("hidden", ["", "none", "0"])
def test_a_linear_model(hidden: str) -> None:
    assert prepare(_mixed(), ["y"], Settings(hidden=hidden)).network.depth == 1


def test_several_targets(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    numbers = learn(prepare(table_of({"x": x, "a": 3 * x + 1, "b": -x}), ["a", "b"], Settings(epochs=40)))
    assert numbers.scores["test"]["R2"] > 0.95
    labels = learn(prepare(table_of({"x": x, "a": x > 0, "b": x > 1}), ["a", "b"], Settings(epochs=40)))
    assert labels.scores["test"]["accuracy"] > 0.9
    assert set(labels.model.predict({"x": [0.5]})) == {"a", "b", "probability of a", "probability of b"}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer: str) -> None:
    learned = learn(prepare(read_table("iris"), ["target"], Settings(hidden="8", epochs=5, optimizer=optimizer)))
    assert learned.history[-1].loss < learned.history[0].loss


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="no optimizer 'luck'"):
        Settings(optimizer="luck")
    with pytest.raises(ValueError, match="give one of the two"):
        Settings(group="town", time="row")
    for settings, message in [
        (Settings(group="z"), "no column 'z'"),
        (Settings(time="town"), "holds texts; dates or numbers are needed"),
        (Settings(time="x"), "gaps; every row needs a time"),
        (Settings(test=0.6, validation=0.5), "together less than 1"),
        (Settings(drop=("z",)), "no column 'z'"),
        (Settings(categories=("z",)), "no column 'z'"),
        (Settings(hidden="8:wild"), "unknown activation 'wild'"),
    ]:
        with pytest.raises(ValueError, match=message):
            prepare(_mixed(), ["y"], settings)


@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_few_rows(n: int) -> None:
    table = table_of({"x": np.arange(n) ** 1.5, "y": ["a", "b"] * (n // 2) + ["a"] * (n % 2)})
    try:
        learned = learn(prepare(table, ["y"], Settings(hidden="3", epochs=3)))
    except TableError as error:
        assert "too few" in str(error)  # noqa: PT017
        assert n < 5
    else:
        assert "test" in learned.scores


def test_classes_are_spread_over_the_parts() -> None:
    strata = np.repeat([0, 1, 2], [80, 40, 20])
    split = split_rows(140, 3, test=0.25, validation=0.1, strata=strata)
    np.testing.assert_array_equal(np.bincount(strata[split.test]), [20, 10, 5])
    assert np.bincount(strata[split.validation]).tolist() == [8, 4, 2]
    assert sorted(np.concatenate([split.train, split.validation, split.test])) == list(range(140))


@pytest.mark.parametrize(
    "loss", ["absolute_error", "huber(1.0)", "log_cosh", "quantile(0.1, 0.5, 0.9)", "poisson", "gamma"]
)
def test_losses_of_numbers(loss: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2, 600)
    y = np.exp(1 + x) * rng.gamma(20, 1 / 20, 600)
    learned = learn(prepare(table_of({"x": x, "y": y}), ["y"], Settings(hidden="16:tanh", epochs=60, loss=loss)))
    assert learned.scores["test"]["R2"] > 0.7
    if loss.startswith("quantile"):
        assert 0.65 < learned.scores["test"]["coverage"] < 0.92


def test_balanced_classes_find_the_rare_one() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.04).astype(float)
    table = table_of({"x": rng.normal(size=2000) + 1.5 * y, "y": y})
    found = {}
    for weight in ("none", "balanced"):
        learned = learn(prepare(table, ["y"], Settings(hidden="8:tanh", epochs=10, class_weight=weight)))
        found[weight] = np.mean(learned.model.predict(table)["y"][y == 1] == "1")
    assert found["none"] < 0.3
    assert found["balanced"] > 0.6


def test_a_time_limit_ends_training() -> None:
    settings = Settings(hidden="8:tanh", epochs=10**6, time_limit=0.2)
    assert learn(prepare(read_table("iris"), ["target"], settings)).stopped == "time_limit"


def test_cross_validation_tests_every_row_once() -> None:
    rng = np.random.default_rng(0)
    table = table_of({"x": rng.normal(size=90), "g": np.repeat(np.arange(30), 3), "y": ["a", "b", "c"] * 30})
    scores = list(cross_validate(table, ["y"], Settings(hidden="4", epochs=2), 3))
    assert len(scores) == 3
    with pytest.raises(TableError, match="31 folds of 30 groups; give 2 to 30"):
        list(cross_validate(table, ["y"], Settings(group="g"), 31))


# Model files.


def _headers(learned: Learned) -> list[dict[str, object]]:
    header = dict(learned.model.to_stored().header)
    network = header["network"]
    return [
        {key: value for key, value in header.items() if key != "network"},
        {key: value for key, value in header.items() if key != "table"},
        {key: value for key, value in header.items() if key != "target"},
        header | {"network": network | {"sizes": [3, 2]}},
        header | {"network": network | {"sizes": ["a", None]}},
        header | {"network": network | {"sizes": [2**31, 2**31, 2]}},
        header | {"network": network | {"loss": "wild"}},
        header | {"network": 7},
        header | {"table": {"features": []}},
        header | {"target": {"kind": "numbers"}},
        header | {"record": 3},
        header | {"record": {"rows": 3}},
        header | {"record": {"scores": {"test": 3}}},
        header | {"target": header["target"] | {"classes": ["a", "b", "c"]}},
    ]


@pytest.mark.parametrize("place", range(14))
def test_headers_that_make_no_model_are_one_clear_error(tmp_path: Path, learned: Learned, place: int) -> None:
    write(tmp_path / "m", Stored("table", _headers(learned)[place], {"theta": learned.model.theta}))
    with pytest.raises(StorageError, match="does not hold a sound model"):
        cr.load(tmp_path / "m")


def _places(value: object, place: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where in a header something stands, the header itself left out."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*place, key)
        yield from _places(value[key], (*place, key))


WILD = (None, -1, 10**400, 1e308, 0.0, True, "x", "category", "date", [], ["a"], [0.0], {}, {"a": 1})


def test_any_field_may_be_wrong(tmp_path: Path, learned: Learned) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "m"
    text = json.dumps(dict(learned.model.to_stored().header))
    places = list(_places(json.loads(text)))
    refused = 0
    for number in rng.permutation(len(places) * len(WILD))[:250]:
        header = part = json.loads(text)
        *outer, last = places[number // len(WILD)]
        for key in outer:
            part = part[key]
        part[last] = WILD[number % len(WILD)]
        write(path, Stored("table", header, {"theta": learned.model.theta}))
        try:
            model = cr.load(path)
        except StorageError:
            refused += 1
            continue
        with contextlib.suppress(TableError):  # columns or classes of other names
            model.predict(_mixed(20))
            model.score(_mixed(20))
    assert refused > 100


def test_a_kind_of_the_future(tmp_path: Path) -> None:
    write(tmp_path / "m", Stored("oracle", {}, {}))
    with pytest.raises(StorageError, match="holds a 'oracle', which this chainrule does not know"):
        cr.load(tmp_path / "m")


def test_what_is_no_model_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a dict is not a model"):
        cr.save({}, tmp_path / "m")


def test_a_fit_is_saved_as_its_network(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    cube = cr.Activation("cube", f=lambda xp, z: z**3, df=lambda xp, z, a: 3 * z**2)
    net = cr.Network((3, 4, 1), (cube, "identity"), "huber(0.5)", bias=False, input_activation="tanh")
    fit = cr.fit(net, X, X[:, 0], epochs=2, progress=False)
    cr.save(fit, tmp_path / "m")
    with pytest.raises(StorageError, match="cube"):
        cr.load(tmp_path / "m")
    again = cr.load(tmp_path / "m", custom=[cube])
    np.testing.assert_array_equal(again.predict(X), net.predict(fit.theta, X))


# Few rows: parts of them take turns to choose the number of epochs.


@pytest.mark.parametrize("settings", [{}, {"group": "g"}])
def test_few_rows_are_all_trained(settings: dict[str, str]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=160)
    table = table_of({"x": x, "g": np.repeat(np.arange(40), 4), "y": x + rng.normal(size=160)})
    prepared = prepare(table, ["y"], Settings(epochs=100, hidden="16:tanh", **settings))
    assert {part: rows.n_rows for part, rows in prepared.parts.items()} == {"train": 120, "validation": 0, "test": 40}
    assert "3 fifths of the train rows take turns" in prepared.split
    learned = learn(prepared)
    assert learned.best_epoch == len(learned.history) <= 100
    assert np.isfinite(learned.history.validation).all()
    assert learned.history.validation[-1] < learned.history.validation[0]


def test_the_curve_is_the_mean_of_three_holdouts_and_its_lowest_place_the_last_epoch() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6))
    table = table_of({**dict(zip("abcdef", x.T, strict=True)), "y": x[:, 0] + rng.normal(size=60)})
    settings = Settings(epochs=200, test=0.0, drop=("f",))
    learned = learn(prepare(table, ["y"], settings))
    rows, _ = usable(table, ["y"], settings)
    curves = []
    for fold in list(folds(60, 5, 0, 0.0))[:3]:
        split = Split(fold.train, fold.test, np.array([], np.int64))
        part = prepare(rows, ["y"], replace(settings, drop=(), validation=0.2), split)
        X, T = part.arrays("train")
        batch, steps = 32, 200 * 2
        fit = cr.fit(
            part.network, X, T, optimizer=cr.Adam(cr.schedules.Cosine(5e-3, steps=steps)), batch_size=batch, epochs=200,
            validation=part.arrays("validation"), l2=1e-3, dtype=np.float32, progress=False,
        )  # fmt: skip
        curves.append(fit.history.validation)
    mean = np.mean(curves, axis=0)
    smooth = np.convolve(np.pad(mean, 4, mode="edge"), np.ones(9) / 9, "valid")
    assert len(learned.history) == 1 + int(smooth.argmin()) < 200  # it overfits after that
    np.testing.assert_allclose(learned.history.validation, mean[: len(learned.history)], rtol=1e-5)


def test_callbacks_see_the_mean_curve_and_may_stop() -> None:
    seen = []

    def third(epoch: cr.Epoch) -> bool:
        seen.append(epoch.validation)
        return epoch.number == 3

    learned = learn(prepare(_mixed(), ["y"], replace(QUICK, epochs=50)), callbacks=[third])
    assert len(seen) == len(learned.history) == 3
    np.testing.assert_array_equal(learned.history.validation, seen)
    assert learned.stopped == "callback"


@pytest.mark.parametrize(
    ("n", "settings", "validation"),
    [
        (19, {}, 0),
        (2000, {}, 200),
        (300, {"validation": 0.1}, 30),
        (300, {"validation": 0.0}, 0),
        (300, {"time": "row"}, 30),
    ],
)
def test_other_tables_are_not_trained_in_turns(n: int, settings: dict, validation: int) -> None:
    prepared = prepare(_mixed(n), ["y"], Settings(epochs=2, **settings))
    assert prepared.parts["validation"].n_rows == validation
    assert "take turns" not in prepared.split
    assert len(learn(prepared).history) == 2


def test_holdouts_without_variety_do_not_count() -> None:
    y = np.zeros(30)
    y[[3, 4]] = 1.5, 2.5
    assert len(learn(prepare(table_of({"x": np.arange(30) ** 1.5, "y": y}), ["y"], Settings(epochs=3))).history) <= 3


# Columns of many levels, and of wild numbers.


def test_many_levels_are_hashed_said_saved_and_learned_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    effect, town = rng.normal(size=300), rng.integers(300, size=8000)
    y = effect[town] + 0.3 * rng.normal(size=8000)
    table = table_of({"town": [f"town {j}" for j in town], "x": rng.normal(size=8000), "y": y})
    prepared = prepare(table, ["y"], Settings(hidden="64:silu", epochs=10))
    assert "column 'town' has 300 different values, hashed into 128 columns" in prepared.notes
    learned = learn(prepared)
    assert learned.scores["test"]["R2"] > 0.75  # a column for each of the 100 most frequent ones allows 0.4
    cr.save(learned.model, tmp_path / "m")
    new = table_of({"town": ["town 7", "nowhere", None], "x": [0.0, 0.0, 0.0]})
    np.testing.assert_array_equal(cr.load(tmp_path / "m").outputs(new), learned.model.outputs(new))


def test_robust_scaling_bears_wild_numbers() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    y = np.where(x > 0, "high", "low")
    x[::20] = 1e6 * rng.standard_cauchy(30)
    scores = {}
    for scaling in ("standard", "robust"):
        model = cr.TabularClassifier("8:tanh", scaling=scaling, epochs=20).fit({"x": x[:300]}, y[:300])
        scores[scaling] = model.score({"x": x[300:]}, y[300:])
    assert scores["robust"] > 0.93
    assert scores["standard"] < 0.8
    with pytest.raises(ValueError, match="the scaling 'wild' must be one of standard, robust"):
        Settings(scaling="wild")  # type: ignore[arg-type]


def test_ctrl_c_in_a_holdout_keeps_what_it_has_learned() -> None:
    table = _mixed()
    learn(prepare(table, ["y"], QUICK))  # all that training needs is imported
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    learned = learn(prepare(table, ["y"], replace(QUICK, epochs=10**6, time_limit=200.0)))
    assert learned.stopped == learned.model.record["stopped"] == "interrupted"
    assert set(learned.scores) == {"train", "test", "baseline"}
    assert learned.scores["test"]["accuracy"] > learned.scores["baseline"]["accuracy"]
