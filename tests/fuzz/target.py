"""One fuzz target in one process: ``python target.py TARGET CORPUS [options of libFuzzer]``.

An input that ends in anything but a table, a model or one clear error, or takes more memory than its size allows, is a
crash, and libFuzzer writes it to a file.
"""

import gc
import gzip
import json
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

import atheris

import chainrule as cr
from chainrule.storage import StorageError, Stored, read, write
from chainrule.table import TableError, TableModel, read_table, table_of
from chainrule.table.blocks import read_blocks
from chainrule.table.learning import Settings, learn, prepare

ALLOWANCE = 32 << 20  # bytes beside twice the input: buffers of fixed size, and the threads of polars
TABLE = {
    "age": [31.5, None, 47.0, 22.0, 65.0, 38.5] * 5,
    "town": ["Oslo", "Bergen", None, "Oslo", "Vardø", "Bergen"] * 5,
    "day": [f"2024-01-{1 + j:02d}" for j in range(30)],
    "bought": ["yes", "no", "no", "yes", "no", "yes"] * 5,
}
FOLDER = Path(tempfile.mkdtemp())


def _model() -> TableModel:
    return learn(prepare(table_of(TABLE), ["bought"], Settings(hidden="3:tanh", epochs=2, validation=0.1))).model


def _require_short(error: Exception) -> None:
    if len(str(error)) > 2000:
        raise AssertionError("the message is no sentence") from error


def _csv(data: bytes) -> None:
    path = FOLDER / "t.csv"
    path.write_bytes(data)
    try:
        table = read_table(path)
        assert all(len(column.values) == table.n_rows > 0 for column in table.columns)
    except TableError as error:
        _require_short(error)


def _json_lines(data: bytes) -> None:
    _csv(b"{" + data)


def _blocks(data: bytes) -> None:
    """What `chainrule predict` reads: block by block, for a model."""
    path = FOLDER / "t.csv"
    path.write_bytes(data)
    try:
        for table, _ in read_blocks(str(path), MODEL.encoder):
            MODEL.predict(table)
    except TableError as error:
        _require_short(error)


def _file(data: bytes) -> None:
    path = FOLDER / "m.safetensors"
    path.write_bytes(data)
    try:
        cr.load(path)
    except StorageError as error:
        _require_short(error)


def _header(data: bytes) -> None:
    """The JSON header of a model file, under a checksum that is right."""
    try:
        header = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(header, dict):
        return
    path = FOLDER / "h.safetensors"
    try:
        write(path, Stored("table", header, {"theta": MODEL.theta}))
    except (TypeError, ValueError, RecursionError):  # NaN is no JSON
        return
    try:
        model = cr.load(path)
        model.predict(table_of(TABLE))
    except (StorageError, TableError):
        pass


def _seeds(name: str) -> list[bytes]:
    """Sound inputs to begin with."""
    rows = list(zip(*TABLE.values(), strict=True))
    lines = ["age,town,day,bought", *(",".join("" if v is None else str(v) for v in row) for row in rows)]
    csv = "\n".join(lines).encode()
    objects = [json.dumps(dict(zip(TABLE, row, strict=True))).encode() for row in rows]
    stored = MODEL.to_stored()
    path = FOLDER / "seed.safetensors"
    cr.save(MODEL, path)
    return {
        "csv": [csv, csv.replace(b",", b";"), csv.decode().encode("utf-16"), gzip.compress(csv), b'a,b\n"1,234",x\n'],
        "json_lines": [b"\n".join(objects)[1:], b'"a":[1,2],"b":{"c":null}}'],
        "blocks": [csv, csv.replace(b",", b"\t"), b"\n".join(objects), gzip.compress(csv)],
        "file": [path.read_bytes()],
        "header": [json.dumps(dict(stored.header)).encode(), json.dumps(dict(read(path).header)).encode()],
    }[name]


def _peak() -> int:
    """The most memory of this process so far; where the kernel allows it, since it was last forgotten."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _bounded(one: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def checked(data: bytes) -> None:
        _forget_peak()
        before = _peak()
        one(data)
        taken = _peak() - before
        assert taken <= 2 * len(data) + ALLOWANCE, f"{taken} bytes were taken for an input of {len(data)}"

    return checked


def _instrument() -> None:
    """Show the fuzzer the branches of what is fuzzed; all that is loaded would take minutes."""
    ours = ("chainrule.table", "chainrule.storage", "chainrule.models")
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and str(function.__module__).startswith(ours):
            atheris.instrument_func(function)


if __name__ == "__main__":
    name, corpus, *options = sys.argv[1:]
    MODEL = _model()
    targets = {"csv": _csv, "json_lines": _json_lines, "blocks": _blocks, "file": _file, "header": _header}
    for number, seed in enumerate(_seeds(name)):
        (Path(corpus) / f"seed {number}").write_bytes(seed)
        targets[name](seed)  # what is made once is made now
    _instrument()
    atheris.Setup([sys.argv[0], corpus, *options], _bounded(targets[name]))
    atheris.Fuzz()
