"""Windows as equal as they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def adaptive_pooling(reduction, sizes, output_size, name, dtype=None):
    """The "max" or "mean" of each of `output_size` windows, as equal as they can be.

    sizes: of the input; None is one that is unknown, and a multiple of the output's.
    """
    x = keras.Input((*sizes, None), dtype=dtype)
    y, reduce = x, {"max": ops.max, "mean": ops.mean}[reduction]
    for axis, count in enumerate(output_size, start=1):
        size = sizes[axis - 1]
        if size is None or size % count == 0:
            parts = ops.split(y, count, axis=axis)
        else:
            starts = [i * size // count for i in range(count)]
            ends = [-(-(i + 1) * size // count) for i in range(count)]
            cells = map(range, starts, ends)
            parts = [ops.take(y, list(each), axis=axis) for each in cells]
        values = [reduce(part, axis=axis, keepdims=True) for part in parts]
        y = ops.concatenate(values, axis=axis)
    return keras.Model(x, y, name=name)
