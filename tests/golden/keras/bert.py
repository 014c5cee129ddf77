"""BERT, uncased (Devlin et al., 2018, "BERT: Pre-training of Deep Bidirectional
Transformers for Language Understanding"): a vector for each token, and one for the
whole text.

Compiled by specc from the spec `bert`.
"""

import keras
from keras import layers, ops


def expand_dims(rank, axis, name, dtype=None):
    """New axes of size 1, at the places `axis` of the result."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.expand_dims(x, axis), name=name)


def not_equal(value, rank, name, dtype=None):
    """Whether each element differs from `value`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.not_equal(x, value), name=name)


def position_embedding(
    sequence_length, channels, rank, name, initializer="glorot_uniform", dtype=None
):
    """Adds a learnt vector for each position of a sequence [N, ..., T, C]."""
    x = keras.Input((*[None] * (rank - 2), channels), dtype=dtype)
    steps = ops.ones_like(x[(0,) * (rank - 2)][:, 0], dtype="int32")
    positions = ops.cumsum(steps) - 1
    table = layers.Embedding(
        sequence_length,
        channels,
        embeddings_initializer=initializer,
        name="embedding",
        dtype=dtype,
    )
    return keras.Model(x, x + table(positions), name=name)


def take(rank, indices, axis, name, dtype=None):
    """What is at the `indices` along `axis`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.take(x, indices, axis=axis), name=name)


def self_attention(x, mask, name):
    """The block `self_attention`."""
    # [N, T, 768]
    y = layers.MultiHeadAttention(
        12,
        64,
        dropout=0.1,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-multi_head_attention",
    )(x, x, attention_mask=mask)
    y = layers.Dropout(0.1, name=f"{name}-dropout")(y)  # [N, T, 768]
    x = layers.Add(name=f"{name}-add")([x, y])  # [N, T, 768]
    # [N, T, 768]
    return layers.LayerNormalization(epsilon=1e-12, name=f"{name}-layer_normalization")(
        x
    )


def mlp(x, name):
    """The block `mlp`."""
    # [N, T, 3072]
    y = layers.Dense(
        3072,
        activation="gelu",
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense",
    )(x)
    # [N, T, 768]
    y = layers.Dense(
        768,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense_1",
    )(y)
    y = layers.Dropout(0.1, name=f"{name}-dropout")(y)  # [N, T, 768]
    x = layers.Add(name=f"{name}-add")([x, y])  # [N, T, 768]
    # [N, T, 768]
    return layers.LayerNormalization(epsilon=1e-12, name=f"{name}-layer_normalization")(
        x
    )


def encoder(x, mask, name):
    """One iteration of the loop `encoder`."""
    x = self_attention(x, mask, name=f"{name}-self_attention")  # [N, T, 768]
    return mlp(x, name=f"{name}-mlp")  # [N, T, 768]


def bert():
    """The model, from `ids` int32[N, T], `token_types` int32[N, T], `attention_mask`
    int32[N, T] to `sequence` float32[N, T, 768], `pooled` float32[N, 768].
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    token_types = keras.Input((None,), dtype="int32", name="token_types")
    attention_mask = keras.Input((None,), dtype="int32", name="attention_mask")
    x = not_equal(0, rank=2, name="not_equal", dtype="int32")(attention_mask)  # [N, T]
    mask = expand_dims(2, (1,), name="mask", dtype="bool")(x)  # [N, 1, T]
    # [N, T, 768]
    tokens = layers.Embedding(
        30522,
        768,
        embeddings_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="tokens",
    )(ids)
    # [N, T, 768]
    x = layers.Embedding(
        2,
        768,
        embeddings_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="types",
    )(token_types)
    x = layers.Add(name="add")([tokens, x])  # [N, T, 768]
    # [N, T, 768]
    x = position_embedding(
        512,
        channels=768,
        rank=3,
        initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="position_embedding",
    )(x)
    # [N, T, 768]
    x = layers.LayerNormalization(epsilon=1e-12, name="layer_normalization")(x)
    x = layers.Dropout(0.1, name="dropout")(x)  # [N, T, 768]
    for i in range(12):
        x = encoder(x, mask, name=f"encoder-{i}")  # [N, T, 768]
    sequence = layers.Identity(name="sequence")(x)  # [N, T, 768]
    x = take(3, 0, axis=1, name="take")(sequence)  # [N, 768]
    # [N, 768]
    x = layers.Dense(
        768,
        activation="tanh",
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="pooled",
    )(x)
    return keras.Model(
        [ids, token_types, attention_mask],
        {"sequence": sequence, "pooled": x},
        name="bert",
    )
