"""Positions along an axis in ONNX: constants where its size is known, else counted at run time."""

from __future__ import annotations

import numpy as np

from specc.tensor import DType, TensorType

from .graph import Builder, Tensor


def length(build: Builder, x: Tensor, axis: int) -> Tensor:
    """The size of an axis of `x`, as int64 [1]."""
    size = x.type.shape[axis]
    if isinstance(size, int):
        return build.constant([size], "length", "int64")
    return build.op(
        "Shape", x, type=TensorType((1,), "int64"), suffix="length", start=axis, end=axis + 1
    )


def positions(build: Builder, x: Tensor, axis: int, dtype: DType = "int64") -> Tensor:
    """0, 1, …, as many as `x` has along `axis`: [T]."""
    size = x.type.shape[axis]
    if isinstance(size, int):
        build.require_room(size)
        return build.constant(np.arange(size), "positions", dtype)
    count = build.squeeze(length(build, x, axis), 0, suffix="count")
    start, step = (build.constant(value, "constant", "int64") for value in (0, 1))
    type = TensorType((size,), "int64")
    return build.cast(build.op("Range", start, count, step, type=type, suffix="positions"), dtype)
