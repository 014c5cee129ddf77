"""The network that won ImageNet in 2012, in its form for one GPU (Krizhevsky, 2014,
"One weird trick for parallelizing convolutional neural networks") as torchvision has
it. The variant `two_gpus` is the first one (Krizhevsky, Sutskever and Hinton, 2012,
"ImageNet Classification with Deep Convolutional Neural Networks").

Compiled by specc from the spec `alexnet`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def hidden(x, name):
    """One iteration of the loop `hidden`."""
    x = layers.Dropout(0.5, name=f"{name}-dropout")(x)  # [N, C]
    return layers.Dense(4096, activation="relu", name=f"{name}-dense")(x)  # [N, 4096]


def alexnet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 55, 55, 64]
    x = layers.Conv2D(64, 11, strides=4, activation="relu", name="conv2d")(
        layers.ZeroPadding2D(2, name="conv2d-pad")(image)
    )
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d")(x)  # [N, 27, 27, 64]
    # [N, 27, 27, 192]
    x = layers.Conv2D(192, 5, padding="same", activation="relu", name="conv2d_1")(x)
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d_1")(x)  # [N, 13, 13, 192]
    # [N, 13, 13, 384]
    x = layers.Conv2D(384, 3, padding="same", activation="relu", name="conv2d_2")(x)
    # [N, 13, 13, 256]
    x = layers.Conv2D(256, 3, padding="same", activation="relu", name="conv2d_3")(x)
    # [N, 13, 13, 256]
    x = layers.Conv2D(256, 3, padding="same", activation="relu", name="conv2d_4")(x)
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d_2")(x)  # [N, 6, 6, 256]
    x = layers.Flatten(name="flatten")(x)  # [N, 9216]
    for i in range(2):
        x = hidden(x, name=f"hidden-{i}")  # [N, 4096]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="alexnet")
