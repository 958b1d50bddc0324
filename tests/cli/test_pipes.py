"""``chainrule predict MODEL -``: answers while the question is still being asked, however long it gets."""

import gzip
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cli.processes import command

HEADER, ROW = b"age,town,day\n", b"31,Oslo,2023-05-01\n"


@contextmanager
def _predicting(*arguments: object) -> Iterator[Any]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command("predict", *arguments), bufsize=0, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def _answers(text: str) -> list[list[str]]:
    """Labels, and chances without the last digits: without the compiled engine they differ by the rows beside them."""
    return [[label, *(f"{float(chance):.4f}" for chance in chances)] for label, *chances in _rows(text)[1:]]


def _rows(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.splitlines()]


def test_rows_are_answered_before_the_input_ends(trained: Path) -> None:
    """One after another, as someone types them; CSV, then JSON lines."""
    json_row = json.dumps({"town": "Oslo", "age": 31, "day": "2023-05-01"}).encode() + b"\n"
    for start, row, options in ((HEADER, ROW, []), (b"", json_row, ["--json"])):
        with _predicting(trained, "-", *options) as process:
            process.stdin.write(start)
            seconds = []
            for i in range(4):
                began = time.perf_counter()
                process.stdin.write(row)
                if i == 0 and start:
                    assert process.stdout.readline().startswith(b"bought,probability of no")
                assert b"0." in process.stdout.readline()
                seconds.append(time.perf_counter() - began)
            assert min(seconds[1:]) < 0.5  # the first waits for Python to start
            process.stdin.close()
            assert process.wait() == 0


def test_the_answers_are_those_of_the_file(run, trained: Path, visits: Path) -> None:
    """In pieces that end within values, and packed."""
    expected = _answers(run("predict", trained, visits).out)
    content = visits.read_bytes()
    for sent, size in ((content, 997), (gzip.compress(content), 400)):
        with _predicting(trained, "-", "-q") as process:
            for start in range(0, len(sent), size):
                process.stdin.write(sent[start : start + size])
                time.sleep(0.03 if start < 4 * size else 0)
            process.stdin.close()
            assert _answers(process.stdout.read().decode()) == expected
            assert process.wait() == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_is_bounded_on_an_input_without_an_end(trained: Path) -> None:
    rows = (ROW.strip() + b"," + b"x" * 980 + b"\n") * 1_000  # 1 MB
    with _predicting(trained, "-") as process:
        reader = threading.Thread(target=lambda: [None for _ in iter(lambda: process.stdout.read(1 << 20), b"")])
        reader.start()
        process.stdin.write(HEADER.strip() + b",note\n")
        peaks = []
        for megabytes in (8, 40):
            for _ in range(megabytes):
                process.stdin.write(rows)
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
        assert peaks[1] < peaks[0] + 30  # MB
        process.kill()
        reader.join()


def test_a_consumer_that_leaves(trained: Path, tmp_path: Path) -> None:
    """Of an input without an end: the pipe breaks, and nothing is said."""
    with _predicting(trained, "-") as process:
        process.stdin.write(HEADER + ROW * 1_000)
        assert process.stdout.readline().startswith(b"bought")
        process.stdout.close()
        with pytest.raises(BrokenPipeError):  # noqa: PT012 - as cat finds out
            while True:
                process.stdin.write(ROW * 1_000)
        assert process.wait(timeout=30) == 1
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("content", "rows", "message"),
    [
        (HEADER + ROW * 3 + b"1,2,3,4\n", 3, "'standard input', line 5: 4 values, but the header names 3 columns"),
        (HEADER + ROW * 2 + b"1,\0,\n", 2, "line 4 holds NUL bytes"),
        (b'{"age": 1, "town": "Oslo", "day": null}\n{"age"\n', 1, "'standard input', line 2 is not JSON"),
        (b"town,age\nOslo,31\n", None, "standard input lacks 'day'; the model needs 'age', 'town' and 'day'"),
        (b"", None, "'standard input' is empty"),
    ],
)
def test_errors_name_the_line(run, trained: Path, monkeypatch, tmp_path: Path, content, rows, message) -> None:
    (tmp_path / "input").write_bytes(content)
    with (tmp_path / "input").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        outcome = run("predict", trained, "-")
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.out.count("\n") == (0 if rows is None else rows + 1)


def test_parquet_comes_and_goes_in_batches(run, trained: Path, visits: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("chainrule.table.blocks.ROWS_AT_ONCE", 100)
    pl.read_csv(visits, null_values=["NA", ""], try_parse_dates=True).write_parquet(tmp_path / "v.parquet")
    assert run("predict", trained, tmp_path / "v.parquet", "--output", tmp_path / "out.parquet").code == 0
    assert run("predict", trained, visits, "--output", tmp_path / "out.csv").code == 0
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame["bought"].to_list() == pl.read_csv(tmp_path / "out.csv")["bought"].to_list()
    assert frame.height == 240
    assert os.listdir(tmp_path).count("out.parquet") == 1
