"""Masks, as tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def not_equal(value, rank, name, dtype=None):
    """Whether each element differs from `value`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.not_equal(x, value), name=name)


def masking(mask_value, rank, name, dtype=None):
    """`x` with 0 where it is masked, and the mask: which steps are not."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    mask = ops.any(ops.not_equal(x, mask_value), axis=-1)
    return keras.Model(x, [ops.where(ops.expand_dims(mask, -1), x, 0), mask], name=name)
