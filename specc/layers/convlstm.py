"""Recurrent layers over sequences of sequences, of images and of volumes: `[N, T, …, C]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import ClassVar, Generic, Literal

from pydantic import Field

from specc.dims import Size
from specc.initializers import GlorotUniform, Orthogonal, Zeros
from specc.kernels import kernel_weight, require_strides_or_dilation
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.layers.recurrent import (
    STARTS,
    Activated,
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    ForgetBias,
    GateActivation,
    GoBackwards,
    InputDropout,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    RecurrentConstraint,
    RecurrentDropout,
    RecurrentInitializer,
    RecurrentRegularizer,
    ReturnSequences,
    ReturnState,
    Seed,
    UseBias,
    lstm_bias_start,
    states_of,
)
from specc.shapes import (
    Positive,
    require_constant,
    require_equal_axis,
    require_float,
    require_rank,
    require_recurrent_activation,
)
from specc.tensor import TensorType, shape_text
from specc.windows import Cells, Cells1, Cells2, Cells3, Window, slide, windows

FRAMES = {1: "[N, T, L, C]", 2: "[N, T, H, W, C]", 3: "[N, T, D, H, W, C]"}
STRIDES = "Cells between the windows of the input; those of the state are 1 apart."
DILATION_RATE = "Cells between the taps of a window of the input."


class _ConvLSTM(Layer, Generic[Cells]):
    """An LSTM in which each product with a matrix is a convolution.

    rank: the number of spatial axes.
    """

    primary = "filters"
    layout = "channels_first"
    arity = (1, 4)
    rank: ClassVar[int]
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    filters: Positive = Field(description="Channels of the state and of the output.")
    kernel_size: Cells = Field(description="Cells of a window along each spatial axis.")
    strides: Cells = Field(description=STRIDES)
    padding: Literal["valid", "same"] = Field(
        "valid", description="Of the input: `valid` or `same`; the state is always padded."
    )
    dilation_rate: Cells = Field(description=DILATION_RATE)
    activation: Activated = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    recurrent_initializer: RecurrentInitializer = Orthogonal()
    bias_initializer: BiasInitializer = Zeros()
    unit_forget_bias: ForgetBias = True
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: InputDropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    seed: Seed = None
    return_sequences: ReturnSequences = False
    return_state: ReturnState = False
    go_backwards: GoBackwards = False

    @property
    def windows(self) -> tuple[Window, ...]:
        """The window along each spatial axis of the input."""
        return windows(self.kernel_size, self.strides, self.dilation_rate, self.padding)

    @property
    def state_windows(self) -> tuple[Window, ...]:
        """The window along each spatial axis of the state."""
        ones = (1,) * self.rank
        return windows(self.kernel_size, ones, ones, "same")

    def frame(self, x: TensorType) -> TensorType:
        """The type of one step of a sequence."""
        return x.with_shape((x.shape[0], *x.shape[2:]))

    def state(self, x: TensorType) -> TensorType:
        """The type of each state."""
        frame = self.frame(x)
        return x.with_shape((x.shape[0], *slide(frame, self.windows), self.filters))

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        x = inputs[0]
        self._check_input(x)
        state = self.state(x)
        for index, received in states_of(inputs, self.states):
            _require_state(received, state, index)
        shape = (*x.shape[:2], *state.shape[1:]) if self.return_sequences else state.shape
        last = (state,) * len(self.states) if self.return_state else ()
        return (x.with_shape(shape), *last)

    def _check_input(self, x: TensorType) -> None:
        require_rank(x, self.rank + 3, FRAMES[self.rank])
        require_float(x)
        for axis in range(2, x.rank):
            require_constant(x.shape[axis], "each size of a step")
        require_strides_or_dilation(self.strides, self.dilation_rate)
        for activation in (self.activation, self.recurrent_activation):
            require_recurrent_activation(activation)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = require_constant(inputs[0].channels, "the channels")
        filters, size = self.filters, self.kernel_size
        rows = 4 * filters
        weights = {
            "weight_ih": kernel_weight(self, (rows, channels, *size), (channels, rows)),
            "weight_hh": kernel_weight(self, (rows, filters, *size), (filters, rows), "recurrent"),
        }
        if self.use_bias:
            bias = self.declare("bias", (rows,))
            weights["bias_ih"] = replace(bias, initializer=lstm_bias_start(self))
        return weights

    def flops(self, *inputs: TensorType) -> Size:
        x = inputs[0]
        taps = prod(self.kernel_size) * (x.channels + self.filters)
        return x.shape[1] * self.state(x).elements * (8 * taps + 17)


def _require_state(received: TensorType, state: TensorType, index: int) -> None:
    """Refuse what is not of the type `state`."""
    require_rank(received, state.rank, shape_text(state.shape), input=index)
    if received.dtype != state.dtype:
        message = f"expected a state of {state.dtype}, as the input is, received {received.dtype}"
        raise Fault("dtype-mismatch", message, input=index)
    for axis in range(state.rank):
        what = f"a state is {shape_text(state.shape)}"
        require_equal_axis(state, received, axis, what, input=index)


class ConvLSTM1D(_ConvLSTM[Cells1]):
    """An `LSTM` over sequences `[N, T, L, C]` in which products are convolutions of sequences.

    Inputs: x, or x and a mask [N, T], each with or without the states h and c.
    Weights: `weight_ih` (4·filters, C, length), `weight_hh` (4·filters, filters, length) and
    `bias_ih` (4·filters,), with the gates in the order i, f, g, o.
    Source: `keras.layers.ConvLSTM1D` (Shi et al., 2015).
    """

    rank = 1

    strides: Cells1 = Field((1,), description=STRIDES)
    dilation_rate: Cells1 = Field((1,), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 2, "kernel_size": 3}, ("float32[2, 3, 6, 3]",), ("float32[2, 4, 2]",), 128
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 2,
                "strides": 2,
                "padding": "same",
                "return_sequences": True,
                "return_state": True,
            },
            ("float32[N, T, 5, 3]", "bool[N, T]", "float32[N, 3, 2]", "float32[N, 3, 2]"),
            ("float32[N, T, 3, 2]", "float32[N, 3, 2]", "float32[N, 3, 2]"),
            88,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 3,
                "dilation_rate": 2,
                "padding": "same",
                "go_backwards": True,
                "activation": "relu",
                "recurrent_activation": "hard_sigmoid",
                "unit_forget_bias": False,
                **STARTS,
            },
            ("float32[N, T, 6, 3]",),
            ("float32[N, 6, 2]",),
            128,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "use_bias": False, "dropout": 0.5, "seed": 3},
            ("float32[N, T, 6, 3]",),
            ("float32[N, 4, 2]",),
            120,
            training=False,
        ),
        Sample(
            {"filters": 2, "kernel_size": 3, "recurrent_dropout": 0.5},
            ("float32[N, T, 6, 3]",),
            ("float32[N, 4, 2]",),
            128,
            training=False,
        ),
    )


class ConvLSTM2D(_ConvLSTM[Cells2]):
    """An `LSTM` over videos `[N, T, H, W, C]` in which products are convolutions of images.

    Inputs: x, or x and a mask [N, T], each with or without the states h and c.
    Weights: `weight_ih` (4·filters, C, height, width), `weight_hh` (4·filters, filters, height,
    width) and `bias_ih` (4·filters,), with the gates in the order i, f, g, o.
    Source: `keras.layers.ConvLSTM2D` (Shi et al., 2015).
    """

    rank = 2

    strides: Cells2 = Field((1, 1), description=STRIDES)
    dilation_rate: Cells2 = Field((1, 1), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 2, "kernel_size": (3, 2), "padding": "same", "return_sequences": True},
            ("float32[N, T, 5, 4, 3]",),
            ("float32[N, T, 5, 4, 2]",),
            248,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "strides": (2, 1), "return_state": True},
            ("float32[2, 3, 5, 4, 3]", "bool[2, 3]"),
            ("float32[2, 2, 3, 2]",) * 3,
            168,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 2,
                "dilation_rate": 2,
                "go_backwards": True,
                "return_sequences": True,
                "activation": "relu",
                "recurrent_activation": "hard_sigmoid",
                "unit_forget_bias": False,
                **STARTS,
            },
            ("float32[N, T, 5, 4, 3]",),
            ("float32[N, T, 3, 2, 2]",),
            168,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 1,
                "use_bias": False,
                "dropout": 0.5,
                "recurrent_dropout": 0.5,
                "seed": 3,
            },
            ("float32[N, T, 5, 4, 3]",),
            ("float32[N, 5, 4, 2]",),
            40,
            training=False,
        ),
    )


class ConvLSTM3D(_ConvLSTM[Cells3]):
    """An `LSTM` over volumes `[N, T, D, H, W, C]` in which products are convolutions of volumes.

    Inputs: x, or x and a mask [N, T], each with or without the states h and c.
    Weights: `weight_ih` (4·filters, C, depth, height, width), `weight_hh` (4·filters, filters,
    depth, height, width) and `bias_ih` (4·filters,), with the gates in the order i, f, g, o.
    Source: `keras.layers.ConvLSTM3D` (Shi et al., 2015).
    """

    rank = 3

    strides: Cells3 = Field((1, 1, 1), description=STRIDES)
    dilation_rate: Cells3 = Field((1, 1, 1), description=DILATION_RATE)

    samples = (
        Sample(
            {"filters": 2, "kernel_size": 2, "padding": "same", "return_sequences": True},
            ("float32[N, T, 2, 3, 4, 1]",),
            ("float32[N, T, 2, 3, 4, 2]",),
            200,
        ),
        Sample(
            {"filters": 2, "kernel_size": 2, "strides": 2, "return_state": True},
            ("float32[2, 3, 4, 3, 2, 1]", "bool[2, 3]"),
            ("float32[2, 2, 1, 1, 2]",) * 3,
            200,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": (1, 2, 2),
                "dilation_rate": (1, 2, 1),
                "go_backwards": True,
                "activation": "relu",
                "recurrent_activation": "hard_sigmoid",
                "unit_forget_bias": False,
                **STARTS,
            },
            ("float32[N, T, 2, 3, 4, 1]",),
            ("float32[N, 2, 1, 3, 2]",),
            104,
        ),
        Sample(
            {
                "filters": 2,
                "kernel_size": 1,
                "use_bias": False,
                "dropout": 0.5,
                "recurrent_dropout": 0.5,
                "seed": 3,
            },
            ("float32[N, T, 2, 3, 4, 1]",),
            ("float32[N, 2, 3, 4, 2]",),
            24,
            training=False,
        ),
    )
