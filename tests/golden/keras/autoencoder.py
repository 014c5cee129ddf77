"""Convolutional autoencoder of digits (Chollet, 2016, "Building Autoencoders in
Keras"): an image of 784 pixels as 128 numbers, and from these the image again.

Compiled by specc from the spec `autoencoder`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def encoder(x, filters, name):
    """One iteration of the loop `encoder`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 3, padding="same", activation="relu", name=f"{name}-conv2d"
    )(x)
    # [N, H, W, filters]
    return layers.MaxPooling2D(2, padding="same", name=f"{name}-max_pooling2d")(x)


def decoder(x, filters, name, padding="valid"):
    """One iteration of the loop `decoder`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 3, padding=padding, activation="relu", name=f"{name}-conv2d"
    )(x)
    return layers.UpSampling2D(name=f"{name}-up_sampling2d")(x)  # [N, H, W, filters]


def autoencoder():
    """The model, from `image` float32[N, 28, 28, 1] to `decoded` float32[N, 28, 28,
    1].
    """
    image = keras.Input((28, 28, 1), name="image")
    x = encoder(image, 16, name="encoder-0")  # [N, 14, 14, 16]
    for i in range(1, 3):
        x = encoder(x, 8, name=f"encoder-{i}")  # [N, H, W, 8]
    for i in range(2):
        x = decoder(x, 8, padding="same", name=f"decoder-{i}")  # [N, H, W, 8]
    x = decoder(x, 16, name="decoder-2")  # [N, 28, 28, 16]
    # [N, 28, 28, 1]
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="decoded")(x)
    return keras.Model(image, x, name="autoencoder")
