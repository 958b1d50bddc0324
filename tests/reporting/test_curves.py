"""Pictures: that there is one, of the right kind, and the same for the same history."""

import subprocess
import sys
from pathlib import Path

import pytest

from chainrule.reporting import learning_curve
from chainrule.reporting.curves import FORMATS
from chainrule.training.history import Epoch, History

HISTORY = History(tuple(Epoch(k, 1 / k, 0.5 + 1 / k, None, 1.0, (1.0,), 0.1, k, 0.1 * k) for k in range(1, 30)))
BARE = History((Epoch(1, 0.5, None, None, 1.0, (1.0,), 0.1, 10, 0.02),))


@pytest.mark.parametrize(("name", "magic"), [("c.png", b"\x89PNG"), ("c.svg", b"<?xml"), ("c.pdf", b"%PDF")])
def test_each_format(tmp_path: Path, name: str, magic: bytes) -> None:
    learning_curve(HISTORY, tmp_path / name, title="a $title_ with {signs}", best_epoch=7)
    assert (tmp_path / name).read_bytes().startswith(magic)


def test_the_curves_are_drawn_where_they_belong(tmp_path: Path) -> None:
    learning_curve(HISTORY, tmp_path / "c.svg", best_epoch=7)
    text = (tmp_path / "c.svg").read_text()
    assert all(f"<!-- {label} -->" in text for label in ("training", "validation", "best: epoch 7", "epoch", "loss"))


def test_one_epoch_without_validation(tmp_path: Path) -> None:
    learning_curve(BARE, tmp_path / "c.svg")
    text = (tmp_path / "c.svg").read_text()
    assert "<!-- training -->" in text
    assert "<!-- validation -->" not in text


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_history_gives_the_same_picture(tmp_path: Path, monkeypatch, ending: str) -> None:
    for name, now in (("1", "0"), ("2", "86400")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", now)  # what matplotlib takes for the time of day
        learning_curve(HISTORY, tmp_path / f"{name}.{ending}", title="loss", best_epoch=7)
    assert (tmp_path / f"1.{ending}").read_bytes() == (tmp_path / f"2.{ending}").read_bytes()


def test_no_epochs_make_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the history has no epochs; there is nothing to draw"):
        learning_curve(History(()), tmp_path / "c.png")
    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.pdf, \.png, \.svg"):
        learning_curve(HISTORY, tmp_path / "c.bmp")


def test_without_matplotlib_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'chainrule\[report\]'"):
        learning_curve(HISTORY, tmp_path / "c.png")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_room_brings_no_matplotlib() -> None:
    code = "import sys, chainrule.reporting; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"False\n"
