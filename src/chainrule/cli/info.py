"""``chainrule info``: what a model file holds, or what this installation can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .loading import load_model
from .terminal import Terminal, plain

if TYPE_CHECKING:
    from chainrule.table import TableModel

EXAMPLES = """Examples:

chainrule info

chainrule info houses.safetensors

chainrule info houses.safetensors --json"""

_PACKAGES = ("numpy", "scipy", "scikit-learn", "safetensors", "polars", "matplotlib")
_EXTRAS = {"polars": "table", "matplotlib": "report"}


def command(
    model: Annotated[Path | None, typer.Argument(help="A model file.", show_default=False)] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Tell what a model file holds, or, without one, what is installed."""
    terminal = Terminal(as_json=as_json, quiet=quiet)
    if model is None:
        facts = _installation()
        lines = list(facts.items())
    else:
        trained = load_model(model)
        facts = _of_model(model, trained)
        lines = _lines(facts, trained)
    for label, text in lines:
        terminal.result(label, str(text))
    if "scores" in facts:
        terminal.show_scores(facts["scores"])
    terminal.emit(facts)


def _installation() -> dict[str, Any]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from chainrule import __version__
    from chainrule.engine.choosing import describe

    packages: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = (
                f"not installed (pip install 'chainrule[{_EXTRAS[name]}]')" if name in _EXTRAS else "absent"
            )
    return {
        "chainrule": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "engine": describe(),
        **packages,
    }


def _of_model(path: Path, model: Any) -> dict[str, Any]:
    from chainrule import storage
    from chainrule.table import TableModel

    stored = storage.read_header(path)
    facts = {
        "file": str(path),
        "kind": stored.kind,
        "version": stored.header["version"],
        "network": str(model.network),
        "loss": model.network.loss.spec,
        "n_parameters": model.network.n_parameters,
        "dtype": model.theta.dtype.name,
    }
    return facts | _of_table(model) if isinstance(model, TableModel) else facts


def _of_table(model: TableModel) -> dict[str, Any]:
    target = model.target
    return {
        "target": {"names": target.names, "kind": target.kind, "classes": target.classes},
        "columns": {feature.name: feature.kind for feature in model.encoder.features},
        "left_out": {column.name: column.reason for column in model.encoder.left_out},
        **plain(model.record),
    }


def _lines(facts: dict[str, Any], model: Any) -> list[tuple[str, str]]:
    """The facts in words."""
    from chainrule.table.columns import listed

    lines = [
        ("File", f"{facts['file']} ({facts['kind']}, format version {facts['version']})"),
        ("Network", f"{facts['network']}, {facts['n_parameters']} parameters in {facts['dtype']}, {facts['loss']}"),
    ]
    if "target" not in facts:
        return lines
    lines.append(("Target", f"{listed(model.target.names)}: {model.target.described}"))
    for kind in dict.fromkeys(facts["columns"].values()):
        names = [name for name, other in facts["columns"].items() if other == kind]
        lines.append(("Columns", f"{len(names)} of kind {kind}: {listed(names)}"))
    lines += [
        ("Left out", f"{listed(names)}: {reason}") for reason, names in model.encoder.left_out_by_reason().items()
    ]
    if "source" in facts:
        rows = ", ".join(f"{count} {name}" for name, count in facts["rows"].items())
        lines.append(("Learned", f"from {facts['source']}: {rows} rows"))
        lines.append(("Settings", _settings(facts["settings"])))
    return lines


def _settings(settings: dict[str, Any]) -> str:
    """Those that say something."""
    said = {key: value for key, value in settings.items() if value not in (None, "", [], ())}
    return ", ".join(f"{key} {_word(value)}" for key, value in said.items())


def _word(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
