"""Exporting with weights: time against `torch.onnx.export(dynamo=True)`, and memory.

    python benchmarks/bench_export.py [--memory NAME...]

Time is of DenseNet-121, in process, imports not counted; ours includes checking the file and
reading the weights from disk. Memory is what a process takes at most while it exports, beyond what
it has after its imports, in times of the weights: from a file of them and from arrays, which are
the weights; to a file and as bytes, which are the weights again; and with the file checked, which
onnxruntime reads. Linux tells it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import torch
from timing import report, seconds

import specc

ARRAYS = "dict(load_weights(given, network.graph.weights))"

WAYS = {
    "a file to a file": "network.to_onnx(output, given)",
    "a file to bytes": "network.to_onnx(None, given)",
    "arrays to a file": f"network.to_onnx(output, {ARRAYS})",
    "arrays to bytes": f"network.to_onnx(None, {ARRAYS})",
    "a file to a file, checked": "network.to_onnx(output, given, check=True)",
}
"""What is exported, with a file of weights given."""

PEAK = """
import re, sys
from pathlib import Path
import specc
from specc.weights import load_weights

def peak():  # not ru_maxrss, which starts with what the parent has
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

specc.load("lenet5").to_onnx(None)
network, given, output = specc.load(sys.argv[1]), sys.argv[2], sys.argv[3]
before = peak()
{way}
print((peak() - before) / (4 * network.parameters))
"""


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", nargs="+", metavar="NAME", help="measure that, of these")
    options = parser.parse_args()
    if options.memory:
        for spec in options.memory:
            peaks(spec)
    else:
        times()


def peaks(spec: str) -> None:
    """Print a line for each way to export a network."""
    with tempfile.TemporaryDirectory() as folder:
        weights, output = (str(Path(folder) / name) for name in ("weights", "net.onnx"))
        network = specc.load(spec)
        network.save_weights(network.initial_weights(), weights)
        del network
        for name, way in WAYS.items():
            command = [sys.executable, "-c", PEAK.replace("{way}", way), spec, weights, output]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"{spec}, {name}: {float(done.stdout):.2f} times the weights, target <= 2")


def times() -> None:
    """Print the ratio of times."""
    warnings.filterwarnings("ignore")
    network = specc.load("densenet")
    model = network.to_pytorch().eval()
    picture = torch.zeros(1, 3, 224, 224)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        network.save_weights(model, weights)

        def ours() -> None:
            specc.load("densenet").to_onnx(Path(folder) / "ours.onnx", weights=weights)

        def theirs() -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                torch.onnx.export(model, (picture,), Path(folder) / "theirs.onnx", dynamo=True)

        ours()
        theirs()
        pairs = [(seconds(ours), seconds(theirs)) for _ in range(3)]
    mine = statistics.median(a for a, _ in pairs)
    other = statistics.median(b for _, b in pairs)
    report("torch.onnx.export / specc export, densenet", other, mine, ">= 20")


if __name__ == "__main__":
    main()
