"""MLP-Mixer (Tolstikhin et al., 2021, "MLP-Mixer: An all-MLP Architecture for Vision"):
patches are mixed by dense layers across them, then each patch by dense layers across
its channels.

Compiled by specc from the spec `mlp_mixer`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def mlp(x, hidden, units, name):
    """The block `mlp`."""
    # [N, T, hidden]
    x = layers.Dense(hidden, activation="gelu", name=f"{name}-dense")(x)
    return layers.Dense(units, name=f"{name}-dense_1")(x)  # [N, T, units]


def mixer(x, name):
    """The block `mixer`."""
    # [N, 196, 768]
    y = layers.LayerNormalization(epsilon=1e-06, name=f"{name}-layer_normalization")(x)
    y = layers.Permute((2, 1), name=f"{name}-permute")(y)  # [N, 768, 196]
    y = mlp(y, 384, 196, name=f"{name}-token_mixing")  # [N, 768, 196]
    y = layers.Permute((2, 1), name=f"{name}-permute_1")(y)  # [N, 196, 768]
    mixed = layers.Add(name=f"{name}-mixed")([x, y])  # [N, 196, 768]
    # [N, 196, 768]
    x = layers.LayerNormalization(epsilon=1e-06, name=f"{name}-layer_normalization_1")(
        mixed
    )
    x = mlp(x, 3072, 768, name=f"{name}-channel_mixing")  # [N, 196, 768]
    return layers.Add(name=f"{name}-add")([mixed, x])  # [N, 196, 768]


def mlp_mixer():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    x = layers.Conv2D(768, 16, strides=16, name="patches")(image)  # [N, 14, 14, 768]
    x = layers.Reshape((196, 768), name="reshape")(x)  # [N, 196, 768]
    for i in range(12):
        x = mixer(x, name=f"block-{i}")  # [N, 196, 768]
    # [N, 196, 768]
    x = layers.LayerNormalization(epsilon=1e-06, name="layer_normalization")(x)
    x = layers.GlobalAveragePooling1D(name="global_average_pooling1d")(x)  # [N, 768]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="mlp_mixer")
