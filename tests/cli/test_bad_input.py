"""Whatever it is fed, the command ends with one clear sentence, the right code, and nothing half-written.

The cases run in processes of their own, with bounded memory.
"""

import gzip
from pathlib import Path

import pytest

from chainrule.cli import main
from cli.processes import Ended, run_all

GOOD = "a,b,y\n" + "".join(f"{i % 7}.5,{'xyz'[i % 3]},{'no' if i % 2 else 'yes'}\n" for i in range(40))
MIB = 1 << 20

# What is no table, whatever is to be done with it: content (None for no file) and what is said.
NO_TABLES = {
    "absent.csv": (None, "there is no file "),
    "a_folder": (None, "is a folder"),
    "empty.csv": (b"", "is empty"),
    "header_only.csv": (b"a,b,y\n", "has a header and no rows"),
    "binary.csv": (bytes(range(256)) * 9, "NUL bytes"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "picture.csv"),
    "nul.csv": (b"a,b,y\n1,x,\0\n", "NUL bytes"),
    "ragged.csv": (b"a,b,y\n1,x,no\n1,x,no,3\n", "line 3: 4 values, but the header names 3 columns"),
    "twice.csv": (b"a,a,b,y\n1,2,x,no\n", "names 'a' more than once"),
    "header.csv": (b"a" * (20 * MIB), "a first line of over"),
    "name.csv": (b'"' + b"a" * 200_000 + b'",y\n1,x\n', "a first line without column names"),
    "damaged.csv.gz": (gzip.compress(GOOD.encode())[:-9], "damaged gzip file"),
    "no.parquet": (GOOD.encode(), "is not a Parquet file"),
    "no.jsonl": (b'{"a": 1, "b": "x", "y": "no"}\n{"a": \n', ""),
}
WINDOWS = (b"a,b,y\n" + b"1,\xe9,no\n2,\xe9,yes\n" * 20, "is not utf-8 text")

# What cannot be learned from.
NOT_LEARNED = {
    "one_row.csv": (b"a,y\n1,2\n", "the target 'y' is '2' in every row"),
    "two_rows.csv": (b"a,y\n1,x\n2,z\n", "too few"),
    "one_class.csv": (b"a,y\n1,x\n2,x\n3,x\n", "the target 'y' is 'x' in every row; there is nothing to learn"),
    "no_target.csv": (b"a,b\n1,2\n3,4\n", "has no column 'y'; it has 'a' and 'b'"),
    "all_missing.csv": (b"a,y\n1,\n2,NA\n3,\n", "'y' has no values"),
    "target_alone.csv": (b"y\n" + b"x\nz\n" * 20, "no column to predict from"),
    "constant.csv": (b"a,y\n" + b"1,x\n1,z\n" * 20, "no column to predict from"),
    "classes.csv": (b"a,y\n" + b"".join(b"%d,n%d\n" % (i % 5, i) for i in range(40)), "40 classes in 40 rows"),
}
NOT_PREDICTED = {"other_columns.csv": (b"a,c\n1,2\n", "lacks 'b'; the model needs 'a' and 'b'")}
NOT_EVALUATED = {
    "no_target.csv": (b"a,b\n1,x\n", "has no column 'y'"),
    "all_missing.csv": (b"a,b,y\n1,x,\n2,y,NA\n", "target"),
    "new_class.csv": (b"a,b,y\n1,x,perhaps\n", "has the classes 'perhaps', which the model never saw"),
}
# What is strange, and yet a table.
STRANGE = {
    "long_line.csv": b"a,b,y\n1," + b"x" * (20 * MIB) + b",no\n" + b"2,x,yes\n3,z,no\n" * 20,
    "huge_numbers.csv": b"a,b,y\n1e999,x,no\n-1e400,x,yes\n" + b"2,x,yes\n3,z,no\n" * 20,
    "one_row.csv": b"a,b,y\n1,x,no\n",
    "one_class.csv": b"a,b,y\n1,x,no\n2,x,no\n",
}
NO_MODELS = {
    "absent.safetensors": (None, "there is no model file"),
    "a_folder": (None, "is a folder"),
    "empty.safetensors": (b"", "is not a model file, or it is damaged"),
    "table.safetensors": (GOOD.encode(), "is not a model file, or it is damaged"),
    "nul.safetensors": (b"\0" * 99, "is not a model file, or it is damaged"),
    "zip.safetensors": (b"PK\x03\x04 a zip", "is not a model file, or it is damaged"),
    "line.safetensors": (b"x" * (20 * MIB), "is not a model file, or it is damaged"),
    "half.safetensors": (None, "is not a model file, or it is damaged"),
}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    (folder / "good.csv").write_text(GOOD)
    path = folder / "m.safetensors"
    arguments = ["train", str(folder / "good.csv"), "-t", "y", "--epochs", "2", "--no-plot", "-q"]
    assert main([*arguments, "--model", str(path)]) == 0
    return path


