"""Images made larger or smaller, alike on all backends of Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def pixel_shuffle(channels, block_size, mode, name, dtype=None):
    """Channels spread over blocks of cells.

    mode: whether the cells vary fastest among the channels, "CRD", or slowest, "DCR".
    """
    x = keras.Input((None, None, channels), dtype=dtype)
    cells = block_size**2
    slowest = [c for cell in range(cells) for c in range(cell, channels, cells)]
    y = ops.take(x, slowest, axis=-1) if mode == "CRD" else x
    return keras.Model(x, ops.depth_to_space(y, block_size), name=name)


def pixel_unshuffle(channels, block_size, mode, name, dtype=None):
    """Blocks of cells gathered in channels: the opposite of `pixel_shuffle`."""
    x = keras.Input((None, None, channels), dtype=dtype)
    y = ops.space_to_depth(x, block_size)
    cells = range(0, channels * block_size**2, channels)
    fastest = [cell + channel for channel in range(channels) for cell in cells]
    y = ops.take(y, fastest, axis=-1) if mode == "CRD" else y
    return keras.Model(x, y, name=name)


def resize_matrix(before, after, interpolation, antialias):
    """How much each of the pixels counts in each of the result: [after, before].

    before, after: as many ones as there are pixels.
    """
    scale = ops.sum(before) / ops.sum(after)
    centers = (ops.cumsum(after) - 0.5) * scale - 0.5
    x = ops.abs(ops.expand_dims(centers, 1) - (ops.cumsum(before) - 1))
    x = x / ops.maximum(scale, 1) if antialias else x
    if interpolation == "bicubic":
        near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
        weights = ops.where(x < 1, near, ops.where(x < 2, far, 0.0))
    else:
        radius = int(interpolation.removeprefix("lanczos"))
        angle = ops.maximum(3.141592653589793 * x, 1e-6)
        window = radius * ops.sin(angle) * ops.sin(angle / radius) / (angle * angle)
        weights = ops.where(x < radius, window, 0.0)
    return weights / ops.sum(weights, axis=1, keepdims=True)


def resized(height, width, interpolation, antialias, name, dtype=None):
    """Images resized by a matrix for each axis.

    interpolation: "bicubic" of Keys, with a = -0.5, or "lanczos3" or "lanczos5", alike on
    all backends of Keras.
    """
    images = keras.Input((None, None, None), dtype=dtype)
    x = ops.cast(images, "float32")
    one = ops.ones_like(x[0, :1, 0, 0])
    row, column = ops.ones_like(x[0, :, 0, 0]), ops.ones_like(x[0, 0, :, 0])
    rows = resize_matrix(row, ops.repeat(one, height), interpolation, antialias)
    columns = resize_matrix(column, ops.repeat(one, width), interpolation, antialias)
    y = ops.einsum("nhwc,ph->npwc", x, rows)
    y = ops.einsum("npwc,qw->npqc", y, columns)
    y = ops.clip(ops.round(y), 0, 255) if dtype == "uint8" else y
    return keras.Model(images, ops.cast(y, dtype or "float32"), name=name)


def up_sampling2d(size, interpolation, name, dtype=None):
    """Images made larger by whole factors, by a matrix for each axis: see `resized`."""
    x = keras.Input((None, None, None), dtype=dtype)
    row, column = ops.ones_like(x[0, :, 0, 0]), ops.ones_like(x[0, 0, :, 0])
    rows = resize_matrix(row, ops.repeat(row, size[0]), interpolation, False)
    columns = resize_matrix(column, ops.repeat(column, size[1]), interpolation, False)
    y = ops.einsum("nhwc,ph->npwc", x, rows)
    y = ops.einsum("npwc,qw->npqc", y, columns)
    return keras.Model(x, y, name=name)
