"""Layers that move elements and change none, in ONNX."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("ZeroPadding2D")
def zero_padding(build: Builder, x: Tensor) -> Tensor:
    """Zeros around the image.

    All axes are named, as they are by default, for the sake of onnxruntime (1.31): it would merge
    these pads into those of a MaxPool behind them, which are no zeros, and when it moves a
    Transpose past a Pad it takes the pads for those of all axes.
    """
    (top, bottom), (left, right) = build.layer.padding
    pads = build.constant((0, 0, top, left, 0, 0, bottom, right), "pads", "int64")
    axes = build.constant((0, 1, 2, 3), "axes", "int64")
    return build.op("Pad", x, pads, None, axes, type=build.output, mode="constant")


@LOWERINGS.add("Flatten")
def flatten(build: Builder, x: Tensor) -> Tensor:
    return build.op("Flatten", x, type=build.output, axis=1)


@LOWERINGS.add("Reshape")
def reshape(build: Builder, x: Tensor) -> Tensor:
    return build.reshape(x, build.output)
