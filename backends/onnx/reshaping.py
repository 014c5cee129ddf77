"""Layers that give the same elements another shape, or repeat them, in ONNX."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("Flatten")
def flatten(build: Builder, x: Tensor) -> Tensor:
    return build.op("Flatten", x, type=build.output, axis=1)


@LOWERINGS.add("Reshape")
def reshape(build: Builder, x: Tensor) -> Tensor:
    return build.reshape(x, build.output)


@LOWERINGS.add("Permute")
def permute(build: Builder, x: Tensor) -> Tensor:
    (given,), (made,) = build.node.inputs, build.node.outputs
    axes = tuple(
        given.axis((0, *build.layer.dims)[axis]) for axis in made.order or range(made.type.rank)
    )
    return x if axes == tuple(range(len(axes))) else build.transpose(x, axes)


@LOWERINGS.add("RepeatVector")
def repeat_vector(build: Builder, x: Tensor) -> Tensor:
    """The sizes of 1 in the shape of Expand leave those of the input."""
    vectors = build.unsqueeze(x, 1, suffix="unsqueeze")
    shape = build.constant((1, build.layer.n, 1), "shape", "int64")
    return build.op("Expand", vectors, shape, type=build.output)


@LOWERINGS.add("Tile")
def tile(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    order = value.order or range(value.type.rank)
    repeats = [(1, *build.layer.repeats)[axis] for axis in order]
    return build.op("Tile", x, build.constant(repeats, "repeats", "int64"), type=build.output)


@LOWERINGS.add("ExpandDims")
def expand_dims(build: Builder, x: Tensor) -> Tensor:
    return build.unsqueeze(x, *build.layer.axes(build.node.inputs[0].type))


@LOWERINGS.add("Squeeze")
def squeeze(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    axes = [value.axis(axis) for axis in build.layer.axes(value.type)]
    return build.squeeze(x, *axes) if axes else x
