"""The page about a trained network: whole, self-contained, escaped, and with the right numbers."""

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, log_loss, r2_score
from sklearn.metrics import mean_absolute_error as mae
from sklearn.metrics import root_mean_squared_error as rmse

import chainrule as cr
from chainrule.reporting.html import number
from chainrule.reporting.quality import quality_of

HOSTILE = "</td><script>alert(1)</script>&\"'"
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reader(HTMLParser):
    """Checks that every tag is closed in order, and keeps text, tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag in {"td", "th"}:
            self.cells.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells[-1] += data


def page_of(path: Path, model, X=None, T=None) -> tuple[str, Reader]:
    cr.report(model, path, X, T)
    text = path.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert {"html", "head", "title", "main", "h1", "h2", "table", "caption"} <= set(reader.tags)
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    outside = [(name, value) for name, value in reader.attributes if name.endswith("href") and value[0] != "#"]
    assert outside == []
    assert all(re.fullmatch(r"url\(#\w+\)", found) for found in re.findall(r"url\([^)]*\)", text))
    assert "nan" not in reader.cells
    return text, reader


def blobs(n: int = 90):
    rng = np.random.default_rng(1)
    y = np.repeat([0, 1, 2], n // 3)
    return rng.normal(size=(n, 2)) + 1.5 * np.stack([y, y % 2], axis=1), y


@pytest.fixture(scope="module")
def fit():
    X, y = blobs()
    net = cr.Network.parse("2-6:tanh-3:softmax", loss="categorical_cross_entropy")
    return cr.fit(net, X, np.eye(3)[y], epochs=30, seed=3, validation=0.2, optimizer=cr.Adam(0.02))


@pytest.fixture(scope="module")
def classifier():
    X, y = blobs()
    with pytest.warns(UserWarning, match=r"[Cc]onverge"):
        return cr.MLPClassifier((8,), max_iter=15, random_state=0).fit(X, np.array(["a", HOSTILE, "c"])[y])


def test_the_network_and_its_training(fit, tmp_path: Path) -> None:
    text, reader = page_of(tmp_path / "p.html", fit)
    assert "Network 2-6:tanh-3:softmax" in text
    cells = "|".join(reader.cells)
    assert "0, input|2|identity|–" in cells
    assert "1, hidden|6|tanh|18" in cells
    assert "2, output|3|softmax|21" in cells
    assert "seed|3" in cells
    assert f"engine|{fit.engine}" in cells
    assert f"best epoch|{fit.best_epoch}" in cells
    assert "ended because|all epochs were done" in cells
    assert f"{number(fit.history[0].loss)} at first, {number(fit.history[-1].loss)} at last" in cells
    first, last = fit.history[0].gradient_norms, fit.history[-1].gradient_norms
    for l in (0, 1):
        assert f"{l + 1}|{number(first[l])}|{number(last[l])}|" in cells
    assert "Scores" not in text


def test_the_learning_curve_is_in_the_page(fit, tmp_path: Path) -> None:
    text, reader = page_of(tmp_path / "p.html", fit)
    assert reader.tags.count("svg") == 1
    assert all(f">{word}</text>" in text for word in ("training", "validation", "epoch", "loss"))
    assert "var(--training)" in text
    assert "var(--validation)" in text


def test_without_matplotlib_the_page_names_the_extra(fit, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    text, reader = page_of(tmp_path / "p.html", fit)
    assert "svg" not in reader.tags
    assert "chainrule[report]" in text


def test_scores_of_a_fit_with_classes(fit, tmp_path: Path) -> None:
    X, y = blobs()
    found = quality_of(fit, fit.network, fit.theta, X, np.eye(3)[y])
    Y = fit.predict(X).argmax(axis=1)
    scores = {name: (value, trivial) for name, value, trivial in found.scores}
    assert scores["accuracy"] == (pytest.approx(accuracy_score(y, Y)), pytest.approx(1 / 3))
    assert scores["balanced accuracy"] == (pytest.approx(balanced_accuracy_score(y, Y)), pytest.approx(1 / 3))
    assert scores["J, the loss without penalties"][0] == pytest.approx(log_loss(y, fit.predict(X)), rel=1e-6)
    assert found.confusion == tuple(map(tuple, confusion_matrix(y, Y).tolist()))
    text, reader = page_of(tmp_path / "p.html", fit, X, np.eye(3)[y])
    assert f"accuracy|{number(accuracy_score(y, Y))}|0.33333" in "|".join(reader.cells)
    assert "Confusion" in text


def test_scores_of_a_classifier_and_hostile_labels(classifier, tmp_path: Path) -> None:
    X, y = blobs()
    labels = np.array(["a", HOSTILE, "c"])[y][:80]  # unbalanced, so that the baseline is above 1/3
    found = quality_of(classifier, classifier.network_, classifier.theta_, X[:80], labels)
    scores = {name: (value, trivial) for name, value, trivial in found.scores}
    assert scores["accuracy"] == (pytest.approx(classifier.score(X[:80], labels)), pytest.approx(30 / 80))
    p, shares = classifier.predict_proba(X[:80]), np.tile([30 / 80, 30 / 80, 20 / 80], (80, 1))
    order = [list(classifier.classes_).index(label) for label in ("a", HOSTILE, "c")]
    assert scores["log loss"] == (
        pytest.approx(log_loss(y[:80], p[:, order])),
        pytest.approx(log_loss(y[:80], shares)),
    )
    expected = confusion_matrix(labels, classifier.predict(X[:80]), labels=classifier.classes_)
    assert found.confusion == tuple(map(tuple, expected.tolist()))
    text, reader = page_of(tmp_path / "p.html", classifier, X[:80], labels)
    assert HOSTILE not in text
    assert HOSTILE in reader.cells
    assert "MLPClassifier(hidden_layer_sizes=(8,)" in text


def test_scores_of_a_regressor(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    T = X @ rng.normal(size=(3, 2))
    model = cr.MLPRegressor(width=5, solver="lbfgs", max_iter=20, tol=0.1, random_state=0).fit(X, T)
    found = quality_of(model, model.network_, model.theta_, X, T)
    Y, mean = model.predict(X), np.tile(T.mean(axis=0), (60, 1))
    expected = [(r2_score(T, Y), 0.0), (np.sqrt(((T - Y) ** 2).mean()), None), (mae(T, Y), mae(T, mean))]
    for (_, value, trivial), (own, other) in zip(found.scores, expected, strict=True):
        assert value == pytest.approx(own)
        assert other is None or trivial == pytest.approx(other)
    residual = T - Y
    for row, column in zip(found.residuals, residual.T, strict=True):
        assert row[0] == pytest.approx(column.mean())
        assert row[5] == pytest.approx(np.median(column))
        assert (row[2], row[8]) == (column.min(), column.max())
    _, reader = page_of(tmp_path / "p.html", model, X, T)
    assert number(float(residual[:, 1].max())) in reader.cells
    one = cr.MLPRegressor(width=5, max_iter=5, tol=0, random_state=0, n_iter_no_change=9)
    with pytest.warns(UserWarning, match=r"[Cc]onverge"):
        one.fit(X, T[:, 0])
    scores = quality_of(one, one.network_, one.theta_, X, T[:, 0]).scores
    assert scores[1][1] == pytest.approx(rmse(T[:, 0], one.predict(X)))


def test_several_labels_a_row(tmp_path: Path) -> None:
    X, y = blobs()
    T = np.stack([y > 0, y == 1], axis=1).astype(int)
    model = cr.MLPClassifier(width=5, solver="lbfgs", max_iter=30, tol=0.1, random_state=0).fit(X, T)
    found = quality_of(model, model.network_, model.theta_, X, T)
    right = model.predict(X) == T
    assert found.scores == [
        ("labels right", pytest.approx(right.mean()), pytest.approx(2 / 3)),
        ("rows wholly right", pytest.approx(right.all(axis=1).mean()), pytest.approx(1 / 3)),
    ]
    page_of(tmp_path / "p.html", model, X, T)


@pytest.mark.parametrize(
    ("text", "loss", "low"),
    [("2-1:sigmoid", "binary_cross_entropy", 0), ("2-1:identity", "hinge", -1), ("2-1", "half_squared_error", 0)],
)
def test_two_classes_margins_and_numbers(tmp_path: Path, text: str, loss: str, low: int) -> None:
    X, y = blobs()
    T = np.where(y > 0, 1, low).astype(float)
    fit = cr.fit(cr.Network.parse(text, loss=loss), X, T, epochs=3)
    found = quality_of(fit, fit.network, fit.theta, X, T)
    if loss == "half_squared_error":
        assert found.scores[0][1] == pytest.approx(r2_score(T, fit.predict(X)))
    else:
        said = fit.predict(X)[:, 0] > (0.5 if low == 0 else 0)
        assert found.scores[0] == ("accuracy", pytest.approx((said == (y > 0)).mean()), pytest.approx(2 / 3))
    page_of(tmp_path / "p.html", fit, X, T)


@pytest.mark.parametrize("form", [csr_array, lambda X: X.astype(np.float32), lambda X: X.tolist()])
def test_other_forms_of_x(form, tmp_path: Path) -> None:
    X, y = blobs()
    X, T = form(X), np.eye(3, dtype=int)[y]
    fit = cr.fit(cr.Network.parse("2-3", loss="categorical_cross_entropy"), X, T, epochs=2)
    text, _ = page_of(tmp_path / "p.html", fit, X, T.tolist())
    assert "accuracy" in text


def test_quantiles_of_a_fit_tell_only_j(tmp_path: Path) -> None:
    X, y = blobs()
    fit = cr.fit(cr.Network.parse("2-3:identity", loss="quantile(0.1, 0.5, 0.9)"), X, y.astype(float), epochs=2)
    text, _ = page_of(tmp_path / "p.html", fit, X, y.astype(float))
    assert "only J is told" in text


def test_tables_with_hostile_columns_and_rows_without_a_target(tmp_path: Path) -> None:
    X, y = blobs()
    data = {HOSTILE: X[:, 0], "fixed": np.ones(90), "town": np.where(X[:, 1] > 0, "Oslo", HOSTILE)}
    labels = [None if row % 10 == 0 else ["no", HOSTILE, "yes"][k] for row, k in enumerate(y)]
    model = cr.TabularClassifier("4:tanh", epochs=3).fit(data, labels)
    text, reader = page_of(tmp_path / "p.html", model, data, labels)
    assert HOSTILE not in text
    assert "9 of 90 rows have no target" in text
    assert "fixed" in reader.cells
    assert f"accuracy|{number(model.score(data, labels))}|" in "|".join(reader.cells)

    regressor = cr.TabularRegressor(hidden="4:tanh", epochs=3).fit(data, X[:, 1])
    _, reader = page_of(tmp_path / "q.html", regressor, data, X[:, 1])
    assert f"R²|{number(regressor.score(data, X[:, 1]))}|0" in "|".join(reader.cells)
    page_of(tmp_path / "r.html", model.model_)


def test_a_stored_model_has_no_history(fit, tmp_path: Path) -> None:
    X, y = blobs()
    text, _ = page_of(tmp_path / "p.html", cr.Model(fit.network, fit.theta), X, np.eye(3)[y])
    assert "Learning curve" not in text
    assert "accuracy" in text


def test_many_classes_have_no_matrix(tmp_path: Path) -> None:
    X, T = np.random.default_rng(0).normal(size=(80, 2)), np.eye(40)[np.arange(80) % 40]
    fit = cr.fit(cr.Network.parse("2-40", loss="categorical_cross_entropy"), X, T, epochs=1)
    text, _ = page_of(tmp_path / "p.html", fit, X, T)
    assert "There are 40 classes" in text
    assert "Confusion" not in text


def test_no_whole_epoch(tmp_path: Path) -> None:
    fit = cr.fit(cr.Network.parse("1-1", loss="half_squared_error"), np.ones((4, 1)), np.ones(4), epochs=1)
    text, _ = page_of(tmp_path / "p.html", replace(fit, history=cr.History()))
    assert "nothing to tell" in text


def test_the_same_fit_gives_the_same_page_and_keeps_theta(fit, tmp_path: Path) -> None:
    before = fit.theta.copy()
    texts = [page_of(tmp_path / name, fit)[0] for name in ("1.html", "2.html")]
    assert texts[0] == texts[1]
    np.testing.assert_array_equal(fit.theta, before)


@pytest.mark.parametrize("thing", [3, "text", cr.MLPClassifier(), cr.MLPRegressor, cr.TabularClassifier(), None])
def test_what_is_not_trained_is_refused(thing, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no report of"):
        cr.report(thing, tmp_path / "p.html")
    assert not list(tmp_path.iterdir())


def test_x_and_t_belong_together(fit, tmp_path: Path) -> None:
    X, y = blobs()
    with pytest.raises(ValueError, match="X is given without T"):
        cr.report(fit, tmp_path / "p.html", X)
    with pytest.raises(ValueError, match="T is given without X"):
        cr.report(fit, tmp_path / "p.html", T=y)
    with pytest.raises(ValueError, match="one row of T for each row of X"):
        cr.report(fit, tmp_path / "p.html", X, np.eye(3)[y[:-1]])
    assert not list(tmp_path.iterdir())


def test_a_table_model_finds_its_target_in_the_table(tmp_path: Path) -> None:
    X, y = blobs()
    data = {"a": X[:, 0], "b": X[:, 1], "fixed": ["Earth"] * 90}
    labels = np.array(["no", "perhaps", "yes"], object)[y]
    fitted = cr.TabularClassifier("4:tanh", epochs=3).fit(data, labels)
    cr.save(fitted, tmp_path / "m")
    model = cr.load(tmp_path / "m")
    holed = [None if row % 10 == 0 else label for row, label in enumerate(labels)]
    text, reader = page_of(tmp_path / "p.html", model, data | {"target": holed})
    cells = "|".join(reader.cells)
    assert f"accuracy|{number(fitted.score(data, holed))}|" in cells
    known = [label is not None for label in holed]
    expected = log_loss(labels[known], fitted.predict_proba(data)[known])
    assert f"log loss|{number(expected)}|" in cells
    assert "9 of 90 rows have no target" in text
    assert "2 are used: a, b" in text
    assert page_of(tmp_path / "q.html", model, data, holed)[0] == text


def test_table_models_of_numbers_and_of_several_columns(tmp_path: Path) -> None:
    from chainrule.table import table_of
    from chainrule.table.learning import Settings, learn, prepare

    X, y = blobs()
    regressor = cr.TabularRegressor(hidden="4:tanh", epochs=3).fit(X, X[:, 1] ** 2)
    _, reader = page_of(tmp_path / "p.html", regressor.model_, X, X[:, 1] ** 2)
    assert f"R²|{number(regressor.score(X, X[:, 1] ** 2))}|0" in "|".join(reader.cells)
    table = table_of({"x": X[:, 0], "first": y > 0, "second": y > 1})
    several = learn(prepare(table, ["first", "second"], Settings(epochs=3, test=0.0))).model
    _, reader = page_of(tmp_path / "q.html", several, table)
    columns = several.predict(table)
    right = np.mean([columns["first"] == (y > 0), columns["second"] == (y > 1)])
    assert f"labels right|{number(right)}|" in "|".join(reader.cells)


def test_a_table_without_a_target_is_not_scored(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=40)
    model = cr.TabularRegressor(hidden="none", epochs=1).fit({"x": x}, x**2).model_
    with pytest.raises(ValueError, match="has no column 'target'"):
        cr.report(model, tmp_path / "p.html", {"x": x})
    with pytest.raises(ValueError, match="no row with a target"):
        cr.report(model, tmp_path / "p.html", {"x": x, "target": [None] * 40})
    with pytest.raises(ValueError, match="X has 40 rows and T has shape"):
        cr.report(model, tmp_path / "p.html", {"x": x}, x[:-1])
    assert not list(tmp_path.iterdir())
