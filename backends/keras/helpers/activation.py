"""Activations that Keras lacks, or has on some backends only."""

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


def approximate_gelu(rank, name, dtype=None):
    """`x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.gelu(x, approximate=True), name=name)


def sparsemax(rank, name, dtype=None):
    """The nearest point of the probability simplex, along the last axis."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    sums = ops.cumsum(ops.flip(ops.sort(x, axis=-1), axis=-1), axis=-1)
    counts = ops.cumsum(ops.ones_like(x), axis=-1)
    threshold = ops.max((sums - 1) / counts, axis=-1, keepdims=True)
    return keras.Model(x, ops.relu(x - threshold), name=name)
