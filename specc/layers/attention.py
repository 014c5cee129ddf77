"""Attention: each query takes a mean of values, weighted by how well their keys fit.

What a layer attends to is said by tensors of bool among its inputs, where true is attended to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from specc.attention import (
    Heads,
    Roles,
    attended,
    require_alike,
    require_broadcastable,
    require_mask,
    require_sequences,
    roles_of,
)
from specc.constraints import ConstraintField
from specc.dims import Shape, Size, product
from specc.initializers import GlorotUniform, Identity, Initializer, InitializerField, Ones, Zeros
from specc.layer import Fault, Layer, Sample, WeightDecl
from specc.regularizers import RegularizerField
from specc.shapes import (
    Axes,
    NonNegative,
    Positive,
    feature_axes,
    one_as_several,
    require_constant,
    require_rank,
)
from specc.tensor import MAX_RANK, TensorType

Sizes = Annotated[
    tuple[Positive, ...],
    Field(min_length=1, max_length=MAX_RANK),
    BeforeValidator(one_as_several, json_schema_input_type=Positive | tuple[Positive, ...]),
]
"""One size, or several."""

Rate = Annotated[
    float, Field(ge=0, le=1, description="The fraction of the weights to drop in training.")
]
Seed = Annotated[
    NonNegative | None,
    Field(description="Seed of the dropout in Keras; PyTorch draws from its own generator."),
]
UseBias = Annotated[bool, Field(description="Whether the projections add a bias.")]
UseGate = Annotated[
    bool,
    Field(description="Whether heads are multiplied by a sigmoid of a projection of the query."),
]
UseCausalMask = Annotated[
    bool, Field(description="Whether a query attends only to positions up to its own.")
]
SlidingWindow = Annotated[
    Positive | None,
    Field(description="How near a key must be: closer than this, before or after the query."),
]
KernelInitializer = Annotated[InitializerField, Field(description="Start of the kernels.")]
BiasInitializer = Annotated[InitializerField, Field(description="Start of the biases.")]
KernelRegularizer = Annotated[RegularizerField, Field(description="Penalty on the kernels.")]
BiasRegularizer = Annotated[RegularizerField, Field(description="Penalty on the biases.")]
KernelConstraint = Annotated[ConstraintField, Field(description="What the kernels are kept to.")]
BiasConstraint = Annotated[ConstraintField, Field(description="What the biases are kept to.")]


class MultiHeadAttention(Layer):
    """Attention of several heads, each on projections of its own, which are projected back.

    Inputs: query `[N, T, C]`, value and key `[N, S, C']`, and a mask of bool `[N, T, S]`, in this
    order; an axis of 1 of the mask is repeated. Without a key it is the value, and without a value
    that is the query: one input attends to itself. With more axes, `attention_axes` says which are
    attended over, all but batch and channels by default: T and S then are these axes, and the mask
    may have the others too, after the batch.
    A query without any key to attend to takes the mean of all values, or zeros where `dropout` is
    not 0 or the inputs have more than three axes, as Keras on TensorFlow has it.
    Weights: `query.weight` (num_heads · key_dim, C), `query.bias`, the same of `key` and `value`,
    of `output`, and of `gate` if there is one.
    Source: `keras.layers.MultiHeadAttention` (Vaswani et al., 2017).
    """

    arity = (1, 4)

    num_heads: Positive = Field(description="The number of heads.")
    key_dim: Positive = Field(description="Channels of each head for queries and keys.")
    value_dim: Positive | None = Field(
        None, description="Channels of each head for values; `key_dim` if absent."
    )
    dropout: Rate = 0.0
    use_bias: UseBias = True
    output_shape: Sizes | None = Field(
        None, description="Channels of the output, or several axes; the query's own if absent."
    )
    attention_axes: Axes | None = Field(
        None, description="The axes attended over, counted with the batch axis, which is 0."
    )
    sliding_window: SlidingWindow = None
    kernel_initializer: KernelInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None
    use_gate: UseGate = False
    seed: Seed = None
    use_causal_mask: UseCausalMask = False

    def axes(self, query: TensorType) -> tuple[int, ...]:
        """The axes that are attended over, counted from the front."""
        if self.attention_axes is None:
            return tuple(range(1, query.rank - 1))
        axes = feature_axes(self.attention_axes, query.rank, parameter="attention_axes")
        if axes[-1] < query.rank - 1:
            return axes
        raise Fault(
            "invalid-parameter",
            "expected axes before the channels, received the last one",
            parameter="attention_axes",
        )

    @property
    def heads(self) -> Heads:
        """The heads and their channels."""
        return Heads(self.num_heads, self.num_heads, self.key_dim, self.value_dim or self.key_dim)

    def empties_to_zero(self, query: TensorType) -> bool:
        """Whether a query that may attend to nothing takes zeros."""
        return self.dropout > 0 or query.rank > 3

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        query, value, key, mask = roles = roles_of(inputs)
        require_sequences(roles)
        axes = self.axes(query)
        for axis in set(range(query.rank - 1)) - set(axes):
            require_alike(query, value, axis, "value", input=1)
        for axis in range(query.rank - 1):
            require_alike(value, key, axis, "key", input=2)
        _require_one_axis_of_time(self, axes)
        if mask is not None:
            require_mask(mask, query, value, axes, input=len(inputs) - 1)
        _require_drawable(self.kernel_initializer)
        self.weights(*inputs)
        return (query.with_shape((*query.shape[:-1], *self.output_sizes(query))),)

    def output_sizes(self, query: TensorType) -> Shape:
        """The last axes of the output."""
        return self.output_shape or (query.channels,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        roles = roles_of(inputs)
        return _projections(self, roles, self.output_sizes(roles.query))

    def takes_images(self, index: int, *inputs: TensorType) -> bool:
        return index < len(inputs) - 1 or roles_of(inputs).mask is None

    def flops(self, *inputs: TensorType) -> Size:
        query, value, *_ = roles = roles_of(inputs)
        columns = product(tuple(value.shape[axis] for axis in self.axes(query)))
        rows = product(query.shape[:-1])
        heads = _heads_flops(self.heads, rows * columns)
        return heads + _projection_flops(self.weights(*inputs), roles)

    samples = (
        Sample({"num_heads": 2, "key_dim": 3}, ("float32[2, 4, 5]",), ("float32[2, 4, 5]",), 143),
        Sample(
            {"num_heads": 2, "key_dim": 3, "value_dim": 4, "output_shape": 7},
            ("float32[N, T, 5]", "float32[N, S, 6]"),
            ("float32[N, T, 7]",),
            197,
        ),
        Sample(
            {"num_heads": 3, "key_dim": 2, "use_bias": False, "output_shape": (3, 2)},
            ("float32[N, T, 5]", "float32[N, S, 4]", "float32[N, S, 3]", "bool[N, 1, S]"),
            ("float32[N, T, 3, 2]",),
            108,
        ),
        Sample(
            {"num_heads": 2, "key_dim": 2, "use_causal_mask": True},
            ("float32[N, T, 4]",),
            ("float32[N, T, 4]",),
            80,
        ),
        Sample(
            {"num_heads": 1, "key_dim": 4, "use_causal_mask": True, "sliding_window": 2},
            ("float32[N, T, 4]", "bool[N, T, T]"),
            ("float32[N, T, 4]",),
            80,
        ),
        Sample(
            {"num_heads": 2, "key_dim": 2, "dropout": 0.5, "seed": 1, "use_gate": True},
            ("float32[N, T, 4]", "float32[N, S, 4]", "bool[N, T, S]"),
            ("float32[N, T, 4]",),
            100,
            training=False,
        ),
        Sample(
            {"num_heads": 2, "key_dim": 2, "sliding_window": 3},
            ("float32[2, 9, 4]", "float32[2, 4, 4]"),
            ("float32[2, 9, 4]",),
            80,
        ),
        Sample(
            {"num_heads": 2, "key_dim": 3},
            ("float32[N, h, w, 4]",),
            ("float32[N, h, w, 4]",),
            118,
        ),
        Sample(
            {"num_heads": 2, "key_dim": 3, "attention_axes": 1, "use_causal_mask": True},
            ("float32[2, 4, 3, 5]", "float32[2, 6, 3, 5]", "bool[2, 4, 6]"),
            ("float32[2, 4, 3, 5]",),
            143,
        ),
        Sample(
            {"num_heads": 2, "key_dim": 3, "attention_axes": (-2, 2)},
            ("float32[2, 3, 2, 5, 4]", "bool[2, 3, 2, 5, 2, 5]"),
            ("float32[2, 3, 2, 5, 4]",),
            118,
        ),
        Sample(
            {
                "num_heads": 2,
                "key_dim": 2,
                "kernel_initializer": {"truncated_normal": {"stddev": 0.02}},
                "bias_initializer": {"constant": {"value": 0.1}},
                "kernel_regularizer": "l2",
                "bias_regularizer": "l1",
                "kernel_constraint": {"max_norm": {"max_value": 0.5, "axis": (0, 1)}},
                "bias_constraint": "unit_norm",
            },
            ("float32[2, 3, 4]",),
            ("float32[2, 3, 4]",),
            80,
        ),
    )


class GroupQueryAttention(Layer):
    """`MultiHeadAttention` in which several heads of the query share one of key and value.

    Inputs: query `[N, T, C]`, value `[N, S, C]`, key `[N, S, C']`, and a mask of bool `[N, T, S]`,
    left out as there. Query head i takes head i // (num_query_heads / num_key_value_heads).
    Weights: as there; those of `key` and `value` have `num_key_value_heads · head_dim` rows.
    Source: `keras.layers.GroupQueryAttention` (Ainslie et al., 2023).
    """

    arity = (1, 4)

    head_dim: Positive = Field(description="Channels of each head.")
    num_query_heads: Positive = Field(description="The number of heads of the query.")
    num_key_value_heads: Positive = Field(
        description="The number of heads of key and value; it divides that of the query."
    )
    dropout: Rate = 0.0
    use_bias: UseBias = True
    sliding_window: SlidingWindow = None
    kernel_initializer: KernelInitializer = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    kernel_constraint: KernelConstraint = None
    bias_constraint: BiasConstraint = None
    use_gate: UseGate = False
    seed: Seed = None
    use_causal_mask: UseCausalMask = False

    def axes(self, query: TensorType) -> tuple[int, ...]:
        """The axes that are attended over: that of the time."""
        return (1,)

    @property
    def heads(self) -> Heads:
        """The heads and their channels."""
        return Heads(self.num_query_heads, self.num_key_value_heads, self.head_dim, self.head_dim)

    def empties_to_zero(self, query: TensorType) -> bool:
        """Whether a query that may attend to nothing takes zeros."""
        return self.dropout > 0

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        query, value, key, mask = roles = roles_of(inputs)
        if self.num_query_heads % self.num_key_value_heads:
            raise Fault(
                "not-divisible",
                f"{self.num_query_heads} heads of the query cannot share "
                f"{self.num_key_value_heads} of key and value evenly",
                parameter="num_key_value_heads",
            )
        require_sequences(roles)
        require_rank(query, 3, "[N, T, C]")
        require_alike(query, value, 0, "value", input=1)
        require_alike(query, value, 2, "value", input=1)
        for axis in (0, 1):
            require_alike(value, key, axis, "key", input=2)
        if mask is not None:
            require_mask(mask, query, value, (1,), input=len(inputs) - 1)
        _require_drawable(self.kernel_initializer)
        self.weights(*inputs)
        return (query,)

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        roles = roles_of(inputs)
        return _projections(self, roles, (roles.query.channels,))

    def takes_images(self, index: int, *inputs: TensorType) -> bool:
        return index < len(inputs) - 1 or roles_of(inputs).mask is None

    def flops(self, *inputs: TensorType) -> Size:
        query, value, *_ = roles = roles_of(inputs)
        heads = _heads_flops(self.heads, product(query.shape[:-1]) * value.shape[1])
        return heads + _projection_flops(self.weights(*inputs), roles)

    samples = (
        Sample(
            {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
            ("float32[N, T, 5]",),
            ("float32[N, T, 5]",),
            209,
        ),
        Sample(
            {
                "head_dim": 2,
                "num_query_heads": 3,
                "num_key_value_heads": 1,
                "use_bias": False,
                "use_gate": True,
                "use_causal_mask": True,
            },
            ("float32[2, 4, 5]", "float32[2, 6, 5]", "float32[2, 6, 3]", "bool[2, 4, 6]"),
            ("float32[2, 4, 5]",),
            106,
        ),
        Sample(
            {
                "head_dim": 2,
                "num_query_heads": 2,
                "num_key_value_heads": 2,
                "dropout": 0.5,
                "sliding_window": 2,
                "seed": 1,
            },
            ("float32[N, T, 4]", "float32[N, S, 4]", "bool[N, 1, S]"),
            ("float32[N, T, 4]",),
            80,
            training=False,
        ),
        Sample(
            {
                "head_dim": 2,
                "num_query_heads": 2,
                "num_key_value_heads": 1,
                "kernel_initializer": "he_normal",
                "bias_initializer": "ones",
                "kernel_regularizer": "l1",
                "bias_regularizer": "l2",
                "kernel_constraint": {"unit_norm": {"axis": 1}},
                "bias_constraint": "non_neg",
            },
            ("float32[2, 3, 4]", "bool[2, 3, 3]"),
            ("float32[2, 3, 4]",),
            60,
        ),
    )


Projecting = MultiHeadAttention | GroupQueryAttention


def _require_one_axis_of_time(layer: MultiHeadAttention, axes: tuple[int, ...]) -> None:
    for parameter in ("use_causal_mask", "sliding_window"):
        if getattr(layer, parameter) and axes != (1,):
            raise Fault(
                "invalid-parameter",
                f"expected attention over axis 1 alone, received {list(axes)}",
                parameter=parameter,
                help="write `attention_axes: 1`: before and after are clear along one axis only",
            )


def _require_drawable(initializer: Initializer) -> None:
    """Refuse an identity: in Keras kernels have an axis of heads."""
    if isinstance(initializer, Identity):
        raise Fault(
            "invalid-parameter",
            "expected an initializer for weights of rank 3, received identity",
            parameter="kernel_initializer",
        )


def _projections(layer: Projecting, roles: Roles, output: Shape) -> dict[str, WeightDecl]:
    """The weights, in the order of the `state_dict`."""
    heads = layer.heads
    sizes = tuple(require_constant(size, "the channels") for size in output)
    weights = {
        **_projection(layer, "query", roles.query, (heads.query, heads.key_dim)),
        **_projection(layer, "key", roles.key, (heads.key_value, heads.key_dim)),
        **_projection(layer, "value", roles.value, (heads.key_value, heads.value_dim)),
        **_linear(layer, "output", (heads.query, heads.value_dim), sizes),
    }
    if layer.use_gate:
        weights |= _projection(layer, "gate", roles.query, (heads.query, heads.value_dim))
    return weights


def _projection(
    layer: Projecting, name: str, x: TensorType, made: tuple[int, int]
) -> dict[str, WeightDecl]:
    return _linear(layer, name, (require_constant(x.channels, f"the {name}'s channels"),), made)


def _linear(
    layer: Projecting, name: str, given: tuple[int, ...], made: tuple[int, ...]
) -> dict[str, WeightDecl]:
    """Keras gives each head an axis of its own. It too counts the fans of the matrices."""
    channels = (prod(given), prod(made))
    kernel = replace(
        layer.declare("kernel", channels[::-1], channels),
        keras_order=(1,) * len(given) + (0,) * len(made),
        keras_sizes=(*given, *made),
    )
    if not layer.use_bias:
        return {f"{name}.weight": kernel}
    bias = replace(
        layer.declare("bias", made),
        shape=(prod(made),),
        keras_order=(0,) * len(made),
        keras_sizes=made,
    )
    return {f"{name}.weight": kernel, f"{name}.bias": bias}


def _heads_flops(heads: Heads, pairs: Size) -> Size:
    """Scores, their softmax and the means, for `pairs` of a query and a key."""
    return pairs * (heads.query * (2 * heads.key_dim + 2 * heads.value_dim + 2))


def _projection_flops(weights: Mapping[str, WeightDecl], roles: Roles) -> Size:
    """Two operations for each element of a kernel and each step, one for each of a bias."""
    total: Size = 0
    for name, weight in weights.items():
        x = {"key": roles.key, "value": roles.value}.get(name.partition(".")[0], roles.query)
        total = total + product(x.shape[:-1]) * (weight.elements * len(weight.shape))
    return total


class ScaledDotProductAttention(Layer):
    """Softmax of the scores query · key · `scale`, times the value: no weights, no projections.

    Inputs: query `[N, …, T, K]`, key `[N, …, S, K]`, value `[N, …, S, V]`; then a bias of floats
    that is added to the scores `[N, …, T, S]`, a mask of bool, or the one and the other. In both
    an axis of 1 is repeated. Heads are an axis of their own: `[N, H, T, K]`.
    A query without any key to attend to takes the mean of all values.
    Source: `keras.ops.dot_product_attention` and the ONNX operator `Attention`.
    """

    arity = (3, 5)

    is_causal: UseCausalMask = False
    scale: Annotated[float, Field(gt=0)] | None = Field(
        None, description="Scores are multiplied by it; 1 / √K if absent."
    )
    dropout: Rate = 0.0

    def options(self, inputs: tuple[TensorType, ...]) -> tuple[bool, bool]:
        """Whether there is a bias among the inputs, and whether there is a mask."""
        mask = len(inputs) > 3 and inputs[-1].dtype == "bool"
        return len(inputs) == 4 + mask, mask

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        query, key, value, *others = inputs
        require_sequences(Roles(query, value, key, None))
        for axis in range(query.rank - 2):
            require_alike(query, key, axis, "key", input=1)
            require_alike(query, value, axis, "value", input=2)
        require_alike(query, key, query.rank - 1, "key", input=1)
        require_alike(key, value, query.rank - 2, "value", input=2)
        self.scale_of(query)
        shape = (*query.shape[:-1], key.shape[-2])
        for index, other in enumerate(others, start=3):
            self._check_dtype(other, index, inputs)
            require_broadcastable(other, shape, input=index)
        return (query.with_shape((*query.shape[:-1], value.channels)),)

    def _check_dtype(self, x: TensorType, index: int, inputs: tuple[TensorType, ...]) -> None:
        bias, _ = self.options(inputs)
        wanted = inputs[0].dtype if bias and index == 3 else "bool"
        if x.dtype != wanted:
            raise Fault(
                "dtype-mismatch",
                f"expected {wanted}, received {x.dtype}",
                input=index,
                help="a bias comes before a mask, and has the dtype of the query",
            )

    def scale_of(self, query: TensorType) -> float:
        """What the scores are multiplied by."""
        if self.scale is not None:
            return self.scale
        return 1 / math.sqrt(require_constant(query.channels, "the query's channels"))

    def takes_images(self, index: int, *inputs: TensorType) -> bool:
        return False

    def flops(self, *inputs: TensorType) -> Size:
        query, key, value, *_ = inputs
        return query.elements * key.shape[-2] * 2 + product(query.shape[:-1]) * key.shape[-2] * (
            2 * value.channels + 2
        )

    samples = (
        Sample(
            {},
            ("float32[N, T, 4]", "float32[N, S, 4]", "float32[N, S, 3]"),
            ("float32[N, T, 3]",),
        ),
        Sample(
            {"is_causal": True, "scale": 0.7},
            ("float32[N, 2, T, 4]", "float32[N, 2, T, 4]", "float32[N, 2, T, 4]"),
            ("float32[N, 2, T, 4]",),
        ),
        Sample(
            {},
            (
                "float32[N, 2, T, 4]",
                "float32[N, 2, S, 4]",
                "float32[N, 2, S, 3]",
                "bool[N, 1, T, S]",
            ),
            ("float32[N, 2, T, 3]",),
        ),
        Sample(
            {"scale": 1.0},
            (
                "float32[2, 3, 4, 5]",
                "float32[2, 3, 6, 5]",
                "float32[2, 3, 6, 5]",
                "float32[1, 3, 4, 6]",
            ),
            ("float32[2, 3, 4, 5]",),
        ),
        Sample(
            {"is_causal": True},
            ("float32[2, 4, 5]", "float32[2, 6, 5]", "float32[2, 6, 5]", "float32[2, 4, 6]"),
            ("float32[2, 4, 5]",),
        ),
        Sample(
            {"is_causal": True, "dropout": 0.5},
            (
                "float32[N, 2, 3, T, 4]",
                "float32[N, 2, 3, T, 4]",
                "float32[N, 2, 3, T, 4]",
                "float32[1, 1, 3, T, T]",
                "bool[1, 2, 1, T, T]",
            ),
            ("float32[N, 2, 3, T, 4]",),
            training=False,
        ),
    )


class _SequenceAttention(Layer):
    """What the layers share that attend from one sequence to another without projections.

    Inputs: query `[N, T, C]`, value `[N, S, V]`, and key `[N, S, C]`, which is the value if left
    out; then a mask of the values `[N, S]`, or one of the queries `[N, T]` and one of the values.
    """

    arity: ClassVar[tuple[int, int]] = (2, 5)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        query, value, key, query_mask, value_mask = roles = attended(inputs)
        require_sequences(Roles(query, value, key, None))
        require_rank(query, 3, "[N, T, C]")
        require_alike(query, value, 0, "value", input=1)
        for axis in (0, 1):
            require_alike(value, key, axis, "key", input=2)
        require_alike(query, key, 2, "key" if key is not value else "value", input=1)
        if value_mask is not None:
            require_broadcastable(value_mask, value.shape[:-1], input=len(inputs) - 1)
        if query_mask is not None:
            require_broadcastable(query_mask, query.shape[:-1], input=len(inputs) - 2)
        self.weights(*inputs)
        return (roles.query.with_shape((*query.shape[:-1], value.channels)),)

    def flops(self, *inputs: TensorType) -> Size:
        query, value, *_ = attended(inputs)
        pairs = product(query.shape[:-1]) * value.shape[1]
        return pairs * (2 * query.channels + 2 * value.channels + 1)


class Attention(_SequenceAttention):
    """Each query takes a mean of values, weighted by the softmax of its scores with the keys.

    Inputs: query `[N, T, C]`, value `[N, S, V]`, and key `[N, S, C]`, which is the value if left
    out; then a mask of the values `[N, S]`, or one of the queries `[N, T]` and one of the values.
    Scores of `dot`: query · key, times a learnt number if `use_scale`. Scores of `concat`: a learnt
    number times Σ tanh(scale · (query + key)). What is masked gets a score less by 10⁹; where the
    query is, the output is 0.
    Weights: `scale` and `concat_score_weight`, of no axes, which start with 1.
    Source: `keras.layers.Attention` (Luong et al., 2015).
    """

    use_scale: bool = Field(False, description="Whether there is a learnt scale of the scores.")
    score_mode: Literal["dot", "concat"] = Field(
        "dot", description="Scores: `dot` product, or `concat`, a sum of tanh."
    )
    dropout: Rate = 0.0
    seed: Seed = None
    use_causal_mask: UseCausalMask = False

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        weights: dict[str, WeightDecl] = {}
        if self.use_scale:
            weights["scale"] = WeightDecl((), Ones())
        if self.score_mode == "concat":
            weights["concat_score_weight"] = WeightDecl((), Ones())
        return weights

    samples = (
        Sample({}, ("float32[N, T, 4]", "float32[N, S, 4]"), ("float32[N, T, 4]",)),
        Sample(
            {"use_scale": True, "use_causal_mask": True},
            ("float32[2, 4, 5]", "float32[2, 6, 3]", "float32[2, 6, 5]", "bool[2, 6]"),
            ("float32[2, 4, 3]",),
            1,
        ),
        Sample(
            {"score_mode": "concat"},
            ("float32[N, T, 4]", "float32[N, S, 4]", "bool[N, T]", "bool[N, S]"),
            ("float32[N, T, 4]",),
            1,
        ),
        Sample(
            {"use_scale": True, "score_mode": "concat"},
            ("float32[2, 4, 5]", "float32[2, 6, 5]"),
            ("float32[2, 4, 5]",),
            2,
        ),
        Sample(
            {"dropout": 0.5, "seed": 1, "use_causal_mask": True},
            ("float32[2, 4, 5]", "float32[2, 4, 5]"),
            ("float32[2, 4, 5]",),
            training=False,
        ),
    )


class AdditiveAttention(_SequenceAttention):
    """`Attention` whose scores are Σ scale · tanh(query + key), with a learnt scale a channel.

    Inputs: as of `Attention`.
    Weights: `scale` (C,), if `use_scale`.
    Source: `keras.layers.AdditiveAttention` (Bahdanau et al., 2014).
    """

    use_scale: bool = Field(True, description="Whether there is a learnt scale for each channel.")
    dropout: Rate = 0.0
    use_causal_mask: UseCausalMask = False

    def weights(self, *inputs: TensorType) -> Mapping[str, WeightDecl]:
        if not self.use_scale:
            return {}
        channels = require_constant(inputs[0].channels, "the query's channels")
        return {"scale": WeightDecl.as_in_keras((channels,), GlorotUniform())}

    samples = (
        Sample({}, ("float32[N, T, 4]", "float32[N, S, 4]"), ("float32[N, T, 4]",), 4),
        Sample(
            {"use_scale": False, "use_causal_mask": True},
            (
                "float32[2, 4, 5]",
                "float32[2, 6, 3]",
                "float32[2, 6, 5]",
                "bool[2, 4]",
                "bool[2, 6]",
            ),
            ("float32[2, 4, 3]",),
        ),
        Sample(
            {"dropout": 0.5},
            ("float32[2, 4, 5]", "float32[2, 6, 5]", "bool[2, 6]"),
            ("float32[2, 4, 5]",),
            5,
            training=False,
        ),
    )
