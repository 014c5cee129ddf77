"""Layers of Keras that take a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def masked(layer, shapes, name, dtype=None):
    """`layer` on a tensor, its mask and its states; no mask goes on with the outputs."""
    x, *states = (keras.Input(shape, dtype=dtype) for shape in shapes[:1] + shapes[2:])
    mask = keras.Input(shapes[1], dtype="bool")
    given = {"initial_state": states} if states else {}
    made = keras.tree.flatten(layer(x, mask=mask, **given))
    outputs = [ops.multiply(y, 1) for y in made]
    outputs = outputs if len(made) > 1 else outputs[0]
    return keras.Model([x, mask, *states], outputs, name=name)


def every_step(rank, name, dtype=None):
    """A mask that is true at every step of a sequence [N, T, ...]."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    first = x[(slice(None), slice(None), *(0,) * (rank - 2))]
    return keras.Model(x, ops.ones_like(first, dtype="bool"), name=name)
