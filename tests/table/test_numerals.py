"""Marks between the thousands of numbers: read where the decimal mark is known, and said."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.table import Table, column_of, learn_encoder, read_table, table_of
from chainrule.table.blocks import read_blocks
from chainrule.table.features import LeftOut, learn_feature

polars = pytest.importorskip("polars")
from chainrule.table.numerals import plain  # noqa: E402


def _read(folder: Path, content: str) -> Table:
    path = folder / "t.csv"
    path.write_text(content, encoding="utf-8")
    return read_table(path)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ('price,x\n"1,234",1\n"12,345.5",2\n999,3\n"-1,234,567",4\n', [1234, 12345.5, 999, -1234567]),
        ("price;x\n1.234,5;1\n12.345,0;2\n999,25;3\n", [1234.5, 12345, 999.25]),
        ("price;x\n1.234;1,5\n12.345;2,5\n1.234.567;3,5\n", [1234, 12345, 1234567]),
        ("price;x\n1,234,567;1\n1,234;2\n999;3\n", [1234567, 1234, 999]),
        ("price;x\n1,234;1\n1,234.5;2\n", [1234, 1234.5]),
        ("price\tx\n1 234\t1\n12 345,5\t2\n", None),
        ("price,x\n1 234,1\n12\u202f345.5,2\n999,3\n", [1234, 12345.5, 999]),
        ("price,x\n1'234,1\n12’345.5,2\n", [1234, 12345.5]),
    ],
)
def test_marks_between_thousands(tmp_path: Path, content: str, values: list[float] | None) -> None:
    table = _read(tmp_path, content)
    if values is None:  # a decimal comma in one of the numbers only
        assert table["price"].kind == "category"
        return
    assert table["price"].kind == "number"
    assert table["price"].values.tolist() == values
    assert any("'price' has numbers such as" in note for note in table.notes)


@pytest.mark.parametrize(
    "content",
    ["a,b\n1.234,1\n12.345,2\n", 'a,b\n"1,23",1\n"1,2345",2\n', "a,b\n040 123 456,1\n", "a;b\n1,234;1\n0,123;2\n"],
)
def test_what_is_no_mark(tmp_path: Path, content: str) -> None:
    table = _read(tmp_path, content)
    assert not any("numbers such as" in note for note in table.notes)
    assert table["a"].kind == "category" or np.nanmax(table["a"].values) < 20


def test_a_column_that_turns_out_to_be_of_texts_keeps_them(tmp_path: Path) -> None:
    table = _read(tmp_path, "a,b\n" + '"1,234",1\n' * 400_000 + "many,1\n")
    assert table["a"].levels == ("1,234", "many")
    assert not any("numbers such as" in note for note in table.notes)


def test_predicting_reads_the_same_numbers_one_by_one(tmp_path: Path) -> None:
    content = "price;x\n" + "".join(f"{j % 9 + 1}.{j:03d},5;{j * 37 % 100},25\n" for j in range(100))
    whole = _read(tmp_path, content)
    encoder = learn_encoder(whole)
    ((block, lost),) = read_blocks(str(tmp_path / "t.csv"), encoder)
    assert set(lost.values()) == {0}
    np.testing.assert_array_equal(encoder.transform(block), encoder.transform(whole))


@given(st.integers(-(10**12), 10**12), st.sampled_from([".", ","]), st.sampled_from("\u00a0\u202f '’"))
def test_every_spelling_of_a_whole_number(number: int, decimal: str, mark: str) -> None:
    mark_of_file = "," if decimal == "." else "."
    spelled = polars.Series([f"{number:,}".replace(",", own) for own in (mark_of_file, mark, "")])
    assert plain(spelled, decimal).cast(polars.Int64).to_list() == [number] * 3


@pytest.mark.parametrize(
    ("form", "hinted"), [("{:,} €", True), ("{:,}", True), ("name {}", False), ("{:x}-a-b-c", False)]
)
def test_texts_that_seem_numbers_are_left_out_with_a_hint(form: str, hinted: bool) -> None:
    column = column_of("x", [form.format(j**3) for j in range(100, 200)])
    feature = learn_feature(column)
    assert isinstance(feature, LeftOut)
    assert ("is a number, write it as one" in feature.reason) == hinted
    assert table_of({"x": column.levels}).names == ("x",)
