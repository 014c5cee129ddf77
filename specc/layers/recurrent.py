"""Recurrent layers: over the steps of a sequence `[N, T, C]`, and their cells, for one step.

A layer takes `[x]`, `[x, mask]`, `[x, h, c]` or `[x, mask, h, c]` (LSTM; the others have no c). The
mask, bool `[N, T]`, is told by its dtype: at a step where it is false the state stays, and the
output is that of the step before; before the first, zeros. States, `[N, units]`, are zeros if they
are not given. Nothing is kept from call to call: states go in and come out as tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol

from pydantic import Field

from specc.activations import ActivationName
from specc.constraints import ConstraintField
from specc.dims import Size
from specc.initializers import (
    GlorotUniform,
    Initializer,
    InitializerField,
    Orthogonal,
    UnitForgetBias,
    Zeros,
)
from specc.kernels import kernel_weight
from specc.layer import STACKED, Fault, Layer, Sample, WeightDecl
from specc.nesting import Nested
from specc.regularizers import RegularizerField
from specc.shapes import (
    Positive,
    require_constant,
    require_equal_axis,
    require_float,
    require_rank,
    require_recurrent_activation,
    require_step_mask,
)
from specc.tensor import TensorType, shape_text

Units = Annotated[Positive, Field(description="Size of the state and of the output.")]
Activated = Annotated[
    ActivationName | None, Field(description="Applied to the candidate state, and to the output.")
]
GateActivation = Annotated[ActivationName | None, Field(description="Applied to the gates.")]
UseBias = Annotated[bool, Field(description="Whether biases are added.")]
KernelInitializer = Annotated[InitializerField, Field(description="Start of the kernel.")]
RecurrentInitializer = Annotated[
    InitializerField, Field(description="Start of the recurrent kernel.")
]
BiasInitializer = Annotated[InitializerField, Field(description="Start of the biases.")]
ForgetBias = Annotated[
    bool, Field(description="Whether the bias of the forget gate starts at 1 instead.")
]
KernelRegularizer = Annotated[RegularizerField, Field(description="Penalty on the kernel.")]
RecurrentRegularizer = Annotated[
    RegularizerField, Field(description="Penalty on the recurrent kernel.")
]
BiasRegularizer = Annotated[RegularizerField, Field(description="Penalty on the biases.")]
KernelConstraint = Annotated[ConstraintField, Field(description="What the kernel is kept to.")]
RecurrentConstraint = Annotated[
    ConstraintField, Field(description="What the recurrent kernel is kept to.")
]
BiasConstraint = Annotated[ConstraintField, Field(description="What the biases are kept to.")]
Rate = Annotated[float, Field(ge=0, lt=1)]
InputDropout = Annotated[
    Rate, Field(description="Part of the input's channels to drop, alike at all steps.")
]
RecurrentDropout = Annotated[
    Rate, Field(description="Part of the state's channels to drop, alike at all steps.")
]
Seed = Annotated[
    Annotated[int, Field(ge=0, lt=2**31)] | None,
    Field(description="Start of the random numbers; by default the framework's own."),
]
ReturnSequences = Annotated[
    bool, Field(description="Whether the outputs of all steps are given, not only the last.")
]
ReturnState = Annotated[
    bool, Field(description="Whether the states after the last step are given, after the output.")
]
GoBackwards = Annotated[
    bool, Field(description="Whether it goes from the last step to the first, as its outputs do.")
]
ResetAfter = Annotated[
    bool,
    Field(description="Whether the reset gate acts after the recurrent kernel, with a bias there."),
]


def has_mask(inputs: Sequence[TensorType]) -> bool:
    """Whether the second of a recurrent layer's inputs is a mask."""
    return len(inputs) > 1 and inputs[1].dtype == "bool"


