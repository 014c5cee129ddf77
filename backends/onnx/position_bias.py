"""Learnt biases of attention scores, in ONNX."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from specc.dims import Shape, known
from specc.tensor import TensorType

from .counting import reached
from .graph import LOWERINGS, Builder, Tensor
from .positions import positions


@LOWERINGS.add("WindowPositionBias")
def window_position_bias(build: Builder, x: Tensor) -> Tensor:
    """The row of the table for each query and key, by how far they are apart."""
    height, width = build.layer.window_size
    cells = height * width
    build.require_room(cells, cells)
    rows, columns = np.divmod(np.arange(cells), width)
    down = np.subtract.outer(rows, rows) + height - 1
    across = np.subtract.outer(columns, columns) + width - 1
    indices = down * (2 * width - 1) + across
    return _looked_up(build, build.constant(indices, "indices", "int64"))


@LOWERINGS.add("RelativePositionBias")
def relative_position_bias(build: Builder, query: Tensor, *keys: Tensor) -> Tensor:
    """The range of a distance is the number of thresholds that it reaches."""
    key = keys[0] if keys else query
    sizes = (query.type.shape[-2], key.type.shape[-2])
    if all(isinstance(size, int) for size in sizes):
        build.require_room(*sizes)
        return _looked_up(build, build.constant(_buckets(build, sizes), "buckets", "int64"))
    rows, columns = (positions(build, x, x.type.rank - 2) for x in (query, key))
    type = TensorType(sizes, "int64")
    after = build.op("Sub", columns, build.unsqueeze(rows, 1), type=type, suffix="after")
    if not build.layer.bidirectional:
        behind = build.op("Max", build.op("Neg", after), build.scalar(0, after))
        return _looked_up(build, _ranges(build, behind))
    half = build.scalar(build.layer.num_buckets // 2, after)
    later = build.op("Greater", after, build.scalar(0, after), type=TensorType(sizes, "bool"))
    offset = build.op("Mul", build.cast(later, "int64"), half)
    return _looked_up(build, build.op("Add", _ranges(build, build.op("Abs", after)), offset))


def _ranges(build: Builder, distances: Tensor) -> Tensor:
    return reached(build, distances, build.layer.thresholds(), "int64")


def _buckets(build: Builder, sizes: Shape) -> NDArray[np.int64]:
    """The same of distances that are known."""
    layer = build.layer
    rows, columns = np.indices([known(size) for size in sizes])
    after = columns - rows
    distances = np.abs(after) if layer.bidirectional else np.maximum(-after, 0)
    ranges = np.searchsorted(layer.thresholds(), distances, side="right")
    return ranges + (layer.num_buckets // 2 * (after > 0) if layer.bidirectional else 0)


def _looked_up(build: Builder, indices: Tensor) -> Tensor:
    """The biases of rows [T, S] of the table: [1, H, T, S]."""
    table = build.transpose(build.weight("weight"), (1, 0), suffix="table")
    type = build.output.with_shape(build.output.shape[1:])
    biases = build.op("Gather", table, indices, type=type, suffix="biases", axis=1)
    return build.unsqueeze(biases, 0)
