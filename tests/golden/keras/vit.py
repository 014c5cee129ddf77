"""Vision Transformer (Dosovitskiy et al., 2020, "An Image Is Worth 16x16 Words:
Transformers for Image Recognition at Scale"): an image is a sequence of patches. As
torchvision has it.

Compiled by specc from the spec `vit`. Images are [N, H, W, C].
"""

import keras
from keras import layers, ops


def class_token(channels, name, initializer="random_normal", dtype=None):
    """Puts a learnt vector before a sequence: [N, T, C] becomes [N, T + 1, C]."""
    x = keras.Input((None, channels), dtype=dtype)
    table = layers.Embedding(
        1, channels, embeddings_initializer=initializer, name="embedding", dtype=dtype
    )
    token = table(ops.zeros_like(x[:, :1, 0], dtype="int32"))
    return keras.Model(x, ops.concatenate([token, x], axis=1), name=name)


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


def self_attention(x, name):
    """The block `self_attention`."""
    # [N, 197, 768]
    y = layers.LayerNormalization(epsilon=1e-06, name=f"{name}-layer_normalization")(x)
    # [N, 197, 768]
    y = layers.MultiHeadAttention(12, 64, name=f"{name}-multi_head_attention")(y, y)
    return layers.Add(name=f"{name}-add")([x, y])  # [N, 197, 768]


def mlp(x, name):
    """The block `mlp`."""
    # [N, 197, 768]
    y = layers.LayerNormalization(epsilon=1e-06, name=f"{name}-layer_normalization")(x)
    y = layers.Dense(3072, activation="gelu", name=f"{name}-dense")(y)  # [N, 197, 3072]
    y = layers.Dense(768, name=f"{name}-dense_1")(y)  # [N, 197, 768]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, 197, 768]


def encoder(x, name):
    """One iteration of the loop `encoder`."""
    x = self_attention(x, name=f"{name}-self_attention")  # [N, 197, 768]
    return mlp(x, name=f"{name}-mlp")  # [N, 197, 768]


def vit():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    x = layers.Conv2D(768, 16, strides=16, name="patches")(image)  # [N, 14, 14, 768]
    x = layers.Reshape((196, 768), name="reshape")(x)  # [N, 196, 768]
    # [N, 197, 768]
    x = class_token(channels=768, initializer="zeros", name="class_token")(x)
    # [N, 197, 768]
    x = position_embedding(
        197,
        channels=768,
        rank=3,
        initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="position_embedding",
    )(x)
    for i in range(12):
        x = encoder(x, name=f"encoder-{i}")  # [N, 197, 768]
    # [N, 197, 768]
    x = layers.LayerNormalization(epsilon=1e-06, name="layer_normalization")(x)
    x = take(3, 0, axis=1, name="take")(x)  # [N, 768]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="vit")
