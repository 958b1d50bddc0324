"""Files as people write them, and files that are no tables."""

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.table import Table, TableError, read_table
from chainrule.table.preparing import prepare
from chainrule.table.settings import Settings


def _read(folder: Path, content: bytes | str, **options: str) -> Table:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, **options)


def _values(table: Table) -> dict[str, list[object]]:
    """Columns as Python values, None where missing."""
    return {
        column.name: [
            None if missing else (column.levels[value] if column.levels else value)
            for value, missing in zip(column.values.tolist(), column.missing, strict=True)
        ]
        for column in table.columns
    }


SMALL = {"age": [31, 47], "town": ["Oslo", "Tromsø"]}


@pytest.mark.parametrize(
    "content",
    [
        "age,town\n31,Oslo\n47,Tromsø\n",
        "age,town\r\n31,Oslo\r\n47,Tromsø",
        "\n\nage,town\n31,Oslo\n47,Tromsø\n\n\n",
        "age;town\n31;Oslo\n47;Tromsø\n",
        "age\ttown\n31\tOslo\n47\tTromsø\n",
        "age|town\n31|Oslo\n47|Tromsø\n",
        ' age , town\n 31, Oslo \n47 ,"Tromsø"\n',
        "\ufeffage,town\n31,Oslo\n47,Tromsø\n",
        "age,town\n31,Oslo\n47,Tromsø\n".encode("utf-16"),
        "age,town\n31,Oslo\n47,Tromsø\n".encode("latin-1"),
        gzip.compress("age,town\n31,Oslo\n47,Tromsø\n".encode(), mtime=0),
    ],
)
def test_one_table_in_many_spellings(tmp_path: Path, content: bytes | str) -> None:
    assert _values(_read(tmp_path, content)) == SMALL


def test_kinds(tmp_path: Path) -> None:
    table = _read(tmp_path, "n,f,b,t,d,h\n1,1.5,true,x,2020-01-31,2020-01-31T10:30:00\n2,NA,false,?,1969-12-31,\n")
    assert [column.kind for column in table.columns] == ["number", "number", "boolean", "category", "date", "date"]
    assert _values(table) == {
        "n": [1, 2],
        "f": [1.5, None],
        "b": [1, 0],
        "t": ["x", None],
        "d": [1580428800, -86400],
        "h": [1580466600, None],
    }


def test_the_type_of_a_column_is_found_beyond_its_first_rows(tmp_path: Path) -> None:
    table = _read(tmp_path, "x\n" + "1\n" * 20_000 + "2.5\n")
    assert table["x"].values[-1] == 2.5
    assert _read(tmp_path, "x\n" + "1\n" * 20_000 + "many\n")["x"].kind == "category"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_are_no_rows(tmp_path: Path, end: str) -> None:
    table = _read(tmp_path, end.join(["a,b", "0,x", "", "1,y", "", "", ",", "2,z", "", ""]))
    assert _values(table) == {"a": [0, 1, None, 2], "b": ["x", "y", None, "z"]}
    assert _values(_read(tmp_path, end.join(["a", "0", "", "1", ""]))) == {"a": [0, None, 1]}


@pytest.mark.parametrize("mark", ["-", "k.A.", "unknown", "."])
def test_a_few_signs_among_measurements_are_gaps(tmp_path: Path, mark: str) -> None:
    lines = [f"{mark if i % 30 == 7 else f'{i},5'};{i % 3}" for i in range(300)]
    table = _read(tmp_path, "size;code\n" + "\n".join(lines) + "\n")
    assert table["size"].kind == "number"
    assert table["size"].missing.sum() == 10
    assert any(f"holds numbers, and {mark!r} (10 times), read as missing" in note for note in table.notes)


def test_codes_with_a_letter_among_them_stay_categories(tmp_path: Path) -> None:
    lines = ["U" if i % 30 == 7 else str(i % 9) for i in range(300)]
    assert (
        _read(tmp_path, "code,x\n" + "\n".join(f"{line},{i}" for i, line in enumerate(lines)) + "\n")["code"].kind
        == "category"
    )


