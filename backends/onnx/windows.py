"""Sliding windows of convolutions and poolings, as attributes of ONNX."""

from __future__ import annotations

from typing import Any

from .graph import Builder


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
