"""Depthwise and separable convolutions in ONNX: kernels in the canonical layout as they are."""

from __future__ import annotations

from .activations import activate
from .graph import LOWERINGS, Builder, Tensor
from .windows import dilated


@LOWERINGS.add("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise_convolution(build: Builder, x: Tensor) -> Tensor:
    channels = x.type.shape[1]
    x, attributes = dilated(build, x)
    y = build.op("Conv", x, *build.weights(), type=build.output, group=channels, **attributes)
    return activate(build, build.layer.activation, y)


@LOWERINGS.add("SeparableConv1D", "SeparableConv2D")
def separable_convolution(build: Builder, x: Tensor) -> Tensor:
    channels = x.type.shape[1]
    depthwise, *pointwise = build.weights()
    x, attributes = dilated(build, x)
    batch, _, *spatial = build.output.shape
    type = x.type.with_shape((batch, depthwise.type.shape[0], *spatial))
    y = build.op("Conv", x, depthwise, type=type, suffix="depthwise", group=channels, **attributes)
    y = build.op("Conv", y, *pointwise, type=build.output, kernel_shape=[1] * build.layer.rank)
    return activate(build, build.layer.activation, y)