class _Step(Layer):
    """What recurrent layers and their cells have in common: the weights of one step.

    gates: the matrices that stand in one kernel; states: the names of the state's tensors.
    work: operations for each unit beside the matrix products.
    suffix: what PyTorch appends to the names of the weights.
    """

    primary = "units"

    gates: ClassVar[int]
    states: ClassVar[tuple[str, ...]]
    work: ClassVar[int]
    suffix: ClassVar[str]

    if TYPE_CHECKING:  # each layer declares them, in the order that Keras has
        units: int
        activation: ActivationName | None
        use_bias: bool
        bias_initializer: Initializer

    @property
    def biases(self) -> tuple[str, ...]:
        """The names of the biases, without the suffix."""
        return ("bias_ih",) if self.use_bias else ()

    @property
    def bias_start(self) -> Initializer:
        """How the biases start."""
        return self.bias_initializer

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = require_constant(inputs[0].channels, "the channels")
        rows = self.gates * self.units
        declared = {
            "weight_ih": kernel_weight(self, (rows, channels), (channels, rows)),
            "weight_hh": kernel_weight(self, (rows, self.units), (self.units, rows), "recurrent"),
            **dict.fromkeys(self.biases, self._bias(rows)),
        }
        return {name + self.suffix: weight for name, weight in declared.items()}

    def _bias(self, rows: int) -> WeightDecl:
        """A bias; Keras has two in one."""
        bias = replace(self.declare("bias", (rows,)), initializer=self.bias_start)
        if len(self.biases) < 2:
            return bias
        stacked = (len(self.biases), rows)
        return replace(bias, fan=stacked, keras_order=(STACKED, 0), keras_sizes=stacked)

    def require_input(self, x: TensorType, rank: int, axes: str) -> None:
        """Refuse what is not a float tensor `axes` of known channels."""
        require_rank(x, rank, axes)
        require_float(x)
        require_constant(x.channels, "the channels")
        require_recurrent_activation(self.activation)
        require_recurrent_activation(getattr(self, "recurrent_activation", None))

    def require_state(self, x: TensorType, state: TensorType, index: int) -> None:
        """Refuse what is no state for `x`."""
        require_rank(state, 2, f"[{x.shape[0]}, {self.units}]", input=index)
        if state.dtype != x.dtype:
            message = f"expected a state of {x.dtype}, as the input is, received {state.dtype}"
            raise Fault("dtype-mismatch", message, input=index)
        require_equal_axis(x, state, 0, "a state is for the same batch", input=index)
        if state.shape[1] != self.units:
            raise Fault(
                "shape-mismatch",
                f"expected a state of {self.units} units, received {shape_text(state.shape)}",
                input=index,
                help="give it as many channels as the layer has units",
            )

    def state_type(self, x: TensorType) -> TensorType:
        """The type of each state."""
        return x.with_shape((x.shape[0], self.units))

    def step_flops(self, x: TensorType) -> Size:
        """Of one step, for each item of the batch."""
        return self.units * (2 * self.gates * (x.channels + self.units) + self.work)


class _Recurrent(_Step):
    """A layer over the steps of a sequence."""

    suffix = "_l0"

    if TYPE_CHECKING:
        dropout: float
        recurrent_dropout: float
        seed: int | None
        return_sequences: bool
        return_state: bool
        go_backwards: bool

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        x = inputs[0]
        require_sequence(self, inputs, 1)
        output = (*x.shape[:2], self.units) if self.return_sequences else (x.shape[0], self.units)
        states = (self.state_type(x),) * len(self.states) if self.return_state else ()
        return (x.with_shape(output), *states)

    def flops(self, *inputs: TensorType) -> Size:
        x = inputs[0]
        return x.shape[0] * x.shape[1] * self.step_flops(x)


def require_sequence(layer: _Recurrent, inputs: tuple[TensorType, ...], directions: int) -> None:
    """Refuse inputs that `layer`, in one direction or both, cannot take."""
    x = inputs[0]
    layer.require_input(x, 3, "[N, T, C]")
    for index, state in states_of(inputs, layer.states * directions):
        layer.require_state(x, state, index)


def states_of(
    inputs: tuple[TensorType, ...], names: tuple[str, ...]
) -> list[tuple[int, TensorType]]:
    """The states among the inputs, each with its index; refuse other than all of `names` or none.

    A mask before them must fit the sequence.
    """
    first = 1 + has_mask(inputs)
    if first == 2:
        require_step_mask(*inputs[:2])
    given = [*enumerate(inputs)][first:]
    if len(given) in (0, len(names)):
        return given
    raise Fault(
        "arity",
        f"expected the states {', '.join(names)} or none, received {len(given)}",
        input=first,
        help="a mask, before the states, is a bool tensor [N, T]",
    )


class _Cell(_Step):
    """One step: from `[x, h]` (or `[x, h, c]`) to the output, `[N, units]`, and the new states."""

    suffix = ""
    only_keras = dict.fromkeys(
        ("dropout", "recurrent_dropout", "seed"),
        "by itself, Keras's cell keeps its first mask for ever: write Dropout before it",
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        x, *states = inputs
        self.require_input(x, 2, "[N, C]")
        for index, state in enumerate(states, start=1):
            self.require_state(x, state, index)
        return (self.state_type(x),) * (1 + len(self.states))

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].shape[0] * self.step_flops(inputs[0])


