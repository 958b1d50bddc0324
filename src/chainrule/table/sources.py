"""From the name of a file or of a data set to a table."""

import os
from pathlib import Path
from typing import Any

from .columns import Column, Table, column_of
from .errors import TableError

DATASETS = ("breast_cancer", "diabetes", "digits", "iris", "wine")  # those that scikit-learn ships
STANDARD_INPUT = "-"
TARGET = "target"  # the name their last column is given


def read_table(source: str | os.PathLike[str], **options: Any) -> Table:
    """Read a table.

    Parameters
    ----------
    source : str or path
        A CSV file or JSON lines (plain or gzipped), a Parquet file, ``-`` for CSV or JSON lines on standard input, or
        the name of a data set that scikit-learn ships: breast_cancer, diabetes, digits, iris, wine. A file of that name
        comes first.
    **options
        Of `chainrule.table.csv_columns.read_csv`: ``delimiter``, ``encoding``, ``decimal``, ``texts``, ``usual``.

    Raises
    ------
    TableError
        The content is not a table.
    OSError
        There is no such file, or it may not be read.
    ImportError
        A file was given and polars is not installed; the message names the extra.

    Examples
    --------
    >>> table = read_table("iris")
    >>> table.n_rows, table.names[-2:], table["target"].levels
    (150, ('petal width (cm)', 'target'), ('setosa', 'versicolor', 'virginica'))
    """
    name = os.fspath(source)
    if is_dataset(name):
        return _dataset(name)
    from . import csv_columns, frames

    if name == STANDARD_INPUT:
        return csv_columns.read_standard_input(**options)
    path = the_file(name)
    return frames.read_parquet(path) if is_parquet(path) else csv_columns.read_csv(path, **options)


def the_file(name: str) -> Path:
    """The path, if there is a file; TableError or FileNotFoundError if not."""
    path = Path(name)
    if path.is_dir():
        raise TableError(f"{name!r} is a folder; a CSV or Parquet file was expected")
    if not path.exists():
        raise FileNotFoundError(2, f"there is no file {name!r}, and no data set of that name (those are {_names()})")
    return path


def is_dataset(name: str) -> bool:
    """Whether a data set is meant: a file of its name comes first."""
    return name in DATASETS and not Path(name).exists()


def is_parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _names() -> str:
    return ", ".join(DATASETS)


def _dataset(name: str) -> Table:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    classes = getattr(bunch, "target_names", None)
    labels = bunch.target if classes is None or name == "digits" else classes[bunch.target]
    names = [str(feature) for feature in bunch.feature_names]
    columns: list[Column] = [column_of(feature, bunch.data[:, j]) for j, feature in enumerate(names)]
    columns.append(column_of(TARGET, labels))
    return Table(tuple(columns), len(labels), name)
