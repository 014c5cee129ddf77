"""The basic layers: fully connected ones, activations on their own, and none at all."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Annotated

from pydantic import BeforeValidator, Field

from specc.activations import ACTIVATIONS, HALVES_CHANNELS, ActivationName
from specc.dims import Size, product
from specc.einsum import Letters, einsum_letters
from specc.initializers import GlorotUniform, Zeros
from specc.kernels import Activation as Activated
from specc.kernels import (
    BiasConstraint,
    BiasInitializer,
    BiasRegularizer,
    KernelConstraint,
    KernelInitializer,
    KernelRegularizer,
    UseBias,
    bias_weight,
    channels_of,
    kernel_weight,
)
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.shapes import (
    Positive,
    activation_flops,
    one_as_several,
    require_constant,
    require_float,
    require_keeps_channels,
    require_min_rank,
    with_activation,
)
from specc.source import printable
from specc.tensor import MAX_RANK, TensorType

OutputShape = Annotated[
    tuple[Positive | None, ...],
    Field(min_length=1, max_length=MAX_RANK),
    BeforeValidator(one_as_several, json_schema_input_type=Positive | tuple[Positive | None, ...]),
]
"""One size, or several, of which those are null that the input has."""


class Dense(Layer):
    """Fully connected over the last axis: each output is a weighted sum of all channels.

    Weights: `weight` (units, C) and `bias` (units,).
    Source: `keras.layers.Dense`.
    """

    primary = "units"

    units: Positive = Field(description="Channels of the output.")
    activation: Activated = None
    use_bias: UseBias = True
    kernel_initializer: KernelInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_min_rank(x, 2, "[N, …, C]")
        require_float(x)
        require_keeps_channels(self.activation)
        channels_of(x)
        return (x.with_shape((*x.shape[:-1], self.units)),)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = channels_of(*inputs)
        kernel = kernel_weight(self, (self.units, channels), (channels, self.units))
        return {"weight": kernel, **bias_weight(self, self.units)}

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
                "kernel_constraint": {"max_norm": 0.5},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 8]",),
            ("float32[2, 1]",),
            9,
        ),
    )


class EinsumDense(Layer):
    """A kernel multiplied in along any axes, as an equation says: `abc,cd->abd` is a `Dense`.

    The equation has the input's axes, the kernel's, and the output's, a letter each, the batch
    first. `...` stands for the axes before those named, or after them: `...c,cd->...d`.
    Weights: `weight`, of the kernel's axes; `bias`, of the output's from the first in `bias_axes`
    on, with 1 for those that share it.
    Source: `keras.layers.EinsumDense`.
    """

    equation: str = Field(description="The axes of input, kernel and output: `abc,cd->abd`.")
    output_shape: OutputShape = Field(
        description="The output's sizes without the batch and `...`; null for one of the input's."
    )
    activation: Activated = None
    bias_axes: str | None = Field(
        None, description="The output's axes, by letter, along which a bias has values of its own."
    )
    kernel_initializer: KernelInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_float(x)
        require_keeps_channels(self.activation)
        letters, sizes = self._solved(x)
        self.weights(x)
        return (x.with_shape(sizes[letter] for letter in letters.output),)

    def _solved(self, x: TensorType) -> tuple[Letters, dict[str, Size]]:
        """The letters of all axes, and the size of each."""
        letters = einsum_letters(self.equation, x)
        sizes: dict[str, Size] = dict(zip(letters.input, x.shape, strict=True))
        first = 0 if self.equation.startswith("...") else 1
        named = [letter for letter in letters.output if letter not in letters.elided][first:]
        if len(named) != len(self.output_shape):
            raise Fault(
                "invalid-parameter",
                f"expected {len(named)} sizes, for {', '.join(named)}, "
                f"received {len(self.output_shape)}",
                parameter="output_shape",
                help="leave out the batch and what `...` stands for",
            )
        for letter, size in zip(named, self.output_shape, strict=True):
            self._settle(sizes, letter, size)
        return letters, sizes

    def _settle(self, sizes: dict[str, Size], letter: str, size: int | None) -> None:
        known = sizes.get(letter)
        settled = known if size is None else size
        if settled is None or known not in (None, settled):
            wanted = f"{known}, as in the input" if known is not None else "a size"
            raise Fault(
                "invalid-parameter",
                f"expected {wanted} for {letter}, received {'null' if size is None else size}",
                parameter="output_shape",
            )
        sizes[letter] = settled

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        (x,) = inputs
        letters, sizes = self._solved(x)
        shape = tuple(require_constant(sizes[each], f"axis {each}") for each in letters.kernel)
        made = prod(
            size for each, size in zip(letters.kernel, shape, strict=True) if each in letters.output
        )
        kernel = self.declare("kernel", shape, (prod(shape) // made, made))
        if self.bias_axes is None:
            return {"weight": kernel}
        bias = self._bias_shape(letters, sizes, self.bias_axes)
        return {"weight": kernel, "bias": self.declare("bias", bias)}

    def _bias_shape(
        self, letters: Letters, sizes: Mapping[str, Size], axes: str
    ) -> tuple[int, ...]:
        named = {*letters.output} - {*letters.elided}
        if not axes or not {*axes} <= named or len({*axes}) < len(axes):
            raise Fault(
                "invalid-parameter",
                f"expected letters of the output {self.equation.rpartition('>')[2]}, each once, "
                f"received `{printable(axes)}`",
                parameter="bias_axes",
            )
        first = min(letters.output.index(each) for each in axes)
        return tuple(
            require_constant(sizes[each], f"axis {each}") if each in axes else 1
            for each in letters.output[first:]
        )

    def flops(self, *inputs: TensorType) -> Size:
        (x,) = inputs
        letters, sizes = self._solved(x)
        (y,) = self.infer(x)
        summed = product(
            tuple(size for letter, size in sizes.items() if letter not in letters.output)
        )
        bias = 0 if self.bias_axes is None else 1
        return y.elements * (2 * summed + bias) + activation_flops(y, self.activation)

    samples = (
        Sample(
            {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"},
            ("float32[N, 3]",),
            ("float32[N, 4]",),
            16,
        ),
        Sample(
            {"equation": "abc,cd->abd", "output_shape": (None, 5), "activation": "softmax"},
            ("float32[N, T, 3]",),
            ("float32[N, T, 5]",),
            15,
        ),
        Sample(
            {"equation": "...x,xyz->...yz", "output_shape": (2, 3), "bias_axes": "yz"},
            ("float32[N, T, 4]",),
            ("float32[N, T, 2, 3]",),
            30,
        ),
        Sample(
            {"equation": "ab...,bc->ac...", "output_shape": 4, "bias_axes": "c"},
            ("float32[2, 3, 5, 6]",),
            ("float32[2, 4, 5, 6]",),
            16,
        ),
        Sample(
            {
                "equation": "abcd,bcde->abe",
                "output_shape": (5, 2),
                "bias_axes": "b",
                "activation": "relu",
                "kernel_initializer": "he_normal",
                "bias_initializer": {"constant": {"value": 0.1}},
                "kernel_regularizer": "l2",
                "bias_regularizer": "l1",
                "kernel_constraint": {"unit_norm": {"axis": (0, -1)}},
                "bias_constraint": {"max_norm": {"max_value": 0.5, "axis": -1}},
            },
            ("float32[2, 5, 3, 4]",),
            ("float32[2, 5, 2]",),
            125,
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


class Identity(Layer):
    """`x`, of any type.

    Source: `keras.layers.Identity`.
    """

    layout = "any"

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        return inputs

    samples = (
        Sample({}, ("float32[N, h, w, 4]",), ("float32[N, h, w, 4]",)),
        Sample({}, ("int64[N]",), ("int64[N]",)),
        Sample({}, ("bool[2, 3]",), ("bool[2, 3]",)),
    )