# What a sample gives to reach all initializers, regularizers and constraints.
STARTS = {
    "kernel_initializer": {"random_normal": {"stddev": 0.3}},
    "recurrent_initializer": {"random_uniform": {"minval": -0.3, "maxval": 0.3}},
    "bias_initializer": {"constant": {"value": 0.25}},
    "kernel_regularizer": {"l2": 0.01},
    "recurrent_regularizer": {"l1": 0.01},
    "bias_regularizer": {"l1_l2": {"l1": 0.01, "l2": 0.02}},
    "kernel_constraint": {"max_norm": {"max_value": 0.4}},
    "recurrent_constraint": {"min_max_norm": {"min_value": 0.5, "max_value": 0.6, "rate": 0.5}},
    "bias_constraint": {"unit_norm": {"axis": -1}},
}

X = "float32[N, T, 3]"
MASK = "bool[N, T]"
STATE = "float32[N, 4]"
SEQUENCE = "float32[N, T, 4]"


class LSTM(_Recurrent):
    """Long short-term memory: gates decide what is kept of a state, added to it and given out.

    For each step, with the gates i, f, o and the candidate g, which are activations of the parts of
    `weight_ih @ x + weight_hh @ h + bias_ih`, in the order i, f, g, o:

        c = f · c + i · g,  h = o · activation(c)

    The output is h; with `return_state` come h and c of the last step.
    Inputs: x, or x and a mask, each with or without the states h and c: see the family.
    Weights: `weight_ih_l0` (4·units, C), `weight_hh_l0` (4·units, units), `bias_ih_l0` (4·units,).
    Source: `keras.layers.LSTM` (Hochreiter and Schmidhuber, 1997).
    """

    arity = (1, 4)
    gates, states, work = 4, ("h", "c"), 17

    units: Units
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
    def bias_start(self) -> Initializer:
        return lstm_bias_start(self)

    samples = (
        Sample({"units": 4}, ("float32[2, 5, 3]",), ("float32[2, 4]",), 128),
        Sample({"units": 4, "return_sequences": True}, (X,), (SEQUENCE,), 128),
        Sample({"units": 4, "return_state": True}, (X,), (STATE,) * 3, 128),
        Sample(
            {"units": 4, "return_sequences": True, "return_state": True},
            (X, MASK, STATE, STATE),
            (SEQUENCE, STATE, STATE),
            128,
        ),
        Sample({"units": 4, "go_backwards": True}, (X, MASK), (STATE,), 128),
        Sample(
            {"units": 4, "go_backwards": True, "return_sequences": True, "use_bias": False},
            (X, STATE, STATE),
            (SEQUENCE,),
            112,
        ),
        Sample(
            {
                "units": 4,
                "activation": "relu",
                "recurrent_activation": "hard_sigmoid",
                "return_sequences": True,
                "unit_forget_bias": False,
                **STARTS,
            },
            (X, MASK),
            (SEQUENCE,),
            128,
        ),
        Sample(
            {"units": 4, "activation": "gelu", "return_state": True}, (X, MASK), (STATE,) * 3, 128
        ),
        Sample({"units": 1}, ("float64[N, 1, 2]",), ("float64[N, 1]",), 16),
        Sample({"units": 4, "dropout": 0.5, "seed": 7}, (X,), (STATE,), 128, training=False),
        Sample(
            {"units": 4, "dropout": 0.25, "recurrent_dropout": 0.5, "return_sequences": True},
            (X,),
            (SEQUENCE,),
            128,
            training=False,
        ),
    )


