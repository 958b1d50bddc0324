"""Full disks, closed folders, killed processes: the old file stays or the new one is whole; one sentence is said."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.table import TableModel
from cli.processes import command, is_sentence, run_all

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="its devices and limits are those of Linux")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# No room, no permission.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB, where one can be had."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    options = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if not ROOT or not mount or not umount or subprocess.run([mount, *options], check=False).returncode:
        pytest.skip("needs the right to mount a disk")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


def test_a_full_disk(small_disk: Path, trained: Path, visits: Path) -> None:
    """Old files stay whole; what does not fit leaves nothing behind."""
    before = trained.read_bytes()
    (small_disk / "m.safetensors").write_bytes(before)
    with contextlib.suppress(OSError), (small_disk / "rest").open("wb", buffering=0) as rest:
        while True:
            rest.write(b"." * 4096)
    train = ["train", visits, "-t", "bought", "--epochs", 1, "--model", small_disk / "m.safetensors"]
    predict = ["predict", trained, visits, "--output", small_disk / "out.csv"]
    ended = run_all([train, predict], small_disk.parent)
    for end in ended:
        assert end.code == 1
        assert is_sentence(end.err.splitlines()[-1])
        assert "No space left on device" in end.err
    assert (small_disk / "m.safetensors").read_bytes() == before
    assert _names(small_disk) == {"m.safetensors", "rest"}


def test_a_limit_on_files(run, visits: Path, tmp_path: Path) -> None:
    """Stops a write in its middle, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))
    try:
        outcome = run("train", visits, "-t", "bought", "--epochs", 1, "--model", tmp_path / "m.safetensors")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert outcome.code == 1
    assert "cannot write" in outcome.err.splitlines()[-1]
    assert _names(tmp_path) == set()


def _all_commands(trained: Path, visits: Path) -> list[list[object]]:
    train = ["train", visits, "-t", "bought", "--epochs", 1, "--json", "--no-plot", "--model", "m.safetensors"]
    reading = [[name, trained, visits] for name in ("predict", "evaluate", "check", "explain")]
    return [*reading, ["info", trained], ["derive", "3-2"], train]


@LINUX
def test_standard_output_on_a_full_disk(tmp_path: Path, trained: Path, visits: Path) -> None:
    cases = _all_commands(trained, visits)
    for case, ended in zip(cases, run_all(cases, tmp_path, stdout="/dev/full"), strict=True):
        assert ended.code == 1, case
        assert ended.err.splitlines()[-1] == "chainrule: cannot write standard output: No space left on device", case


@LINUX
def test_standard_output_that_nobody_reads(tmp_path: Path, trained: Path, visits: Path) -> None:
    cases = _all_commands(trained, visits)
    for case, ended in zip(cases, run_all(cases, tmp_path, stdout="closed"), strict=True):
        assert ended.code == 1, case
        assert "chainrule:" not in ended.err, case


@LINUX
@pytest.mark.parametrize("place", ["/dev/full", "closed"])
def test_nothing_is_said_after_the_end_of_python(trained: Path, place: str) -> None:
    """Neither a flush at exit nor a destructor adds lines."""
    if place == "closed":
        reading, stdout = os.pipe()
        os.close(reading)
    else:
        stdout = os.open(place, os.O_WRONLY)
    ended = subprocess.run(command("info", trained), stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    os.close(stdout)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == (place != "closed")


def test_a_closed_folder_is_noticed_before_training(tmp_path: Path, trained: Path, visits: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    without = ["--inh-caps=-dac_override", "--bounding-set=-dac_override"]  # the superuser may write anywhere
    if ROOT and not shutil.which("setpriv"):
        pytest.skip("needs setpriv, for the superuser may write anywhere")
    for arguments in (
        ["train", visits, "-t", "bought", "--model", closed / "m.safetensors"],
        ["predict", trained, visits, "--output", closed / "out.csv"],
    ):
        call = [*(["setpriv", *without] if ROOT else []), *command(*arguments)]
        ended = subprocess.run(call, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert is_sentence(ended.stderr)
        assert "cannot write" in ended.stderr
        assert "Permission denied" in ended.stderr
    assert _names(closed) == set()


def test_a_folder_that_is_not_there(run, tmp_path: Path, visits: Path) -> None:
    outcome = run("train", visits, "-t", "bought", "--model", tmp_path / "no" / "such" / "m.safetensors")
    assert outcome.code == 1
    assert "cannot write" in outcome.err
    assert outcome.err.count("\n") == 1


# Killed and interrupted.

_HELD = """
import os, sys, time
import chainrule.storage.atomic as atomic
from chainrule.cli import main

def held(descriptor):
    print("saving", flush=True)
    time.sleep(60)

atomic.os.fsync = held  # the content is written, and is not yet in its place
sys.exit(main(sys.argv[1:]))
"""


def test_killed_while_saving(tmp_path: Path, visits: Path) -> None:
    model = tmp_path / "m.safetensors"
    model.write_bytes(b"the old one")
    arguments = ["train", visits, "-t", "bought", "--epochs", 1, "-q", "--no-plot", "--model", model]
    call = [sys.executable, "-c", _HELD, *map(str, arguments)]
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "saving\n"
        process.kill()
    assert model.read_bytes() == b"the old one"
    (left,) = _names(tmp_path) - {"m.safetensors"}
    assert left.startswith(".m.safetensors.")  # hidden, and under no name that anything reads
    assert left.endswith(".tmp")


def test_predictions_are_whole_or_not_there(tmp_path: Path, trained: Path) -> None:
    """A process that is killed or interrupted in the middle of its rows leaves the old file."""
    for end, code in ((signal.SIGKILL, -9), (signal.SIGINT, 130)):
        folder = tmp_path / end.name
        folder.mkdir()
        out = folder / "out.csv"
        out.write_text("old\n")
        call = command("predict", trained, "-", "--output", out)
        with subprocess.Popen(call, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            process.stdin.write("age,town,day\n" + "31,Oslo,2023-05-01\n" * 9_000)
            process.stdin.flush()
            while not any(path.stat().st_size for path in folder.glob(".out.csv.*")):  # some are on the disk
                time.sleep(0.05)
            process.send_signal(end)
            _, err = process.communicate(timeout=30)
        assert process.returncode == code
        assert out.read_text() == "old\n"
        if end == signal.SIGINT:
            assert err == "chainrule: interrupted; nothing was written\n"
            assert _names(folder) == {"out.csv"}


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    call = command("train", "digits", "--epochs", 100_000, "--model", model, "--log", tmp_path / "log", "--no-plot")
    with subprocess.Popen(call, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while not (tmp_path / "log").exists() or (tmp_path / "log").read_text().count("\n") < 3:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "interrupted after" in err
    assert "the best was" in err
    assert "accuracy" in out
    assert isinstance(cr.load(model), TableModel)


def test_an_interrupted_start_is_one_sentence(tmp_path: Path) -> None:
    call = command("train", "-", "-t", "y", "--model", tmp_path / "m.safetensors")
    with subprocess.Popen(call, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2)  # it waits for its input
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "chainrule: interrupted; nothing was written\n"
    assert _names(tmp_path) == set()
