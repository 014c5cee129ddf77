"""Activations that take parameters, in ONNX."""

from __future__ import annotations

from specc.tensor import TensorType

from .activations import clip
from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("ReLU")
def relu(build: Builder, x: Tensor) -> Tensor:
    """Below the threshold lies a line, or zero; the bound, which is not negative, comes last."""
    layer = build.layer
    if layer.threshold:
        y = _above_threshold(build, x)
    elif layer.negative_slope:
        y = build.op("LeakyRelu", x, alpha=layer.negative_slope)
    elif layer.max_value is None:
        return build.op("Relu", x)
    else:
        return clip(build, x, 0, layer.max_value)
    return y if layer.max_value is None else clip(build, y, None, layer.max_value)


def _above_threshold(build: Builder, x: Tensor) -> Tensor:
    layer = build.layer
    if not layer.negative_slope:
        return build.op("ThresholdedRelu", x, alpha=layer.threshold)
    threshold = build.scalar(layer.threshold, x)
    boolean = TensorType(x.type.shape, "bool")
    above = build.op("Greater", x, threshold, type=boolean)
    line = build.op("Mul", build.op("Sub", x, threshold), build.scalar(layer.negative_slope, x))
    return build.op("Where", above, x, line, type=x.type)


@LOWERINGS.add("LeakyReLU")
def leaky_relu(build: Builder, x: Tensor) -> Tensor:
    return build.op("LeakyRelu", x, alpha=build.layer.negative_slope)


@LOWERINGS.add("Softmax")
def softmax(build: Builder, x: Tensor) -> Tensor:
    """One op along one axis; along several, by the definition, with the greatest at exp(0)."""
    (value,) = build.node.inputs
    axes = [value.axis(axis) for axis in build.layer.axes(value.type)]
    if len(axes) == 1:
        return build.op("Softmax", x, axis=axes[0])
    shifted = build.op("Sub", x, build.reduce("ReduceMax", x, axes))
    powers = build.op("Exp", shifted)
    return build.op("Div", powers, build.reduce("ReduceSum", powers, axes))
