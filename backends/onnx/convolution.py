"""Convolutions in ONNX: channels first, the kernel in the canonical layout as it is."""

from __future__ import annotations

from .activations import activate
from .graph import LOWERINGS, Builder, Tensor
from .windows import window_attributes


@LOWERINGS.add("Conv2D")
def conv2d(build: Builder, x: Tensor) -> Tensor:
    layer = build.layer
    y = build.op(
        "Conv",
        x,
        *build.weights(),
        type=build.output,
        dilations=layer.dilation_rate,
        group=layer.groups,
        **window_attributes(build),
    )
    return activate(build, layer.activation, y)
