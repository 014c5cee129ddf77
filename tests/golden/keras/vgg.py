"""3×3 convolutions only, as deep as they could be trained (Simonyan and Zisserman,
2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition"),
configurations A, B, D and E; with batch normalization as in torchvision.

Compiled by specc from the spec `vgg`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def convolution(x, filters, name):
    """One iteration of the loop `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}-conv2d")(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def hidden(x, name):
    """One iteration of the loop `hidden`."""
    x = layers.Dense(4096, activation="relu", name=f"{name}-dense")(x)  # [N, 4096]
    return layers.Dropout(0.5, name=f"{name}-dropout")(x)  # [N, 4096]


def stage(x, filters, count, name):
    """One iteration of the loop `stage`."""
    for i in range(count):
        # [N, H, W, filters]
        x = convolution(x, filters, name=f"{name}-convolution-{i}")
    return layers.MaxPooling2D(2, name=f"{name}-max_pooling2d")(x)  # [N, H, W, filters]


def vgg():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    x = stage(image, 64, count=2, name="stage-0")  # [N, 112, 112, 64]
    x = stage(x, 128, count=2, name="stage-1")  # [N, 56, 56, 128]
    x = stage(x, 256, count=3, name="stage-2")  # [N, 28, 28, 256]
    for i in range(3, 5):
        x = stage(x, 512, count=3, name=f"stage-{i}")  # [N, H, W, 512]
    x = layers.Flatten(name="flatten")(x)  # [N, 25088]
    for i in range(2):
        x = hidden(x, name=f"hidden-{i}")  # [N, 4096]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="vgg")
