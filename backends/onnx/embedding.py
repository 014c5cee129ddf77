"""Vectors for ids and for positions, in ONNX."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from specc.dims import known
from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor
from .positions import length, positions

Array = NDArray[np.float64]


@LOWERINGS.add("Embedding")
def embedding(build: Builder, ids: Tensor) -> Tensor:
    return build.op("Gather", build.weight("weight"), ids, type=build.output, axis=0)


@LOWERINGS.add("ReversibleEmbedding")
def reversible_embedding(build: Builder, x: Tensor) -> Tensor:
    if not build.layer.is_reverse(x.type):
        return embedding(build, x)
    kernel = build.transpose(build.weight("weight"), (1, 0), suffix="kernel")
    scores = build.op("MatMul", x, kernel, type=build.output)
    if build.layer.logit_soft_cap is None:
        return scores
    cap = build.scalar(build.layer.logit_soft_cap, x)
    return build.op("Mul", build.op("Tanh", build.op("Div", scores, cap)), cap)


@LOWERINGS.add("PositionEmbedding")
def position_embedding(build: Builder, x: Tensor) -> Tensor:
    return build.op("Add", x, _first_rows(build, x, build.weight("weight")))


def _first_rows(build: Builder, x: Tensor, table: Tensor) -> Tensor:
    """As many rows of a table [T', C] as `x` [N, …, T, C] has positions."""
    axis = x.type.rank - 2
    if table.type.shape[0] == x.type.shape[axis]:
        return table
    begin, rows = (build.constant([0], name, "int64") for name in ("begin", "axis"))
    type = table.type.with_shape((x.type.shape[axis], table.type.shape[1]))
    return build.op("Slice", table, begin, length(build, x, axis), rows, type=type, suffix="rows")


@LOWERINGS.add("SinusoidalEmbedding")
def sinusoidal_embedding(build: Builder, x: Tensor) -> Tensor:
    channels = known(x.type.shape[-1])
    frequencies = _frequencies(build, channels).repeat(2)[:channels]
    sin, cos = _waves(build, x, x.type.rank - 2, frequencies, (channels,))
    even = build.constant(np.arange(channels) % 2 == 0, "even", "bool")
    return build.op("Add", x, build.op("Where", even, sin, cos, type=sin.type))


@LOWERINGS.add("RotaryEmbedding")
def rotary_embedding(build: Builder, x: Tensor) -> Tensor:
    """The channels times cos, and the halves (−second, first) times sin."""
    axis, channels = build.layer.axis(x.type), known(x.type.shape[-1])
    frequencies = np.tile(_frequencies(build, channels), 2) / build.layer.scaling_factor
    behind = (*[1] * (x.type.rank - 2 - axis), channels)
    sin, cos = _waves(build, x, axis, frequencies, behind)
    half = x.type.with_shape((*x.type.shape[:-1], channels // 2))
    first, second = build.ops("Split", x, types=(half, half), axis=-1, num_outputs=2)
    turned = build.op("Concat", build.op("Neg", second), first, type=x.type, axis=-1)
    return build.op("Add", build.op("Mul", x, cos), build.op("Mul", turned, sin))


def _frequencies(build: Builder, channels: int) -> Array:
    """What a position is multiplied with, for each two channels."""
    return build.layer.max_wavelength ** -(np.arange(0, channels, 2) / channels)


def _waves(
    build: Builder, x: Tensor, axis: int, frequencies: Array, behind: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Sine and cosine of positions along `axis` of `x` times `frequencies`: [T, *behind].

    The angles are rounded to float32 where they are known, too, as they are at run time.
    """
    rates = frequencies.astype(np.float32).reshape(behind)
    size = x.type.shape[axis]
    if isinstance(size, int):
        build.require_room(size, *behind)
        steps = np.arange(size, dtype=np.float32).reshape(-1, *[1] * len(behind))
        angles = (steps * rates).astype(np.float64)
        sin = build.constant(np.sin(angles), "sin", x.type.dtype)
        return sin, build.constant(np.cos(angles), "cos", x.type.dtype)
    column = TensorType((size, *[1] * len(behind)))
    steps = build.reshape(positions(build, x, axis, "float32"), column, suffix="steps")
    type = TensorType((size, *behind))
    turns = build.op("Mul", steps, build.constant(rates, "frequencies"), type=type)
    sin, cos = (build.op(kind, turns) for kind in ("Sin", "Cos"))
    return build.cast(sin, x.type.dtype), build.cast(cos, x.type.dtype)


@LOWERINGS.add("ClassToken")
def class_token(build: Builder, x: Tensor) -> Tensor:
    """The token, once for each item of the batch, and the sequence."""
    batch, _, channels = x.type.shape
    rest = build.constant([1, channels], "rest", "int64")
    shape = TensorType((3,), "int64")
    sizes = build.op("Concat", length(build, x, 0), rest, type=shape, suffix="sizes", axis=0)
    token = build.op(
        "Expand",
        build.weight("weight"),
        sizes,
        type=x.type.with_shape((batch, 1, channels)),
        suffix="token",
    )
    return build.op("Concat", token, x, type=build.output, axis=1)
