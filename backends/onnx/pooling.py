"""Poolings in ONNX, channels first."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor
from .windows import reached, window_attributes


@LOWERINGS.add("MaxPooling2D")
def max_pooling(build: Builder, x: Tensor) -> Tensor:
    x = reached(build, x)
    return build.op("MaxPool", x, type=build.output, **window_attributes(build))


@LOWERINGS.add("AveragePooling2D")
def average_pooling(build: Builder, x: Tensor) -> Tensor:
    x = reached(build, x)
    return build.op(
        "AveragePool", x, type=build.output, count_include_pad=0, **window_attributes(build)
    )


@LOWERINGS.add("GlobalAveragePooling2D")
def global_average_pooling(build: Builder, x: Tensor) -> Tensor:
    return _global(build, "GlobalAveragePool", x)


@LOWERINGS.add("GlobalMaxPooling2D")
def global_max_pooling(build: Builder, x: Tensor) -> Tensor:
    return _global(build, "GlobalMaxPool", x)


def _global(build: Builder, kind: str, x: Tensor) -> Tensor:
    batch, channels, *_ = x.type.shape
    y = build.op(kind, x, type=x.type.with_shape((batch, channels, 1, 1)))
    return y if build.layer.keepdims else build.op("Flatten", y, type=build.output, axis=1)
