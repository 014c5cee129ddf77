"""What libraries write to the process's stderr past Python, kept from the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import IO


@contextmanager
def native_log() -> Generator[Callable[[], str]]:
    """Keep what is written to stderr meanwhile; the function tells what it is so far.

    Python's own errors are exceptions, and come through.
    """
    from tempfile import TemporaryFile

    with TemporaryFile() as log, _stderr_into(log.fileno()):
        yield lambda: _contents(log)


def _contents(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")


@contextmanager
def _stderr_into(descriptor: int) -> Generator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
