"""A table in blocks: in whatever pieces it arrives, the same values as in one piece."""

import contextlib
import gzip
import io
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.table import arriving, csv_lines, read_table
from chainrule.table.blocks import read_blocks
from chainrule.table.columns import table_of
from chainrule.table.encoder import Encoder, learn_encoder
from chainrule.table.errors import TableError
from chainrule.table.features import Category, Number

TEXT = (
    "id,age,town,day,zip,ok\n"
    + "".join(
        f'{i},{"" if i % 7 == 0 else 20 + i % 50}.5,"{"Os, lo" if i % 3 else "Bergen"}",2023-0{1 + i % 9}-11,'
        f"0{i % 4}1,{'true' if i % 2 else 'false'}\n".replace(",.5", ",NA")
        for i in range(120)
    )
    + '\n5,1,"two\nlines",,031,true\n\n'
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    path = tmp_path_factory.mktemp("blocks") / "t.csv"
    path.write_text(TEXT)
    return learn_encoder(read_table(path).with_kinds({"zip": "category"}).without(["id"]))


class Pieces(io.RawIOBase):
    """A stream that gives its content in pieces of the sizes asked for, then all the rest."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self.left, self.sizes = content, list(sizes)

    def read1(self, n: int) -> bytes:
        size = min(n, self.sizes.pop(0) if self.sizes else n)
        piece, self.left = self.left[:size], self.left[size:]
        return piece


def _streamed(encoder: Encoder, content: bytes, sizes: list[int], **options: str) -> tuple[np.ndarray, dict, list]:
    """X of all blocks, the lost values, and the notes."""
    stdin, sys.stdin = sys.stdin, type("In", (), {"buffer": Pieces(content, sizes)})()  # type: ignore[assignment]
    parts, lost, notes = [], {}, []
    try:
        for table, found in read_blocks("-", encoder, **options):
            parts.append(encoder.transform(table))
            notes += table.notes
            for name, n in found.items():
                lost[name] = lost.get(name, 0) + n
    finally:
        sys.stdin = stdin
    return np.concatenate(parts), {name: n for name, n in lost.items() if n}, notes


def test_a_file_has_the_values_of_the_whole_table(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    whole = encoder.transform(read_table(path))
    for packed in (False, True):
        path.write_bytes(gzip.compress(TEXT.encode()) if packed else TEXT.encode())
        ((table, lost),) = read_blocks(str(path), encoder)
        np.testing.assert_array_equal(encoder.transform(table), whole)
        assert not any(lost.values())


@given(st.lists(st.integers(1, 200), max_size=60))
@example([1] * 400)
@settings(max_examples=8, deadline=None)
def test_pieces_change_nothing(encoder: Encoder, sizes: list[int]) -> None:
    expected = _streamed(encoder, TEXT.encode(), [])[0]
    for content, options in (
        (TEXT.encode(), {}),
        (TEXT.replace("\n", "\r\n").encode("utf-8-sig"), {}),
        (TEXT.encode("utf-16"), {}),
        (TEXT.encode("latin-1"), {"encoding": "latin-1"}),
        (gzip.compress(TEXT[:999].encode()) + gzip.compress(TEXT[999:].encode()), {}),
    ):
        np.testing.assert_array_equal(_streamed(encoder, content, sizes, **options)[0], expected)


@given(st.lists(st.integers(1, 40), max_size=40))
@settings(max_examples=15, deadline=None)
def test_what_is_guessed_does_not_depend_on_the_pieces(sizes: list[int]) -> None:
    """A decimal comma, an encoding, values of another kind."""
    encoder = Encoder(
        (Number("x", "number", 0.0, 0.0, 1.0, True), Category("t", "category", ("grün", "rot"), True, True))
    )
    content = "t;x\nrot;3\nrot;old\ngrün;1,5\nrot;2.5\n".encode("cp1252")
    X, lost, notes = _streamed(encoder, content, sizes)
    np.testing.assert_array_equal(X[:, 0], [3, 0, 1.5, 2.5])
    np.testing.assert_array_equal(X[:, 2], [0, 0, 1, 0])
    assert lost == {"x": 1}
    assert len(notes) == 2


@given(st.lists(st.integers(1, 20), max_size=20))
@settings(max_examples=10, deadline=None)
def test_blank_lines_get_no_answer(sizes: list[int]) -> None:
    encoder = Encoder((Number("x", "number", 0.0, 0.0, 1.0, False), Category("t", "category", ("a",), False, False)))
    X, _, _ = _streamed(encoder, b"x,t\n1,a\n\n\n2,a\n\r\n,\n3,a\n\n", sizes)
    np.testing.assert_array_equal(X[:, 0], [1, 2, 0, 3])


@pytest.mark.parametrize("mark", [",", "."])
def test_numbers_that_could_be_meant_either_way_are_read_as_in_training(tmp_path: Path, mark: str) -> None:
    rows = "1,777;a\n365;b\n2,294;a\n" + ("3,5;b\n" if mark == "," else "")
    (tmp_path / "train.csv").write_text("x;t\n" + rows)
    encoder = learn_encoder(read_table(tmp_path / "train.csv"), forced=["x"])
    encoder = Encoder.from_json(encoder.to_json())
    one, _, _ = _streamed(encoder, b"x;t\n1,777;a\n", [])
    (tmp_path / "one.csv").write_text("x;t\n1,777;a\n")
    whole = encoder.transform(read_table(tmp_path / "one.csv", usual=encoder.decimal))
    expected = encoder.transform(table_of({"x": [1.777 if mark == "," else 1777.0], "t": ["a"]}))
    np.testing.assert_allclose(one, expected)
    np.testing.assert_allclose(whole, expected)


def test_codes_of_digits_are_texts_or_numbers_as_in_training() -> None:
    texts = Encoder((Category("zip", "category", ("01", "A2"), True, False),))
    numbers = Encoder((Category("zip", "category", ("1", "2"), True, False),))
    np.testing.assert_array_equal(_streamed(texts, b"zip\n01\n1\n", [])[0], [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(_streamed(numbers, b"zip\n01\n2.0\nA2\n", [])[0], [[1, 0, 0], [0, 1, 0], [0, 0, 1]])


DATES = (
    "2023-01-31", "2023/01/31", "31-01-2023", "31/01/2023", "31.01.2023", "2023-1-3", "3/1/2023", "2023-01-31 10:20",
    "2023-01-31 10:20:30", "2023-01-31T10:20:30.25", "2023-01-31T10:20:30Z", "2023-01-31T10:20:30+02:00",
    "2023-01-31 10:20:30+02:00", "31/01/2023 10:20", "2023/01/31 10:20:30", "2023-01-31T10:20", "20230131T102030",
)  # fmt: skip


@pytest.mark.parametrize("text", [*DATES, "10:20:30"])
def test_dates_and_times_are_those_of_the_whole_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"when,x\n{text},1\n{text},2\n")
    (column, _) = read_table(path).columns
    elapsed = Number("when", column.kind, 0.0, 0.0, 1e12, True)
    ((table, lost),) = read_blocks(str(path), Encoder((elapsed,)))
    np.testing.assert_array_equal(table["when"].values, column.values)
    assert np.isfinite(column.values).all()
    assert lost == {"when": 0}


def test_json_lines(encoder: Encoder, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    frame = pl.read_csv(
        TEXT.strip().encode(), null_values=["NA", ""], schema_overrides={"zip": pl.String}, try_parse_dates=True
    )
    stream = io.BytesIO()
    frame.write_ndjson(stream)
    X = encoder.transform(read_table(path))
    for sizes in ([], [1] * 500, [700] * 9):
        np.testing.assert_array_equal(_streamed(encoder, stream.getvalue(), sizes)[0], X)


def test_parquet_in_batches(encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.table.blocks.ROWS_AT_ONCE", 50)
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    pl.read_csv(TEXT.strip().encode(), null_values=["NA", ""], try_parse_dates=True).write_parquet(
        tmp_path / "t.parquet"
    )
    tables = [table for table, _ in read_blocks(str(tmp_path / "t.parquet"), encoder)]
    assert [table.n_rows for table in tables] == [50, 50, 22]
    X = np.concatenate([encoder.transform(table) for table in tables])
    np.testing.assert_array_equal(X, encoder.transform(read_table(path)))


X_ONLY = Encoder((Number("x", "number", 0.0, 0.0, 1.0, False),))
ROWS = b"".join(b"%d,a\n" % i for i in range(50))


@pytest.mark.parametrize(
    ("content", "good", "message"),
    [
        (b"x,t\n" + ROWS + b"1,2,3\n" + ROWS, 50, "line 52: 3 values, but the header names 2 columns"),
        (b"x,t\n" + ROWS + b"1,\0\n", 50, "line 52 holds NUL bytes"),
        (b"x,t\n1,\xc3\xa9\n" + ROWS + b"1,\xff\n", 51, "line 53 is not UTF-8, as the lines before it are"),
        (b"x,t\n" + ROWS + b'1,"a" b\n2,c\n', 50, "line 52 is not CSV"),
        (b'{"x": 1}\n{"x": 2}\n{"x": \n', 2, "line 3 is not JSON"),
        (b'{"x": 1}\n[2]\n', 1, "line 2 holds no JSON object"),
        (b'{"x": 1}\n' + b"[" * 100_000 + b"\n", 1, "line 2 is not JSON"),
        (gzip.compress(b"x,t\n" + ROWS)[:-9], 0, "damaged gzip file"),
        (b'x,t\n1,"' + (b"a" * 99 + b"\n") * 120_000, 0, "has a row of over 8 MiB; a quotation may have no end"),
        (b"x\n" + b"\n" * (9 << 20), 0, "MiB of blank lines"),
        (b"", 0, "is empty"),
        (b"\n \n", 0, "is empty"),
        (b"x,t\n", 0, "has a header and no rows"),
        (b"x,x\n1,2\n", 0, "names 'x' more than once"),
        (b"t,y\n1,2\n", 0, "lacks 'x'; the model needs 'x'"),
        (b'{"t": 1}\n{"x": 1}\n', 0, "line 1, lacks 'x'"),
    ],
)
@pytest.mark.parametrize("sizes", [[], [100] * 20])
def test_errors_name_the_line_after_the_rows_before_it(monkeypatch, content, good, message, sizes) -> None:
    for module in (arriving, csv_lines):
        monkeypatch.setattr(module, "LONGEST", 8 << 20)
    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": Pieces(content, sizes)})())
    rows = 0
    with pytest.raises(TableError) as raised:  # noqa: PT012 - the rows before it count
        for table, _ in read_blocks("-", X_ONLY):
            rows += table.n_rows
    assert message in str(raised.value)
    if not content.startswith(b"\x1f"):
        assert rows == good


@given(st.binary(max_size=300), st.lists(st.integers(1, 30), max_size=10))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_rows_or_one_clear_error(content: bytes, sizes: list[int]) -> None:
    for start in (b"x,t\n", b'{"x": 1}\n', b"\x1f\x8b\x08", b""):
        with contextlib.suppress(TableError):
            assert np.isfinite(_streamed(X_ONLY, start + content, sizes)[0]).all()
