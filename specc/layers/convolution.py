"""Convolutions."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from specc.activations import ActivationName
from specc.dims import Size
from specc.initializers import GlorotUniform, InitializerField, Zeros
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Padding,
    Pair,
    Positive,
    Window,
    activation_flops,
    require_constant,
    require_float,
    require_keeps_channels,
    require_rank,
    slide,
    windows,
)
from specc.tensor import TensorType


class Conv2D(Layer):
    """Convolution over images `[N, H, W, C]`: each output is a weighted sum over a window.

    Weights: `weight` (filters, C / groups, height, width) and `bias` (filters,).
    Source: `keras.layers.Conv2D`; explicit pads as in the ONNX operator `Conv`.
    """

    primary = "filters"
    layout = "channels_first"

    filters: Positive = Field(description="Channels of the output.")
    kernel_size: Pair = Field(description="Height and width of the window, in cells.")
    strides: Pair = Field((1, 1), description="Steps of the window, in cells.")
    padding: Padding = Field("valid", description="`valid`, `same`, or explicit pads in cells.")
    dilation_rate: Pair = Field((1, 1), description="Distance between the window's cells.")
    groups: Positive = Field(1, description="Groups of channels, each with its own filters.")
    activation: ActivationName | None = Field(None, description="Applied to the output.")
    use_bias: bool = Field(True, description="Whether a bias is added.")
    kernel_initializer: InitializerField = Field(
        GlorotUniform(), description="Start of the kernel."
    )
    bias_initializer: InitializerField = Field(Zeros(), description="Start of the bias.")
    kernel_regularizer: RegularizerField = Field(None, description="Penalty on the kernel.")
    bias_regularizer: RegularizerField = Field(None, description="Penalty on the bias.")

    @property
    def windows(self) -> tuple[Window, ...]:
        """The sliding window along the height and along the width."""
        return windows(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        require_float(x)
        require_keeps_channels(self.activation)
        self._check_strides()
        self._check_groups(require_constant(x.channels, "the channels"))
        return (x.with_shape((x.shape[0], *slide(x, self.windows), self.filters)),)

    def _check_strides(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise Fault(
                "invalid-parameter",
                "strides and dilation_rate cannot both be larger than 1",
                parameter="dilation_rate",
                help="Keras has no such convolution: set one of them to 1",
            )

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
        (x,) = inputs
        height, width = self.kernel_size
        channels = require_constant(x.channels, "the channels") // self.groups
        cells = height * width
        kernel = WeightDecl(
            (self.filters, channels, height, width),
            self.kernel_initializer,
            (channels * cells, self.filters * cells),
            regularizer=self.kernel_regularizer,
        )
        if not self.use_bias:
            return {"weight": kernel}
        bias = WeightDecl.as_in_keras((self.filters,), self.bias_initializer, self.bias_regularizer)
        return {"weight": kernel, "bias": bias}

    def flops(self, *inputs: TensorType) -> Size:
        (x,) = inputs
        (y,) = self.infer(x)
        channels = require_constant(x.channels, "the channels") // self.groups
        window = 2 * channels * self.kernel_size[0] * self.kernel_size[1]
        return y.elements * (window + self.use_bias) + activation_flops(y, self.activation)

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
            },
            ("float32[2, 4, 4, 3]",),
            ("float32[2, 4, 4, 4]",),
            16,
        ),
    )
