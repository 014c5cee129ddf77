"""Processes of a distributed run: forked from one that has everything imported, to save time."""

from __future__ import annotations

import multiprocessing
import os
import resource
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

HEAVY = ("torch", "lightning_fabric", "torchmetrics", "grain", "matplotlib.pyplot", "specc.cli.app")
LIMIT = 120
"""Seconds after which a process hangs."""

SCHEDULERS = {
    "torchrun": lambda rank: {
        "TORCHELASTIC_RUN_ID": "test",
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "RANK": rank,
        "LOCAL_RANK": rank,
    },
    "slurm": lambda rank: {
        "SLURM_JOB_ID": "1",
        "SLURM_JOB_NAME": "test",
        "SLURM_NNODES": "1",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NODELIST": "127.0.0.1",
        "SLURM_NODEID": "0",
        "SLURM_PROCID": rank,
        "SLURM_LOCALID": rank,
    },
}
"""What each tells the process of a rank."""


@dataclass(frozen=True, slots=True)
class Rank:
    """One process of two, which runs `specc`."""

    process: ForkServerProcess
    output: Path
    errors: Path

    def await_line(self) -> None:
        """Wait for the first line of its output."""
        until = time.monotonic() + LIMIT
        while "\n" not in self.output.read_text("utf-8"):
            assert self.process.is_alive(), self.errors.read_text("utf-8")
            assert time.monotonic() < until
            time.sleep(0.02)

    def ended(self) -> tuple[int | None, str, str]:
        """Exit status, and what was written to stdout and stderr."""
        self.process.join(LIMIT)
        hangs = self.process.is_alive()
        if hangs:
            self.process.kill()
        written = self.output.read_text("utf-8"), self.errors.read_text("utf-8")
        assert not hangs, written
        return self.process.exitcode, *written


def started(arguments: list[str], scheduler: str = "torchrun", *, full: bool = False) -> list[Rank]:
    """Two processes as the scheduler starts them. full: whether the disk of the first one is."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(HEAVY))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    ranks: list[Rank] = []
    for rank in range(2):
        told = SCHEDULERS[scheduler](str(rank))
        told |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
        files = Path(f"{rank}.out").absolute(), Path(f"{rank}.err").absolute()
        for file in files:
            file.write_text("", "utf-8")
        no_room = full and rank == 0
        process = context.Process(target=run, args=(arguments, told, files, no_room))
        process.start()
        ranks.append(Rank(process, *files))
    return ranks


def run(
    arguments: list[str], told: Mapping[str, str], files: tuple[Path, Path], no_room: bool
) -> None:
    """Be the `specc` command in the folder of `files`, which take stdout and stderr."""
    for descriptor, path in enumerate(files, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), descriptor)
    sys.stdout, sys.stderr = (os.fdopen(each, "w", 1, closefd=False) for each in (1, 2))
    os.chdir(files[0].parent)
    os.environ |= told
    if no_room:  # beyond what `run.json` and `spec.yaml` need
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    sys.argv = ["specc", *arguments]
    from specc.cli.__main__ import main

    main()
