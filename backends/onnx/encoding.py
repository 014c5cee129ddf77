"""Categories as numbers, in ONNX."""

from __future__ import annotations

from specc.tensor import TensorType

from .counting import reached
from .graph import LOWERINGS, Builder, Tensor

REDUCED = {"multi_hot": "ReduceMax", "count": "ReduceSum"}


@LOWERINGS.add("CategoryEncoding")
def category_encoding(build: Builder, ids: Tensor) -> Tensor:
    """The OneHot of onnxruntime takes int64."""
    layer, ids = build.layer, build.cast(ids, "int64")
    if layer.output_mode == "one_hot" and build.output.rank == ids.type.rank:
        ids = build.squeeze(ids, ids.type.rank - 1, suffix="ids")
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
    return reached(build, x, build.layer.bin_boundaries, "int32")
