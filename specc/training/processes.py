"""Processes that train together: which one this is, and how a fault of one ends all.

torchrun, SLURM and Lightning Fabric start the same command several times. The first process speaks
for all of them, and its exit status is theirs.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from specc.diagnostics import SpecError
from specc.training.interruption import Interrupted

if TYPE_CHECKING:
    from specc.training.engine import Engine

RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")
"""Where the number of a process stands, in the order in which Fabric looks for it."""


def is_first() -> bool:
    """Whether this process speaks for all."""
    return int(next(filter(None, map(os.environ.get, RANKS)), 0)) == 0


@contextmanager
def said_once() -> Generator[None]:
    """Let the first process of a machine say the faults that all of them find.

    These are the faults before the processes know of each other. The others end with status 1.
    """
    try:
        yield
    except SpecError:
        if _has_twin():
            raise SystemExit(1) from None
        raise


@contextmanager
def agreed(engine: Engine) -> Generator[None]:
    """Let the `SpecError` that one process raises end all, which else would wait for it for ever.

    The first process raises it, the others `Interrupted`. All must come here, in the same order.
    """
    fault = None
    try:
        yield
    except SpecError as error:
        fault = error
    if not engine.any(fault is not None):
        return
    fault = engine.first(fault)
    raise fault if fault is not None and engine.rank == 0 else Interrupted


def _has_twin() -> bool:
    """Whether torchrun or SLURM has started a process before this one on this machine.

    Fabric starts the others when the first has found no fault: what they find is news.
    """
    name = "LOCAL_RANK" if "TORCHELASTIC_RUN_ID" in os.environ else "SLURM_LOCALID"
    return int(os.environ.get(name, 0)) > 0
