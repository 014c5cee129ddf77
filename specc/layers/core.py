"""The basic layers: fully connected ones, and activations on their own."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from specc.activations import ACTIVATIONS, HALVES_CHANNELS, ActivationName
from specc.dims import Size
from specc.initializers import GlorotUniform, InitializerField, Zeros
from specc.layer import Layer, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Positive,
    activation_flops,
    require_constant,
    require_float,
    require_keeps_channels,
    require_min_rank,
    with_activation,
)
from specc.tensor import TensorType


class Dense(Layer):
    """Fully connected over the last axis: each output is a weighted sum of all channels.

    Weights: `weight` (units, C) and `bias` (units,).
    Source: `keras.layers.Dense`.
    """

    primary = "units"

    units: Positive = Field(description="Channels of the output.")
    activation: ActivationName | None = Field(None, description="Applied to the output.")
    use_bias: bool = Field(True, description="Whether a bias is added.")
    kernel_initializer: InitializerField = Field(
        GlorotUniform(), description="Start of the kernel."
    )
    bias_initializer: InitializerField = Field(Zeros(), description="Start of the bias.")
    kernel_regularizer: RegularizerField = Field(None, description="Penalty on the kernel.")
    bias_regularizer: RegularizerField = Field(None, description="Penalty on the bias.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 2, "[N, …, C]")
        require_float(x)
        require_constant(x.channels, "the channels")
        require_keeps_channels(self.activation)
        return (x.with_shape((*x.shape[:-1], self.units)),)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        channels = require_constant(x.channels, "the channels")
        kernel = WeightDecl(
            (self.units, channels),
            self.kernel_initializer,
            (channels, self.units),
            regularizer=self.kernel_regularizer,
        )
        if not self.use_bias:
            return {"weight": kernel}
        bias = WeightDecl.as_in_keras((self.units,), self.bias_initializer, self.bias_regularizer)
        return {"weight": kernel, "bias": bias}

    def flops(self, *inputs: TensorType) -> Size:
        (x,) = inputs
        (y,) = self.infer(x)
        return y.elements * (2 * x.channels + self.use_bias) + activation_flops(y, self.activation)

    samples = (
        Sample({"units": 4}, ("float32[2, 3]",), ("float32[2, 4]",), 16),
        Sample({"units": 4}, ("float32[N, 3]",), ("float32[N, 4]",), 16),
        Sample(
            {"units": 5, "activation": "softmax", "use_bias": False},
            ("float32[2, 6, 3]",),
            ("float32[2, 6, 5]",),
            15,
        ),
        Sample(
            {"units": 4, "activation": "relu"},
            ("float32[N, h, w, 3]",),
            ("float32[N, h, w, 4]",),
            16,
        ),
        Sample(
            {
                "units": 1,
                "activation": "sigmoid",
                "kernel_initializer": "he_uniform",
                "bias_initializer": {"constant": {"value": 0.5}},
                "kernel_regularizer": {"l1_l2": {"l1": 0.01, "l2": 0.02}},
                "bias_regularizer": "l2",
            },
            ("float32[2, 8]",),
            ("float32[2, 1]",),
            9,
        ),
    )


class Activation(Layer):
    """An activation function: element by element, or along the last axis (`softmax`, `glu`, …).

    Source: `keras.layers.Activation`; the functions are those of `keras.activations`.
    """

    primary = "activation"
    layout = "any"

    activation: ActivationName = Field(description="The name of the function.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        return (with_activation(x, self.activation),)

    def flops(self, *inputs: TensorType) -> Size:
        (x,) = inputs
        return activation_flops(x, self.activation)

    samples = (
        *(
            Sample({"activation": name}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",))
            for name in ACTIVATIONS
            if name not in HALVES_CHANNELS
        ),
        Sample({"activation": "swish"}, ("float32[N, 3]",), ("float32[N, 3]",)),
        Sample({"activation": "softmax"}, ("float32[N, 3]",), ("float32[N, 3]",)),
        Sample({"activation": "log_softmax"}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",)),
        Sample({"activation": "glu"}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 2]",)),
        Sample({"activation": "glu"}, ("float32[N, 6]",), ("float32[N, 3]",)),
    )
