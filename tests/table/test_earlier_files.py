"""A file of every format version that there was can be read, and predicts what it predicted when it was written."""

from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.storage import FORMAT_VERSION, Stored, read, write
from chainrule.table import TableModel, read_table

FILES = Path(__file__).parent / "files"
ROWS = [0, 60, 120]
OUTPUTS = {  # of these rows of iris
    1: [
        [0.9039639234542847, 0.0653374120593071, 0.030698725953698158],
        [0.14013297855854034, 0.6617865562438965, 0.198080375790596],
        [0.022820433601737022, 0.20034925639629364, 0.77683025598526],
    ],
    2: [
        [0.34735575318336487, 0.3852846920490265, 0.2673596143722534],
        [0.2013363242149353, 0.75201416015625, 0.04664955660700798],
        [0.20568282902240753, 0.10438060760498047, 0.6899365782737732],
    ],
}


@pytest.mark.parametrize("version", range(1, FORMAT_VERSION + 1))
def test_files_of_every_version(version: int) -> None:
    model = cr.load(FILES / f"iris-{version}.safetensors")
    assert isinstance(model, TableModel)
    np.testing.assert_allclose(model.outputs(read_table("iris"))[ROWS], OUTPUTS[version], rtol=1e-5)
    assert model.target.classes == ("setosa", "versicolor", "virginica")


def test_fields_with_a_default_may_be_absent(tmp_path: Path) -> None:
    stored = read(FILES / "iris-1.safetensors")
    target = {key: value for key, value in stored.header["target"].items() if key not in ("shares", "number_loss")}
    write(tmp_path / "m", Stored("table", stored.header | {"target": target}, stored.arrays))
    assert cr.load(tmp_path / "m").target.shares == ()
