"""Depthwise and separable convolutions over sequences and images: each channel by itself first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any, ClassVar

from pydantic import Field

from specc.dims import Size
from specc.initializers import GlorotUniform, Zeros
from specc.kernels import (
    DILATION_RATE,
    KERNEL_SIZE,
    PADDING,
    STRIDES,
    Activation,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    DepthMultiplier,
    Filters,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    PointwiseConstraint,
    PointwiseInitializer,
    PointwiseRegularizer,
    UseBias,
    bias_weight,
    channels_of,
    kernel_weight,
    require_convolvable,
)
from specc.layer import Layer, Sample, WeightDecl
from specc.shapes import activation_flops
from specc.tensor import TensorType
from specc.windows import Cells1, Cells2, Padding1, Padding2, Window, slide, windows


class _Depthwise(Layer):
    """What depthwise convolutions over one and two spatial axes share.

    What has a value for each axis gets its type where their number is known.
    rank: that number.
    """

    primary = "kernel_size"
    layout = "channels_first"
    rank: ClassVar[int]

    kernel_size: Any
    strides: Any
    padding: Any
    depth_multiplier: DepthMultiplier = 1
    dilation_rate: Any
    activation: Activation = None
    use_bias: UseBias = True
    depthwise_initializer: KernelInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    depthwise_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    depthwise_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """The sliding window along each spatial axis."""
        return windows(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_convolvable(x, self.rank, self.activation)
        filters = channels_of(x) * self.depth_multiplier
        return (x.with_shape((x.shape[0], *slide(x, self.windows), filters)),)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        kernel = _depthwise_kernel(self, *inputs)
        return {"weight": kernel, **bias_weight(self, kernel.shape[0])}

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        taps = prod(self.kernel_size)
        return y.elements * (2 * taps + self.use_bias) + activation_flops(y, self.activation)


class DepthwiseConv1D(_Depthwise):
    """Convolution of each channel of a sequence `[N, T, C]` by itself.

    Output c · depth_multiplier + m is filter m of channel c.
    Weights: `weight` (C · depth_multiplier, 1, length) and `bias` (C · depth_multiplier,).
    Source: `keras.layers.DepthwiseConv1D`; explicit pads as in the ONNX operator `Conv`.
    """

    rank = 1

    kernel_size: Cells1 = Field(description=KERNEL_SIZE)
    strides: Cells1 = Field((1,), description=STRIDES)
    padding: Padding1 = Field("valid", description=PADDING)
    dilation_rate: Cells1 = Field((1,), description=DILATION_RATE)

    samples = (
        Sample({"kernel_size": 3}, ("float32[2, 6, 3]",), ("float32[2, 4, 3]",), 12),
        Sample(
            {"kernel_size": 3, "depth_multiplier": 2, "strides": 2, "padding": "same"},
            ("float32[N, T, 3]",),
            ("float32[N, (T + 1)//2, 6]",),
            24,
        ),
        Sample(
            {"kernel_size": 2, "dilation_rate": 2, "padding": (2, 0), "use_bias": False},
            ("float32[2, 5, 3]",),
            ("float32[2, 5, 3]",),
            6,
        ),
        Sample(
            {"kernel_size": 2, "strides": 5, "dilation_rate": 2, "padding": "same"},
            ("float32[N, 3*T, 3]",),
            ("float32[N, (3*T + 4)//5, 3]",),
            9,
        ),
        Sample(
            {
                "kernel_size": 2,
                "activation": "relu",
                "depthwise_initializer": "he_normal",
                "bias_initializer": "ones",
                "depthwise_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "depthwise_constraint": {"unit_norm": {"axis": -2}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 5, 1]",),
            ("float32[2, 4, 1]",),
            3,
        ),
    )


class DepthwiseConv2D(_Depthwise):
    """Convolution of each channel of an image `[N, H, W, C]` by itself.

    Output c · depth_multiplier + m is filter m of channel c.
    Weights: `weight` (C · depth_multiplier, 1, height, width) and `bias` (C · depth_multiplier,).
    Source: `keras.layers.DepthwiseConv2D`; explicit pads as in the ONNX operator `Conv`.
    """

    rank = 2

    kernel_size: Cells2 = Field(description=KERNEL_SIZE)
    strides: Cells2 = Field((1, 1), description=STRIDES)
    padding: Padding2 = Field("valid", description=PADDING)
    dilation_rate: Cells2 = Field((1, 1), description=DILATION_RATE)

    samples = (
        Sample({"kernel_size": 3}, ("float32[2, 6, 5, 3]",), ("float32[2, 4, 3, 3]",), 30),
        Sample(
            {"kernel_size": (3, 2), "depth_multiplier": 2, "strides": 2, "padding": "same"},
            ("float32[2, 6, 5, 3]",),
            ("float32[2, 3, 3, 6]",),
            42,
        ),
        Sample(
            {"kernel_size": 3, "strides": 2, "padding": "same", "use_bias": False},
            ("float32[N, 2*h, w, 3]",),
            ("float32[N, h, (w + 1)//2, 3]",),
            27,
        ),
        Sample(
            {"kernel_size": 3, "strides": 2, "dilation_rate": 2, "padding": "same"},
            ("float32[N, h, w, 2]",),
            ("float32[N, (h + 1)//2, (w + 1)//2, 2]",),
            20,
        ),
        Sample(
            {"kernel_size": 3, "strides": (1, 2), "padding": ((1, 1), (0, 1))},
            ("float32[2, 4, 5, 2]",),
            ("float32[2, 4, 2, 2]",),
            20,
        ),
        Sample(
            {
                "kernel_size": 1,
                "activation": "relu6",
                "depthwise_initializer": "he_normal",
                "bias_initializer": "ones",
                "depthwise_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "depthwise_constraint": {"unit_norm": {"axis": (0, 1)}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 1, 3, 3]",),
            ("float32[2, 1, 3, 3]",),
            6,
        ),
    )


class _Separable(Layer):
    """What separable convolutions over one and two spatial axes share.

    What has a value for each axis gets its type where their number is known.
    rank: that number.
    """

    primary = "filters"
    layout = "channels_first"
    rank: ClassVar[int]

    filters: Filters
    kernel_size: Any
    strides: Any
    padding: Any
    dilation_rate: Any
    depth_multiplier: DepthMultiplier = 1
    activation: Activation = None
    use_bias: UseBias = True
    depthwise_initializer: KernelInitializer = GlorotUniform()
    pointwise_initializer: PointwiseInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    depthwise_regularizer: KernelRegularizer = None
    pointwise_regularizer: PointwiseRegularizer = None
    bias_regularizer: BiasRegularizer = None
    depthwise_constraint: KernelConstraint = None
    pointwise_constraint: PointwiseConstraint = None
    bias_constraint: BiasConstraint = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """The sliding window along each spatial axis."""
        return windows(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_convolvable(x, self.rank, self.activation)
        return (x.with_shape((x.shape[0], *slide(x, self.windows), self.filters)),)

    def depthwise(self, x: TensorType) -> TensorType:
        """What lies between the two convolutions."""
        channels = channels_of(x) * self.depth_multiplier
        return x.with_shape((x.shape[0], *slide(x, self.windows), channels))

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        depthwise = _depthwise_kernel(self, *inputs)
        channels = depthwise.shape[0]
        shape = (self.filters, channels, *[1] * self.rank)
        pointwise = kernel_weight(self, shape, (channels, self.filters), "pointwise")
        return {
            "depthwise.weight": depthwise,
            "pointwise.weight": pointwise,
            **bias_weight(self, self.filters, "pointwise.bias"),
        }

    def flops(self, *inputs: TensorType) -> Size:
        (x,), (y,) = inputs, self.infer(*inputs)
        between, taps = self.depthwise(x), channels_of(x) * self.depth_multiplier
        depthwise = between.elements * (2 * prod(self.kernel_size))
        pointwise = y.elements * (2 * taps + self.use_bias)
        return depthwise + pointwise + activation_flops(y, self.activation)


class SeparableConv1D(_Separable):
    """Convolution of each channel of a sequence `[N, T, C]` by itself, then across channels.

    Weights: `depthwise.weight` (C · depth_multiplier, 1, length), `pointwise.weight` (filters,
    C · depth_multiplier, 1) and `pointwise.bias` (filters,).
    Source: `keras.layers.SeparableConv1D`; explicit pads as in the ONNX operator `Conv`.
    """

    rank = 1

    kernel_size: Cells1 = Field(description=KERNEL_SIZE)
    strides: Cells1 = Field((1,), description=STRIDES)
    padding: Padding1 = Field("valid", description=PADDING)
    dilation_rate: Cells1 = Field((1,), description=DILATION_RATE)

    samples = (
        Sample({"filters": 4, "kernel_size": 3}, ("float32[2, 6, 3]",), ("float32[2, 4, 4]",), 25),
        Sample(
            {
                "filters": 4,
                "kernel_size": 3,
                "strides": 2,
                "dilation_rate": 2,
                "padding": "same",
                "depth_multiplier": 2,
            },
            ("float32[N, T, 3]",),
            ("float32[N, (T + 1)//2, 4]",),
            46,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "padding": (1, 0), "use_bias": False},
            ("float32[2, 5, 3]",),
            ("float32[2, 5, 2]",),
            12,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 2,
                "activation": "relu",
                "depthwise_initializer": "he_normal",
                "pointwise_initializer": "he_uniform",
                "bias_initializer": "ones",
                "depthwise_regularizer": {"l2": 0.01},
                "pointwise_regularizer": {"l1": 0.02},
                "bias_regularizer": {"l1": 0.01},
                "depthwise_constraint": {"max_norm": 0.5},
                "pointwise_constraint": {"unit_norm": {"axis": -2}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 5, 3]",),
            ("float32[2, 4, 2]",),
            14,
        ),
    )


class SeparableConv2D(_Separable):
    """Convolution of each channel of an image `[N, H, W, C]` by itself, then across channels.

    Weights: `depthwise.weight` (C · depth_multiplier, 1, height, width), `pointwise.weight`
    (filters, C · depth_multiplier, 1, 1) and `pointwise.bias` (filters,).
    Source: `keras.layers.SeparableConv2D` (Chollet, 2017); explicit pads as in the ONNX operator
    `Conv`.
    """

    rank = 2

    kernel_size: Cells2 = Field(description=KERNEL_SIZE)
    strides: Cells2 = Field((1, 1), description=STRIDES)
    padding: Padding2 = Field("valid", description=PADDING)
    dilation_rate: Cells2 = Field((1, 1), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 4, "kernel_size": (3, 2)},
            ("float32[2, 5, 6, 3]",),
            ("float32[2, 3, 5, 4]",),
            34,
        ),
        Sample(
            {
                "filters": 4,
                "kernel_size": 3,
                "strides": 2,
                "padding": "same",
                "depth_multiplier": 2,
                "use_bias": False,
            },
            ("float32[N, 2*h, w, 3]",),
            ("float32[N, h, (w + 1)//2, 4]",),
            78,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": ((2, 1), (0, 2))},
            ("float32[2, 4, 5, 3]",),
            ("float32[2, 3, 3, 2]",),
            35,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 1,
                "activation": "relu",
                "depthwise_initializer": "he_normal",
                "pointwise_initializer": "he_uniform",
                "bias_initializer": "ones",
                "depthwise_regularizer": {"l2": 0.01},
                "pointwise_regularizer": {"l1": 0.02},
                "bias_regularizer": {"l1": 0.01},
                "depthwise_constraint": {"max_norm": 0.5},
                "pointwise_constraint": {"unit_norm": {"axis": -2}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 1, 4, 3]",),
            ("float32[2, 1, 4, 2]",),
            11,
        ),
    )


def _depthwise_kernel(layer: _Depthwise | _Separable, x: TensorType) -> WeightDecl:
    """One filter, or several, for each channel; Keras keeps the two apart, and so are its fans."""
    channels, size = (channels_of(x), layer.depth_multiplier), layer.kernel_size
    kernel = kernel_weight(layer, (prod(channels), 1, *size), channels, "depthwise")
    order = (*range(2, layer.rank + 2), 0, 0)
    return replace(kernel, keras_order=order, keras_sizes=(*size, *channels))
