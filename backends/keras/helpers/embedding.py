"""Positions, and the token of the class."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import layers, ops


def position_embedding(
    sequence_length, channels, rank, name, initializer="glorot_uniform", dtype=None
):
    """Adds a learnt vector for each position of a sequence [N, ..., T, C]."""
    x = keras.Input((*[None] * (rank - 2), channels), dtype=dtype)
    steps = ops.ones_like(x[(0,) * (rank - 2)][:, 0], dtype="int32")
    positions = ops.cumsum(steps) - 1
    table = layers.Embedding(
        sequence_length,
        channels,
        embeddings_initializer=initializer,
        name="embedding",
        dtype=dtype,
    )
    return keras.Model(x, x + table(positions), name=name)


def sinusoidal_embedding(channels, rank, name, max_wavelength=10000.0, dtype=None):
    """Adds sines and cosines of the positions to a sequence [N, ..., T, C]."""
    x = keras.Input((*[None] * (rank - 2), channels), dtype=dtype)
    steps = ops.ones_like(x[(0,) * (rank - 2)][:, :1], dtype="float32")
    rates = [max_wavelength ** (-i / channels) for i in range(0, channels, 2)]
    angles = (ops.cumsum(steps, axis=0) - 1) * ops.convert_to_tensor(rates)
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
    waves = ops.reshape(waves, (-1, 2 * len(rates)))[:, :channels]
    return keras.Model(x, x + ops.cast(waves, x.dtype), name=name)


def rotary_embedding(
    channels, rank, name, axis=1, max_wavelength=10000.0, scaling_factor=1.0, dtype=None
):
    """Turns channels i and i + C/2 by angles that grow along `axis`."""
    x = keras.Input((*[None] * (rank - 2), channels), dtype=dtype)
    along = (0,) * axis + (slice(None),) + (slice(1),) * (rank - 1 - axis)
    steps = ops.ones_like(x[along], dtype="float32")
    exponents = [-i / channels for i in range(0, channels, 2)]
    rates = [max_wavelength**each / scaling_factor for each in exponents]
    angles = (ops.cumsum(steps, axis=0) - 1) * ops.convert_to_tensor(rates)
    cos, sin = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    first, second = ops.split(x, 2, axis=-1)
    turned = [first * cos - second * sin, second * cos + first * sin]
    return keras.Model(x, ops.concatenate(turned, axis=-1), name=name)


def class_token(channels, name, initializer="random_normal", dtype=None):
    """Puts a learnt vector before a sequence: [N, T, C] becomes [N, T + 1, C]."""
    x = keras.Input((None, channels), dtype=dtype)
    table = layers.Embedding(
        1, channels, embeddings_initializer=initializer, name="embedding", dtype=dtype
    )
    token = table(ops.zeros_like(x[:, :1, 0], dtype="int32"))
    return keras.Model(x, ops.concatenate([token, x], axis=1), name=name)
