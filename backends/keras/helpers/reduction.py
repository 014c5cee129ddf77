"""Axes reduced to one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def reduction(kind, axis, rank, name, keepdims=False, dtype=None):
    """The "mean", "sum", "max" or "min" along one axis or several."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    functions = {"mean": ops.mean, "sum": ops.sum, "max": ops.max, "min": ops.min}
    return keras.Model(x, functions[kind](x, axis=axis, keepdims=keepdims), name=name)
