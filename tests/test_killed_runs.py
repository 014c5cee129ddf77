"""A run killed at any moment goes on, and ends with the weights it would have had, bit for bit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import killed_runs


def test_resumed_runs_end_as_the_one_that_was_not_killed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, killed_runs.__file__, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole, *killed = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(killed) == killed_runs.BY_TIME + killed_runs.BY_SAVE
    assert sum(not each["finished"] for each in killed) >= len(killed) // 2
    for each in killed:
        assert {name: each[name] for name in whole} == whole, each["where"]
