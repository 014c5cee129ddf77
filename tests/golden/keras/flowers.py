"""Which of five flowers? The network of a TensorFlow tutorial on image classification,
first as it overfits, then (variant `augmented`) with random changes to the images and
dropout.

Compiled by specc from the spec `flowers`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def stage(x, filters, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 3, padding="same", activation="relu", name=f"{name}-conv2d"
    )(x)
    return layers.MaxPooling2D(2, name=f"{name}-max_pooling2d")(x)  # [N, H, W, filters]


def flowers():
    """The model, from `image` float32[N, 180, 180, 3] to `logits` float32[N, 5]."""
    image = keras.Input((180, 180, 3), name="image")
    # [N, 180, 180, 3]
    x = layers.Rescaling(0.00392156862745098, name="rescaling")(image)
    x = stage(x, 16, name="stage-0")  # [N, 90, 90, 16]
    x = stage(x, 32, name="stage-1")  # [N, 45, 45, 32]
    x = stage(x, 64, name="stage-2")  # [N, 22, 22, 64]
    x = layers.Flatten(name="flatten")(x)  # [N, 30976]
    x = layers.Dense(128, activation="relu", name="dense")(x)  # [N, 128]
    x = layers.Dense(5, name="logits")(x)  # [N, 5]
    return keras.Model(image, x, name="flowers")
