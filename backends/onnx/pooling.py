"""Poolings over windows in ONNX, channels first."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor
from .windows import reached, window_attributes


@LOWERINGS.add("MaxPooling1D", "MaxPooling2D", "MaxPooling3D")
def max_pooling(build: Builder, x: Tensor) -> Tensor:
    x = reached(build, x)
    return build.op("MaxPool", x, type=build.output, **window_attributes(build))


@LOWERINGS.add("AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
def average_pooling(build: Builder, x: Tensor) -> Tensor:
    x = reached(build, x)
    return build.op(
        "AveragePool", x, type=build.output, count_include_pad=0, **window_attributes(build)
    )
