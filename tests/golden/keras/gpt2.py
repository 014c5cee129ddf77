"""GPT-2, a language model (Radford et al., 2019, "Language Models are Unsupervised
Multitask Learners"): a score for each possible next token, at every position.

Compiled by specc from the spec `gpt2`.
"""

import keras
from keras import layers, ops


def approximate_gelu(rank, name, dtype=None):
    """`x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.gelu(x, approximate=True), name=name)


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


def self_attention(x, name):
    """The block `self_attention`."""
    # [N, T, 768]
    y = layers.LayerNormalization(epsilon=1e-05, name=f"{name}-layer_normalization")(x)
    # [N, T, 768]
    y = layers.MultiHeadAttention(
        12,
        64,
        dropout=0.1,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name=f"{name}-multi_head_attention",
    )(y, y, use_causal_mask=True)
    y = layers.Dropout(0.1, name=f"{name}-dropout")(y)  # [N, T, 768]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, T, 768]


def mlp(x, name):
    """The block `mlp`."""
    # [N, T, 768]
    y = layers.LayerNormalization(epsilon=1e-05, name=f"{name}-layer_normalization")(x)
    # [N, T, 3072]
    y = layers.Dense(
        3072,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name=f"{name}-dense",
    )(y)
    y = approximate_gelu(3, name=f"{name}-gelu")(y)  # [N, T, 3072]
    # [N, T, 768]
    y = layers.Dense(
        768,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name=f"{name}-dense_1",
    )(y)
    y = layers.Dropout(0.1, name=f"{name}-dropout")(y)  # [N, T, 768]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, T, 768]


def decoder(x, name):
    """One iteration of the loop `decoder`."""
    x = self_attention(x, name=f"{name}-self_attention")  # [N, T, 768]
    return mlp(x, name=f"{name}-mlp")  # [N, T, 768]


def gpt2():
    """The model, from `ids` int32[N, T] to `logits` float32[N, T, 50257]."""
    tokens_layer = layers.ReversibleEmbedding(
        50257,
        768,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="tokens",
    )
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = tokens_layer(ids)  # [N, T, 768]
    # [N, T, 768]
    x = position_embedding(
        1024,
        channels=768,
        rank=3,
        initializer=keras.initializers.RandomNormal(stddev=0.01),
        name="position_embedding",
    )(x)
    x = layers.Dropout(0.1, name="dropout")(x)  # [N, T, 768]
    for i in range(12):
        x = decoder(x, name=f"decoder-{i}")  # [N, T, 768]
    # [N, T, 768]
    x = layers.LayerNormalization(epsilon=1e-05, name="layer_normalization")(x)
    x = tokens_layer(x, reverse=True)  # [N, T, 50257]
    return keras.Model(ids, x, name="gpt2")
