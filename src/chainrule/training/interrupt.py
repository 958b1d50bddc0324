"""Ctrl-C as a wish: noticed between two calls of the engine, so that theta and the update rule's state stay whole."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Interrupt:
    """While it is open, the first Ctrl-C sets `wished`; a second one raises KeyboardInterrupt as ever.

    Only the main thread can hear signals, and a program that has its own SIGINT handler keeps it.
    """

    def __init__(self) -> None:
        self.wished = False
        self._listening = self._breaks = False

    def at_once(self, work: Callable[P, R]) -> Callable[P, R]:
        """`work`, out of which already the first Ctrl-C raises KeyboardInterrupt: for what leaves nothing half done."""

        def breaking(*args: P.args, **kwargs: P.kwargs) -> R:
            self._breaks = True
            try:
                return work(*args, **kwargs)
            finally:
                self._breaks = False

        return breaking

    def __enter__(self) -> "Interrupt":
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._hear)
            self._listening = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listening:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._listening = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.wished or self._breaks:
            raise KeyboardInterrupt
        self.wished = True
