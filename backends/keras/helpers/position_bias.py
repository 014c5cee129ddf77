"""Biases of attention that depend on positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import layers, ops


def relative_position_bias(
    num_heads,
    rank,
    name,
    num_buckets=32,
    max_distance=128,
    bidirectional=True,
    initializer="random_normal",
    dtype=None,
):
    """A bias [1, heads, T, S] for each range of distances (Raffel et al., 2019)."""
    later = num_buckets // 2 if bidirectional else 0
    buckets = num_buckets - later
    exact, steps = buckets // 2, buckets - buckets // 2
    far = [exact * (max_distance / exact) ** (i / steps) for i in range(1, steps)]
    near = list(range(1, exact + 1))
    thresholds = near + [int(-((1e-9 - each) // 1)) for each in far]
    inputs = [keras.Input((None,) * (rank - 1), dtype=dtype) for _ in range(2)]
    ones = [ops.ones_like(x[(0,) * (rank - 2)][:, 0], dtype="int32") for x in inputs]
    after = ops.cumsum(ones[1]) - ops.expand_dims(ops.cumsum(ones[0]), -1)
    distances = ops.abs(after) if bidirectional else ops.maximum(-after, 0)
    reached = ops.greater_equal(ops.expand_dims(distances, -1), thresholds)
    ranges = ops.sum(ops.cast(reached, "int32"), axis=-1)
    ranges = ranges + later * ops.cast(ops.greater(after, 0), "int32")
    table = layers.Embedding(
        num_buckets,
        num_heads,
        embeddings_initializer=initializer,
        name="embedding",
        dtype=dtype,
    )
    biases = ops.transpose(table(ranges), (2, 0, 1))
    return keras.Model(inputs, ops.expand_dims(biases, 0), name=name)


def window_position_bias(
    num_heads, window_size, rank, name, initializer="truncated_normal", dtype=None
):
    """A bias [1, heads, T, T] for each offset in a window (Liu et al., 2021)."""
    height, width = window_size
    query = keras.Input((None,) * (rank - 1), dtype=dtype)
    ones = ops.ones_like(query[(0,) * (rank - 2)][:, :1], dtype="int32")
    cell = ops.cumsum(ones, axis=0) - 1
    down = cell // width - ops.transpose(cell // width)
    right = cell % width - ops.transpose(cell % width)
    table = layers.Embedding(
        (2 * height - 1) * (2 * width - 1),
        num_heads,
        embeddings_initializer=initializer,
        name="embedding",
        dtype=dtype,
    )
    indices = (down + height - 1) * (2 * width - 1) + right + width - 1
    biases = ops.transpose(table(indices), (2, 0, 1))
    return keras.Model(query, ops.expand_dims(biases, 0), name=name)
