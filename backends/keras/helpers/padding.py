"""Cells around each item."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def pad(rank, pad_width, constant_values, name, dtype=None):
    """Cells of a constant around each item of the batch."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    y = ops.pad(x, ((0, 0), *pad_width), constant_values=constant_values)
    return keras.Model(x, y, name=name)


def mirror_pad(rank, pad_width, mode, name, dtype=None):
    """Cells around each item of the batch: "reflect", it mirrored; "edge", its outermost cells."""
    x = y = keras.Input((None,) * (rank - 1), dtype=dtype)
    for axis, (begin, end) in enumerate(pad_width, start=1):
        if begin or end:
            before = (slice(None),) * axis
            if mode == "reflect":
                first = ops.flip(y[(*before, slice(1, begin + 1))], axis=axis)
                last = ops.flip(y[(*before, slice(-end - 1, -1))], axis=axis)
            else:
                first = ops.repeat(y[(*before, slice(0, 1))], begin, axis=axis)
                last = ops.repeat(y[(*before, slice(-1, None))], end, axis=axis)
            y = ops.concatenate([first, y, last], axis=axis)
    return keras.Model(x, y, name=name)
