"""Checking in process.

DenseNet-121, and whether the cost grows in line with the number of layers.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from timing import interleaved, seconds

from specc.checking import check_file
from specc.zoo import path

CHAIN = """specc: 1
inputs: {image: "float32[N, 32, 32, 8]"}
layers:
"""


def chain(layers: int, folder: Path) -> Path:
    """A file with one entry a layer, of three kinds in turn."""
    kinds = [
        "  - Conv2D: {filters: 8, kernel_size: 3, padding: same}\n",
        "  - BatchNormalization: {momentum: 0.9}\n",
        "  - ReLU\n",
    ]
    file = folder / f"chain_{layers}.yaml"
    file.write_text(CHAIN + "".join(kinds[i % 3] for i in range(layers)), encoding="utf-8")
    return file


def check(file: Path) -> None:
    """Check a file that has no faults."""
    assert not check_file(file).report.failed


def main() -> None:
    """Print the time and the ratio."""
    densenet = path("densenet")
    check(densenet)
    median = statistics.median(seconds(lambda: check(densenet)) for _ in range(15))
    print(f"check densenet in process: {median * 1e3:.1f} ms, target <= 40 ms")
    with tempfile.TemporaryDirectory() as folder:
        short, long = chain(1_000, Path(folder)), chain(10_000, Path(folder))
        large, small = interleaved(lambda: check(long), lambda: check(short), runs=5)
    print(
        f"10,000 layers / 1,000 layers: {large / small:.2f}, target about 10"
        f" ({large / 10:.4f} and {small:.4f} ms a layer, target <= 0.1)"
    )


if __name__ == "__main__":
    main()
