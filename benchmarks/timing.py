"""Two things timed in one run, in turn, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(function: Callable[[], object]) -> float:
    """The wall time of one call, in seconds."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def interleaved(
    ours: Callable[[], object], theirs: Callable[[], object], *, runs: int, warm_up: int = 1
) -> tuple[float, float]:
    """The median times of both, in seconds, after `warm_up` uncounted calls of each."""
    for _ in range(warm_up):
        ours()
        theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def report(what: str, ours: float, theirs: float, target: str) -> None:
    """Print the ratio of two times on one line, with both times and the target."""
    print(
        f"{what}: {ours / theirs:.3f}"
        f" ({ours * 1e3:.1f} ms / {theirs * 1e3:.1f} ms), target {target}"
    )
