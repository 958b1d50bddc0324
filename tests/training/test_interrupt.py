"""Ctrl-C: training ends, nothing is torn, and the best parameters so far are returned."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule.training.interrupt import Interrupt

SCRIPT = """
import sys, time
import numpy as np
import chainrule as cr

rng = np.random.default_rng(0)
X = rng.normal(size=(2000, 20))
T = np.eye(3)[rng.integers(0, 3, 2000)]
net = cr.Network.parse("20-30-3", loss="categorical_cross_entropy")
best = []

def tell(epoch):
    best.append(epoch.theta.copy())
    if epoch.number == 2:
        print("ready", flush=True)

fit = cr.fit(net, X, T, epochs=10**6, batch_size=8, callbacks=tell, validation=0.2{options})
place = int(np.argmin(fit.history.validation))
print(fit.stopped, len(fit.history) >= 2, np.array_equal(fit.theta, best[place]), flush=True)
rest = cr.fit(net, X, T, epochs=1, batch_size=8, validation=0.2, state=fit.state{options})
print(rest.history.number[-1] == len(fit.history) + 1, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child process there")
@pytest.mark.parametrize("options", ["", ", optimizer=cr.Momentum(0.001)"])
def test_a_real_ctrl_c_in_a_program_of_its_own(options):
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(options=options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout.readline() == "ready\n"
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        answer = child.stdout.readline()
        waited = time.monotonic() - sent
        more = child.stdout.read()
        errors = child.stderr.read()
        child.wait(timeout=60)
    finally:
        child.kill()
        child.stdout.close()
        child.stderr.close()
    assert answer == "interrupted True True\n"
    assert waited < 2.0  # two orders above what it takes on a quiet machine
    assert (more, errors, child.returncode) == ("True\n", "", 0)


def test_ctrl_c_in_lbfgs(net, clouds):
    def press(epoch):
        if epoch.number == 3:
            signal.raise_signal(signal.SIGINT)

    fit = cr.fit(net, *clouds, optimizer=cr.LBFGS(), epochs=100, callbacks=press)
    assert (fit.stopped, len(fit.history)) == ("interrupted", 3)


def test_ctrl_c_during_a_callback_ends_training_after_it(net, clouds):
    def press(epoch):
        if epoch.number == 3:
            signal.raise_signal(signal.SIGINT)

    fit = cr.fit(net, *clouds, epochs=100, callbacks=press)
    assert (fit.stopped, len(fit.history)) == ("interrupted", 3)
    whole = cr.fit(net, *clouds, epochs=3)
    np.testing.assert_array_equal(fit.state.theta, whole.theta)


def test_the_error_raised_in_a_callback_ends_training_cleanly(net, clouds):
    def press(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    fit = cr.fit(net, *clouds, epochs=100, callbacks=press)
    assert (fit.stopped, len(fit.history)) == ("interrupted", 2)
    rest = cr.fit(net, *clouds, epochs=3, state=fit.state)
    np.testing.assert_array_equal(rest.theta, cr.fit(net, *clouds, epochs=5).theta)


def test_an_error_raised_while_scoring_leaves_the_epoch_to_be_closed(net, clouds):
    calls = []

    def score(theta):
        calls.append(theta)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return 0.0

    fit = cr.fit(net, *clouds, epochs=100, batch_size=10, score=score)
    assert (fit.stopped, fit.state.epoch, fit.state.batch, len(fit.history)) == ("interrupted", 1, 9, 1)
    rest = cr.fit(net, *clouds, epochs=2, batch_size=10, score=score, state=fit.state)
    whole = cr.fit(net, *clouds, epochs=3, batch_size=10)
    np.testing.assert_array_equal(rest.state.theta, whole.theta)
    np.testing.assert_array_equal(rest.history.loss, whole.history.loss)


def test_before_the_first_epoch_ends_the_parameters_are_those_at_hand(net, clouds, monkeypatch):
    from chainrule.training import loop

    monkeypatch.setattr(loop.Run, "_halt", lambda run, wish: "interrupted" if run.session.updates >= 1 else "")
    fit = cr.fit(net, *clouds, batch_size=10)
    assert (fit.stopped, len(fit.history), fit.best_epoch) == ("interrupted", 0, 0)
    np.testing.assert_array_equal(fit.theta, fit.state.theta)
    assert not np.array_equal(fit.theta, net.initial(0))


def test_the_handler_is_put_back(net, clouds):
    before = signal.getsignal(signal.SIGINT)
    cr.fit(net, *clouds, epochs=1)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(RuntimeError, match="my own"):
        cr.fit(net, *clouds, callbacks=lambda epoch: (_ for _ in ()).throw(RuntimeError("my own")))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait():
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.wished
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_handler_of_the_program_is_left_alone():
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
        assert (heard, interrupt.wished) == ([signal.SIGINT], False)
    finally:
        signal.signal(signal.SIGINT, before)