def _laid_out(folder: Path, files: dict[str, tuple[bytes | None, str]]) -> None:
    (folder / "a_folder").mkdir()
    for name, (content, _) in files.items():
        if content is not None:
            (folder / name).write_bytes(content)


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def _asserted(ended: Ended, message: str, case: object) -> None:
    assert ended.code == 2, (case, ended)
    assert message in ended.err, (case, ended.err)
    assert ended.is_one_sentence, (case, ended.err)
    assert ended.seconds < 5, case
    assert ended.peak < 900 * MIB, case  # of which 250 are Python and what it loads


def test_what_is_no_table(tmp_path: Path, model: Path) -> None:
    more = {"train": NOT_LEARNED, "predict": NOT_PREDICTED, "evaluate": NOT_EVALUATED, "check": {}, "explain": {}}
    cases: list[list[object]] = []
    expected = []
    for command, own in more.items():
        folder = tmp_path / command
        folder.mkdir()
        files = NO_TABLES | own | {"windows.csv": WINDOWS}
        _laid_out(folder, files)
        start = ["train", "-t", "y", "--model", folder / "new"] if command == "train" else [command, model]
        cases += [[*start, folder / name] for name in files]
        cases[-1] += ["--encoding", "utf-8"]
        expected += [message for _, message in files.values()]
    before = _files(tmp_path)
    for case, message, ended in zip(cases, expected, run_all(cases, tmp_path), strict=True):
        _asserted(ended, message, case)
    assert _files(tmp_path) == before


