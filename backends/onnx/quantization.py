"""Eight-bit models: onnxruntime's static quantization, calibrated on examples.

Weights are signed and have a scale for each output channel; activations are unsigned and have one
for each tensor, which the range they have on the examples gives. The model keeps its float32 inputs
and outputs, and says by pairs of QuantizeLinear and DequantizeLinear (QDQ) what is in eight bits:
any runtime runs it, and those that can compute in integers.

Source: Jacob et al., 2018, "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference"; https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

Feed = Mapping[str, NDArray[Any]]


def quantized(model: bytes, feeds: Iterable[Feed], exclude: Sequence[str] = ()) -> bytes:
    """The model in eight bits.

    feeds: examples, as the model takes them. exclude: the names of nodes that stay in float32.
    """
    with TemporaryDirectory(prefix="specc-") as folder, _without_advice():
        path = Path(folder) / "quantized.onnx"
        quantize_static(
            onnx.load_from_string(model),
            path,
            _Feeds(iter(feeds)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(exclude),
        )
        return path.read_bytes()


class _Feeds(CalibrationDataReader):
    """The examples, as onnxruntime asks for them."""

    def __init__(self, feeds: Iterator[Feed]) -> None:
        self._feeds = feeds

    def get_next(self) -> Any:
        return next(self._feeds, None)


@contextmanager
def _without_advice() -> Generator[None]:
    """Keep onnxruntime from advising its own preprocessing: the graph is folded and typed."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
