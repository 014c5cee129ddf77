"""Other shapes of the same elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def tile(rank, repeats, name, dtype=None):
    """Each item of the batch repeated as a whole along its axes."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.tile(x, (1, *repeats)), name=name)


def expand_dims(rank, axis, name, dtype=None):
    """New axes of size 1, at the places `axis` of the result."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.expand_dims(x, axis), name=name)


def squeeze(rank, axis, name, dtype=None):
    """The tensor without the axes `axis`, which are of size 1."""
    shape = [1 if each in axis else None for each in range(1, rank)]
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, ops.squeeze(x, axis), name=name)
