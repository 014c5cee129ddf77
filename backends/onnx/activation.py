"""Activations that take parameters, in ONNX."""

from __future__ import annotations

import numpy as np

from specc.tensor import TensorType

from .activations import clip
from .graph import LOWERINGS, Builder, Tensor, numpy_dtype


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


@LOWERINGS.add("ELU")
def elu(build: Builder, x: Tensor) -> Tensor:
    return build.op("Elu", x, alpha=build.layer.alpha)


@LOWERINGS.add("GELU")
def gelu(build: Builder, x: Tensor) -> Tensor:
    return build.op("Gelu", x, approximate="tanh" if build.layer.approximate else "none")


@LOWERINGS.add("PReLU")
def prelu(build: Builder, x: Tensor) -> Tensor:
    """The slopes broadcast as they are, unless they are those of channels that are not last."""
    (value,) = build.node.inputs
    weight, channels = build.weight("weight"), value.axis(-1)
    if weight.type.rank == 1 and channels < x.type.rank - 1:
        shape = (*weight.type.shape, *[1] * (x.type.rank - 1 - channels))
        weight = build.reshape(weight, weight.type.with_shape(shape), suffix="weight")
    return build.op("PRelu", x, weight)


@LOWERINGS.add("Softmax")
def softmax(build: Builder, x: Tensor, mask: Tensor | None = None) -> Tensor:
    """The least number stands for what a mask leaves out, so that no row is without any."""
    if mask is None:
        return _softmax(build, x)
    least = build.scalar(np.finfo(numpy_dtype(x.type.dtype)).min, x)
    y = _softmax(build, build.op("Where", mask, x, least, type=x.type, suffix="scores"))
    return build.op("Where", mask, y, build.scalar(0, x), type=x.type)


def _softmax(build: Builder, x: Tensor) -> Tensor:
    """One op along one axis; along several, by the definition, with the greatest at exp(0)."""
    value = build.node.inputs[0]
    axes = [value.axis(axis) for axis in build.layer.axes(value.type)]
    if len(axes) == 1:
        return build.op("Softmax", x, axis=axes[0])
    shifted = build.op("Sub", x, build.reduce("ReduceMax", x, axes))
    powers = build.op("Exp", shifted)
    return build.op("Div", powers, build.reduce("ReduceSum", powers, axes))
