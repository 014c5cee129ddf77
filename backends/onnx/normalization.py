"""Normalizations in ONNX, as they compute at inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from specc.dims import Size, product
from specc.layers.normalization import deviation
from specc.tensor import TensorType

from .activations import clip
from .graph import LOWERINGS, Builder, Tensor

MOST_MIXED = 512
"""The channels up to which a product of all with all is quick."""


@LOWERINGS.add("BatchNormalization")
def batch_normalization(build: Builder, x: Tensor) -> Tensor:
    return _along(build, x, _batch_normalization)


def _along(build: Builder, x: Tensor, normalize: Callable[[Builder, Tensor], Tensor]) -> Tensor:
    """ONNX normalizes along axis 1: another axis changes places with it, and back."""
    (value,) = build.node.inputs
    (axis,) = build.layer.axes(value.type)
    axis = value.axis(axis)
    if axis == 1:
        return normalize(build, x)
    swap = list(range(x.type.rank))
    swap[1], swap[axis] = axis, 1
    normalized = normalize(build, build.transpose(x, swap, suffix="swap"))
    return build.transpose(normalized, swap)


def _batch_normalization(build: Builder, x: Tensor) -> Tensor:
    mean, variance = build.weight("running_mean"), build.weight("running_var")
    scale, shift = _scale(build, mean.type.shape), _shift(build, mean.type.shape)
    return build.op(
        "BatchNormalization", x, scale, shift, mean, variance, epsilon=build.layer.epsilon
    )


def _scale(build: Builder, shape: tuple[Size, ...]) -> Tensor:
    """The weight, or ones where the layer has none."""
    if build.layer.scale:
        return build.weight("weight")
    build.require_room(*shape)
    return build.constant(np.ones(shape), "scale", build.output.dtype)


def _shift(build: Builder, shape: tuple[Size, ...]) -> Tensor:
    """The bias, or zeros where the layer has none."""
    if build.layer.center:
        return build.weight("bias")
    build.require_room(*shape)
    return build.constant(np.zeros(shape), "shift", build.output.dtype)


@LOWERINGS.add("GroupNormalization")
def group_normalization(build: Builder, x: Tensor) -> Tensor:
    return _along(build, x, _group_normalization)


def _group_normalization(build: Builder, x: Tensor) -> Tensor:
    """By InstanceNormalization, of groups flattened to one axis.

    The operator GroupNormalization is newer, and onnxruntime takes it apart into more ops, which
    take longer and lose more to rounding.
    """
    batch, channels, *places = x.type.shape
    groups = build.layer.group_count(build.node.inputs[0].type)
    if groups == channels and places:
        return instance_normalization(build, x)
    size = product((channels // groups, *places))
    flat = build.reshape(x, x.type.with_shape((batch, groups, size)), suffix="groups")
    ones = build.constant(np.ones(groups), "ones", x.type.dtype)
    zeros = build.constant(np.zeros(groups), "zeros", x.type.dtype)
    y = build.op("InstanceNormalization", flat, ones, zeros, epsilon=build.layer.epsilon)
    return _affine(build, _reshape_like(build, y, x), (1,))


def _reshape_like(build: Builder, y: Tensor, x: Tensor) -> Tensor:
    """`y` in the shape of `x`, which is asked for at run time if that is the only way."""
    unknown = [size for size in x.type.shape[1:] if not isinstance(size, int)]
    if len(unknown) < 2:
        return build.reshape(y, x.type)
    shape = build.op("Shape", x, type=TensorType((x.type.rank,), "int64"))
    return build.op("Reshape", y, shape, type=x.type)


@LOWERINGS.add("InstanceNormalization")
def instance_normalization(build: Builder, x: Tensor) -> Tensor:
    shape = x.type.shape[1:2]
    scale, shift = _scale(build, shape), _shift(build, shape)
    return build.op("InstanceNormalization", x, scale, shift, epsilon=build.layer.epsilon)


@LOWERINGS.add("LayerNormalization")
def layer_normalization(build: Builder, x: Tensor) -> Tensor:
    """One op if the axes are the last ones and there is a scale, which ONNX asks for; else many."""
    axes = build.layer.axes(x.type)
    last = axes == tuple(range(axes[0], x.type.rank))
    if not (last and build.layer.scale):
        return _normalized_by_ops(build, x, axes)
    return build.op(
        "LayerNormalization", x, *build.weights(), axis=axes[0], epsilon=build.layer.epsilon
    )


def _normalized_by_ops(build: Builder, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    centered = build.op("Sub", x, build.reduce("ReduceMean", x, axes))
    y = _over_deviation(build, centered, build.reduce("ReduceMean", _square(build, centered), axes))
    return _affine(build, y, axes)


def _affine(build: Builder, y: Tensor, axes: tuple[int, ...]) -> Tensor:
    """`y` times the weight plus the bias, as far as there are any; they lie along `axes`."""
    rank = y.type.rank
    shape = [dim if axis in axes else 1 for axis, dim in enumerate(y.type.shape)]
    for name, kind in (("weight", "Mul"), ("bias", "Add")):
        if name in build.node.weights:
            weight = build.weight(name)
            if axes != tuple(range(rank - len(axes), rank)):
                weight = build.reshape(weight, weight.type.with_shape(shape), suffix=name)
            y = build.op(kind, y, weight)
    return y


@LOWERINGS.add("RMSNormalization")
def rms_normalization(build: Builder, x: Tensor) -> Tensor:
    """In half precision squares would overflow: they are of float32, as in Keras.

    By its Pow onnxruntime knows what this is, and makes one op of all; in float64 it then takes
    epsilon for another number, so that it had better not know.
    """
    axes = build.layer.axes(x.type)
    wide = build.cast(x, "float32") if x.type.dtype in ("float16", "bfloat16") else x
    double = x.type.dtype == "float64"
    square = _square(build, wide) if double else build.op("Pow", wide, build.scalar(2, wide))
    y = build.cast(
        _over_deviation(build, wide, build.reduce("ReduceMean", square, axes)), x.type.dtype
    )
    return _affine(build, y, axes)


@LOWERINGS.add("UnitNormalization")
def unit_normalization(build: Builder, x: Tensor) -> Tensor:
    """LpNormalization has one axis, and no bound below."""
    (value,) = build.node.inputs
    axes = [value.axis(axis) for axis in build.layer.axes(value.type)]
    norm = clip(build, build.reduce("ReduceL2", x, axes), 1e-12, None)
    return build.op("Div", x, norm)


@LOWERINGS.add("Normalization")
def normalization(build: Builder, x: Tensor) -> Tensor:
    layer = build.layer
    y = build.cast(x, build.output.dtype)
    mean = _numbers(build, np.asarray(layer.mean), "mean")
    std = _numbers(build, np.vectorize(deviation)(layer.variance), "deviation")
    if layer.invert:
        return build.op("Add", build.op("Mul", y, std), mean)
    return build.op("Div", build.op("Sub", y, mean), std)


def _numbers(build: Builder, numbers: np.ndarray[Any, Any], name: str) -> Tensor:
    """The numbers along their axes, as these lie in memory; one number stays one."""
    if numbers.ndim:
        (value,) = build.node.inputs
        shape = build.layer.shape(value.type)
        numbers = numbers.reshape(shape).transpose(value.order or range(value.type.rank))
    return build.constant(numbers, name, build.output.dtype)


@LOWERINGS.add("LayerScale")
def layer_scale(build: Builder, x: Tensor) -> Tensor:
    return _affine(build, x, (build.node.inputs[0].axis(-1),))


@LOWERINGS.add("LocalResponseNormalization")
def local_response_normalization(build: Builder, x: Tensor) -> Tensor:
    """By ops, which onnxruntime runs three times as fast as the one that ONNX has for it."""
    layer, channels = build.layer, x.type.shape[1]
    if not isinstance(channels, int) or channels > MOST_MIXED or x.type.dtype != "float32":
        return build.op(
            "LRN", x, size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.bias
        )
    powers = build.op("Pow", _near_squares(build, x, channels), build.scalar(layer.beta, x))
    return build.op("Div", x, powers)


def _near_squares(build: Builder, x: Tensor, channels: int) -> Tensor:
    """The bias plus alpha times the mean square of the channels near each; of none beyond them."""
    layer = build.layer
    distances = np.abs(np.subtract.outer(np.arange(channels), np.arange(channels)))
    near = distances <= layer.size // 2
    kernel = (near * layer.alpha / layer.size).reshape(channels, channels, *[1] * (x.type.rank - 2))
    biases = np.full(channels, layer.bias)
    return build.op(
        "Conv", _square(build, x), build.constant(kernel, "near"), build.constant(biases, "bias")
    )


@LOWERINGS.add("LocalContrastNormalization")
def local_contrast_normalization(build: Builder, x: Tensor) -> Tensor:
    centered = build.op("Sub", x, _local_mean(build, x))
    return _over_deviation(build, centered, _local_mean(build, _square(build, centered)))


def _local_mean(build: Builder, x: Tensor) -> Tensor:
    """The mean over channels and over the cells of the window that exist: `[N, 1, H, W]`."""
    size = build.layer.size
    return build.op(
        "AveragePool",
        build.reduce("ReduceMean", x, (1,)),
        kernel_shape=(size, size),
        pads=[size // 2] * 4,
        count_include_pad=0,
    )


def _square(build: Builder, x: Tensor) -> Tensor:
    return build.op("Mul", x, x)


def _over_deviation(build: Builder, centered: Tensor, variance: Tensor) -> Tensor:
    """Divide by the square root of the variance, raised by epsilon."""
    raised = build.op("Add", variance, build.scalar(build.layer.epsilon, variance))
    return build.op("Div", centered, build.op("Sqrt", raised))
