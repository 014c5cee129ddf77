"""Attention without projections."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import layers, ops


def scaled_dot_product_attention(
    rank,
    scale,
    name,
    is_causal=False,
    dropout=0.0,
    has_bias=False,
    has_mask=False,
    dtype=None,
):
    """softmax(query @ key.T * scale + bias) @ value, where the mask is true."""
    query, key, value = (keras.Input((None,) * (rank - 1), dtype=dtype) for _ in "qkv")
    inputs = [query, key, value]
    scores = ops.matmul(query, ops.swapaxes(key, -1, -2)) * scale
    least = -3e4 if scores.dtype == "float16" else -1e9
    if has_bias:
        inputs.append(keras.Input((None,) * (rank - 1), dtype=dtype))
        scores = scores + inputs[-1]
    if is_causal:
        ones = ops.ones_like(scores, dtype="int32")
        causal = ops.cumsum(ones, axis=-2) >= ops.cumsum(ones, axis=-1)
        scores = ops.where(causal, scores, least)
    if has_mask:
        inputs.append(keras.Input((None,) * (rank - 1), dtype="bool"))
        scores = ops.where(inputs[-1], scores, least)
    weights = layers.Dropout(dropout, name="dropout", dtype=dtype)(ops.softmax(scores))
    return keras.Model(inputs, ops.matmul(weights, value), name=name)


def zeros_where_masked(name, dtype=None):
    """A sequence [N, T, C], with 0 at the steps whose mask [N, T] is false."""
    x = keras.Input((None, None), dtype=dtype)
    mask = keras.Input((None,), dtype="bool")
    kept = ops.where(ops.expand_dims(mask, -1), x, 0)
    return keras.Model([x, mask], kept, name=name)
