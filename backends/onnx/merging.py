"""Layers that make one tensor of several, in ONNX."""

from __future__ import annotations

from functools import reduce

from specc.shapes import broadcast

from .graph import LOWERINGS, Builder, Tensor

OPS = {"Add": "Add", "Multiply": "Mul"}


@LOWERINGS.add("Concatenate")
def concatenate(build: Builder, *inputs: Tensor) -> Tensor:
    axis = build.node.outputs[0].axis(build.layer.axis)
    return build.op("Concat", *inputs, type=build.output, axis=axis)


@LOWERINGS.add(*OPS)
def elementwise(build: Builder, *inputs: Tensor) -> Tensor:
    """Two at a time, since ONNX has no product of many."""
    kind, rank = OPS[build.node.type], build.output.rank

    def join(a: Tensor, b: Tensor) -> Tensor:
        shape = broadcast((a.type, b.type), build.node.type)
        return build.op(kind, a, b, type=a.type.with_shape(shape))

    return reduce(join, [_aligned(build, x, rank) for x in inputs])


def _aligned(build: Builder, x: Tensor, rank: int) -> Tensor:
    """`x` with axes of size 1 after the batch: ONNX would put them before it."""
    if x.type.rank == rank:
        return x
    batch, *rest = x.type.shape
    aligned = x.type.with_shape((batch, *[1] * (rank - x.type.rank), *rest))
    return build.reshape(x, aligned, suffix="aligned")
