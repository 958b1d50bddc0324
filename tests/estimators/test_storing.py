"""A fitted estimator saved and loaded predicts the same bits, and trains on."""

import json

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

import chainrule as cr

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture
def again(tmp_path):
    """A function that saves a model and loads it."""

    def save_and_load(model, custom=()):
        cr.save(model, tmp_path / "model.safetensors")
        return cr.load(tmp_path / "model.safetensors", custom)

    return save_and_load


@pytest.mark.parametrize(
    ("names", "dtype"),
    [("abc", str), ("abc", object), ([7, 8, 9], int), ([1.0, 2.0, 3.0], float), ([False, True, True], bool)],
)
def test_labels_of_any_type(iris, again, names, dtype):
    y = np.array(list(names), dtype=dtype)[iris[1]]
    model = cr.MLPClassifier(5, max_iter=3, random_state=0).fit(iris[0], y)
    copy = again(model)
    assert type(copy) is cr.MLPClassifier
    np.testing.assert_array_equal(copy.predict_proba(iris[0]), model.predict_proba(iris[0]))
    np.testing.assert_array_equal(copy.predict(iris[0]), model.predict(iris[0]))
    assert copy.classes_.dtype == model.classes_.dtype
    assert copy.get_params() == model.get_params() | {"hidden_layer_sizes": 5}
    assert copy.history_.to_json() == model.history_.to_json()
    assert copy.loss_curve_ == model.loss_curve_


@pytest.mark.parametrize("kind", ["multilabel", "sparse", "multioutput"])
def test_several_labels(iris, again, kind):
    X, y = iris
    Y = (X.mean(axis=0) < X).astype(int)
    Y = {"multilabel": Y, "sparse": csr_matrix(Y), "multioutput": np.column_stack([y, Y[:, 0] + 2 * Y[:, 1]])}[kind]
    model = cr.MLPClassifier(5, max_iter=3, random_state=0).fit(X, Y)
    copy = again(model)
    pairs = zip(copy.predict_proba(X), model.predict_proba(X), strict=True)  # rows, or arrays of several outputs
    assert all(np.array_equal(a, b) for a, b in pairs)
    differ = copy.predict(X) != model.predict(X)
    assert not (differ.nnz if kind == "sparse" else differ.any())


def test_gaps_scales_names_and_quantiles(iris, again):
    pl = pytest.importorskip("polars")
    X = iris[0][:, :3].copy()
    X[::7, 1] = np.nan
    frame = pl.DataFrame(X, schema=["a", "b", "c"])
    model = cr.MLPRegressor(
        "quantile(0.1, 0.9)", 5, missing="impute", standardize=True, standardize_target=True, max_iter=3, random_state=0
    ).fit(frame, 100 * iris[0][:, 3])
    copy = again(model)
    np.testing.assert_array_equal(copy.predict_interval(frame), model.predict_interval(frame))
    assert list(copy.feature_names_in_) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        copy.predict(frame[["b", "a", "c"]])


def cube(xp, z):
    return z**3


def cube_slope(xp, z, a):
    return 3 * z**2


def test_functions_of_ones_own_are_handed_in_again(iris, again):
    own = cr.Activation("cube", f=cube, df=cube_slope)
    model = cr.MLPClassifier((5, 4), ("tanh", own), solver=cr.AdamW(1e-3), callbacks=[lambda epoch: None], max_iter=2)
    copy = again(model.fit(*iris), custom=[own])
    np.testing.assert_array_equal(copy.predict(iris[0]), model.predict(iris[0]))
    assert copy.activation[1] is own
    assert copy.solver == "adam"
    assert copy.callbacks is None
    with pytest.raises(ValueError, match=r"'cube'.*hand in one of your own, as in cr\.load"):
        again(model)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs"}])
def test_training_goes_on(iris, again, settings):
    model = cr.MLPClassifier(5, max_iter=3, random_state=0, warm_start=True, **settings).fit(*iris)
    copy = again(model).fit(*iris)
    assert len(copy.history_) > len(model.history_)
    assert copy.history_[0].loss == model.history_[0].loss


def test_float32_and_the_file_is_plain(iris, again, tmp_path):
    model = cr.MLPRegressor(hidden_layer_sizes=5, max_iter=2, random_state=0).fit(iris[0].astype(np.float32), iris[1])
    assert again(model).theta_.dtype == np.float32
    data = (tmp_path / "model.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    assert "4-5:relu-1:identity" not in data.decode("latin1")  # the network is described, not printed
    assert "MLPRegressor" in header["__metadata__"]["chainrule"]


def test_what_was_not_fitted_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        cr.save(cr.MLPClassifier(), tmp_path / "model")
