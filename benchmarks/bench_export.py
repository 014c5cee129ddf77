"""Exporting DenseNet-121 with its weights, against `torch.onnx.export(dynamo=True)`.

In process, imports not counted; ours includes checking the file and reading the weights from disk.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import tempfile
import warnings
from pathlib import Path

import torch
from timing import report, seconds

import specc


def main() -> None:
    """Print the ratio."""
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