@pytest.mark.parametrize(
    ("content", "values", "noted"),
    [
        ("a;b\n1,5;x,1\n2;y\n", {"a": [1.5, 2], "b": ["x,1", "y"]}, True),
        ("a;b\n1,777;x\n365;y\n", {"a": [1777, 365], "b": ["x", "y"]}, False),  # could be either: as with a point
        ("a;b\n1,5;3\n-2,25;4\n", {"a": [1.5, -2.25], "b": [3, 4]}, True),
        ("a;b\n1,5;3.5\n?;4\n", {"a": [1.5, None], "b": ["3.5", "4"]}, True),
        ("a,b\n1.5,3\n", {"a": [1.5], "b": [3]}, False),
    ],
)
def test_a_decimal_comma_is_found(tmp_path: Path, content: str, values: dict, noted: bool) -> None:
    table = _read(tmp_path, content)
    assert any("decimal comma" in note for note in table.notes) == noted
    if noted:
        assert _values(table)["a"] == values["a"]
    else:
        assert _values(table) == values


def test_a_decimal_comma_is_asked_for(tmp_path: Path) -> None:
    table = _read(tmp_path, "a;b\n1,5; 2,25\n-3,0;x\n", decimal=",")
    assert _values(table) == {"a": [1.5, -3.0], "b": ["2,25", "x"]}
    assert _values(_read(tmp_path, "a;b\n1,5; 2,25\n", decimal=",")) == {"a": [1.5], "b": [2.25]}


def test_what_is_beyond_the_range_of_numbers_is_missing(tmp_path: Path) -> None:
    assert _values(_read(tmp_path, "x\n1e999\n-1e999\n5e-324\n")) == {"x": [None, None, 5e-324]}


def test_an_encoding_that_was_guessed_is_said(tmp_path: Path) -> None:
    (note,) = _read(tmp_path, b"a\n\xe9\n").notes
    assert "not UTF-8 and was read as windows-1252" in note


def test_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"], "c": [[1], [2]], "d": [b"1", b"2"], "e": [None, None]})
    frame.write_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert _values(table) == {"a": [1, None], "b": ["x", "y"], "e": [None, None]}
    assert [note.split(" holds")[0] for note in table.notes] == ["column 'c'", "column 'd'"]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"a": 1, "b": "x", "d": "2020-01-31", "e": "2020-01-31T10:30:00", "f": "2020-01-31T10:30:00Z"}',
        '{"a": 2.5, "b": null, "d": "1969-12-31", "e": null, "f": "1970-01-01T00:00:01+00:00"}',
    ]
    table = _read(tmp_path, "\n".join(lines))
    assert _values(table) == {
        "a": [1, 2.5],
        "b": ["x", None],
        "d": [1580428800, -86400],
        "e": [1580466600, None],
        "f": [1580466600, 1],
    }
    assert [column.kind for column in table.columns] == ["number", "category", "date", "date", "date"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert _values(read_table("-")) == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [("digits", 1797, 65), ("iris", 150, 5), ("wine", 178, 14), ("breast_cancer", 569, 31), ("diabetes", 442, 11)],
)
def test_data_sets(name: str, rows: int, columns: int) -> None:
    table = read_table(name)
    assert (table.n_rows, len(table.names), table.names[-1]) == (rows, columns, "target")


