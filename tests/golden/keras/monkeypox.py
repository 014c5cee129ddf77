"""Monkeypox or another rash? The network of a tutorial on classifying 224×224
photographs of skin.

Compiled by specc from the spec `monkeypox`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def monkeypox():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 2]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 224, 224, 3]
    x = layers.Rescaling(0.00392156862745098, name="rescaling")(image)
    x = layers.Conv2D(16, 3, activation="relu", name="conv2d")(x)  # [N, 222, 222, 16]
    x = layers.AveragePooling2D(2, name="average_pooling2d")(x)  # [N, 111, 111, 16]
    x = layers.Conv2D(32, 3, activation="relu", name="conv2d_1")(x)  # [N, 109, 109, 32]
    x = layers.AveragePooling2D(2, name="average_pooling2d_1")(x)  # [N, 54, 54, 32]
    x = layers.Dropout(0.3, name="dropout")(x)  # [N, 54, 54, 32]
    x = layers.Conv2D(64, 3, activation="relu", name="conv2d_2")(x)  # [N, 52, 52, 64]
    x = layers.Dropout(0.3, name="dropout_1")(x)  # [N, 52, 52, 64]
    x = layers.Flatten(name="flatten")(x)  # [N, 173056]
    x = layers.Dense(128, activation="relu", name="dense")(x)  # [N, 128]
    x = layers.Dense(2, name="logits")(x)  # [N, 2]
    return keras.Model(image, x, name="monkeypox")
