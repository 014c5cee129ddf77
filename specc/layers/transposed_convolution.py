"""Transposed convolutions over sequences, images and volumes: each cell adds a weighted window."""

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
from specc.proofs import at_least
from specc.shapes import activation_flops
from specc.tensor import TensorType
from specc.windows import (
    Amounts1,
    Amounts2,
    Amounts3,
    Cells1,
    Cells2,
    Cells3,
    Padding1,
    Padding2,
    Padding3,
    Unfolding,
    unfoldings,
)

STRIDES = "Cells of the output between two of the input."
PADDING = (
    "`valid`: all that the windows reach; `same`: `strides` times the size; or explicit pads: "
    "cells to cut off."
)
OUTPUT_PADDING = "Cells to add at the end, fewer than the strides; see `padding` if absent."


class _Transposed(Layer):
    """What transposed convolutions over one, two and three spatial axes share.

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
    output_padding: Any
    dilation_rate: Any
    activation: Activation = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    @property
    def unfoldings(self) -> tuple[Unfolding, ...]:
        """The window along each spatial axis."""
        return unfoldings(
            self.kernel_size, self.strides, self.dilation_rate, self.padding, self.output_padding
        )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_convolvable(x, self.rank, self.activation)
        require_strides_or_dilation(self.strides, self.dilation_rate)
        self._check_output_padding()
        spatial = (self._output(x, axis, each) for axis, each in enumerate(self.unfoldings, 1))
        return (x.with_shape((x.shape[0], *spatial, self.filters)),)

    def _check_output_padding(self) -> None:
        if self.output_padding is None:
            return
        for extra, each in zip(self.output_padding, self.unfoldings, strict=True):
            if extra >= each.stride:
                raise Fault(
                    "invalid-parameter",
                    f"expected less than the strides of {each.stride}, received {extra}",
                    parameter="output_padding",
                    help="pad after the layer if more is needed",
                )
            if self.padding == "same" and extra == 0 and each.extent % 2 == 0:
                raise Fault(
                    "invalid-parameter",
                    f"expected at least 1 with `padding: same` and a window of {each.extent}, "
                    "received 0",
                    parameter="output_padding",
                    help="leave it out: the output is then `strides` times the size",
                )

    def _output(self, x: TensorType, axis: int, unfolding: Unfolding) -> Size:
        size = unfolding.output(x.shape[axis])
        if at_least(size, 1) is not False:
            return size
        raise Fault(
            "invalid-parameter",
            f"the pads {list(unfolding.crop)} leave nothing of the {x.axis_name(axis)}",
            parameter="padding",
            help="use smaller pads",
        )

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = channels_of(*inputs)
        shape = (channels, self.filters, *self.kernel_size)
        kernel = kernel_weight(self, shape, (self.filters, channels))
        return {"weight": kernel, **bias_weight(self, self.filters)}

    def flops(self, *inputs: TensorType) -> Size:
        """Each input cell adds to `kernel_size` cells for each filter, cut off or not."""
        (x,) = inputs
        (y,) = self.infer(x)
        taps = self.filters * prod(self.kernel_size)
        added = y.elements * self.use_bias
        return x.elements * (2 * taps) + added + activation_flops(y, self.activation)


class Conv1DTranspose(_Transposed):
    """Transposed convolution over sequences `[N, T, C]`: each step adds a weighted window.

    Weights: `weight` (C, filters, length) and `bias` (filters,).
    Source: `keras.layers.Conv1DTranspose`; explicit pads as in the ONNX operator `ConvTranspose`.
    """

    rank = 1

    kernel_size: Cells1 = Field(description=KERNEL_SIZE)
    strides: Cells1 = Field((1,), description=STRIDES)
    padding: Padding1 = Field("valid", description=PADDING)
    output_padding: Amounts1 | None = Field(None, description=OUTPUT_PADDING)
    dilation_rate: Cells1 = Field((1,), description=DILATION_RATE)

    samples = (
        Sample({"filters": 4, "kernel_size": 3}, ("float32[2, 5, 3]",), ("float32[2, 7, 4]",), 40),
        Sample(
            {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"},
            ("float32[N, T, 3]",),
            ("float32[N, 2*T, 4]",),
            40,
        ),
        Sample(
            {"filters": 4, "kernel_size": 2, "strides": 3, "use_bias": False},
            ("float32[2, 4, 3]",),
            ("float32[2, 12, 4]",),
            24,
        ),
        Sample(
            {"filters": 2, "kernel_size": 4, "strides": 3, "padding": "same", "output_padding": 1},
            ("float32[2, 4, 3]",),
            ("float32[2, 10, 2]",),
            26,
        ),
        Sample(
            {"filters": 2, "kernel_size": 4, "strides": 2, "padding": (2, 0)},
            ("float32[N, T, 3]",),
            ("float32[N, 2*T, 2]",),
            26,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 2,
                "dilation_rate": 3,
                "padding": 1,
                "activation": "relu",
                "kernel_initializer": "he_normal",
                "bias_initializer": "ones",
                "kernel_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "kernel_constraint": {
                    "min_max_norm": {"max_value": 0.5, "rate": 0.5, "axis": (0, -1)}
                },
                "bias_constraint": "unit_norm",
            },
            ("float32[2, 1, 3]",),
            ("float32[2, 2, 2]",),
            14,
        ),
    )


class Conv2DTranspose(_Transposed):
    """Transposed convolution over images `[N, H, W, C]`: each cell adds a weighted window.

    Weights: `weight` (C, filters, height, width) and `bias` (filters,).
    Source: `keras.layers.Conv2DTranspose`; explicit pads as in the ONNX operator `ConvTranspose`.
    """

    rank = 2

    kernel_size: Cells2 = Field(description=KERNEL_SIZE)
    strides: Cells2 = Field((1, 1), description=STRIDES)
    padding: Padding2 = Field("valid", description=PADDING)
    output_padding: Amounts2 | None = Field(None, description=OUTPUT_PADDING)
    dilation_rate: Cells2 = Field((1, 1), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 4, "kernel_size": (3, 2)},
            ("float32[2, 4, 5, 3]",),
            ("float32[2, 6, 6, 4]",),
            76,
        ),
        Sample(
            {"filters": 4, "kernel_size": (3, 5), "strides": 2, "padding": "same"},
            ("float32[2, 4, 5, 3]",),
            ("float32[2, 8, 10, 4]",),
            184,
        ),
        Sample(
            {"filters": 2, "kernel_size": 4, "strides": 2, "padding": "same", "use_bias": False},
            ("float32[N, h, 2*w, 3]",),
            ("float32[N, 2*h, 4*w, 2]",),
            96,
        ),
        Sample(
            {"filters": 2, "kernel_size": (1, 2), "strides": (3, 4), "padding": "same"},
            ("float32[2, 4, 3, 3]",),
            ("float32[2, 12, 12, 2]",),
            14,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "strides": 3},
            ("float32[N, h, w, 3]",),
            ("float32[N, 3*h, 3*w, 2]",),
            26,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": (3, 4),
                "strides": (2, 3),
                "padding": "same",
                "output_padding": (0, 2),
            },
            ("float32[2, 4, 3, 3]",),
            ("float32[2, 7, 8, 2]",),
            74,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "strides": 3, "output_padding": 1},
            ("float32[2, 3, 4, 3]",),
            ("float32[2, 9, 12, 2]",),
            26,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "strides": 3, "output_padding": (0, 2)},
            ("float32[2, 3, 4, 3]",),
            ("float32[2, 8, 13, 2]",),
            26,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "dilation_rate": (2, 1), "padding": "same"},
            ("float32[2, 4, 5, 3]",),
            ("float32[2, 4, 5, 2]",),
            56,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "strides": 2, "padding": 1, "output_padding": 1},
            ("float32[N, h, w, 3]",),
            ("float32[N, 2*h, 2*w, 2]",),
            56,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "padding": ((2, 0), (0, 1)), "activation": "softmax"},
            ("float32[2, 4, 5, 3]",),
            ("float32[2, 4, 6, 2]",),
            56,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 1,
                "kernel_initializer": "he_normal",
                "bias_initializer": "ones",
                "kernel_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "kernel_constraint": {
                    "min_max_norm": {"max_value": 0.5, "rate": 0.5, "axis": (0, 1, -1)}
                },
                "bias_constraint": "unit_norm",
            },
            ("float32[2, 1, 4, 3]",),
            ("float32[2, 1, 4, 2]",),
            8,
        ),
    )


class Conv3DTranspose(_Transposed):
    """Transposed convolution over volumes `[N, D, H, W, C]`: each cell adds a weighted window.

    Weights: `weight` (C, filters, depth, height, width) and `bias` (filters,).
    Source: `keras.layers.Conv3DTranspose`; explicit pads as in the ONNX operator `ConvTranspose`.
    """

    rank = 3

    kernel_size: Cells3 = Field(description=KERNEL_SIZE)
    strides: Cells3 = Field((1, 1, 1), description=STRIDES)
    padding: Padding3 = Field("valid", description=PADDING)
    output_padding: Amounts3 | None = Field(None, description=OUTPUT_PADDING)
    dilation_rate: Cells3 = Field((1, 1, 1), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 2, "kernel_size": (3, 2, 1)},
            ("float32[2, 2, 3, 4, 3]",),
            ("float32[2, 4, 4, 4, 2]",),
            38,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "strides": (1, 2, 3), "padding": "same"},
            ("float32[N, d, h, w, 1]",),
            ("float32[N, d, 2*h, 3*w, 2]",),
            56,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 3,
                "strides": (3, 2, 2),
                "padding": "same",
                "output_padding": (2, 1, 0),
            },
            ("float32[2, 2, 3, 2, 1]",),
            ("float32[2, 6, 6, 3, 2]",),
            56,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 2,
                "dilation_rate": (1, 2, 3),
                "padding": ((0, 0), (1, 0), (0, 2)),
                "use_bias": False,
            },
            ("float32[2, 2, 3, 4, 2]",),
            ("float32[2, 3, 4, 5, 2]",),
            32,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 1,
                "strides": 2,
                "activation": "relu",
                "kernel_initializer": "he_normal",
                "bias_initializer": "ones",
                "kernel_regularizer": {"l2": 0.01},
                "bias_regularizer": {"l1": 0.01},
                "kernel_constraint": {
                    "min_max_norm": {"max_value": 0.5, "rate": 0.5, "axis": (0, 1, 2, -1)}
                },
                "bias_constraint": "unit_norm",
            },
            ("float32[2, 1, 2, 3, 3]",),
            ("float32[2, 2, 4, 6, 2]",),
            8,
        ),
    )
