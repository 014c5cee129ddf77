"""Poolings with explicit pads, and the meaning of `same`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def padded_max_pooling2d(pool_size, strides, padding, name, dtype=None):
    """The greatest value of each window; cells of the padding never win."""
    x = keras.Input((None, None, None), dtype=dtype)
    least = -3.4028234663852886e38
    padded = ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=least)
    y = ops.max_pool(padded, pool_size, strides)
    return keras.Model(x, y, name=name)


def padded_max_pooling(pool_size, strides, padding, name, dtype=None):
    """The greatest value of each window; cells of the padding never win."""
    x = keras.Input((None,) * (len(padding) + 1), dtype=dtype)
    least = -3.4028234663852886e38
    padded = ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=least)
    y = ops.max_pool(padded, pool_size, strides)
    return keras.Model(x, y, name=name)


def padded_average_pooling(pool_size, strides, padding, name, dtype=None):
    """The mean of each window; cells of the padding do not count."""
    x = keras.Input((None,) * (len(padding) + 1), dtype=dtype)
    pads = ((0, 0), *padding, (0, 0))
    means = ops.average_pool(ops.pad(x, pads), pool_size, strides)
    cells = ops.pad(ops.ones_like(x[..., :1]), pads)
    y = means / ops.average_pool(cells, pool_size, strides)
    return keras.Model(x, y, name=name)


def same_average_pooling(pool_size, strides, name, dtype=None):
    """Average pooling with `padding="same"`, alike on all backends of Keras.

    They differ in what they average where the padding is odd. Zeros as wide as the
    stride move no window; they make it the same on all, up to the number of cells.
    """
    x = keras.Input((None,) * (len(strides) + 1), dtype=dtype)
    pads = ((0, 0), *((stride, stride) for stride in strides), (0, 0))
    means = ops.average_pool(ops.pad(x, pads), pool_size, strides, padding="same")
    cells = ops.pad(ops.ones_like(x[..., :1]), pads)
    y = means / ops.average_pool(cells, pool_size, strides, padding="same")
    inside = (slice(None), *[slice(1, -1)] * len(strides))
    return keras.Model(x, y[inside], name=name)
