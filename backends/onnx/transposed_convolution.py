"""Transposed convolutions in ONNX: channels first, kernels in the canonical layout as they are."""

from __future__ import annotations

from .activations import activate
from .graph import LOWERINGS, Builder, Tensor
from .windows import unfolding_attributes


@LOWERINGS.add("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed_convolution(build: Builder, x: Tensor) -> Tensor:
    attributes = unfolding_attributes(build.layer.unfoldings)
    y = build.op("ConvTranspose", x, *build.weights(), type=build.output, **attributes)
    return activate(build, build.layer.activation, y)
