"""Model files as the commands want them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.table import Table, TableModel


def load_model(path: Path) -> Any:
    """Any model that a file holds."""
    from chainrule.models import load

    if not path.exists():
        raise FileNotFoundError(2, f"there is no model file '{path}'")
    if path.is_dir():
        raise IsADirectoryError(21, f"'{path}' is a folder; a model file was expected")

    return load(path)


def read_for(model: TableModel, source: str, reading: Mapping[str, Any]) -> Table:
    """A table as the model knows its columns."""
    from chainrule.table import read_table

    return read_table(source, texts=model.texts, usual=model.encoder.decimal, **reading)


def load_table_model(path: Path) -> TableModel:
    """A model that knows the columns of a table."""
    from chainrule.table import TableModel

    model = load_model(path)
    if not isinstance(model, TableModel):
        raise ValueError(f"'{path}' holds a bare network, which knows no columns; use a model that train wrote")
    return model
