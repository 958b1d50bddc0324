"""Whatever it is fed, the command ends with one clear sentence, the right code, and nothing half-written."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

GOOD = "a,b,y\n" + "".join(f"{i % 7}.5,{'xyz'[i % 3]},{'no' if i % 2 else 'yes'}\n" for i in range(40))

TABLES = {
    "empty": (b"", "is empty"),
    "header only": (b"a,y\n", "has a header and no rows"),
    "one row": (b"a,y\n1,2\n", "the target 'y' is '2' in every row"),
    "two rows": (b"a,y\n1,x\n2,z\n", "too few"),
    "one class": (b"a,y\n1,x\n2,x\n3,x\n", "the target 'y' is 'x' in every row; there is nothing to learn"),
    "no target": (b"a,b\n1,2\n3,4\n", "has no column 'y'; it has 'a' and 'b'"),
    "all targets missing": (b"a,y\n1,\n2,NA\n3,\n", "'y' has no values"),
    "target alone": (b"y\n" + b"x\nz\n" * 20, "no column to predict from"),
    "constant columns": (b"a,y\n" + b"1,x\n1,z\n" * 20, "no column to predict from"),
    "as many classes as rows": (
        b"a,y\n" + b"".join(b"%d,n%d\n" % (i % 5, i) for i in range(40)),
        "40 classes in 40 rows",
    ),
    "binary": (bytes(range(256)) * 9, "NUL bytes"),
    "NUL bytes": (b"a,y\n1,\0\n", "NUL bytes"),
    "ragged": (b"a,y\n1,2\n1,2,3\n", "line 3: 3 values, but the header names 2 columns"),
    "duplicate columns": (b"a,a,y\n1,2,3\n", "names 'a' more than once"),
    "one enormous line": (b"a,y\n1," + b"x" * (20 << 20) + b"\n", ""),
    "an enormous header": (b"a" * (20 << 20), "a first line of over"),
    "an enormous name": (b'"' + b"a" * 200_000 + b'",y\n1,x\n', "a first line without column names"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "NUL bytes"),
}


def _one_sentence(err: str) -> bool:
    return err.count("\n") == 1 and err.startswith("chainrule: ") and "Traceback" not in err and len(err) < 500


@pytest.mark.parametrize("name", TABLES)
def test_tables(run, tmp_path: Path, name: str) -> None:
    content, message = TABLES[name]
    (tmp_path / "t.csv").write_bytes(content)
    began = time.perf_counter()
    outcome = run("train", tmp_path / "t.csv", "--target", "y")
    assert outcome.code == 2
    assert message in outcome.err
    assert _one_sentence(outcome.err)
    assert {path.name for path in tmp_path.iterdir()} == {"t.csv"}
    assert time.perf_counter() - began < 20


def test_places(run, tmp_path: Path) -> None:
    for place, message in [(tmp_path, "is a folder"), (tmp_path / "absent.csv", "there is no file")]:
        outcome = run("train", place, "--target", "y")
        assert outcome.code == 2
        assert message in outcome.err
        assert _one_sentence(outcome.err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
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
        (["-t", "y", "--fast"], "No such option: --fast"),
        (["-t"], "requires an argument"),
    ],
)
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


def test_a_full_disk(run, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))  # stops a write in its middle, as a full disk does
    try:
        outcome = run("train", tmp_path / "good.csv", "-t", "y", "--epochs", 1, "--model", tmp_path / "m.safetensors")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outcome.code == 1
    assert "cannot write" in outcome.err.splitlines()[-1]
    assert {path.name for path in tmp_path.iterdir()} == {"good.csv"}


def test_a_folder_that_may_not_be_written_is_noticed_before_training(run, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(GOOD)
    outcome = run("train", tmp_path / "good.csv", "-t", "y", "--model", tmp_path / "no" / "such" / "m.safetensors")
    assert outcome.code == 1
    assert "cannot write" in outcome.err
    assert _one_sentence(outcome.err)
    if os.geteuid() != 0:  # the superuser may write anywhere
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o555)
        assert run("train", tmp_path / "good.csv", "-t", "y", "--model", closed / "m").code == 1


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
    ],
)
def test_nothing_is_written_over_what_is_read_or_written(run, tmp_path: Path, monkeypatch, options, message) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.png").write_text(GOOD)  # a table may have any name
    Path("link.png").symlink_to("t.png")
    outcome = run("train", "t.png", "-t", "y", "--epochs", 1, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert _one_sentence(outcome.err)
    assert Path("t.png").read_text() == GOOD
    assert {path.name for path in tmp_path.iterdir()} == {"t.png", "link.png"}


def test_predictions_are_not_written_over_their_sources(run, trained: Path, visits: Path) -> None:
    before = trained.read_bytes(), visits.read_bytes()
    for place, what in ((trained, "model"), (visits, "table")):
        outcome = run("predict", trained, visits, "--output", place)
        assert outcome.code == 2
        assert f"it is the {what}; give another name" in outcome.err
    assert (trained.read_bytes(), visits.read_bytes()) == before


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\0" * 99, b"PK\x03\x04 a zip"])
@pytest.mark.parametrize("command", ["predict", "check", "info"])
def test_model_files(run, tmp_path: Path, content: bytes, command: str) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    arguments = [tmp_path / "m.safetensors"] + (["iris"] if command == "predict" else [])
    outcome = run(command, *arguments)
    assert outcome.code == 2
    assert "is not a model file, or it is damaged" in outcome.err
    assert _one_sentence(outcome.err)


def test_an_interrupted_start_is_one_sentence(tmp_path: Path) -> None:
    code = "import chainrule.cli.app as a, chainrule.table as t\n"
    code += "def stop(*_, **__): raise KeyboardInterrupt\n"
    code += "t.read_table = stop\nraise SystemExit(a.main(['train', 'iris', '-q']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert _one_sentence(done.stderr)