class GRU(_Recurrent):
    """Gated recurrent unit: gates decide what of the state makes the new one, and what stays.

    For each step, with the gates r, z and the candidate n:

        h = z · h + (1 − z) · n

    r and z are activations of `weight_ih @ x + bias_ih + weight_hh @ h + bias_hh`, and so is n, in
    which r multiplies `weight_hh @ h + bias_hh`; without `reset_after` it multiplies h before the
    product, and there is no `bias_hh`. The weights have the order r, z, n.
    Inputs: x, or x and a mask, each with or without the state h: see the family.
    Weights: `weight_ih_l0` (3·units, C), `weight_hh_l0` (3·units, units), `bias_ih_l0` and
    `bias_hh_l0` (3·units,).
    Source: `keras.layers.GRU` (Cho et al., 2014).
    """

    arity = (1, 3)
    gates, states, work = 3, ("h",), 17

    units: Units
    activation: Activated = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    recurrent_initializer: RecurrentInitializer = Orthogonal()
    bias_initializer: BiasInitializer = Zeros()
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
    reset_after: ResetAfter = True

    @property
    def biases(self) -> tuple[str, ...]:
        return gru_biases(self.use_bias, self.reset_after)

    samples = (
        Sample({"units": 4}, ("float32[2, 5, 3]",), ("float32[2, 4]",), 108),
        Sample({"units": 4, "return_sequences": True}, (X, STATE), (SEQUENCE,), 108),
        Sample(
            {"units": 4, "return_sequences": True, "return_state": True, "go_backwards": True},
            (X, MASK, STATE),
            (SEQUENCE, STATE),
            108,
        ),
        Sample({"units": 4, "return_state": True, "use_bias": False}, (X,), (STATE, STATE), 84),
        Sample({"units": 4, "reset_after": False, "return_sequences": True}, (X,), (SEQUENCE,), 96),
        Sample(
            {"units": 4, "reset_after": False, "use_bias": False}, (X, MASK, STATE), (STATE,), 84
        ),
        Sample(
            {
                "units": 4,
                "activation": "softsign",
                "recurrent_activation": "hard_sigmoid",
                **STARTS,
            },
            (X, MASK),
            (STATE,),
            108,
        ),
        Sample({"units": 4, "activation": "silu"}, (X,), (STATE,), 108),
        Sample({"units": 4, "dropout": 0.5, "seed": 7}, (X,), (STATE,), 108, training=False),
        Sample({"units": 4, "recurrent_dropout": 0.5}, (X,), (STATE,), 108, training=False),
    )


class SimpleRNN(_Recurrent):
    """Fully connected, from the input of a step and the output of the one before.

        h = activation(weight_ih @ x + weight_hh @ h + bias_ih)

    Inputs: x, or x and a mask, each with or without the state h: see the family.
    Weights: `weight_ih_l0` (units, C), `weight_hh_l0` (units, units), `bias_ih_l0` (units,).
    Source: `keras.layers.SimpleRNN` (Elman, 1990).
    """

    arity = (1, 3)
    gates, states, work = 1, ("h",), 3

    units: Units
    activation: Activated = "tanh"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    recurrent_initializer: RecurrentInitializer = Orthogonal()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    dropout: InputDropout = 0.0
    recurrent_dropout: RecurrentDropout = 0.0
    return_sequences: ReturnSequences = False
    return_state: ReturnState = False
    go_backwards: GoBackwards = False
    seed: Seed = None

    samples = (
        Sample({"units": 4}, ("float32[2, 5, 3]",), ("float32[2, 4]",), 32),
        Sample({"units": 4, "activation": "relu", "return_sequences": True}, (X,), (SEQUENCE,), 32),
        Sample(
            {"units": 4, "return_sequences": True, "return_state": True},
            (X, MASK, STATE),
            (SEQUENCE, STATE),
            32,
        ),
        Sample({"units": 4, "go_backwards": True, "use_bias": False}, (X, STATE), (STATE,), 28),
        Sample(
            {"units": 4, "activation": "linear", "return_state": True, **STARTS},
            (X, MASK),
            (STATE, STATE),
            32,
        ),
        Sample({"units": 4, "activation": "softmax"}, (X, MASK), (STATE,), 32),
        Sample(
            {"units": 4, "dropout": 0.5, "recurrent_dropout": 0.25, "seed": 7},
            (X,),
            (STATE,),
            32,
            training=False,
        ),
    )


class _Forgetting(Protocol):
    """An LSTM of any kind."""

    @property
    def bias_initializer(self) -> Initializer: ...
    @property
    def unit_forget_bias(self) -> bool: ...


def lstm_bias_start(layer: _Forgetting) -> Initializer:
    """How the biases of an LSTM start: with `unit_forget_bias` that of the forget gate is 1."""
    start = layer.bias_initializer
    return UnitForgetBias(others=start) if layer.unit_forget_bias else start


def gru_biases(use_bias: bool, reset_after: bool) -> tuple[str, ...]:
    """The names of a GRU's biases: the one of the recurrent kernel comes with `reset_after`."""
    if not use_bias:
        return ()
    return ("bias_ih", "bias_hh") if reset_after else ("bias_ih",)


