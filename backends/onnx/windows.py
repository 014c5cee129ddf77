"""Sliding windows of convolutions and poolings, as attributes of ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from specc.dims import Size
from specc.tensor import TensorType
from specc.windows import Unfolding, Window

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


def unfolding_attributes(unfoldings: Sequence[Unfolding]) -> dict[str, Any]:
    """What a ConvTranspose is told of its windows; a negative pad is an `output_padding`."""
    begins, ends = zip(*(each.crop for each in unfoldings), strict=True)
    return {
        "kernel_shape": [each.kernel for each in unfoldings],
        "strides": [each.stride for each in unfoldings],
        "dilations": [each.dilation for each in unfoldings],
        "pads": [*begins, *(max(end, 0) for end in ends)],
        "output_padding": [max(-end, 0) for end in ends],
    }


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
    type = x.type.with_size(axis, _reached_size(x.type.shape[axis], window))
    return build.op("Slice", x, constant(0), end, constant(axis), type=type, suffix="reached")


def _reached_size(size: Size, window: Window) -> Size:
    """The same in arithmetic of sizes, which has no maximum: 0 or 1 times the excess."""
    place = (size - 1) % window.stride
    is_beyond = (place - window.extent + window.stride) // window.stride
    return size - (place - window.extent + 1) * is_beyond


def dilated(build: Builder, x: Tensor) -> tuple[Tensor, dict[str, Any]]:
    """`x`, padded if it must be, and `window_attributes` with the dilations of a convolution.

    With dilations onnxruntime refuses `SAME_UPPER`: then the pads are computed before.
    """
    attributes = {"dilations": build.layer.dilation_rate, **window_attributes(build)}
    if "auto_pad" not in attributes or max(build.layer.dilation_rate) == 1:
        return x, attributes
    del attributes["auto_pad"]
    return _padded(build, x), attributes


def _padded(build: Builder, x: Tensor) -> Tensor:
    """`x` with the zeros of `same`: what a window at the last stride lacks, the odd one last."""
    windows = build.layer.windows
    numbers = TensorType((len(windows),), "int64")
    none = build.constant([0, 0], "batch_and_channels", "int64")

    def constant(values: list[int]) -> Tensor:
        return build.constant(values, "pads", "int64")

    sizes = build.op("Shape", x, type=numbers, suffix="sizes", start=2)
    last = build.op("Sub", sizes, constant([1]), suffix="last")
    strides = constant([window.stride for window in windows])
    place = build.op("Mod", last, strides, suffix="place")
    longest = constant([window.extent - 1 for window in windows])
    lack = build.op("Sub", longest, place, type=numbers, suffix="lack")
    total = build.op("Max", lack, constant([0]), suffix="total")
    begin = build.op("Div", total, constant([2]), suffix="begin")
    end = build.op("Sub", total, begin, suffix="end")
    pads = build.op(
        "Concat",
        *(none, begin, none, end),
        type=TensorType((2 * x.type.rank,), "int64"),
        suffix="pads",
        axis=0,
    )
    axes = build.constant([*range(x.type.rank)], "axes", "int64")
    spatial = zip(x.type.shape[2:], windows, strict=True)
    shape = (*x.type.shape[:2], *(_padded_size(*axis) for axis in spatial))
    return build.op("Pad", x, pads, None, axes, type=x.type.with_shape(shape), suffix="pad")


def _padded_size(size: Size, window: Window) -> Size:
    """The same in arithmetic of sizes."""
    lack = window.extent - 1 - (size - 1) % window.stride
    if window.extent >= window.stride:
        return size + lack
    return size + lack * ((lack + window.stride) // window.stride)  # 0 or 1 times the lack
