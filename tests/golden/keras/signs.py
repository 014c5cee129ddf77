"""Which number, 0 to 5, does the hand show? The small network of a tutorial on Keras's
functional API.

Compiled by specc from the spec `signs`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def signs():
    """The model, from `image` float32[N, 64, 64, 3] to `probabilities` float32[N,
    6].
    """
    image = keras.Input((64, 64, 3), name="image")
    x = layers.Conv2D(8, 4, padding="same", name="conv2d")(image)  # [N, 64, 64, 8]
    x = layers.ReLU(name="re_lu")(x)  # [N, 64, 64, 8]
    x = layers.MaxPooling2D(8, padding="same", name="max_pooling2d")(x)  # [N, 8, 8, 8]
    x = layers.Conv2D(16, 2, padding="same", name="conv2d_1")(x)  # [N, 8, 8, 16]
    x = layers.ReLU(name="re_lu_1")(x)  # [N, 8, 8, 16]
    # [N, 2, 2, 16]
    x = layers.MaxPooling2D(4, padding="same", name="max_pooling2d_1")(x)
    x = layers.Flatten(name="flatten")(x)  # [N, 64]
    x = layers.Dense(6, activation="softmax", name="probabilities")(x)  # [N, 6]
    return keras.Model(image, x, name="signs")
