"""Counting in ONNX: how many of some thresholds each element reaches."""

from __future__ import annotations

from collections.abc import Sequence

from specc.tensor import DType, TensorType

from .graph import Builder, Tensor


def reached(build: Builder, x: Tensor, thresholds: Sequence[float], dtype: DType) -> Tensor:
    """For each element of `x`, how many of the `thresholds` are not above it, as `dtype`."""
    column = build.unsqueeze(x, x.type.rank)
    row = build.constant(thresholds, "thresholds", x.type.dtype)
    pairs = TensorType((*x.type.shape, len(thresholds)), "bool")
    above = build.op("GreaterOrEqual", column, row, type=pairs, suffix="reached")
    last = build.constant([-1], "axis", "int64")
    type = TensorType(x.type.shape, dtype)
    return build.op("ReduceSum", build.cast(above, dtype), last, type=type, keepdims=0)
