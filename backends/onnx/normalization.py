"""Normalizations in ONNX, as they compute at inference."""

from __future__ import annotations

import numpy as np

from specc.dims import Size

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("BatchNormalization")
def batch_normalization(build: Builder, x: Tensor) -> Tensor:
    """ONNX normalizes along axis 1: another axis changes places with it, and back."""
    (value,) = build.node.inputs
    (axis,) = build.layer.axes(value.type)
    axis = value.axis(axis)
    if axis == 1:
        return _batch_normalization(build, x)
    swap = list(range(x.type.rank))
    swap[1], swap[axis] = axis, 1
    normalized = _batch_normalization(build, build.transpose(x, swap, suffix="swap"))
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
    return build.constant(np.ones(shape), "scale", build.output.dtype)


def _shift(build: Builder, shape: tuple[Size, ...]) -> Tensor:
    """The bias, or zeros where the layer has none."""
    if build.layer.center:
        return build.weight("bias")
    return build.constant(np.zeros(shape), "shift", build.output.dtype)


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
    shape = [dim if axis in axes else 1 for axis, dim in enumerate(x.type.shape)]
    for name, kind in (("weight", "Mul"), ("bias", "Add")):
        if name in build.node.weights():
            weight = build.weight(name)
            aligned = build.reshape(weight, weight.type.with_shape(shape), suffix=name)
            y = build.op(kind, y, aligned)
    return y


@LOWERINGS.add("LocalResponseNormalization")
def local_response_normalization(build: Builder, x: Tensor) -> Tensor:
    layer = build.layer
    return build.op("LRN", x, size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.bias)


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