class LSTMCell(_Cell):
    """One step of an `LSTM`: from x, h and c to the output and the new h and c.

    Weights: `weight_ih` (4·units, C), `weight_hh` (4·units, units), `bias_ih` (4·units,).
    Source: `keras.layers.LSTMCell`.
    """

    arity = (3, 3)
    gates, states, work = LSTM.gates, LSTM.states, LSTM.work

    units: Units
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

    @property
    def bias_start(self) -> Initializer:
        return lstm_bias_start(self)

    samples = (
        Sample({"units": 4}, ("float32[N, 3]", STATE, STATE), (STATE,) * 3, 128),
        Sample(
            {
                "units": 4,
                "activation": "gelu",
                "recurrent_activation": "hard_sigmoid",
                "unit_forget_bias": False,
                **STARTS,
            },
            ("float32[N, 3]", STATE, STATE),
            (STATE,) * 3,
            128,
        ),
        Sample({"units": 4, "use_bias": False}, ("float32[N, 3]", STATE, STATE), (STATE,) * 3, 112),
    )


class GRUCell(_Cell):
    """One step of a `GRU`: from x and h to the output and the new h.

    Weights: `weight_ih` (3·units, C), `weight_hh` (3·units, units), `bias_ih`, `bias_hh`
    (3·units,).
    Source: `keras.layers.GRUCell`.
    """

    arity = (2, 2)
    gates, states, work = GRU.gates, GRU.states, GRU.work

    units: Units
    activation: Activated = "tanh"
    recurrent_activation: GateActivation = "sigmoid"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    recurrent_initializer: RecurrentInitializer = Orthogonal()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None
    reset_after: ResetAfter = True

    @property
    def biases(self) -> tuple[str, ...]:
        return gru_biases(self.use_bias, self.reset_after)

    samples = (
        Sample({"units": 4}, ("float32[N, 3]", STATE), (STATE,) * 2, 108),
        Sample(
            {"units": 4, "activation": "relu", "recurrent_activation": "hard_sigmoid", **STARTS},
            ("float32[N, 3]", STATE),
            (STATE,) * 2,
            108,
        ),
        Sample({"units": 4, "reset_after": False}, ("float32[N, 3]", STATE), (STATE,) * 2, 96),
        Sample({"units": 4, "use_bias": False}, ("float32[N, 3]", STATE), (STATE,) * 2, 84),
    )


class SimpleRNNCell(_Cell):
    """One step of a `SimpleRNN`: from x and h to the output and the new h.

    Weights: `weight_ih` (units, C), `weight_hh` (units, units), `bias_ih` (units,).
    Source: `keras.layers.SimpleRNNCell`.
    """

    arity = (2, 2)
    gates, states, work = SimpleRNN.gates, SimpleRNN.states, SimpleRNN.work

    units: Units
    activation: Activated = "tanh"
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    recurrent_initializer: RecurrentInitializer = Orthogonal()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    recurrent_regularizer: RecurrentRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    recurrent_constraint: RecurrentConstraint = None
    bias_constraint: BiasConstraint = None

    samples = (
        Sample({"units": 4}, ("float32[N, 3]", STATE), (STATE,) * 2, 32),
        Sample(
            {"units": 4, "activation": "relu", **STARTS}, ("float32[N, 3]", STATE), (STATE,) * 2, 32
        ),
        Sample(
            {"units": 4, "activation": "linear", "use_bias": False},
            ("float32[N, 3]", STATE),
            (STATE,) * 2,
            28,
        ),
    )


RECURRENT = ("LSTM", "GRU", "SimpleRNN")
"""The layers that go over a sequence."""

MergeMode = Literal["concat", "sum", "mul", "ave"]


