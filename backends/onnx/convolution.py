"""Convolutions in ONNX: channels first, kernels in the canonical layout as they are."""

from __future__ import annotations

from .activations import activate
from .graph import LOWERINGS, Builder, Tensor
from .windows import dilated


@LOWERINGS.add("Conv1D", "Conv2D", "Conv3D")
def convolution(build: Builder, x: Tensor) -> Tensor:
    x, attributes = dilated(build, x)
    y = build.op(
        "Conv", x, *build.weights(), type=build.output, group=build.layer.groups, **attributes
    )
    return activate(build, build.layer.activation, y)
