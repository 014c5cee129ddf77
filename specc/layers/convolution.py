"""Convolutions over sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Mapping
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
    Filters,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    UseBias,
    bias_weight,
    channels_of,
    kernel_weight,
    require_convolvable,
    require_strides_or_dilation,
)
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.shapes import Positive, activation_flops
from specc.tensor import TensorType
from specc.windows import (
    CausalPadding,
    Cells1,
    Cells2,
    Cells3,
    Padding2,
    Padding3,
    Window,
    slide,
    windows,
)


class _Convolution(Layer):
    """What convolutions over one, two and three spatial axes share.

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
    groups: Positive = Field(1, description="Groups of channels, each with its own filters.")
    activation: Activation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """The sliding window along each spatial axis."""
        return windows(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_convolvable(x, self.rank, self.activation)
        require_strides_or_dilation(self.strides, self.dilation_rate)
        self._check_groups(channels_of(x))
        return (x.with_shape((x.shape[0], *slide(x, self.windows), self.filters)),)

    def _check_groups(self, channels: int) -> None:
        if channels % self.groups:
            raise Fault(
                "not-divisible",
                f"the input's {channels} channels cannot be divided into {self.groups} groups",
                parameter="groups",
                help=f"use a number of groups that divides {channels}",
            )
        if self.filters % self.groups:
            raise Fault(
                "not-divisible",
                f"{self.filters} filters cannot be divided into {self.groups} groups",
                parameter="filters",
                help=f"use a multiple of {self.groups}",
            )

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = channels_of(*inputs) // self.groups
        shape = (self.filters, channels, *self.kernel_size)
        kernel = kernel_weight(self, shape, (channels, self.filters))
        return {"weight": kernel, **bias_weight(self, self.filters)}

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        taps = channels_of(*inputs) // self.groups * prod(self.kernel_size)
        return y.elements * (2 * taps + self.use_bias) + activation_flops(y, self.activation)


class Conv1D(_Convolution):
    """Convolution over sequences `[N, T, C]`: each output is a weighted sum over a window.

    With `padding: causal`, no output depends on a later step.
    Weights: `weight` (filters, C / groups, length) and `bias` (filters,).
    Source: `keras.layers.Conv1D`; explicit pads as in the ONNX operator `Conv`.
    """

    rank = 1

    kernel_size: Cells1 = Field(description=KERNEL_SIZE)
    strides: Cells1 = Field((1,), description=STRIDES)
    padding: CausalPadding = Field(
        "valid", description="`valid`, `same`, `causal`, or explicit pads in cells."
    )
    dilation_rate: Cells1 = Field((1,), description=DILATION_RATE)

    samples = (
        Sample({"filters": 4, "kernel_size": 3}, ("float32[2, 9, 3]",), ("float32[2, 7, 4]",), 40),
        Sample(
            {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
            ("float32[2, 8, 3]",),
            ("float32[2, 4, 4]",),
            40,
        ),
        Sample(
            {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "padding": "causal"},
            ("float32[N, T, 3]",),
            ("float32[N, T, 4]",),
            40,
        ),
        Sample(
            {"filters": 4, "kernel_size": 4, "strides": 2, "padding": "causal"},
            ("float32[2, 9, 3]",),
            ("float32[2, 5, 4]",),
            52,
        ),
        Sample(
            {"filters": 6, "kernel_size": 3, "groups": 2, "use_bias": False, "padding": 1},
            ("float32[2, 8, 4]",),
            ("float32[2, 8, 6]",),
            36,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "padding": (0, 3), "activation": "relu"},
            ("float32[2, 1, 3]",),
            ("float32[2, 3, 2]",),
            14,
        ),
        Sample(
            {"filters": 4, "kernel_size": 4, "padding": "same", "strides": 3},
            ("float32[N, 3*T, 3]",),
            ("float32[N, T, 4]",),
            52,
        ),
        Sample(
            {"filters": 2, "kernel_size": 1, "padding": "same", "strides": 3},
            ("float32[N, 2*T, 3]",),
            ("float32[N, (2*T + 2)//3, 2]",),
            8,
        ),
        Sample(
            {
                "filters": 4,
                "kernel_size": 1,
                "activation": "softmax",
                "kernel_initializer": "he_normal",
                "bias_initializer": "ones",
                "kernel_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "kernel_constraint": {"max_norm": {"max_value": 0.5, "axis": (0, 1)}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 5, 3]",),
            ("float32[2, 5, 4]",),
            16,
        ),
    )


class Conv2D(_Convolution):
    """Convolution over images `[N, H, W, C]`: each output is a weighted sum over a window.

    Weights: `weight` (filters, C / groups, height, width) and `bias` (filters,).
    Source: `keras.layers.Conv2D`; explicit pads as in the ONNX operator `Conv`.
    """

    rank = 2

    kernel_size: Cells2 = Field(description=KERNEL_SIZE)
    strides: Cells2 = Field((1, 1), description=STRIDES)
    padding: Padding2 = Field("valid", description=PADDING)
    dilation_rate: Cells2 = Field((1, 1), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 4, "kernel_size": 3},
            ("float32[2, 8, 9, 3]",),
            ("float32[2, 6, 7, 4]",),
            112,
        ),
        Sample(
            {"filters": 4, "kernel_size": (3, 2), "strides": 2, "padding": "same"},
            ("float32[2, 8, 9, 3]",),
            ("float32[2, 4, 5, 4]",),
            76,
        ),
        Sample(
            {"filters": 4, "kernel_size": (2, 3), "strides": (1, 2), "padding": "valid"},
            ("float32[2, 8, 9, 3]",),
            ("float32[2, 7, 4, 4]",),
            76,
        ),
        Sample(
            {"filters": 4, "kernel_size": 3, "dilation_rate": 2, "padding": "same"},
            ("float32[2, 8, 9, 3]",),
            ("float32[2, 8, 9, 4]",),
            112,
        ),
        Sample(
            {"filters": 6, "kernel_size": 3, "groups": 2, "use_bias": False},
            ("float32[2, 8, 9, 4]",),
            ("float32[2, 6, 7, 6]",),
            108,
        ),
        Sample(
            {"filters": 4, "kernel_size": 7, "strides": 2, "padding": 3, "use_bias": False},
            ("float32[2, 16, 16, 3]",),
            ("float32[2, 8, 8, 4]",),
            588,
        ),
        Sample(
            {"filters": 4, "kernel_size": 3, "padding": ((0, 1), (2, 1))},
            ("float32[2, 8, 9, 3]",),
            ("float32[2, 7, 10, 4]",),
            112,
        ),
        Sample(
            {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2, "activation": "relu"},
            ("float32[N, 4*h, w, 3]",),
            ("float32[N, 2*h, (w + 1)//2, 4]",),
            112,
        ),
        Sample(
            {
                "filters": 4,
                "kernel_size": 1,
                "kernel_initializer": "he_normal",
                "bias_initializer": "ones",
                "kernel_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "kernel_constraint": {"max_norm": {"max_value": 0.5, "axis": (0, 1, 2)}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 4, 4, 3]",),
            ("float32[2, 4, 4, 4]",),
            16,
        ),
    )


