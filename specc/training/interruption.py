"""Ctrl+C and SIGTERM while a run trains: noted, and obeyed after the step under way.

A scheduler that takes a machine back sends SIGTERM, so that is treated alike. A second Ctrl+C does
what it does everywhere.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class Interrupted(Exception):
    """The run was asked to end; what it had done is saved.

    Asked by the user, or by the first of several processes, which says why.
    """


@dataclass(slots=True)
class Interruption:
    """Whether the run was asked to end."""

    asked: bool = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: note it, and leave the next one to the handler there was before."""
        self.asked = True
        signal.signal(number, signal.default_int_handler)


SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Generator[Interruption]:
    """Note the signals instead of dying of them; only the main thread can."""
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = [signal.signal(number, interruption.ask) for number in SIGNALS]
    try:
        yield interruption
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
