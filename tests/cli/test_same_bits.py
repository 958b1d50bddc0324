"""A saved model predicts the same bits after loading: here, in a new process, and on another number of threads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.engine.choosing import choose
from chainrule.table import read_table

_CODE = """
import json, sys
from zlib import crc32
import numpy as np, chainrule as cr
from chainrule.table import read_table

def sums(folder):
    X = np.load(f"{folder}/X.npy")
    table, classifier, regressor = (cr.load(f"{folder}/{name}") for name in ("table", "classifier", "regressor"))
    arrays = {
        "table": table.outputs(read_table(f"{folder}/visits.csv")),
        "classifier": classifier.predict_proba(X),
        "regressor": regressor.predict(X),
        "single rows": np.stack([regressor.predictor()(X[i : i + 1]) for i in range(5)]),
    }
    return {name: crc32(np.ascontiguousarray(array).tobytes()) for name, array in arrays.items()}

print(json.dumps(sums(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, trained: Path, visits: Path) -> Path:
    """Three models, their inputs, and what they predict before they are saved."""
    folder = tmp_path_factory.mktemp("saved")
    lines = visits.read_text().splitlines()
    (folder / "visits.csv").write_text("\n".join([lines[0], *lines[1:] * 40]) + "\n")
    (folder / "table").write_bytes(trained.read_bytes())
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3_000, 37))
    np.save(folder / "X.npy", X)
    t = X[:, 0] * X[:, 1] + X[:, 2]
    options = {"hidden_layer_sizes": (150, 40), "max_iter": 2, "early_stopping": False, "random_state": 0}
    for name, model, target in (
        ("classifier", cr.MLPClassifier(**options), np.digitize(t, [-1, 1])),
        ("regressor", cr.MLPRegressor(**options), t),
    ):
        model.fit(X[:600], target[:600])
        cr.save(model, folder / name)
        np.save(folder / f"{name}.npy", model.predict_proba(X) if name == "classifier" else model.predict(X))
    return folder


@pytest.mark.filterwarnings("ignore:.*[Cc]onverge")
def test_the_same_bits(saved: Path) -> None:
    X = np.load(saved / "X.npy")
    np.testing.assert_array_equal(cr.load(saved / "classifier").predict_proba(X), np.load(saved / "classifier.npy"))
    np.testing.assert_array_equal(cr.load(saved / "regressor").predict(X), np.load(saved / "regressor.npy"))
    found = {}
    for threads in ("1", "2"):
        numbers = dict.fromkeys(("CHAINRULE_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), threads)
        call = [sys.executable, "-c", _CODE, saved]
        done = subprocess.run(call, env=os.environ | numbers, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found[threads] = json.loads(done.stdout)
    assert found["1"] == found["2"]
    from zlib import crc32

    assert found["1"]["classifier"] == crc32(np.load(saved / "classifier.npy").tobytes())
    assert found["1"]["regressor"] == crc32(np.load(saved / "regressor.npy").tobytes())
    own = cr.load(saved / "table").outputs(read_table(saved / "visits.csv"))
    assert found["1"]["table"] == crc32(np.ascontiguousarray(own).tobytes())


@pytest.mark.skipif(
    choose("auto").NAME != "native", reason="BLAS rounds by the number of rows; the compiled engine not"
)
def test_the_same_bits_whichever_rows_stand_beside_it(trained: Path, visits: Path) -> None:
    model, table = cr.load(trained), read_table(visits)
    whole = model.outputs(table)
    for n in (1, 7, 100):
        parts = [table.take(np.arange(start, min(start + n, 240))) for start in range(0, 240, n)]
        np.testing.assert_array_equal(np.concatenate([model.outputs(part) for part in parts]), whole)
