"""Sliding windows of convolutions and poolings, as attributes of ONNX."""

from __future__ import annotations

from typing import Any

from specc.dims import Size
from specc.shapes import Window
from specc.tensor import TensorType

from .graph import Builder, Tensor


def window_attributes(build: Builder) -> dict[str, Any]:
    """`kernel_shape`, `strides` and pads for a layer with `windows` over the spatial axes.

    Pads are explicit. Where those of `same` depend on an unknown size, `SAME_UPPER` has the runtime
    compute them, by the same rule: what is odd goes to the end.
    """
    windows, spatial = build.layer.windows, build.node.inputs[0].type.shape[1:-1]
    pads = [window.pads(size) for window, size in zip(windows, spatial, strict=True)]
    attributes = {
        "kernel_shape": [window.kernel for window in windows],
        "strides": [window.stride for window in windows],
    }
    if None in pads:
        return {**attributes, "auto_pad": "SAME_UPPER"}
    begins, ends = zip(*pads, strict=True)
    return {**attributes, "pads": [*begins, *ends]}


def reached(build: Builder, x: Tensor) -> Tensor:
    """`x`, channels first, without the cells at the end that no window of a pooling reaches.

    Under `same`, windows that are further apart than they are long may leave some. `SAME_UPPER`
    takes them for a negative pad, which onnxruntime refuses or miscounts.
    """
    for axis, window in enumerate(build.layer.windows, start=2):
        if window.stride > window.extent and window.pads(x.type.shape[axis]) is None:
            x = _reached_along(build, x, axis, window)
    return x


def _reached_along(build: Builder, x: Tensor, axis: int, window: Window) -> Tensor:
    """What is left over is what of the last stride lies beyond its window."""

    def constant(value: int) -> Tensor:
        return build.constant([value], "reach", "int64")

    number = TensorType((1,), "int64")
    size = build.op("Shape", x, type=number, suffix="size", start=axis, end=axis + 1)
    last = build.op("Sub", size, constant(1), suffix="last")
    place = build.op("Mod", last, constant(window.stride), suffix="place")
    excess = build.op("Sub", place, constant(window.extent - 1), suffix="excess")
    left_over = build.op("Max", excess, constant(0), suffix="left_over")
    end = build.op("Sub", size, left_over, suffix="end")
    shape = list(x.type.shape)
    shape[axis] = _reached_size(shape[axis], window)
    type = x.type.with_shape(shape)
    return build.op("Slice", x, constant(0), end, constant(axis), type=type, suffix="reached")


def _reached_size(size: Size, window: Window) -> Size:
    """The same in arithmetic of sizes, which has no maximum: 0 or 1 times the excess."""
    place = (size - 1) % window.stride
    is_beyond = (place - window.extent + window.stride) // window.stride
    return size - (place - window.extent + 1) * is_beyond