class Bidirectional(Layer):
    """A recurrent layer over a sequence from each end, and what the two give, joined.

    The outputs of the one that goes backwards are turned round, so that both belong to the same
    steps. Of states, given or returned, those of the forward layer come first. With a mask and
    `return_sequences`, the output at masked steps is 0, as in Keras.
    Inputs: x, or x and a mask, each with or without the states of both.
    Weights: those of the layers, as `forward_layer.weight_ih_l0`, `backward_layer.weight_ih_l0`.
    Source: `keras.layers.Bidirectional` (Schuster and Paliwal, 1997).
    """

    primary = "layer"
    arity = (1, 6)

    layer: Annotated[Layer, Nested(RECURRENT)] = Field(
        description="The layer that goes forward, and, without `backward_layer`, backward too."
    )
    merge_mode: MergeMode | None = Field(
        "concat",
        description="How the outputs are joined: after each other (concat), their sum, product "
        "(mul) or mean (ave); null gives both.",
    )
    backward_layer: Annotated[Layer | None, Nested(RECURRENT, optional=True)] = Field(
        None, description="The layer that goes backward, with `go_backwards: true`."
    )

    @property
    def forward(self) -> _Recurrent:
        """The layer that goes forward."""
        assert isinstance(self.layer, _Recurrent)
        return self.layer

    @property
    def backward(self) -> _Recurrent:
        """The layer that goes backward."""
        if self.backward_layer is None:
            return self.forward.model_copy(update={"go_backwards": True})
        assert isinstance(self.backward_layer, _Recurrent)
        return self.backward_layer

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        self._check_layers()
        require_sequence(self.forward, inputs, 2)
        ahead, *states = self.forward.infer(inputs[0])
        if self.merge_mode is None:
            return (ahead, ahead, *states, *states)
        channels = self.forward.units * (2 if self.merge_mode == "concat" else 1)
        return (ahead.with_shape((*ahead.shape[:-1], channels)), *states, *states)

    def _check_layers(self) -> None:
        """Refuse layers that do not go together."""
        kinds = [type(each).__name__ for each in (self.forward, self.backward)]
        if kinds[0] != kinds[1]:
            raise Fault(
                "invalid-parameter",
                f"expected layers of one kind, received {kinds[0]} and {kinds[1]}",
                parameter="backward_layer",
                help="two layers by themselves can be joined by Concatenate",
            )
        if self.forward.go_backwards or not self.backward.go_backwards:
            raise Fault(
                "invalid-parameter",
                "expected `layer` to go forward and `backward_layer` backward",
                parameter="layer" if self.forward.go_backwards else "backward_layer",
                help="`go_backwards: true` belongs to `backward_layer`, and only there",
            )
        for name in ("units", "return_sequences", "return_state", "reset_after"):
            ahead, back = (getattr(each, name, None) for each in (self.forward, self.backward))
            if ahead != back:
                raise Fault(
                    "invalid-parameter",
                    f"expected layers alike in `{name}`, received {ahead} and {back}",
                    parameter="backward_layer",
                )

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        parts = {"forward_layer": self.forward, "backward_layer": self.backward}
        return {
            f"{part}.{name}": weight
            for part, layer in parts.items()
            for name, weight in layer.weights(*inputs).items()
        }

    def flops(self, *inputs: TensorType) -> Size:
        joined = 0 if self.merge_mode in ("concat", None) else self.infer(*inputs)[0].elements
        return self.forward.flops(*inputs) + self.backward.flops(*inputs) + joined

    samples = (
        Sample({"layer": {"LSTM": {"units": 4}}}, ("float32[2, 5, 3]",), ("float32[2, 8]",), 256),
        Sample(
            {"layer": {"LSTM": {"units": 4, "return_sequences": True, "return_state": True}}},
            (X, MASK, *(STATE,) * 4),
            ("float32[N, T, 8]", *(STATE,) * 4),
            256,
        ),
        Sample(
            {"layer": {"GRU": {"units": 4, "return_sequences": True}}, "merge_mode": "sum"},
            (X, MASK),
            (SEQUENCE,),
            216,
        ),
        Sample(
            {"layer": {"GRU": {"units": 4, "return_state": True}}, "merge_mode": None},
            (X, STATE, STATE),
            (STATE,) * 4,
            216,
        ),
        Sample({"layer": {"SimpleRNN": 4}, "merge_mode": "mul"}, (X, MASK), (STATE,), 64),
        Sample(
            {
                "layer": {
                    "GRU": {
                        "units": 4,
                        "activation": "silu",
                        "return_sequences": True,
                        "return_state": True,
                    }
                },
                "merge_mode": None,
            },
            (X, MASK, STATE, STATE),
            (SEQUENCE, SEQUENCE, STATE, STATE),
            216,
        ),
        Sample(
            {
                "layer": {"LSTM": {"units": 4, "return_sequences": True}},
                "backward_layer": {
                    "LSTM": {
                        "units": 4,
                        "activation": "relu",
                        "use_bias": False,
                        "return_sequences": True,
                        "go_backwards": True,
                    }
                },
                "merge_mode": "ave",
            },
            (X,),
            (SEQUENCE,),
            240,
        ),
    )
