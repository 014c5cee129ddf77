"""Functions that emitted source brings along, for what no layer of Keras does.

Each makes a small model of `keras.ops`, to be called as a layer. Keras wants the names of all
operations in a model to differ: inside a small model they cannot clash with the user's, and a
`.keras` file loads it without custom objects. The text is emitted as it stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def glu(rank, name, dtype=None):
    """`a * sigmoid(b)` of the halves a and b of the last axis."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    value, gate = ops.split(x, 2, axis=-1)
    return keras.Model(x, value * ops.sigmoid(gate), name=name)


def sparsemax(rank, name, dtype=None):
    """The nearest point of the probability simplex, along the last axis."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    sums = ops.cumsum(ops.flip(ops.sort(x, axis=-1), axis=-1), axis=-1)
    counts = ops.cumsum(ops.ones_like(x), axis=-1)
    threshold = ops.max((sums - 1) / counts, axis=-1, keepdims=True)
    return keras.Model(x, ops.relu(x - threshold), name=name)


def padded_max_pooling2d(pool_size, strides, padding, name, dtype=None):
    """The greatest value of each window; cells of the padding never win."""
    x = keras.Input((None, None, None), dtype=dtype)
    least = -3.4028234663852886e38
    padded = ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=least)
    y = ops.max_pool(padded, pool_size, strides)
    return keras.Model(x, y, name=name)


def padded_average_pooling2d(pool_size, strides, padding, name, dtype=None):
    """The mean of each window; cells of the padding do not count."""
    x = keras.Input((None, None, None), dtype=dtype)
    pads = ((0, 0), *padding, (0, 0))
    means = ops.average_pool(ops.pad(x, pads), pool_size, strides)
    cells = ops.pad(ops.ones_like(x[..., :1]), pads)
    y = means / ops.average_pool(cells, pool_size, strides)
    return keras.Model(x, y, name=name)


def same_average_pooling2d(pool_size, strides, name, dtype=None):
    """`AveragePooling2D(padding="same")`, alike on all backends of Keras.

    They differ in what they average where the padding is odd. Zeros as wide as the
    stride move no window; they make it the same on all, up to the number of cells.
    """
    x = keras.Input((None, None, None), dtype=dtype)
    pads = ((0, 0), *((stride, stride) for stride in strides), (0, 0))
    means = ops.average_pool(ops.pad(x, pads), pool_size, strides, padding="same")
    cells = ops.pad(ops.ones_like(x[..., :1]), pads)
    y = means / ops.average_pool(cells, pool_size, strides, padding="same")
    return keras.Model(x, y[:, 1:-1, 1:-1], name=name)


def local_response_normalization(size, alpha, beta, bias, name, dtype=None):
    """Each channel, divided by the strength of its `size` neighbours, itself among them."""
    x = keras.Input((None, None, None), dtype=dtype)
    sides = ((0, 0), (0, 0), (0, 0), (size // 2, size // 2), (0, 0))
    squares = ops.pad(ops.expand_dims(ops.square(x), -1), sides)
    means = ops.squeeze(ops.average_pool(squares, (1, 1, size), strides=1), -1)
    return keras.Model(x, x / (bias + alpha * means) ** beta, name=name)


def local_contrast_normalization(size, epsilon, name, dtype=None):
    """An image less its local mean, divided by its local standard deviation."""

    def local_mean(z):
        means = ops.mean(z, axis=-1, keepdims=True)
        return ops.average_pool(means, size, strides=1, padding="same")

    x = keras.Input((None, None, None), dtype=dtype)
    centered = x - local_mean(x)
    deviation = ops.sqrt(local_mean(ops.square(centered)) + epsilon)
    return keras.Model(x, centered / deviation, name=name)