def test_what_is_no_model(tmp_path: Path, model: Path) -> None:
    half = model.read_bytes()[: model.stat().st_size // 2]
    files = NO_MODELS | {"half.safetensors": (half, NO_MODELS["half.safetensors"][1])}
    _laid_out(tmp_path, files)
    before = _files(tmp_path)
    tables = {"info": [], "predict": ["iris"], "evaluate": ["iris"], "check": ["iris"], "explain": ["iris"]}
    cases: list[list[object]] = [[command, name, *table] for command, table in tables.items() for name in files]
    for case, ended in zip(cases, run_all(cases, tmp_path), strict=True):
        _asserted(ended, files[str(case[1])][1], case)
    assert _files(tmp_path) == before


def test_what_is_strange_and_yet_a_table(tmp_path: Path, model: Path) -> None:
    for name, content in STRANGE.items():
        (tmp_path / name).write_bytes(content)
    cases: list[list[object]] = [[command, model, name] for command in ("predict", "evaluate") for name in STRANGE]
    learned = ["long_line.csv", "huge_numbers.csv"]
    cases += [["train", name, "-t", "y", "--epochs", 2, "--model", f"{name}.safetensors"] for name in learned]
    for case, ended in zip(cases, run_all(cases, tmp_path), strict=True):
        assert ended.code == 0, (case, ended.err)
        assert "nan" not in ended.out.lower(), (case, ended.out)
        assert ended.seconds < 8, case
        assert ended.peak < 900 * MIB, case


CALLS = [
    ([], "say which column to predict, with --target; "),
    (["-t", "z"], "has no column 'z'; it has 'a', 'b' and 'y'"),
    (["-t", "y", "--drop", "z"], "has no column 'z'"),
    (["-t", "y", "--drop", "y"], "has no column 'y'"),
    (["-t", "y", "--hidden", "wide"], "is not of the form"),
    (["-t", "y", "--hidden", "0-3"], "the widths of the layers, each"),
    (["-t", "y", "--hidden", "8:wild"], "unknown activation 'wild'"),
    (["-t", "y", "--epochs", "0"], "--epochs"),
    (["-t", "y", "--epochs", "many"], "--epochs"),
    (["-t", "y", "--seed", "-1"], "--seed"),
    (["-t", "y", "--optimizer", "luck"], "--optimizer"),
    (["-t", "y", "--learning-rate", "-1"], "learning"),
    (["-t", "y", "--learning-rate", "nan"], "learning"),
    (["-t", "y", "--dropout", "1"], "dropout"),
    (["-t", "y", "--test-fraction", "0.6", "--validation-fraction", "0.5"], "together less than 1"),
    (["-t", "y", "--kind", "number"], "holds texts, not numbers"),
    (["-t", "y", "--encoding", "klingon"], "no encoding 'klingon'"),
    (["-t", "y", "--delimiter", ";;"], "must be one"),
    (["-t", "y", "--plot", "curve.bmp"], "must end in .pdf, .png, .svg"),
    (["-t", "y", "--report", "page.pdf"], "must end in .html"),
    (["-t", "y", "--fast"], "No such option: --fast"),
    (["-t"], "requires an argument"),
]


@pytest.mark.parametrize(("arguments", "message"), CALLS)
def test_calls(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text(GOOD)
    outcome = run("train", "good.csv", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.strip().splitlines()[-1].startswith("chainrule: ")
    assert "Traceback" not in outcome.err
    assert {path.name for path in tmp_path.iterdir()} == {"good.csv"}


def test_no_command_and_a_wrong_one(run) -> None:
    outcome = run("trian")
    assert outcome.code == 2
    assert "No such command 'trian'" in outcome.err
    assert run().code == 2


# Nothing is written over what is there.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "t.csv"], "'t.csv' must end in .safetensors"),
        (["--model", "other.png"], "'other.png' must end in .safetensors"),
        (["--model", "t"], "the plot cannot be written to 't.png': it is the table"),
        (["--model", "m", "--plot", "t.png"], "the plot cannot be written to 't.png': it is the table"),
        (["--model", "m", "--plot", "link.png"], "the plot cannot be written to 'link.png': it is the table"),
        (["--model", "m", "--log", "./m.run.toml"], "the log cannot be written to 'm.run.toml': it is the config"),
        (["--model", "m", "--log", "t.png"], "the log cannot be written to 't.png': it is the table"),
        (
            ["--model", "m.safetensors", "--report", "m.html", "--log", "m.html"],
            "the log cannot be written to 'm.html'",
        ),
    ],
)
def test_nothing_is_written_over_what_is_read_or_written(run, tmp_path: Path, monkeypatch, options, message) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.png").write_text(GOOD)  # a table may have any name
    Path("link.png").symlink_to("t.png")
    outcome = run("train", "t.png", "-t", "y", "--epochs", 1, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert Path("t.png").read_text() == GOOD
    assert {path.name for path in tmp_path.iterdir()} == {"t.png", "link.png"}


def test_predictions_are_not_written_over_their_sources(run, trained: Path, visits: Path) -> None:
    before = trained.read_bytes(), visits.read_bytes()
    for place, what in ((trained, "model"), (visits, "table")):
        outcome = run("predict", trained, visits, "--output", place)
        assert outcome.code == 2
        assert f"it is the {what}; give another name" in outcome.err
    assert (trained.read_bytes(), visits.read_bytes()) == before


@pytest.mark.parametrize("name", ["good.safetensors", "good.run.toml", "good.png"])
def test_a_name_that_nobody_gave_is_no_reason_to_replace_a_file(run, tmp_path: Path, monkeypatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text(GOOD)
    Path("pyproject.toml").write_text("[project]\n")
    Path(name).write_text("somebody else's\n")
    outcome = run("train", "good.csv", "-t", "y", "--epochs", 1)
    assert outcome.code == 2
    assert f"would replace '{name}', which chainrule did not write; give " in outcome.err
    assert Path(name).read_text() == "somebody else's\n"
    assert {path.name for path in tmp_path.iterdir()} == {"good.csv", "pyproject.toml", name}


def test_own_files_are_replaced_and_a_project_is_left_alone(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.csv").write_text(GOOD)
    Path("pyproject.toml").write_text("[project]\n")
    for seed in (1, 2):
        assert run("train", "pyproject.csv", "-t", "y", "--epochs", 1, "--seed", seed).code == 0
    assert "seed = 2" in Path("pyproject.run.toml").read_text()
    assert Path("pyproject.toml").read_text() == "[project]\n"
