"""What holds for all tests."""

import signal

import pytest

collect_ignore = ["oracles"]  # helpers of the tests; some need PyTorch


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard():
    """A shell starts what runs in the background with Ctrl-C ignored, and processes inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
