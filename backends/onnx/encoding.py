"""Categories as numbers, in ONNX."""

from __future__ import annotations

from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor

REDUCED = {"multi_hot": "ReduceMax", "count": "ReduceSum"}


@LOWERINGS.add("CategoryEncoding")
def category_encoding(build: Builder, ids: Tensor) -> Tensor:
    """The OneHot of onnxruntime takes int64."""
    layer, ids = build.layer, build.cast(ids, "int64")
    if layer.output_mode == "one_hot" and build.output.rank == ids.type.rank:
        type = ids.type.with_shape(ids.type.shape[:-1])
        last = build.constant([-1], "axis", "int64")
        ids = build.op("Squeeze", ids, last, type=type, suffix="ids")
    depth = build.constant(layer.num_tokens, "depth", "int64")
    values = build.constant([0, 1], "values")
    type = TensorType((*ids.type.shape, layer.num_tokens))
    encoded = build.op("OneHot", ids, depth, values, type=type, axis=-1)
    if layer.output_mode == "one_hot":
        return encoded
    axis = build.constant([1], "axis", "int64")
    kind = REDUCED[layer.output_mode]
    return build.op(kind, encoded, axis, type=build.output, keepdims=0)


@LOWERINGS.add("Discretization")
def discretization(build: Builder, x: Tensor) -> Tensor:
    """The number of boundaries that each element reaches."""
    last = build.constant([-1], "axis", "int64")
    column = x.type.with_shape((*x.type.shape, 1))
    apart = build.op("Unsqueeze", x, last, type=column)
    boundaries = build.constant(build.layer.bin_boundaries, "boundaries", x.type.dtype)
    shape = (*x.type.shape, len(build.layer.bin_boundaries))
    reached = build.op("GreaterOrEqual", apart, boundaries, type=TensorType(shape, "bool"))
    counted = build.cast(reached, "int32")
    return build.op("ReduceSum", counted, last, type=build.output, keepdims=0)
