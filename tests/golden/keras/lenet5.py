"""The network that read cheques (LeCun et al., 1998, "Gradient-Based Learning Applied
to Document Recognition") as it is built today: C3 sees all maps of S2, pooling has no
weights, the end is linear.

Compiled by specc from the spec `lenet5`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def lenet5():
    """The model, from `image` float32[N, 32, 32, 1] to `logits` float32[N, 10]."""
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(6, 5, activation="tanh", name="c1")(image)  # [N, 28, 28, 6]
    x = layers.AveragePooling2D(2, name="s2")(x)  # [N, 14, 14, 6]
    x = layers.Conv2D(16, 5, activation="tanh", name="c3")(x)  # [N, 10, 10, 16]
    x = layers.AveragePooling2D(2, name="s4")(x)  # [N, 5, 5, 16]
    x = layers.Conv2D(120, 5, activation="tanh", name="c5")(x)  # [N, 1, 1, 120]
    x = layers.Flatten(name="flatten")(x)  # [N, 120]
    x = layers.Dense(84, activation="tanh", name="f6")(x)  # [N, 84]
    x = layers.Dense(10, name="logits")(x)  # [N, 10]
    return keras.Model(image, x, name="lenet5")
