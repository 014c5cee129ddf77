"""Reductions in ONNX."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def reduction(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    places = sorted(value.axis(axis) for axis in build.layer.axes(value.type))
    axes = build.constant(places, "axes", "int64")
    keepdims = int(build.layer.keepdims)
    return build.op(build.node.type, x, axes, type=build.output, keepdims=keepdims)
