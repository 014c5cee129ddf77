"""Normalizations by what is near."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


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
