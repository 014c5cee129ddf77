"""A perceptron of two hidden layers for MNIST's digits, from a Keras guide on training
and evaluation.

Compiled by specc from the spec `dense_digits`.
"""

import keras
from keras import layers


def dense_digits():
    """The model, from `pixels` float32[N, 784] to `logits` float32[N, 10]."""
    pixels = keras.Input((784,), name="pixels")
    x = pixels
    for i in range(2):
        x = layers.Dense(64, activation="relu", name=f"hidden-{i}")(x)  # [N, 64]
    x = layers.Dense(10, name="logits")(x)  # [N, 10]
    return keras.Model(pixels, x, name="dense_digits")
