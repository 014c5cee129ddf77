"""Poolings into so many windows, which ONNX has no operator for, channels first."""

from __future__ import annotations

import numpy as np

from specc.dims import known
from specc.windows import parts

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D")
def adaptive_average_pooling(build: Builder, x: Tensor) -> Tensor:
    if set(build.layer.output_size) == {1}:
        return build.op("GlobalAveragePool", x, type=build.output)
    x = _in_equal_parts(build, x, "AveragePool", "ReduceMean")
    for axis, count in _axes(build):
        if x.type.shape[axis] != count:
            x = _averaged(build, x, axis, count)
    return x


@LOWERINGS.add("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")
def adaptive_max_pooling(build: Builder, x: Tensor) -> Tensor:
    if set(build.layer.output_size) == {1}:
        return build.op("GlobalMaxPool", x, type=build.output)
    x = _in_equal_parts(build, x, "MaxPool", "ReduceMax")
    for axis, count in _axes(build):
        if x.type.shape[axis] != count:
            x = _greatest(build, x, axis, count)
    return x


def _axes(build: Builder) -> list[tuple[int, int]]:
    """The spatial axes, the last first, each with the number of its windows."""
    counts: tuple[int, ...] = build.layer.output_size
    return [*enumerate(counts, start=2)][::-1]


def _in_equal_parts(build: Builder, x: Tensor, pool: str, reduce: str) -> Tensor:
    """`x` pooled along the axes whose windows are all alike: known sizes by one op together."""
    sizes = x.type.shape[2:]
    kernel = [
        size // count if isinstance(size, int) and size % count == 0 else 1
        for size, count in zip(sizes, build.layer.output_size, strict=True)
    ]
    if max(kernel) > 1:
        spatial = (size // cells for size, cells in zip(sizes, kernel, strict=True))
        type = x.type.with_shape((*x.type.shape[:2], *spatial))
        x = build.op(pool, x, type=type, kernel_shape=kernel, strides=kernel)
    for axis, count in _axes(build):
        if not isinstance(x.type.shape[axis], int):
            x = _split(build, x, reduce, axis, count)
    return x


def _split(build: Builder, x: Tensor, reduce: str, axis: int, count: int) -> Tensor:
    """`x` with an axis of unknown size as `count` windows; the axes after it are known."""
    if count == 1:
        return build.reduce(reduce, x, [axis])
    *before, size = x.type.shape[: axis + 1]
    after = x.type.shape[axis + 1 :]
    windows = x.type.with_shape((*before, count, size // count, *after))
    pooled = x.type.with_shape((*before, count, *after))
    axes = build.constant([axis + 1], "axes", "int64")
    return build.op(
        reduce, build.reshape(x, windows, suffix="windows"), axes, type=pooled, keepdims=0
    )


def _averaged(build: Builder, x: Tensor, axis: int, count: int) -> Tensor:
    """`x` with the means of windows that overlap: a product with a matrix of their weights."""
    size = known(x.type.shape[axis])
    build.require_room(size, count)
    weights = np.zeros((size, count))
    for window, (begin, end) in enumerate(parts(size, count)):
        weights[begin:end, window] = 1 / (end - begin)
    matrix = build.constant(weights, "windows", x.type.dtype)
    letters = "nc" + "dhw"[-len(build.layer.output_size) :]
    made = letters.replace(letters[axis], "o")
    return build.op(
        "Einsum",
        x,
        matrix,
        type=x.type.with_size(axis, count),
        equation=f"{letters},{letters[axis]}o->{made}",
    )


def _greatest(build: Builder, x: Tensor, axis: int, count: int) -> Tensor:
    """`x` with the maxima of windows that overlap, each filled up with its last cell."""
    size = known(x.type.shape[axis])
    build.require_room(size, count)
    windows = parts(size, count)
    length = max(end - begin for begin, end in windows)
    cells = [[min(begin + cell, end - 1) for cell in range(length)] for begin, end in windows]
    shape = (*x.type.shape[:axis], count, length, *x.type.shape[axis + 1 :])
    places = build.constant(cells, "windows", "int64")
    gathered = build.op("Gather", x, places, type=x.type.with_shape(shape), axis=axis)
    axes = build.constant([axis + 1], "axes", "int64")
    type = x.type.with_size(axis, count)
    return build.op("ReduceMax", gathered, axes, type=type, keepdims=0)
