"""`specc check` on each path of standard input, in 512 MB and 60 s: run by `test_hostile_specs`.

The processes are forked, so that specc is imported once. Prints a line of JSON for each path: the
exit status, negative if a signal ended it, and all that was printed.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from typing import Any

import specc.checking  # noqa: F401 - what a check imports, so that each fork has it
from specc.cli.app import main

MEMORY, SECONDS = 512 << 20, 60


def check(path: str, printed: int) -> None:
    """In a process of its own, which it ends."""
    for stream in (1, 2):
        os.dup2(printed, stream)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.alarm(SECONDS)
    sys.argv = ["specc", "check", "--format", "concise", path]
    status: Any = 0
    try:
        main()
    except SystemExit as error:
        status = error.code
    except BaseException:  # a child must never run on in its parent's place
        import traceback

        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(status or 0))


def answer(path: str) -> tuple[int, str]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        child = os.fork()
        if child == 0:
            check(path, printed.fileno())
        status = os.waitpid(child, 0)[1]
        printed.seek(0)
        return os.waitstatus_to_exitcode(status), printed.read()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(line.rstrip("\n"))), flush=True)
