"""Two things timed in one run, in turn, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import signal
import statistics
import subprocess
import time
from collections.abc import Callable


def seconds(
    function: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    """The time of one call, in seconds: on the wall, or by another clock."""
    start = clock()
    function()
    return clock() - start


def interleaved(
    ours: Callable[[], object], theirs: Callable[[], object], *, runs: int, warm_up: int = 1
) -> tuple[float, float]:
    """The median times of both, in seconds, after `warm_up` uncounted calls of each.

    Which goes first changes from pair to pair.
    """
    for _ in range(warm_up):
        ours()
        theirs()
    times: dict[bool, list[float]] = {True: [], False: []}
    for run in range(runs):
        for is_ours in (run % 2 == 0, run % 2 == 1):
            times[is_ours].append(seconds(ours if is_ours else theirs))
    return statistics.median(times[True]), statistics.median(times[False])


def report(what: str, ours: float, theirs: float, target: str) -> None:
    """Print the ratio of two times on one line, with both times and the target."""
    print(
        f"{what}: {ours / theirs:.3f}"
        f" ({ours * 1e3:.1f} ms / {theirs * 1e3:.1f} ms), target {target}"
    )


def outcome(command: list[str], limit: float) -> str:
    """The last word that a command prints, or what ends it."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return f"over{limit:.0f}s"
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    *_, told = done.stdout.split() or ["silent"]
    return told
