"""A plain convolutional network for the 100 classes of CIFAR-100, from a Keras
tutorial.

Compiled by specc from the spec `cifar100_cnn`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def cifar100_cnn():
    """The model, from `image` float32[N, 32, 32, 3] to `probabilities` float32[N,
    100].
    """
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(32, 3, activation="relu", name="conv2d")(image)  # [N, 30, 30, 32]
    x = layers.Conv2D(64, 3, activation="relu", name="conv2d_1")(x)  # [N, 28, 28, 64]
    x = layers.MaxPooling2D(2, name="max_pooling2d")(x)  # [N, 14, 14, 64]
    x = layers.Conv2D(128, 3, activation="relu", name="conv2d_2")(x)  # [N, 12, 12, 128]
    x = layers.Conv2D(256, 3, activation="relu", name="conv2d_3")(x)  # [N, 10, 10, 256]
    x = layers.Conv2D(512, 3, activation="relu", name="conv2d_4")(x)  # [N, 8, 8, 512]
    x = layers.MaxPooling2D(2, name="max_pooling2d_1")(x)  # [N, 4, 4, 512]
    x = layers.Conv2D(1024, 3, activation="relu", name="conv2d_5")(x)  # [N, 2, 2, 1024]
    x = layers.MaxPooling2D(2, name="max_pooling2d_2")(x)  # [N, 1, 1, 1024]
    x = layers.Flatten(name="flatten")(x)  # [N, 1024]
    x = layers.Dense(500, activation="relu", name="dense")(x)  # [N, 500]
    x = layers.Dropout(0.5, name="dropout")(x)  # [N, 500]
    x = layers.Dense(100, activation="softmax", name="probabilities")(x)  # [N, 100]
    return keras.Model(image, x, name="cifar100_cnn")
