"""Categories as numbers, in ONNX."""

from __future__ import annotations

from specc.tensor import TensorType

from .counting import reached
from .graph import LOWERINGS, Builder, Tensor

REDUCED = {"multi_hot": "ReduceMax", "count": "ReduceSum"}


@LOWERINGS.add("CategoryEncoding")
def category_encoding(build: Builder, ids: Tensor) -> Tensor:
    return _encoded(build, ids, build.layer.output_mode, build.layer.num_tokens)


def _encoded(build: Builder, ids: Tensor, mode: str, depth: int) -> Tensor:
    """The OneHot of onnxruntime takes int64."""
    ids = build.cast(ids, "int64")
    if mode == "one_hot" and build.output.rank == ids.type.rank:
        ids = build.squeeze(ids, ids.type.rank - 1, suffix="ids")
    values = build.constant([0, 1], "values")
    type = TensorType((*ids.type.shape, depth))
    classes = build.constant(depth, "depth", "int64")
    encoded = build.op("OneHot", ids, classes, values, type=type, axis=-1)
    if mode == "one_hot":
        return encoded
    axis = build.constant([1], "axis", "int64")
    return build.op(REDUCED[mode], encoded, axis, type=build.output, keepdims=0)


@LOWERINGS.add("Discretization")
def discretization(build: Builder, x: Tensor) -> Tensor:
    layer = build.layer
    if layer.output_mode == "int":
        return reached(build, x, layer.bin_boundaries, "int32")
    ranges = reached(build, x, layer.bin_boundaries, "int64")
    return _encoded(build, ranges, layer.output_mode, layer.depth)
