"""Preparing inputs, in ONNX."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import numpy_helper

from specc.dims import known
from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor

LEVELS = 256
"""The levels of colour in a histogram."""


@LOWERINGS.add("Rescaling")
def rescaling(build: Builder, x: Tensor) -> Tensor:
    """What changes nothing, a factor of 1 or an offset of 0, is left out."""
    y = build.cast(x, build.output.dtype)
    if build.layer.scale != 1:
        y = build.op("Mul", y, _per_channel(build, "scale"))
    if build.layer.offset != 0:
        y = build.op("Add", y, _per_channel(build, "offset"))
    return y


def _per_channel(build: Builder, parameter: str) -> Tensor:
    """A parameter that is one number, or one for each channel, so that it broadcasts."""
    value = np.asarray(getattr(build.layer, parameter))
    if value.ndim == 1:
        shape = [1] * build.output.rank
        shape[build.node.outputs[0].axis(-1)] = -1
        value = value.reshape(shape)
    return build.constant(value, parameter, build.output.dtype)


@LOWERINGS.add("AutoContrast")
def auto_contrast(build: Builder, x: Tensor) -> Tensor:
    """A channel of one colour is divided by zero, and stays what it was."""
    x = build.cast(x, build.output.dtype)
    low, high = build.reduce("ReduceMin", x, (2, 3)), build.reduce("ReduceMax", x, (2, 3))
    spread = build.op("Sub", high, low, suffix="spread")
    y = build.op("Div", build.op("Sub", x, low, suffix="sub"), spread, suffix="div")
    y = _rescaled(build, y, (0, 1), build.layer.value_range)
    truth = TensorType(spread.type.shape, "bool")
    varied = build.op("Greater", high, low, type=truth, suffix="varied")
    return build.op("Where", varied, y, x, type=build.output)


def _rescaled(
    build: Builder, x: Tensor, source: tuple[float, float], target: tuple[float, float]
) -> Tensor:
    """Values of the range `source`, as values of the range `target`."""
    scale = (target[1] - target[0]) / (source[1] - source[0])
    offset = target[0] - scale * source[0]
    if scale != 1:
        x = build.op("Mul", x, build.scalar(scale, x), suffix="mul")
    if offset != 0:
        x = build.op("Add", x, build.scalar(offset, x), suffix="add")
    return x


@LOWERINGS.add("ContrastLimitedAdaptiveHistogramEqualization")
def clahe(build: Builder, x: Tensor) -> Tensor:
    """Each pixel looks into the tables of four tiles, which lie one after the other."""
    grid, range_ = build.layer.tile_grid_size, build.layer.value_range
    x = build.cast(x, build.output.dtype)
    levels = _levels(build, x)
    tables = _tables(build, _tiles(build, levels, grid))
    batch, channels, height, width = x.type.shape
    build.require_room(4, height, width)
    tiles, weights = _nearest_tiles((known(height), known(width)), grid)
    pixels = tiles.shape[1]
    flat = build.reshape(levels, TensorType((batch, channels, 1, pixels), "int64"), "flat")
    offsets = build.constant(LEVELS * tiles, "tiles", "int64")
    four = TensorType((batch, channels, 4, pixels), "int64")
    places = build.op("Add", flat, offsets, type=four, suffix="places")
    line = TensorType((batch, channels, 4 * pixels), "int64")
    found = build.op(
        "GatherElements",
        tables,
        build.reshape(places, line, "line"),
        type=TensorType(line.shape),
        suffix="found",
        axis=2,
    )
    found = build.reshape(found, TensorType(four.shape), "found_by_tile")
    weighted = build.op("Mul", found, build.constant(weights, "weights"), suffix="weighted")
    summed = build.cast(build.reduce("ReduceSum", weighted, (2,)), build.output.dtype)
    return _rescaled(build, build.reshape(summed, build.output), (0, 255), range_)


def _levels(build: Builder, x: Tensor) -> Tensor:
    """The colours as levels from 0 to 255."""
    y = _rescaled(build, x, build.layer.value_range, (0, 255))
    y = build.op("Clip", y, build.scalar(0, y), build.scalar(LEVELS - 1, y), suffix="clip")
    return build.cast(y, "int64")


def _tiles(build: Builder, levels: Tensor, grid: tuple[int, int]) -> Tensor:
    """The pixels of each tile [N, C, rows, columns, pixels], mirrored at the end."""
    tile: list[int] = []
    for axis, count in enumerate(grid, start=2):
        size = known(levels.type.shape[axis])
        tile.append(-(-size // count))
        places = np.arange(tile[-1] * count)
        if len(places) == size:
            continue
        mirrored = build.constant(np.minimum(places, 2 * size - 1 - places), "mirrored", "int64")
        type = levels.type.with_size(axis, len(places))
        levels = build.op("Gather", levels, mirrored, type=type, suffix="mirrored", axis=axis)
    outer = levels.type.shape[:2]
    apart = levels.type.with_shape((*outer, grid[0], tile[0], grid[1], tile[1]))
    tiles = build.transpose(build.reshape(levels, apart, "apart"), (0, 1, 2, 4, 3, 5), "tiles")
    return build.reshape(tiles, levels.type.with_shape((*outer, *grid, prod(tile))), "by_tile")


def _tables(build: Builder, tiles: Tensor) -> Tensor:
    """What each level becomes in each tile, the tiles one after the other: [N, C, all levels]."""
    pixels = known(tiles.type.shape[-1])
    counts = _limited(build, _histograms(build, tiles), pixels)
    axis = build.constant(-1, "axis", "int64")
    sums = build.op("CumSum", counts, axis, suffix="sums")
    first = build.reduce("ReduceMin", sums, (4,))
    above = build.op("Sub", sums, first, suffix="above")
    rest = build.op("Sub", build.scalar(pixels, sums), first, type=first.type, suffix="rest")
    # It is 0 only where nothing is above, and then any divisor does.
    rest = build.op("Max", rest, build.scalar(1e-6, rest), suffix="divisor")
    scaled = build.op("Mul", above, build.scalar(255, above), suffix="scaled")
    table = build.op("Div", scaled, rest, suffix="table")
    table = build.op("Clip", table, build.scalar(0, table), build.scalar(255, table), suffix="clip")
    batch, channels, *others = table.type.shape
    line = (batch, channels, prod(known(size) for size in others))
    return build.reshape(table, TensorType(line), "tables")


def _histograms(build: Builder, tiles: Tensor) -> Tensor:
    """How often each level comes in each tile: [N, C, rows, columns, 256]."""
    type = TensorType((*tiles.type.shape[:-1], LEVELS))
    rank = TensorType((tiles.type.rank,), "int64")
    shape = build.op("Shape", tiles, type=rank, suffix="shape")
    ones = _filled(build, shape, 1, TensorType(tiles.type.shape), "ones")
    outer = build.op("Shape", tiles, type=TensorType((4,), "int64"), suffix="outer", end=-1)
    levels = build.constant([LEVELS], "levels", "int64")
    wanted = build.op("Concat", outer, levels, type=rank, suffix="wanted", axis=0)
    zeros = _filled(build, wanted, 0, type, "zeros")
    return build.op(
        "ScatterElements", zeros, tiles, ones, suffix="counts", axis=-1, reduction="add"
    )


def _filled(build: Builder, shape: Tensor, value: float, type: TensorType, suffix: str) -> Tensor:
    filler = numpy_helper.from_array(np.array([value], np.float32))
    return build.op("ConstantOfShape", shape, type=type, suffix=suffix, value=filler)


def _limited(build: Builder, counts: Tensor, pixels: int) -> Tensor:
    """Counts of a level up to the limit, with what is above it shared out among all levels."""
    if build.layer.clip_limit <= 0:
        return counts
    limit = build.scalar(build.layer.clip_limit * pixels / LEVELS, counts)
    clipped = build.op("Min", counts, limit, suffix="clipped")
    excess = build.reduce("ReduceSum", build.op("Sub", counts, clipped, suffix="excess"), (4,))
    share = build.op("Div", excess, build.scalar(LEVELS, excess), suffix="share")
    return build.op("Add", clipped, share, suffix="shared_out")


def _nearest_tiles(
    sizes: tuple[int, int], grid: tuple[int, int]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The four tiles around each pixel, and their weights: both [4, pixels]."""
    found: list[tuple[NDArray[Any], NDArray[Any]]] = []
    for size, count in zip(sizes, grid, strict=True):
        tile = -(-size // count)
        places = (np.arange(size) - tile / 2) / tile
        before = np.floor(places)
        near = np.stack([before, before + 1]).clip(0, count - 1).astype(np.int64)
        found.append((near, np.stack([before + 1 - places, places - before])))
    (rows, row_weights), (columns, column_weights) = found
    tiles = rows[:, None, :, None] * grid[1] + columns[:, None]
    weights = row_weights[:, None, :, None] * column_weights[:, None]
    return tiles.reshape(4, -1), weights.reshape(4, -1)
