"""Layers that make one tensor of several, in ONNX."""

from __future__ import annotations

from functools import reduce

from specc.einsum import dot_equation
from specc.shapes import broadcast

from .graph import LOWERINGS, Builder, Tensor

OPS = {"Add": "Add", "Multiply": "Mul", "Subtract": "Sub"}


@LOWERINGS.add("Concatenate")
def concatenate(build: Builder, *inputs: Tensor) -> Tensor:
    axis = build.node.outputs[0].axis(build.layer.axis)
    return build.op("Concat", *inputs, type=build.output, axis=axis)


@LOWERINGS.add(*OPS)
def elementwise(build: Builder, *inputs: Tensor) -> Tensor:
    """Two at a time, since ONNX has no product of many."""
    return _pairwise(build, OPS[build.node.type], inputs)


@LOWERINGS.add("Average")
def average(build: Builder, *inputs: Tensor) -> Tensor:
    total = _pairwise(build, "Add", inputs)
    return build.op("Div", total, build.scalar(len(inputs), total))


def _pairwise(build: Builder, kind: str, inputs: tuple[Tensor, ...]) -> Tensor:
    def join(a: Tensor, b: Tensor) -> Tensor:
        shape = broadcast((a.type, b.type), build.node.type)
        return build.op(kind, a, b, type=a.type.with_shape(shape))

    return reduce(join, [_aligned(build, x, build.output.rank) for x in inputs])


@LOWERINGS.add("Maximum", "Minimum")
def extremum(build: Builder, *inputs: Tensor) -> Tensor:
    aligned = (_aligned(build, x, build.output.rank) for x in inputs)
    return build.op(
        {"Maximum": "Max", "Minimum": "Min"}[build.node.type], *aligned, type=build.output
    )


@LOWERINGS.add("Dot")
def dot(build: Builder, *inputs: Tensor) -> Tensor:
    a, b = inputs
    axes = build.layer.axes_of(a.type, b.type)
    if build.layer.normalize:
        a, b = (_normalized(build, *given) for given in zip(inputs, axes, strict=True))
    if a.type.rank == b.type.rank == 2:
        return build.reduce("ReduceSum", build.op("Mul", a, b), (1,))
    equation = dot_equation(a.type.rank, b.type.rank, axes)
    return build.op("Einsum", a, b, type=build.output, equation=equation)


def _normalized(build: Builder, x: Tensor, axis: int) -> Tensor:
    """Vectors along an axis divided by their lengths, or by 1e-7 if they are shorter."""
    length = build.reduce("ReduceL2", x, (axis,))
    return build.op("Div", x, build.op("Max", length, build.scalar(1e-7, x)))


@LOWERINGS.add("MatMul")
def matmul(build: Builder, *inputs: Tensor) -> Tensor:
    flags = (build.layer.transpose_a, build.layer.transpose_b)
    a, b = (_swapped(build, x) if flag else x for x, flag in zip(inputs, flags, strict=True))
    return build.op("MatMul", a, b, type=build.output)


def _swapped(build: Builder, x: Tensor) -> Tensor:
    *ahead, rows, columns = range(x.type.rank)
    return build.transpose(x, (*ahead, columns, rows), suffix="transposed")


def _aligned(build: Builder, x: Tensor, rank: int) -> Tensor:
    """`x` with axes of size 1 after the batch: ONNX would put them before it."""
    if x.type.rank == rank:
        return x
    batch, *rest = x.type.shape
    aligned = x.type.with_shape((batch, *[1] * (rank - x.type.rank), *rest))
    return build.reshape(x, aligned, suffix="aligned")
