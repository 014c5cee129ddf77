"""Is the face at the door happy? The one-convolution network of a Keras tutorial, for
photographs of 64×64 pixels.

Compiled by specc from the spec `happy_house`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def happy_house():
    """The model, from `image` float32[N, 64, 64, 3] to `probability` float32[N, 1]."""
    image = keras.Input((64, 64, 3), name="image")
    x = layers.ZeroPadding2D(3, name="zero_padding2d")(image)  # [N, 70, 70, 3]
    x = layers.Conv2D(32, 7, name="conv2d")(x)  # [N, 64, 64, 32]
    x = layers.BatchNormalization(name="batch_normalization")(x)  # [N, 64, 64, 32]
    x = layers.ReLU(name="re_lu")(x)  # [N, 64, 64, 32]
    x = layers.MaxPooling2D(2, name="max_pooling2d")(x)  # [N, 32, 32, 32]
    x = layers.Flatten(name="flatten")(x)  # [N, 32768]
    x = layers.Dense(1, activation="sigmoid", name="probability")(x)  # [N, 1]
    return keras.Model(image, x, name="happy_house")
