"""Layers that take tensors apart, or put parts of one in another place, in ONNX."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from specc.layers.slicing import Part
from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor

END, BEGIN = 2**63 - 1, -(2**63)
"""Bounds beyond every axis, upwards and downwards."""


@LOWERINGS.add("Slice")
def slice_(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    parts = build.layer.parts(value.type)
    physical = {value.axis(axis): part for axis, part in parts.items()}
    return sliced(build, x, physical, build.output)


@LOWERINGS.add("Take")
def take(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    indices = build.constant(build.layer.indices, "indices", "int64")
    return build.op("Gather", x, indices, type=build.output, axis=value.axis(build.layer.axis))


@LOWERINGS.add("Split")
def split(build: Builder, x: Tensor) -> tuple[Tensor, ...]:
    """A Split; slices where the sizes depend on the input's."""
    (value,) = build.node.inputs
    layer, axis = build.layer, value.axis(build.layer.axis)
    types = [made.physical for made in build.node.outputs]
    lengths = [length for type in types if isinstance(length := type.shape[axis], int)]
    if len(lengths) == len(types):
        sizes = build.constant(lengths, "sizes", "int64")
        return build.ops("Split", x, sizes, types=types, axis=axis)
    if isinstance(layer.sections, int):
        return build.ops("Split", x, types=types, axis=axis, num_outputs=layer.sections)
    parts = zip(layer.parts, types, strict=True)
    return tuple(sliced(build, x, {axis: part}, type) for part, type in parts)


@LOWERINGS.add("Flip")
def flip(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    axis = build.layer.axis
    axes = [value.axis(each) for each in (axis if isinstance(axis, tuple) else (axis,))]
    bounds = [
        build.constant([bound] * len(axes), name, "int64")
        for name, bound in (("starts", -1), ("ends", BEGIN))
    ]
    steps = build.constant([-1] * len(axes), "steps", "int64")
    return build.op("Slice", x, *bounds, build.constant(axes, "axes", "int64"), steps)


@LOWERINGS.add("Roll")
def roll(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    for axis, shift in build.layer.shifts(value.type).items():
        size = value.type.shape[axis]
        distance = shift % size if isinstance(size, int) else shift
        if distance:
            x = _rolled(build, x, value.axis(axis), distance)
    return x


def _rolled(build: Builder, x: Tensor, axis: int, distance: int) -> Tensor:
    """By one Gather where the size is known; else what falls off an end is put before the rest."""
    size = x.type.shape[axis]
    if isinstance(size, int):
        build.require_room(size)
        places = build.constant(np.roll(np.arange(size), distance), "places", "int64")
        return build.op("Gather", x, places, type=x.type, axis=axis)
    lengths = (distance, size - distance) if distance > 0 else (size + distance, -distance)
    parts = [
        sliced(build, x, {axis: part}, x.type.with_size(axis, length), "part")
        for part, length in zip(
            (slice(-distance, None, 1), slice(0, -distance, 1)), lengths, strict=True
        )
    ]
    return build.op("Concat", *parts, type=x.type, axis=axis)


def sliced(
    build: Builder, x: Tensor, parts: Mapping[int, Part], type: TensorType, suffix: str = ""
) -> Tensor:
    """The `parts` of the physical axes of `x`, which are of the given `type`."""
    starts = build.constant([part.start for part in parts.values()], "starts", "int64")
    stops = [END if part.stop is None else part.stop for part in parts.values()]
    ends = build.constant(stops, "ends", "int64")
    axes = build.constant([*parts], "axes", "int64")
    steps = [part.step for part in parts.values()]
    strides = build.constant(steps, "steps", "int64") if set(steps) != {1} else None
    given = (starts, ends, axes) if strides is None else (starts, ends, axes, strides)
    return build.op("Slice", x, *given, type=type, suffix=suffix)
