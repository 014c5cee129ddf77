"""Parts of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import ops


def getitem(rank, key, name, dtype=None):
    """`x[key]`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, x[key], name=name)


def take(rank, indices, axis, name, dtype=None):
    """What is at the `indices` along `axis`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.take(x, indices, axis=axis), name=name)


def split(rank, sections, axis, name, dtype=None):
    """Equal parts, or parts of those sizes (-1: what is left), along `axis`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    if isinstance(sections, int):
        return keras.Model(x, ops.split(x, sections, axis=axis), name=name)
    parts, before = [], (slice(None),) * axis
    for i, size in enumerate(sections):
        first, last = sum(sections[:i]), -sum(sections[i + 1 :])
        start = last - size if -1 in sections[:i] else first
        stop = last or None if -1 in sections[: i + 1] else first + size
        parts.append(x[(*before, slice(start, stop))])
    return keras.Model(x, parts, name=name)


def flip(rank, axis, name, dtype=None):
    """The elements along `axis` in opposite order."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.flip(x, axis=axis), name=name)


def roll(rank, shift, axis, name, dtype=None):
    """The elements along `axis` shifted, those that fall off coming in at the other end."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.roll(x, shift, axis=axis), name=name)
