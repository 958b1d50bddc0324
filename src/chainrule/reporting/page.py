"""`cr.report`: what was trained, how it went and how good it is, as one HTML page without outside resources."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.reporting.curves import learning_curve_svg
from chainrule.reporting.html import confusion_table, facts, number, paragraph, section, shell, table
from chainrule.reporting.quality import MOST_TARGETS, RESIDUALS, Quality, quality_of
from chainrule.storage import replacing

if TYPE_CHECKING:
    from chainrule.network.spec import Network
    from chainrule.training.history import Epoch, History

__all__ = ["report"]

EPOCHS_SHOWN, NAMES_SHOWN = 20, 60
ENDS = {
    "epochs": "all epochs were done",
    "patience": "no improvement for as many epochs as patience bears",
    "callback": "a callback said so",
    "time_limit": "the time limit was reached",
    "interrupted": "interrupted from the keyboard",
    "evaluations": "the most evaluations were done",
}


def report(fit_or_estimator: Any, path: str | os.PathLike[str], X: Any = None, T: Any = None) -> None:
    """Write a page about a trained network: one HTML file that opens anywhere, with no script and no network.

    It tells the layers and their parameters, how training went and why it ended, the learning curve (drawn where
    matplotlib is installed, the extra ``[report]``), gradient norms of each layer at the start and at the end, and,
    with X and T, scores beside the trivial baseline with the confusion of classes or the residuals.

    Parameters
    ----------
    fit_or_estimator : Fit, estimator or model
        What `cr.fit` returned, a fitted MLPClassifier, MLPRegressor, TabularClassifier or TabularRegressor, or, without
        a history, a `cr.Model` or what `cr.load` gives of a table. Nothing is trained, and it is not changed.
    path : str or path
        The page; an existing file is replaced, whole or not at all.
    X : array (N, n_0) or table, optional
        Rows to score on, best such as training has not seen; as `predict` takes them.
    T : array (N,) or (N, targets), optional
        What is true of them, in the form that training took: labels or numbers for an estimator, targets for a fit.
        Not needed for the model of a table, where X has the columns of the target.

    Raises
    ------
    TypeError
        It is no trained network.
    ValueError
        X is without T, or T without X, or they do not fit together.
    OSError
        The file cannot be written; an old one stays as it was.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, chainrule as cr
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> fit = cr.fit(cr.Network.parse("1-8:tanh-1", loss="half_squared_error"), X, X**2, epochs=5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cr.report(fit, f"{folder}/square.html", X, X**2)
    ...     page = pathlib.Path(f"{folder}/square.html").read_text(encoding="utf-8")
    >>> "1-8:tanh-1:identity" in page, "always the mean" in page
    (True, True)
    """
    if (X is None) != (T is None) and not (T is None and hasattr(fit_or_estimator, "judged")):
        given, other = ("X", "T") if T is None else ("T", "X")
        raise ValueError(f"{given} is given without {other}: give both for scores, or neither")
    trained = _trained(fit_or_estimator)
    quality = None if X is None else quality_of(fit_or_estimator, trained.network, trained.theta, X, T)
    parameters = f"{trained.network.n_parameters:,} parameters"
    by = f"{trained.what}, {parameters}, {trained.theta.dtype}, loss {trained.network.loss.spec}"
    page = shell(f"Network {trained.network}", by, _sections(trained, quality))
    with replacing(path) as stream:
        stream.write(page.encode("utf-8", "replace"))


@dataclass(frozen=True)
class _Trained:
    """What is known of a trained network, wherever it comes from."""

    what: str
    network: Network
    theta: Any
    history: History | None
    model: Any

    @property
    def record(self) -> Mapping[str, Any]:
        """What a table's model tells about its making."""
        record: Mapping[str, Any] = getattr(getattr(self.model, "model_", self.model), "record", {})
        return record

    @property
    def ended(self) -> str | None:
        stopped = getattr(self.model, "stopped", None) or self.record.get("stopped")
        if stopped is None and hasattr(self.model, "converged_"):
            return "it stopped by itself" if self.model.converged_ else "all epochs were done, or it was stopped"
        return None if stopped is None else ENDS.get(str(stopped), str(stopped))

    @property
    def best_epoch(self) -> int:
        """Told by the fit, else the epoch whose watched number is the lowest; 0 for none."""
        told = getattr(self.model, "best_epoch", None)
        if told is not None or not self.history:
            return told or 0
        watched = np.array([epoch.watched for epoch in self.history], float)
        return self.history[int(np.nanargmin(watched))].number if np.isfinite(watched).any() else 0


def _trained(model: Any) -> _Trained:
    """Both ways of naming: network, theta, history of a fit, network_, theta_, history_ of an estimator."""
    network, theta, history = (
        getattr(model, name, getattr(model, f"{name}_", None)) for name in ("network", "theta", "history")
    )
    what = getattr(model, "described", type(model).__name__)
    if network is None or theta is None or isinstance(model, type):
        hint = "it is not fitted: call its fit first" if hasattr(model, "fit") else "it is no trained network"
        raise TypeError(f"no report of {what}: {hint}; give what cr.fit returned, a fitted estimator, or a cr.Model")
    return _Trained(what, network, theta, history, model)


def _sections(trained: _Trained, quality: Quality | None) -> Iterator[str]:
    if quality is not None:
        yield _scores(quality)
    yield _network(trained)
    if trained.history is not None:
        yield from _course(trained, trained.history)
    elif trained.ended:
        yield section("Training", facts("How it went", [("ended because", trained.ended)]))
    yield from _inputs(trained.model)


def _network(trained: _Trained) -> str:
    net = trained.network
    counts = [0] * net.depth
    for block in net.blocks():
        counts[block.layer - 1] += int(np.prod(block.shape))
    first = ["0, input", number(net.sizes[0]), net.input_activation.spec, "–"]
    others = [
        [
            f"{l}, output" if l == net.depth else f"{l}, hidden",
            number(net.sizes[l]),
            net.activation(l).spec,
            number(count),
        ]
        for l, count in enumerate(counts, 1)
    ]
    caption = f"Layers; {net.n_parameters:,} parameters in all, {'with' if net.bias else 'without'} biases"
    settings = f"<pre>{escape(repr(trained.model))}</pre>" if hasattr(trained.model, "get_params") else ""
    return section(
        "Network", table(caption, ["layer", "width", "activation", "parameters"], [first, *others]), settings
    )


def _course(trained: _Trained, history: History) -> Iterator[str]:
    """How training went."""
    if not len(history):
        yield section("Training", paragraph("Training ended within its first epoch; there is nothing to tell."))
        return
    yield section("Training", facts("How it went", _training_facts(trained, history)))
    yield section("Learning curve", _curve(history, trained.best_epoch), _epochs(history))
    if history[0].gradient_norms:
        first, last = history[0], history[-1]
        rows = [
            [f"{l}", number(a), number(b), number(b / a if a else None)]
            for l, (a, b) in enumerate(zip(first.gradient_norms, last.gradient_norms, strict=False), 1)
        ]
        head = ["layer", f"epoch {first.number}", f"epoch {last.number}", "last / first"]
        yield section("Gradient norms", table("|g| of each layer, in an epoch's last update", head, rows))


def _training_facts(trained: _Trained, history: History) -> list[tuple[str, str | None]]:
    first, last, model = history[0], history[-1], trained.model
    engine = getattr(model, "engine", None)
    used = getattr(model, "_engine", engine)  # an estimator's parameter may be "auto"
    rates = (first.learning_rate, last.learning_rate)
    return [
        ("epochs", number(len(history))),
        ("best epoch", number(trained.best_epoch) if trained.best_epoch else None),
        ("ended because", trained.ended),
        ("loss", _from_to(first.loss, last.loss)),
        ("validation loss", None if last.validation is None else _from_to(first.validation, last.validation)),
        ("score", None if last.score is None else _from_to(first.score, last.score)),
        ("learning rate", None if None in rates else _from_to(*rates)),
        ("updates", number(last.updates)),
        ("seconds", f"{last.seconds:.2f}"),
        ("engine", used if isinstance(used, str) else None),
        ("seed", str(model.seed) if hasattr(model, "seed") else None),
    ]


def _from_to(first: float | None, last: float | None) -> str:
    return number(first) if first == last else f"{number(first)} at first, {number(last)} at last"


def _curve(history: History, best_epoch: int) -> str:
    """The picture is an extra: without it that is said, and the table below tells the same."""
    try:
        drawing = learning_curve_svg(history, best_epoch=best_epoch)
    except ImportError as error:
        return paragraph(f"There is no picture: {error}. The numbers are below.")
    told = f"Training loss {_from_to(history[0].loss, history[-1].loss)}, over {len(history)} epochs; numbers below."
    return f'<figure role="img" aria-label="{escape(told)}">{drawing}</figure>'


def _epochs(history: History) -> str:
    places = np.unique(np.linspace(0, len(history) - 1, min(len(history), EPOCHS_SHOWN)).round().astype(int))
    rows = [_told(history[int(place)]) for place in places]
    caption = f"{len(rows)} of {len(history)} epochs" if len(rows) < len(history) else "All epochs"
    head = ["epoch", "loss", "validation", "score", "|g|", "learning rate", "seconds"]
    return f"<details><summary>Numbers</summary>{table(caption, head, rows)}</details>"


def _told(epoch: Epoch) -> list[str]:
    values = (epoch.loss, epoch.validation, epoch.score, epoch.gradient_norm, epoch.learning_rate)
    return [str(epoch.number), *map(number, values), f"{epoch.seconds:.2f}"]


def _scores(quality: Quality) -> str:
    rows = [[name, number(value), number(trivial)] for name, value, trivial in quality.scores]
    parts = [table(f"{quality.n_rows:,} rows; the baseline: {quality.baseline}", ["score", "model", "baseline"], rows)]
    parts += [paragraph(note) for note in quality.notes]
    if quality.confusion:
        parts.append(confusion_table("Confusion: rows of each true class", quality.labels, quality.confusion))
    if quality.residuals:
        lines = [[str(k), *map(number, row)] for k, row in enumerate(quality.residuals, 1)]
        more = f", the first {MOST_TARGETS} targets" if len(lines) == MOST_TARGETS else ""
        parts.append(table(f"Residuals, true less predicted{more}", ["target", *RESIDUALS], lines))
    return section("Scores", *parts)


def _inputs(model: Any) -> Iterator[str]:
    """The columns of a data frame or table, where the model knows them."""
    if hasattr(model, "encoder"):
        left_out = {column.name: column.reason for column in model.encoder.left_out}
        names = [*model.encoder.names, *left_out]
    else:
        names = [str(name) for name in getattr(model, "feature_names_in_", ())]
        left_out = getattr(model, "left_out_", {})
    if not names:
        return
    used = [name for name in names if name not in left_out]
    more = f" and {len(used) - NAMES_SHOWN} more" if len(used) > NAMES_SHOWN else ""
    rows = [[str(name), str(reason)] for name, reason in list(left_out.items())[:NAMES_SHOWN]]
    yield section(
        "Columns",
        paragraph(f"{len(used)} are used: {', '.join(used[:NAMES_SHOWN])}{more}"),
        table("Left out", ["column", "because"], rows) if rows else "",
    )
