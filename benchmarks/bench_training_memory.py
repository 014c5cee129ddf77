"""The peak memory of a run after 12 epochs against that after 2, on each backend: it stays flat.

The pictures are decoded from files anew in every epoch, as in a run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

import specc

EARLY, LATE = 2, 12
PICTURES, SIZE = 400, 64


class Watching:
    """Notes the peak of the process's memory at the end of each epoch."""

    def __init__(self) -> None:
        self.peaks: list[int] = []

    def epoch_started(self, epoch: int, epochs: int, done: int, steps: int) -> None:
        """Nothing to note."""

    def stepped(self, step: int, logs: object) -> None:
        """Nothing to note."""

    def epoch_ended(self, row: object, best: bool) -> None:
        """The peak so far, in KiB on Linux."""
        self.peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    """Print a ratio for each backend, each in a process of its own."""
    with TemporaryDirectory() as folder:
        write_pictures(Path(folder, "pictures"))
        for backend in ("pytorch", "keras"):
            subprocess.run([sys.executable, __file__, backend, folder], check=True)


def write_pictures(root: Path) -> None:
    """Random pictures of two classes."""
    generator = np.random.default_rng(0)
    for index in range(PICTURES):
        folder = root / f"class_{index % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")


def measure(backend: str, folder: Path) -> None:
    """Train, and print how much the peak grew."""
    network = specc.load("happy_house", train={"epochs": LATE}, data={"validation_split": 0.2})
    watching = Watching()
    run = folder / backend
    network.fit(folder / "pictures", backend=backend, output=run, observer=watching)
    early, late = watching.peaks[EARLY - 1], watching.peaks[LATE - 1]
    print(
        f"peak memory after {LATE} epochs / after {EARLY}, {backend}: {late / early:.3f}"
        f" ({late / 1024:.0f} MiB / {early / 1024:.0f} MiB), target <= 1.05"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
