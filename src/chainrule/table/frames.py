"""polars data frames to tables, and Parquet files; the only modules that know polars are this one and `csv`."""

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from .columns import MOST_LEVELS, Column, Table
from .errors import TableError

if TYPE_CHECKING:
    import polars


def require_polars() -> Any:
    """The polars module, or an error that says how to get it."""
    try:
        import polars
    except ImportError as error:
        raise ImportError(
            "reading files needs polars: install it with  pip install 'chainrule[table]'", name="polars"
        ) from error
    return polars


def read_parquet(path: Path) -> Table:
    """Read a Parquet file."""
    polars = require_polars()
    try:
        frame = polars.read_parquet(path)
    except (polars.exceptions.PolarsError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise TableError(f"{str(path)!r} is not a Parquet file, or it is damaged") from error
    return table_of_frame(frame, str(path))


def parquet_blocks(path: Path, names: Collection[str], n: int) -> Iterator[Table]:
    """Read some columns of a Parquet file, n rows at a time; names that it lacks are passed over."""
    polars = require_polars()
    try:
        lazy = polars.scan_parquet(path)
        here = [name for name in lazy.collect_schema().names() if name in names]
        n_rows = lazy.select(polars.len()).collect().item()
        for start in range(0, n_rows, n) or [0]:
            yield table_of_frame(lazy.select(here).slice(start, n).collect(), str(path))
    except (polars.exceptions.PolarsError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise TableError(f"{str(path)!r} is not a Parquet file, or it is damaged") from error


def read_json_lines(content: bytes, source: str) -> Table:
    """Read one JSON object on each line."""
    polars = require_polars()
    try:
        frame = polars.read_ndjson(io.BytesIO(content), infer_schema_length=None)
    except polars.exceptions.PolarsError as error:
        raise TableError(f"{source!r} is not JSON lines: {str(error).splitlines()[0]}") from error
    if frame.height == 0:
        raise TableError(f"{source!r} has no rows")
    return table_of_frame(frame.with_columns(dates(series) for series in frame), source)


def dates(series: "polars.Series") -> "polars.Series":
    """Texts that are all dates, as ISO 8601 writes them, become dates; others stay texts."""
    polars = require_polars()
    if series.dtype != polars.String or series.null_count() == len(series):
        return series
    dates = series.str.to_datetime("%+", strict=False, time_zone="UTC")
    for form in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d"):
        if dates.null_count() == series.null_count():
            break
        dates = series.str.to_datetime(form, strict=False)
    return dates if dates.null_count() == series.null_count() else series


def write_parquet(blocks: Sequence[Mapping[str, Any]], stream: BinaryIO) -> None:
    """Write columns of equal length, given in blocks of rows, as Parquet."""
    polars = require_polars()
    frames = [
        polars.DataFrame({name: values.tolist() if values.dtype == object else values for name, values in b.items()})
        for b in blocks
    ]
    polars.concat(frames).write_parquet(stream)


def table_of_frame(frame: "polars.DataFrame", source: str, notes: tuple[str, ...] = ()) -> Table:
    """A table of a polars data frame; columns of lists, structures and bytes are left out with a note."""
    columns, more = [], list(notes)
    for series in frame:
        column = column_of_series(series)
        if column is None:
            more.append(f"column {series.name!r} holds {series.dtype} and is left out")
        else:
            columns.append(column)
    return Table(tuple(columns), frame.height, source, tuple(more))


def column_of_series(series: "polars.Series") -> Column | None:
    """A column of a series; None for lists, structures and bytes."""
    polars = require_polars()
    kind, name = series.dtype, series.name
    if kind == polars.Boolean:
        return Column(name, "boolean", _floats(series))
    if kind.is_numeric():
        return Column(name, "number", _floats(series))
    if kind in (polars.Date, polars.Datetime):
        return Column(name, "date", _floats(series.dt.epoch("us")) / 1e6)
    if kind in (polars.Time, polars.Duration):
        return Column(name, "number", _floats(series.to_physical()) / {"ns": 1e9, "us": 1e6, "ms": 1e3}[_unit(kind)])
    if kind in (polars.String, polars.Categorical, polars.Enum):
        return text_column(series.cast(polars.String))
    if kind == polars.Null:
        return Column(name, "number", np.full(len(series), np.nan))
    return None


def _unit(kind: Any) -> str:
    return getattr(kind, "time_unit", "ns") or "ns"


def _floats(series: "polars.Series") -> Any:
    polars = require_polars()
    numbers = series if series.dtype == polars.Float64 else series.cast(polars.Float64)
    return (numbers.fill_null(float("nan")) if numbers.null_count() else numbers).to_numpy().copy()


def text_column(series: "polars.Series") -> Column:
    """Texts as codes; levels sorted, so that the same texts give the same codes."""
    polars = require_polars()
    levels = series.drop_nulls().unique().sort()
    if len(levels) > MOST_LEVELS:
        codes = series.rank("dense").cast(polars.Int32)
        return Column(series.name, "text", codes.fill_null(-1).to_numpy().copy())
    codes = series.cast(polars.Enum(levels)).to_physical().cast(polars.Int32)
    return Column(series.name, "category", codes.fill_null(-1).to_numpy().copy(), tuple(levels.to_list()))
