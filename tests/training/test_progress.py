"""The progress bar: on a terminal it shows epochs, loss, validation and the time left; elsewhere nothing."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

import chainrule as cr


def terminal(width=100):
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)


def test_on_a_terminal(net, clouds):
    console = terminal()
    fit = cr.fit(net, *clouds, epochs=7, validation=0.2, progress=console)
    text = console.file.getvalue()
    assert "epoch 7/7" in text
    assert f"loss {fit.history.loss[-1]:.4g}  validation {fit.history.validation[-1]:.4g}" in text
    assert "━" in text
    assert "0:00:0" in text


def test_lbfgs_has_one_too(net, clouds):
    console = terminal()
    fit = cr.fit(net, *clouds, epochs=5, optimizer=cr.LBFGS(), score=lambda theta: 0.75, progress=console)
    assert f"epoch {len(fit.history)}/5" in console.file.getvalue()
    assert "score 0.75" in console.file.getvalue()


def test_elsewhere_nothing(net, clouds, capfd):
    cr.fit(net, *clouds, epochs=2)
    cr.fit(net, *clouds, epochs=2, progress=False)
    assert capfd.readouterr() == ("", "")


def test_true_shows_it_anyway(net, clouds, capfd):
    cr.fit(net, *clouds, epochs=2, progress=True)
    out, err = capfd.readouterr()
    assert "epoch 2/2" in err
    assert out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_auto_sees_a_real_terminal():
    import pty

    script = (
        "import numpy as np, chainrule as cr; X = np.ones((8, 1)); "
        "cr.fit(cr.Network((1, 1), ('identity',), 'squared_error'), X, X, epochs=3)"
    )
    master, slave = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", script], stderr=slave, check=True, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    )
    os.close(slave)
    text = b""
    try:
        while chunk := os.read(master, 4096):
            text += chunk
    except OSError:  # Linux says so at the end
        pass
    os.close(master)
    assert b"3/3" in text


def test_rich_stays_out_where_it_is_not_needed():
    script = (
        "import sys, numpy as np, chainrule as cr; X = np.ones((8, 1)); "
        "cr.fit(cr.Network((1, 1), ('identity',), 'squared_error'), X, X); "
        "print([name for name in ('rich', 'scipy', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
