"""A file read in many small blocks is the table that it is in one; memory and time stay bounded whatever it holds."""

import gzip
import re
import tracemalloc
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.table import Table, TableError, arriving, csv_columns, csv_lines, read_table
from chainrule.table.blocks import read_blocks
from chainrule.table.columns import Column, column_of
from chainrule.table.encoder import learn_encoder
from chainrule.table.gathering import Gathering, narrowed
from chainrule.table.preparing import prepare
from chainrule.table.settings import Settings

MIB = 1 << 20


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows in each."""
    monkeypatch.setattr(csv_columns, "BLOCK", 64)
    monkeypatch.setattr(csv_columns, "ROWS_IN_BLOCK", 1)
    monkeypatch.setattr(arriving, "PIECE", 16)
    monkeypatch.setattr(csv_columns, "PIECE", 16)


def _read(folder: Path, content: bytes | str, name: str = "data.csv") -> Table:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def _meaning(column: Column) -> tuple[str, list[object]]:
    """The kind, and the values as Python has them: levels of categories, whatever their codes are."""
    values = [None if gone else value for value, gone in zip(column.values.tolist(), column.missing, strict=True)]
    return column.kind, [column.levels[v] if column.levels and v is not None else v for v in values]  # type: ignore[call-overload]


CELLS = ["1", "2.5", " 3", "NA", "", "abc", '"x\ny"', "true", "false", "2020-01-31", "-7", "1e3", "d,e"]


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(*[st.sampled_from(CELLS)] * 2), min_size=1, max_size=30))
def test_kinds_and_values_do_not_depend_on_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    cells = [[f'"{cell}"' if "," in cell else cell for cell in row] for row in rows]
    content = "a,b,c\n" + "\n".join(",".join([*row, "0"]) for row in cells)
    whole = _read(folder, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_columns, "BLOCK", 32)
        patch.setattr(csv_columns, "ROWS_IN_BLOCK", 1)
        patch.setattr(csv_columns, "PIECE", 16)
        patch.setattr(arriving, "PIECE", 16)
        blocks = _read(folder, content)
    assert [_meaning(column) for column in blocks.columns] == [_meaning(column) for column in whole.columns]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1"] * 40 + ["x"], "category", ["1"] * 40 + ["x"]),  # read a second time, as texts
        ([""] * 40 + ["2"], "number", [None] * 40 + [2]),
        ([""] * 40 + ["x"], "category", [None] * 40 + ["x"]),
        ([""] * 40, "number", [None] * 40),
        (["true"] * 40 + ["2"], "category", ["true"] * 40 + ["2"]),
        (["1"] * 40 + [" 2 ", "NA"] + ["3"] * 40, "number", [1] * 40 + [2, None] + [3] * 40),
        (["31/01/2020"] * 40 + ["01/02/2020"], "date", [1580428800] * 40 + [1580515200]),
        (["1e999", "-1e999", "1e300"] * 20, "number", [None, None, 1e300] * 20),
    ],
)
def test_a_kind_is_that_of_all_blocks(tmp_path: Path, cells: list[str], kind: str, values: list[object]) -> None:
    content = "a,b\n" + "".join(f"{cell},{j}.25\n" for j, cell in enumerate(cells))
    table = _read(tmp_path, content)
    assert _meaning(table["a"]) == (kind, values)
    np.testing.assert_array_equal(table["b"].values, np.arange(len(cells)) + 0.25)


@pytest.mark.usefixtures("small_blocks")
def test_more_texts_than_are_kept_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.table.gathering.MOST_LEVELS", 20)
    texts = [f"t{j % 50}" if j % 7 else "" for j in range(300)]
    column = _read(tmp_path, "a,b\n" + "".join(f"{text},1\n" for text in texts))["a"]
    assert (column.kind, column.levels) == ("text", ())
    codes: dict[str, set[int]] = {}
    for text, code in zip(texts, column.values.tolist(), strict=True):
        codes.setdefault(text, set()).add(code)
    assert codes.pop("") == {-1}
    assert all(len(found) == 1 for found in codes.values())
    assert len(set.union(*codes.values())) == len(codes)


def test_large_files_are_held_in_float32_where_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_columns, "BLOCK", 64 << 10)
    rng = np.random.default_rng(0)
    n = 20_000
    data = {
        "measured": rng.normal(size=n),
        "whole": rng.integers(0, 1000, n),
        "id": 2**40 + np.arange(n),
        "far": 1e9 + rng.normal(size=n),
        "grade": rng.integers(0, 40, n) / 10,
        "wild": np.where(np.arange(n) == n - 1, 1e200, rng.normal(size=n)),
    }
    pl.DataFrame(data).write_csv(tmp_path / "large.csv")
    table = read_table(tmp_path / "large.csv")
    narrow = {name for name in data if table[name].values.dtype == np.float32}
    assert narrow == {"measured", "whole"}
    for name in ("measured", "wild"):  # of the wild one the blocks before
        np.testing.assert_allclose(table[name].values, data[name], rtol=2**-23)
    for name in data.keys() - {"measured", "wild"}:
        np.testing.assert_array_equal(table[name].values, data[name])


def test_float32_changes_nothing_that_training_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 3)) * [1, 100, 1e-6] + [50, 0, 0]
    pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": X.sum(axis=1)}).write_csv(tmp_path / "t.csv")
    exact = prepare(read_table(tmp_path / "t.csv"), ["y"], Settings()).arrays("train")
    monkeypatch.setattr(csv_columns, "BLOCK", 16 << 10)
    table = read_table(tmp_path / "t.csv")
    assert {column.values.dtype.name for column in table.columns} == {"float32"}
    near = prepare(table, ["y"], Settings()).arrays("train")
    for found, expected in zip(near, exact, strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-5)  # of a standard deviation


@given(st.lists(st.floats(), max_size=300))
def test_narrowing_loses_no_value_and_no_gap(values: list[float]) -> None:
    given_values = np.array(values)
    narrow = narrowed(given_values)
    np.testing.assert_array_equal(np.isfinite(narrow), np.isfinite(given_values))


def test_parts_of_a_table_are_gathered_when_asked_for() -> None:
    table = Table((column_of("a", np.arange(10.0)), column_of("b", list("abcabcabca"))), 10)
    part = table.take(np.array([9, 3, 4])).take(np.array([2, 0])).without(["a"])
    assert (part.names, part.n_rows, _meaning(part["b"])) == (("b",), 2, ("category", ["b", "a"]))
    assert table.take(np.array([1]))["a"].values == [1]


def test_gathering_refuses_what_is_of_another_kind() -> None:
    column = Gathering("a", expected=4)
    assert column.add(pl.Series([1.5, None]))
    assert not column.add(pl.Series(["x"]))
    assert column.add(pl.Series([None, 2.5]))
    np.testing.assert_array_equal(column.column().values, [1.5, np.nan, np.nan, 2.5])


# Lines that are shorter than the header


def test_a_short_line_is_said_with_its_number(tmp_path: Path) -> None:
    table = _read(tmp_path, 'a,b,y\n1,2,3\n"4\n",5\n6,7,8\n9\n10,11,12\n')
    assert _meaning(table["y"]) == ("number", [3, None, 8, None, 12])
    (note,) = table.notes
    assert re.search(r"line 4: 2 values, but the header names 3 columns, and 1 more lines? ", note)
    assert note.endswith("what they lack counts as missing")


@pytest.mark.usefixtures("small_blocks")
def test_a_short_line_is_found_in_any_block(tmp_path: Path) -> None:
    (note,) = _read(tmp_path, "a,b\n" + "1,2\n" * 60 + "3\n" + "4,\n" * 20).notes
    assert "line 62: 1 values" in note


def test_a_short_line_is_said_when_predicting(tmp_path: Path) -> None:
    table = _read(tmp_path, "a,b\n" + "".join(f"{i},{i % 7}\n" for i in range(100)))
    encoder = learn_encoder(table, forced=["a", "b"])
    (tmp_path / "new.csv").write_text('a,b\n1,2\n3\n"4",5\n6\n')
    notes = [note for block, _ in read_blocks(str(tmp_path / "new.csv"), encoder) for note in block.notes]
    assert [note.partition("new.csv, ")[2] for note in notes] == [
        "line 3: 1 values, but the header names 2 columns; what it lacks counts as missing"
    ]


def test_a_missing_last_value_is_no_short_line(tmp_path: Path) -> None:
    assert _read(tmp_path, 'a,b\n1,\n2,NA\n"x,y",\n').notes == ()


def test_mostly_short_lines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"line 3: 2 values, but the header names 3 columns; 3 of 4 lines are shorter"):
        _read(tmp_path, "a,b,y\n1,2,3\n4,5\n6,7\n8,9\n")


def test_commas_at_the_end_of_the_header_name_no_column_that_lines_lack(tmp_path: Path) -> None:
    assert _read(tmp_path, "a,b,,\n1,2\n3,4\n").notes == ()


# What would take all memory, or all time


def _packed(path: Path, unit: bytes, n: int) -> Path:
    with gzip.open(path, "wb", compresslevel=6) as stream:
        stream.write(b"a,b,y\n")
        for _ in range(n):
            stream.write(unit)
    return path


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (b"\0" * MIB, "line 2 holds NUL bytes"),
        (b"x" * MIB, "a row of over 4 MiB"),
        (b"\n" * MIB, "over 4 MiB of blank lines"),
        (b"1,2,3\n" * (MIB // 6), "unpacks to over 8 MiB and over 100 times its size"),
    ],
)
def test_gzip_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: bytes, message: str) -> None:
    monkeypatch.setattr(arriving, "UNPACKED", 8 * MIB)
    monkeypatch.setattr(arriving, "LONGEST", 4 * MIB)
    monkeypatch.setattr(csv_lines, "LONGEST", 4 * MIB)
    bomb = _packed(tmp_path / "bomb.csv.gz", unit, 60)
    assert bomb.stat().st_size < MIB
    tracemalloc.start()
    try:
        with pytest.raises(TableError, match=message):
            read_table(bomb)
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()


def test_what_is_well_packed_and_no_bomb_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "UNPACKED", MIB)
    rng = np.random.default_rng(0)
    lines = [b"%d,%d,%d\n" % tuple(row) for row in rng.integers(0, 2, (200_000, 3))]
    assert read_table(_packed(tmp_path / "bits.csv.gz", b"".join(lines), 1)).n_rows == 200_000


def test_a_wide_table(tmp_path: Path) -> None:
    n = 5_000
    content = ",".join(f"c{j}" for j in range(n)) + ",y\n"
    content += "".join(",".join(str((i * j) % 5 + 0.5) for j in range(n)) + f",{i % 2}\n" for i in range(30))
    table = _read(tmp_path, content)
    assert (len(table.names), table.n_rows) == (n + 1, 30)
    prepared = prepare(table, ["y"], Settings(hidden="3"))
    assert prepared.arrays("train")[0].shape[1] == prepared.encoder.n_outputs <= n


def test_a_line_without_an_end_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = _read(tmp_path, b"a,y\n1," + b"x" * (20 * MIB) + b"\n2,z\n")
    assert [len(level) for level in table["y"].levels] == [20 * MIB, 1]
    monkeypatch.setattr(arriving, "LONGEST", 4 * MIB)
    with pytest.raises(TableError, match="a row of over 4 MiB; a quotation may have no end"):
        _read(tmp_path, b'a,y\n1,"' + b"x,2\n" * (2 * MIB))