def test_a_file_comes_before_a_data_set_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("iris").write_text("a,b\n1,2\n")
    assert read_table("iris").names == ("a", "b")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n  \n\t\n", "is empty"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,b", "has a header and no rows"),
        (b"a,b,a\n1,2,3\n", "names 'a' more than once"),
        (b"a,b\n1,2\n3,4\n5,6,7\n", "line 4: 3 values, but the header names 2 columns"),
        (b"a,b\n1,\0\n", "holds NUL bytes"),
        (b"\x89PNG\r\n\x1a\n\0\0", "holds NUL bytes"),
        (b'a,b\n1,"x\n2,3\n', "is not CSV with the delimiter ','"),
        (b'"a\nb",c\n1,2\n', "a header that goes over several lines"),
        (b"x" * (2 << 20), "a first line of over"),
        (b'"' + b"x" * 200_000 + b'",b\n1,2\n', "a first line without column names: field larger than"),
        (b'{"a": 1}\n{"a": ', "is not JSON lines"),
        (gzip.compress(bytes(range(32, 99)), mtime=0)[:40], "damaged gzip file"),
    ],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(TableError, match=message):
        _read(tmp_path, content)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "klingon"}, "no encoding 'klingon'"),
        ({"encoding": "utf-8"}, "is not utf-8 text"),
        ({"encoding": "undefined"}, "cannot be read as undefined"),
        ({"delimiter": "ab"}, "must be one ASCII character"),
        ({"delimiter": "é"}, "must be one ASCII character"),
    ],
)
def test_options_that_cannot_be(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(TableError, match=message):
        _read(tmp_path, b"a\n\xff\n", **options)


def test_places_without_a_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no file .* and no data set of that name"):
        read_table(tmp_path / "absent.csv")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(TableError, match="is not a Parquet file"):
        read_table(tmp_path / "broken.parquet")


def test_without_polars_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[table\]'"):
        _read(tmp_path, "a,b\n1,2\n")
    assert read_table("iris").n_rows == 150


@settings(deadline=None, max_examples=150)
@given(content=st.binary(max_size=60) | st.text(alphabet='ab1,;"\n\r\t .\0é', max_size=60).map(str.encode))
def test_any_bytes_are_a_table_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        table = _read(tmp_path_factory.mktemp("any"), content)
    except TableError as error:
        assert len(str(error)) < 400  # noqa: PT017
    else:
        assert table.n_rows > 0
        assert all(len(column.values) == table.n_rows for column in table.columns)


letters = st.characters(codec="utf-8", exclude_characters='"\r\n\0', exclude_categories=("Zs", "Cc"))
cells = st.text(letters, min_size=1, max_size=5)


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), cells), min_size=1, max_size=5))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, str]]) -> None:
    lines = [f'{number!r},"t{text}"' for number, text in rows]  # a letter first: no text is a number
    table = _read(tmp_path_factory.mktemp("written"), "\n".join(["number,text", *lines]))
    np.testing.assert_array_equal(table["number"].values, [number for number, _ in rows])
    assert _values(table)["text"] == ["t" + text for _, text in rows]


PIECES = [
    b",",
    b"\n",
    b'"',
    b"\r",
    b"\0",
    b"\xff",
    b"1e999",
    b"NaN",
    b";",
    b"{",
    b"[",
    b"\xef\xbb\xbf",
    b"9" * 40,
    b"2020-13-45",
]


def _mutated(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(rng.integers(1, 8)):
        i, length = int(rng.integers(0, len(data) + 1)), int(rng.integers(0, 12))
        match rng.integers(4):
            case 0:
                data[i : i + length] = PIECES[rng.integers(len(PIECES))]
            case 1:
                del data[i : i + length]
            case 2:
                data[i:i] = data[int(rng.integers(0, len(data) + 1)) :][:60]
            case 3 if i < len(data):
                data[i] = rng.integers(256)
    return bytes(data)


def _survives(folder: Path, times: int, seed: int) -> None:
    """A damaged file is a table that can be prepared, or ends in one clear error."""
    rng = np.random.default_rng(seed)
    lines = [
        f"{rng.normal():.3f},{'abc'[i % 3]},2020-01-{1 + i % 28:02d},{'no' if i % 2 else 'yes'}" for i in range(30)
    ]
    content = "\n".join(["age,town,day,y", *lines]).encode()
    prepared = 0
    for _ in range(times):
        try:
            table = _read(folder, _mutated(content, rng))
            prepare(table, [table.names[-1]], Settings(hidden="3"))
        except TableError as error:
            assert len(str(error)) < 500  # noqa: PT017
        else:
            prepared += 1
    assert prepared > times / 10


def test_damaged_files(tmp_path: Path) -> None:
    _survives(tmp_path, 150, 0)


@pytest.mark.soak
def test_many_damaged_files(tmp_path: Path) -> None:
    _survives(tmp_path, 20_000, 1)