class Conv3D(_Convolution):
    """Convolution over volumes `[N, D, H, W, C]`: each output is a weighted sum over a window.

    Weights: `weight` (filters, C / groups, depth, height, width) and `bias` (filters,).
    Source: `keras.layers.Conv3D`; explicit pads as in the ONNX operator `Conv`.
    """

    rank = 3

    kernel_size: Cells3 = Field(description=KERNEL_SIZE)
    strides: Cells3 = Field((1, 1, 1), description=STRIDES)
    padding: Padding3 = Field("valid", description=PADDING)
    dilation_rate: Cells3 = Field((1, 1, 1), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 4, "kernel_size": 3},
            ("float32[2, 5, 4, 6, 3]",),
            ("float32[2, 3, 2, 4, 4]",),
            328,
        ),
        Sample(
            {"filters": 2, "kernel_size": (3, 2, 1), "strides": (1, 2, 3), "padding": "same"},
            ("float32[2, 4, 5, 7, 3]",),
            ("float32[2, 4, 3, 3, 2]",),
            38,
        ),
        Sample(
            {
                "filters": 4,
                "kernel_size": 2,
                "dilation_rate": (1, 2, 3),
                "groups": 2,
                "use_bias": False,
            },
            ("float32[2, 3, 4, 5, 2]",),
            ("float32[2, 2, 2, 2, 4]",),
            32,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "padding": ((0, 1), (2, 1), (1, 1))},
            ("float32[2, 3, 4, 2, 3]",),
            ("float32[2, 3, 6, 3, 2]",),
            50,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "padding": "same", "strides": 2, "activation": "relu"},
            ("float32[N, 2*d, h, w, 1]",),
            ("float32[N, d, (h + 1)//2, (w + 1)//2, 2]",),
            56,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 1,
                "padding": 1,
                "kernel_initializer": "he_normal",
                "bias_initializer": "ones",
                "kernel_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "kernel_constraint": {"max_norm": {"max_value": 0.5, "axis": (0, 1, 2, 3)}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 1, 2, 3, 3]",),
            ("float32[2, 3, 4, 5, 2]",),
            8,
        ),
    )
