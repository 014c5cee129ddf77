"""Several tensors into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def matmul(rank, name, transpose_a=False, transpose_b=False, dtype=None):
    """The matrix product along the last two axes, which either input may swap."""
    a = keras.Input((None,) * (rank - 1), dtype=dtype)
    b = keras.Input((None,) * (rank - 1), dtype=dtype)
    left = ops.swapaxes(a, -1, -2) if transpose_a else a
    right = ops.swapaxes(b, -1, -2) if transpose_b else b
    return keras.Model([a, b], ops.matmul(left, right), name=name)


def broadcast_sum(ranks, name, average=False, dtype=None):
    """The sum, or mean, of tensors of which some are repeated along some axes.

    In `a + b` TensorFlow may take b for a bias where the batch is 1, and add it along
    another axis; it does not in `a - (-b)`.
    """
    inputs = [keras.Input((None,) * (rank - 1), dtype=dtype) for rank in ranks]
    spread = [tuple(range(1, 1 + max(ranks) - rank)) for rank in ranks]
    total, *others = map(ops.expand_dims, inputs, spread)
    for x in others:
        total = total - ops.negative(x)
    return keras.Model(inputs, total / len(ranks) if average else total, name=name)
