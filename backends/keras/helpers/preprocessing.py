"""Images made ready for a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def clahe(shape, value_range, clip_limit, tile_grid_size, name, dtype=None):
    """`ContrastLimitedAdaptiveHistogramEqualization`, alike on all backends of Keras.

    On PyTorch that layer counts in whole numbers. shape: height, width and channels.
    """
    (height, width, channels), (rows, columns) = shape, tile_grid_size
    least, greatest = value_range
    x = keras.Input(shape, dtype=dtype)
    levels = (ops.cast(x, "float32") - least) * 255 / (greatest - least)
    levels = ops.cast(ops.clip(levels, 0, 255), "int32")
    levels = ops.transpose(levels, (0, 3, 1, 2))

    tiles, sizes, near = levels, [], []
    axes = ((2, height, rows, 256 * columns), (3, width, columns, 256))
    for axis, size, count, stride in axes:
        tile = -(-size // count)
        sizes += [count, tile]
        mirrored = [min(i, 2 * size - 1 - i) for i in range(tile * count)]
        tiles = ops.take(tiles, mirrored, axis=axis)
        places = [(i - tile / 2) / tile for i in range(size)]
        line = (-1, 1) if axis == 2 else (1, -1)
        for step in (0, 1):
            tiles_near = [min(max(int(at // 1) + step, 0), count - 1) for at in places]
            starts = ops.reshape(stride * ops.array(tiles_near, "int32"), line)
            weights = [1 - abs(at % 1 - step) for at in places]
            near.append((starts, ops.reshape(ops.array(weights, "float32"), line)))

    # What each of 256 levels becomes in each tile, the tiles one after the other.
    tiles = ops.reshape(tiles, (-1, channels, *sizes))
    counts = ops.sum(ops.one_hot(tiles, 256, dtype="float32"), axis=(3, 5))
    pixels = sizes[1] * sizes[3]
    if clip_limit > 0:
        clipped = ops.minimum(counts, clip_limit * pixels / 256)
        counts = clipped + ops.sum(counts - clipped, axis=-1, keepdims=True) / 256
    sums = ops.cumsum(counts, axis=-1)
    rest = ops.maximum(pixels - sums[..., :1], 1e-6)
    tables = ops.clip((sums - sums[..., :1]) * 255 / rest, 0, 255)
    tables = ops.reshape(tables, (-1, channels, rows * columns * 256))

    y = 0
    for row, down in near[:2]:
        for column, across in near[2:]:
            places = ops.add(ops.add(levels, row), column)
            places = ops.reshape(places, (-1, channels, height * width))
            found = ops.take_along_axis(tables, places, axis=-1)
            y = y + ops.reshape(found, (-1, channels, height, width)) * down * across
    y = ops.transpose(y, (0, 2, 3, 1)) * (greatest - least) / 255 + least
    y = ops.cast(y, x.dtype) if "float" in x.dtype else y
    return keras.Model(x, y, name=name)
