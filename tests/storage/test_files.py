"""A stored thing comes back as it was, and whatever a file holds, reading it ends in one clear error."""

import json
import os
import resource
import socket
import stat
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from safetensors.numpy import save_file

from chainrule import storage
from chainrule.storage import FORMAT_VERSION, StorageError, Stored

DTYPES = ["f2", "<f4", ">f4", "<f8", ">f8", "i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u8", "?"]
ARRAYS = npst.arrays(st.sampled_from(DTYPES), npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    header = {"network": "4-8:tanh-3:softmax", "unit": "é", "nested": {"list": [1, 2.5, None]}}
    storage.write(path, Stored("example", header, {"theta": np.arange(12.0).reshape(3, 4), "mask": np.array([True])}))
    return path


@settings(deadline=None, max_examples=60)
@given(arrays=st.dictionaries(st.text(min_size=1, max_size=8), ARRAYS, max_size=4), field=JSON)
def test_round_trip_keeps_every_bit(tmp_path_factory: pytest.TempPathFactory, arrays, field) -> None:
    arrays.pop("__metadata__", None)
    path = tmp_path_factory.mktemp("round") / "model"
    storage.write(path, Stored("example", {"field": field}, arrays))
    again = storage.read(path)
    assert again.kind == "example"
    assert again.header == {"field": field, "version": FORMAT_VERSION, "kind": "example"}
    assert set(again.arrays) == set(arrays)
    for name, array in arrays.items():
        assert again.arrays[name].dtype == array.dtype.newbyteorder("=")
        assert again.arrays[name].shape == array.shape
        assert again.arrays[name].tobytes() == array.astype(array.dtype.newbyteorder("<")).tobytes()


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[::2, ::-1], lambda a: a.T])
def test_any_layout_of_an_array(tmp_path: Path, layout) -> None:
    array = layout(np.arange(24.0).reshape(4, 6))
    storage.write(tmp_path / "m", Stored("example", {}, {"a": array}))
    np.testing.assert_array_equal(storage.read(tmp_path / "m").arrays["a"], array)


def test_same_content_same_bytes(tmp_path: Path) -> None:
    stored = Stored("example", {"b": 1, "a": 2}, {"x": np.ones(3), "y": np.zeros((2, 2), np.float32)})
    storage.write(tmp_path / "1", stored)
    storage.write(tmp_path / "2", stored)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_header_alone(example: Path) -> None:
    stored = storage.read_header(example)
    assert stored.header["network"] == "4-8:tanh-3:softmax"
    assert stored.arrays == {}


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([object()]), np.array([1j]), np.zeros(2, "M8[s]")])
def test_arrays_that_are_not_numbers_are_refused(tmp_path: Path, array) -> None:
    with pytest.raises(TypeError, match="the array 'a' has type"):
        storage.write(tmp_path / "m", Stored("example", {}, {"a": array}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_a_header_that_is_not_json_is_refused(tmp_path: Path, value) -> None:
    with pytest.raises((TypeError, ValueError)):
        storage.write(tmp_path / "m", Stored("example", {"value": value}, {}))
    assert list(tmp_path.iterdir()) == []


# What a file may not be.


def _file(path: Path, header: object, arrays: dict[str, np.ndarray] | None = None) -> Path:
    save_file(arrays or {}, path, metadata={"chainrule": header if isinstance(header, str) else json.dumps(header)})
    return path


def test_unknown_fields_are_kept(tmp_path: Path) -> None:
    storage.write(tmp_path / "m", Stored("from_the_future", {"unheard_of": {1: "one"}}, {"extra": np.ones(1)}))
    assert storage.read(tmp_path / "m").header["unheard_of"] == {"1": "one"}


def test_a_damaged_number_is_found(example: Path) -> None:
    content = bytearray(example.read_bytes())
    content[-3] ^= 1
    example.write_bytes(content)
    with pytest.raises(StorageError, match="does not match its checksum"):
        storage.read(example)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            {"version": FORMAT_VERSION + 1, "kind": "example"},
            f"format version {FORMAT_VERSION + 1}, and this chainrule",
        ),
        ({"version": 10**30, "kind": "example"}, "format version"),
        ({"version": True, "kind": "example"}, "no format version"),
        ({"version": 0, "kind": "example"}, "no format version"),
        ({"version": "1", "kind": "example"}, "no format version"),
        ({"kind": "example"}, "no format version"),
        ({"version": 1}, "does not say what kind"),
        ({"version": 1, "kind": 7}, "does not say what kind"),
        ([1], "does not say what kind"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 10_000, "not JSON"),
    ],
)
def test_headers_that_are_refused(tmp_path: Path, header: object, message: str) -> None:
    with pytest.raises(StorageError, match=message):
        storage.read(_file(tmp_path / "m", header))


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    save_file({"weight": np.ones(3)}, tmp_path / "other.safetensors")
    with pytest.raises(StorageError, match="chainrule did not write it"):
        storage.read(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    "content", [b"", b"abc", b"\0" * 64, b"\xff" * 64, b"PK\x03\x04" + b"\0" * 200, b"a,b\n1,2\n" * 99]
)
def test_what_is_not_a_model_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="not a model file, or it is damaged"):
        storage.read(path)


def test_folders_pipes_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is a folder"):
        storage.read(tmp_path)
    with pytest.raises(FileNotFoundError):
        storage.read(tmp_path / "absent")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="not an ordinary file"):
        storage.read(tmp_path / "pipe")


