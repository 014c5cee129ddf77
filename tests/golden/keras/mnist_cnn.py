"""A small convolutional network for pictures of 28×28 grey pixels, such as MNIST's
digits and Fashion-MNIST's clothes: two convolutions, each with batch normalization and
pooling.

Compiled by specc from the spec `mnist_cnn`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def stage(x, filters, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 3, padding="same", use_bias=False, name=f"{name}-conv2d"
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(name=f"{name}-batch_normalization")(x)
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]
    return layers.MaxPooling2D(2, name=f"{name}-max_pooling2d")(x)  # [N, H, W, filters]


def mnist_cnn():
    """The model, from `image` float32[N, 28, 28, 1] to `logits` float32[N, 10]."""
    image = keras.Input((28, 28, 1), name="image")
    x = stage(image, 32, name="stage-0")  # [N, 14, 14, 32]
    x = stage(x, 64, name="stage-1")  # [N, 7, 7, 64]
    x = layers.Dropout(0.3, name="dropout")(x)  # [N, 7, 7, 64]
    x = layers.Flatten(name="flatten")(x)  # [N, 3136]
    x = layers.Dense(128, activation="relu", name="dense")(x)  # [N, 128]
    x = layers.Dropout(0.3, name="dropout_1")(x)  # [N, 128]
    x = layers.Dense(10, name="logits")(x)  # [N, 10]
    return keras.Model(image, x, name="mnist_cnn")
