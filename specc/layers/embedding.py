"""Vectors for ids and for positions: looked up in a table that is learnt, or computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from specc.constraints import ConstraintField
from specc.dims import Size
from specc.initializers import GlorotUniform, InitializerField, RandomNormal, RandomUniform
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Positive,
    feature_axes,
    require_constant,
    require_float,
    require_ids,
    require_min_rank,
    require_rank,
)
from specc.tensor import FLOATS, TensorType

Wavelength = Annotated[
    float, Field(gt=0, description="The slowest pair of channels turns once in 2π · this.")
]


class Embedding(Layer):
    """A vector for each id: row `id` of a learnt table. Ids are int32 or int64, below `input_dim`.

    Which ids are padding is nothing the output carries along: `NotEqual` makes a mask of them.
    Weights: `weight` (input_dim, output_dim).
    Source: `keras.layers.Embedding`.
    """

    input_dim: Positive = Field(description="The number of ids: the largest one plus 1.")
    output_dim: Positive = Field(description="Channels of the vectors.")
    embeddings_initializer: InitializerField = Field(
        RandomUniform(), description="Start of the table."
    )
    embeddings_regularizer: RegularizerField = Field(None, description="Penalty on the table.")
    embeddings_constraint: ConstraintField = Field(None, description="What the table is kept to.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (ids,) = inputs
        require_ids(ids)
        return (TensorType((*ids.shape, self.output_dim)),)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        return {"weight": self.declare("embeddings", (self.input_dim, self.output_dim))}

    samples = (
        Sample({"input_dim": 10, "output_dim": 3}, ("int32[2, 5]",), ("float32[2, 5, 3]",), 30),
        Sample({"input_dim": 12, "output_dim": 1}, ("int64[N, T]",), ("float32[N, T, 1]",), 12),
        Sample({"input_dim": 10, "output_dim": 3}, ("int64[N]",), ("float32[N, 3]",), 30),
        Sample(
            {
                "input_dim": 11,
                "output_dim": 4,
                "embeddings_initializer": "he_normal",
                "embeddings_regularizer": {"l2": 0.01},
                "embeddings_constraint": {"max_norm": {"max_value": 0.5, "axis": 1}},
            },
            ("int32[N, 2, T]",),
            ("float32[N, 2, T, 4]",),
            44,
        ),
    )


class ReversibleEmbedding(Layer):
    """An embedding that also goes backwards: ids to vectors, and vectors to scores for each id.

    What comes in decides: integers are looked up as in `Embedding`; a floating-point tensor
    `[N, …, output_dim]` is multiplied with the transposed table, which gives `[N, …, input_dim]`.
    So `reuse` of it at the end of a language model ties the two together.
    Weights: `weight` (input_dim, output_dim).
    Source: `keras.layers.ReversibleEmbedding` (Press and Wolf, 2016).
    """

    input_dim: Positive = Field(description="The number of ids: the largest one plus 1.")
    output_dim: Positive = Field(description="Channels of the vectors.")
    embeddings_initializer: InitializerField = Field(
        RandomUniform(), description="Start of the table."
    )
    embeddings_regularizer: RegularizerField = Field(None, description="Penalty on the table.")
    embeddings_constraint: ConstraintField = Field(None, description="What the table is kept to.")
    logit_soft_cap: Annotated[float, Field(gt=0)] | None = Field(
        None, description="The scores s become cap · tanh(s / cap)."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        if not self.is_reverse(x):
            require_ids(x)
            return (TensorType((*x.shape, self.output_dim)),)
        require_min_rank(x, 2, "[N, …, C]")
        if x.channels != self.output_dim:
            raise Fault(
                "shape-mismatch",
                f"expected {self.output_dim} channels, those of its vectors, received {x.channels}",
                input=0,
                help=f"insert a Dense of {self.output_dim} before it",
            )
        return (x.with_shape((*x.shape[:-1], self.input_dim)),)

    def is_reverse(self, x: TensorType) -> bool:
        """Whether it makes scores of vectors."""
        return x.dtype in FLOATS

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        return {"weight": self.declare("embeddings", (self.input_dim, self.output_dim))}

    def flops(self, *inputs: TensorType) -> Size:
        (x,) = inputs
        if not self.is_reverse(x):
            return 0
        scores = self.infer(x)[0].elements
        return scores * (2 * self.output_dim + (0 if self.logit_soft_cap is None else 3))

    samples = (
        Sample({"input_dim": 10, "output_dim": 3}, ("int32[N, T]",), ("float32[N, T, 3]",), 30),
        Sample({"input_dim": 5, "output_dim": 3}, ("float32[N, T, 3]",), ("float32[N, T, 5]",), 15),
        Sample(
            {
                "input_dim": 5,
                "output_dim": 4,
                "embeddings_initializer": {"random_normal": {"stddev": 0.02}},
                "embeddings_regularizer": "l2",
                "embeddings_constraint": {"unit_norm": {"axis": 1}},
                "logit_soft_cap": 0.5,
            },
            ("float32[2, 4]",),
            ("float32[2, 5]",),
            20,
        ),
    )


class PositionEmbedding(Layer):
    """Adds a learnt vector for each position to a sequence `[N, …, T, C]`, T ≤ `sequence_length`.

    Weights: `weight` (sequence_length, C).
    Source: `keras_hub.layers.PositionEmbedding`, which gives the vectors without adding them.
    """

    primary = "sequence_length"

    sequence_length: Positive = Field(description="The number of positions: the longest sequence.")
    initializer: InitializerField = Field(GlorotUniform(), description="Start of the vectors.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_sequence(x)
        length = x.shape[-2]
        if isinstance(length, int) and length > self.sequence_length:
            raise Fault(
                "shape-mismatch",
                f"expected at most {self.sequence_length} positions, received {length}",
                input=0,
                help=f"write `sequence_length: {length}`",
            )
        return (x,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = require_constant(inputs[0].channels, "the channels")
        return {
            "weight": WeightDecl.as_in_keras((self.sequence_length, channels), self.initializer)
        }

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({"sequence_length": 5}, ("float32[2, 5, 3]",), ("float32[2, 5, 3]",), 15),
        Sample({"sequence_length": 8}, ("float32[N, T, 4]",), ("float32[N, T, 4]",), 32),
        Sample(
            {"sequence_length": 7, "initializer": {"truncated_normal": {"stddev": 0.02}}},
            ("float32[N, 3, 5, 4]",),
            ("float32[N, 3, 5, 4]",),
            28,
        ),
    )


def require_sequence(x: TensorType) -> None:
    """Refuse all but floating-point tensors `[N, …, T, C]`."""
    require_min_rank(x, 3, "[N, …, T, C]")
    require_float(x)


class SinusoidalEmbedding(Layer):
    """Adds to a sequence `[N, …, T, C]` sines and cosines of each position, from fast to slow.

    Channel 2i gets sin(t · f), channel 2i + 1 cos(t · f), where f = max_wavelength ^ (−2i / C) and
    t counts from 0.
    Source: `keras_hub.layers.SinePositionEmbedding` (Vaswani et al., 2017), which does not add.
    """

    max_wavelength: Wavelength = 10000.0

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_sequence(x)
        require_constant(x.channels, "the channels")
        return (x,)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 5, 6]",), ("float32[2, 5, 6]",)),
        Sample({"max_wavelength": 100.0}, ("float32[N, T, 5]",), ("float32[N, T, 5]",)),
        Sample({}, ("float32[N, 2, T, 4]",), ("float32[N, 2, T, 4]",)),
        Sample({}, ("float32[N, T, 1]",), ("float32[N, T, 1]",)),
    )


class RotaryEmbedding(Layer):
    """Turns pairs of channels by angles that grow with the position: for queries and keys.

    With C channels, channel i < C / 2 and channel i + C / 2 are a pair, which at position t (from
    0) turns by t / scaling_factor · max_wavelength ^ (−2i / C). The channels are the last axis.
    Source: `keras_hub.layers.RotaryEmbedding` (Su et al., 2021).
    """

    max_wavelength: Wavelength = 10000.0
    scaling_factor: Annotated[float, Field(gt=0)] = Field(
        1.0, description="Positions are divided by it, for sequences longer than those trained on."
    )
    sequence_axis: int = Field(
        1,
        description="The axis of the positions; -2 for heads `[N, H, T, C]`.",
    )

    def axis(self, x: TensorType) -> int:
        """The axis of the positions, counted from the front."""
        (axis,) = feature_axes(self.sequence_axis, x.rank, parameter="sequence_axis")
        if axis < x.rank - 1:
            return axis
        raise Fault(
            "invalid-parameter",
            f"expected an axis before the channels, received {self.sequence_axis}",
            parameter="sequence_axis",
            help="write 1 for [N, T, …, C], or -2 for [N, …, T, C]",
        )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_sequence(x)
        self.axis(x)
        channels = require_constant(x.channels, "the channels")
        if channels % 2 == 0:
            return (x,)
        raise Fault(
            "not-divisible",
            f"expected an even number of channels, which turn in pairs, received {channels}",
            input=0,
        )

    def takes_images(self, index: int, *inputs: TensorType) -> bool:
        return False

    def flops(self, *inputs: TensorType) -> Size:
        return 3 * inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 5, 6]",), ("float32[2, 5, 6]",)),
        Sample({}, ("float32[N, T, 3, 4]",), ("float32[N, T, 3, 4]",)),
        Sample(
            {"max_wavelength": 100.0, "scaling_factor": 2.0, "sequence_axis": -2},
            ("float32[N, 3, T, 4]",),
            ("float32[N, 3, T, 4]",),
        ),
    )


class ClassToken(Layer):
    """Puts a learnt vector before a sequence: `[N, T, C]` becomes `[N, T + 1, C]`.

    Weights: `weight` (1, C).
    Source: the `[class]` token of BERT and of the Vision Transformer (Dosovitskiy et al., 2020);
    joined as by `keras.ops.concatenate`.
    """

    initializer: InitializerField = Field(
        RandomNormal(stddev=0.02), description="Start of the vector."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 3, "[N, T, C]")
        require_float(x)
        batch, length, channels = x.shape
        return (x.with_shape((batch, length + 1, channels)),)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        channels = require_constant(inputs[0].channels, "the channels")
        return {"weight": WeightDecl.as_in_keras((1, channels), self.initializer)}

    samples = (
        Sample({}, ("float32[2, 4, 3]",), ("float32[2, 5, 3]",), 3),
        Sample({"initializer": "zeros"}, ("float32[N, T, 4]",), ("float32[N, T + 1, 4]",), 4),
    )
