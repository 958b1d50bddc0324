"""The configuration of a run as a TOML file: written beside the model, and read back to repeat the run."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

TITLE = "# A run of chainrule train, which --config repeats"


def to_toml(source: str, targets: Sequence[str], settings: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    """The configuration in TOML, under a line that says whose it is; what is None is left out.

    Examples
    --------
    >>> print(to_toml("a.csv", ["y"], {"seed": 0, "epochs": None, "drop": ("id",)}, {"delimiter": ";"}))
    # A run of chainrule train, which --config repeats
    file = "a.csv"
    target = ["y"]
    <BLANKLINE>
    [reading]
    delimiter = ";"
    <BLANKLINE>
    [settings]
    seed = 0
    drop = ["id"]
    <BLANKLINE>
    """
    lines = [TITLE, f"file = {_value(source)}", f"target = {_value(list(targets))}", ""]
    for name, table in (("reading", reading), ("settings", settings)):
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items() if value is not None), ""]
    return "\n".join(lines)


def read_toml(path: Path) -> tuple[str | None, list[str], dict[str, Any], dict[str, Any]]:
    """File, targets, settings and reading options of a configuration.

    Raises
    ------
    ValueError
        It is not TOML, or names something that is no setting.
    """
    from chainrule.table.settings import Settings

    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"'{path}' is not a TOML file: {error}") from error
    target = found.get("target", [])
    parts = {
        "": {key: value for key, value in found.items() if key not in ("reading", "settings")},
        "settings": found.get("settings", {}),
        "reading": found.get("reading", {}),
    }
    known = {
        "": {"file", "target"},
        "settings": {field.name for field in fields(Settings)},
        "reading": {"delimiter", "encoding", "decimal"},
    }
    for name, part in parts.items():
        unknown = sorted(set(part) - known[name]) if isinstance(part, dict) else [name]
        if unknown:
            place = f" under [{name}]" if name else ""
            raise ValueError(f"'{path}' has {unknown[0]!r}{place}; known are {', '.join(sorted(known[name]))}")
    return found.get("file"), [target] if isinstance(target, str) else list(target), parts["settings"], parts["reading"]


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