def test_an_array_larger_than_its_file_takes_no_memory(tmp_path: Path) -> None:
    size = 2**40
    header = json.dumps({"a": {"dtype": "F64", "shape": [size // 8], "data_offsets": [0, size]}}).encode()
    (tmp_path / "m").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 64)
    tracemalloc.start()
    with pytest.raises(StorageError):
        storage.read(tmp_path / "m")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("shape", [[1] * 70, [0, 2**63], [0, 2**64 - 1], [2**32, 0, 2**33]])
def test_an_array_of_an_impossible_shape(tmp_path: Path, shape: list[int]) -> None:
    size = int(np.prod(np.array(shape, object))) * 8
    text = json.dumps({"version": 1, "kind": "example"})
    entry = {"dtype": "F64", "shape": shape, "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": {"chainrule": text}, "a": entry}).encode()
    (tmp_path / "m").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * size)
    with pytest.raises(StorageError):
        storage.read(tmp_path / "m")


def test_every_truncation_is_refused(example: Path) -> None:
    content = example.read_bytes()
    for length in range(len(content)):
        example.write_bytes(content[:length])
        with pytest.raises(StorageError):
            storage.read(example)


def _mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes: a byte, a bit, a piece cut out, doubled or moved, or a length field made wild."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        i, j = sorted(int(k) for k in rng.integers(0, len(data) + 1, 2))
        match rng.integers(6):
            case 0 if i < len(data):
                data[i] = rng.integers(256)
            case 1 if i < len(data):
                data[i] ^= 1 << rng.integers(8)
            case 2:
                del data[i : min(j, i + 20)]
            case 3:
                data[i:i] = data[i : min(j, i + 40)]
            case 4:
                data[:8] = struct.pack("<Q", int(rng.integers(0, 2**62)) >> int(rng.integers(0, 62)))
            case 5:
                data[i : i + 1] = rng.choice([b"9", b"-1", b'"', b"}", b"[", b"null", b"\xff", b"1e999"])
    return bytes(data)


def _survives(path: Path, rng: np.random.Generator, times: int) -> None:
    """After any mutation the file is refused, or (a change of what nobody reads) gives what was stored."""
    content, sound = path.read_bytes(), storage.read(path)
    refused = 0
    for _ in range(times):
        path.write_bytes(_mutated(content, rng))
        try:
            again = storage.read(path)
        except StorageError:
            refused += 1
        else:
            assert again.header == sound.header
            assert {k: a.tobytes() for k, a in again.arrays.items()} == {
                k: a.tobytes() for k, a in sound.arrays.items()
            }
    assert refused > times / 2


def test_mutated_files_end_in_one_kind_of_error(example: Path) -> None:
    _survives(example, np.random.default_rng(0), 600)


@pytest.mark.soak
def test_many_mutated_files(example: Path) -> None:
    _survives(example, np.random.default_rng(1), 20_000)


# Writing: whole or not at all.


def _left_behind(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_failure_while_writing_leaves_the_old_file(example: Path) -> None:
    before = example.read_bytes()

    def fail_half_way() -> None:
        with storage.replacing(example) as stream:
            stream.write(b"half")
            raise RuntimeError("planned")

    with pytest.raises(RuntimeError, match="planned"):
        fail_half_way()
    assert example.read_bytes() == before
    assert _left_behind(example.parent) == {example.name}


def test_a_full_disk(example: Path) -> None:
    """A limit on the size of files stops a write in its middle, as a full disk does."""
    before = example.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match=r"cannot write .*model.safetensors"):
            storage.write(example, Stored("example", {}, {"a": np.ones(100_000)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert example.read_bytes() == before
    assert _left_behind(example.parent) == {example.name}


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # the superuser may write anywhere
    try:
        with pytest.raises(PermissionError, match="cannot write"):
            storage.write(folder / "m", Stored("example", {}, {}))
    finally:
        if root:
            os.seteuid(0)
    assert _left_behind(folder) == set()


def test_places_that_are_no_place(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        storage.write(tmp_path, Stored("example", {}, {}))
    with pytest.raises(FileNotFoundError, match="cannot write"):
        storage.write(tmp_path / "no" / "such" / "m", Stored("example", {}, {}))


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    storage.require_writable(pipe)  # without waiting for a reader
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with storage.replacing(pipe) as stream:
        stream.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert _left_behind(tmp_path) == {"pipe"}


def test_a_device_stays_a_device() -> None:
    terminal, device = os.openpty()
    with storage.replacing(os.ttyname(device)) as stream:
        stream.write(b"through")
    assert os.read(terminal, 100) == b"through"
    assert stat.S_ISCHR(Path(os.ttyname(device)).stat().st_mode)
    os.close(terminal)
    os.close(device)


def test_standard_output_is_written_after_what_is_there(tmp_path: Path) -> None:
    code = "from chainrule import storage\nwith storage.replacing('/dev/stdout') as s: s.write(b'new')"
    log = tmp_path / "log"
    log.write_text("old ")
    with log.open("a") as stream:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=stream)
    assert log.read_text() == "old new"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"new"


def test_a_socket_is_no_place(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="it is a socket or a disk"):
            storage.write(tmp_path / "socket", Stored("example", {}, {}))


def test_links_and_permissions_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "real"
    storage.write(real, Stored("first", {}, {}))
    real.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(real)
    storage.write(link, Stored("second", {}, {}))
    assert link.is_symlink()
    assert storage.read(real).kind == "second"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_killed_writer_leaves_the_old_file(example: Path) -> None:
    before = example.read_bytes()
    code = (
        "import os, signal, sys\nfrom chainrule import storage\n"
        "with storage.replacing(sys.argv[1]) as stream:\n"
        "    stream.write(b'half' * 100_000); stream.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, example], check=False).returncode == -9
    assert example.read_bytes() == before


def test_storage_is_quick_to_import_and_brings_no_model() -> None:
    code = "import sys, chainrule.storage; print(*sorted(m for m in sys.modules if m.startswith('chainrule')))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert all(name.startswith("chainrule.storage") or name == "chainrule" for name in out.split())
