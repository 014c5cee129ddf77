"""Inception taken to its end (Chollet, 2017, "Xception: Deep Learning with Depthwise
Separable Convolutions"): each channel is convolved by itself, then the channels are
mixed. As in keras.applications.

Compiled by specc from the spec `xception`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def separable(x, filters, name):
    """The block `separable`."""
    # [N, H, W, filters]
    x = layers.SeparableConv2D(
        filters, 3, padding="same", use_bias=False, name=f"{name}-separable_conv2d"
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(name=f"{name}-batch_normalization")(x)


def separable2(x, filters, name):
    """The block `separable`."""
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, C]
    # [N, H, W, filters]
    x = layers.SeparableConv2D(
        filters, 3, padding="same", use_bias=False, name=f"{name}-separable_conv2d"
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(name=f"{name}-batch_normalization")(x)


def reduction2(x, name):
    """The block `reduction`."""
    # [N, 74, 74, 128]
    y = layers.Conv2D(
        128, 1, strides=2, padding="same", use_bias=False, name=f"{name}-conv2d"
    )(x)
    shortcut = layers.BatchNormalization(name=f"{name}-shortcut")(y)  # [N, 74, 74, 128]
    x = separable(x, 128, name=f"{name}-separable")  # [N, 147, 147, 128]
    x = separable2(x, 128, name=f"{name}-separable_1")  # [N, 147, 147, 128]
    # [N, 74, 74, 128]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}-max_pooling2d")(
        x
    )
    return layers.Add(name=f"{name}-add")([x, shortcut])  # [N, 74, 74, 128]


def reduction3(x, filters, hidden, name):
    """The block `reduction`."""
    # [N, H, W, filters]
    y = layers.Conv2D(
        filters, 1, strides=2, padding="same", use_bias=False, name=f"{name}-conv2d"
    )(x)
    # [N, H, W, filters]
    shortcut = layers.BatchNormalization(name=f"{name}-shortcut")(y)
    x = separable2(x, hidden, name=f"{name}-separable")  # [N, H, W, hidden]
    x = separable2(x, filters, name=f"{name}-separable_1")  # [N, H, W, filters]
    # [N, H, W, filters]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}-max_pooling2d")(
        x
    )
    return layers.Add(name=f"{name}-add")([x, shortcut])  # [N, H, W, filters]


def residual(x, name):
    """The block `residual`."""
    y = x
    for i in range(3):
        y = separable2(y, 728, name=f"{name}-step-{i}")  # [N, 19, 19, 728]
    return layers.Add(name=f"{name}-add")([y, x])  # [N, 19, 19, 728]


def last(x, filters, name):
    """One iteration of the loop `last`."""
    x = separable(x, filters, name=f"{name}-separable")  # [N, 10, 10, filters]
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, 10, 10, filters]


def xception():
    """The model, from `image` float32[N, 299, 299, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((299, 299, 3), name="image")
    # [N, 149, 149, 32]
    x = layers.Conv2D(32, 3, strides=2, use_bias=False, name="conv2d")(image)
    x = layers.BatchNormalization(name="batch_normalization")(x)  # [N, 149, 149, 32]
    x = layers.ReLU(name="re_lu")(x)  # [N, 149, 149, 32]
    x = layers.Conv2D(64, 3, use_bias=False, name="conv2d_1")(x)  # [N, 147, 147, 64]
    x = layers.BatchNormalization(name="batch_normalization_1")(x)  # [N, 147, 147, 64]
    x = layers.ReLU(name="re_lu_1")(x)  # [N, 147, 147, 64]
    x = reduction2(x, name="reduction")  # [N, 74, 74, 128]
    x = reduction3(x, 256, 256, name="reduction_1")  # [N, 37, 37, 256]
    x = reduction3(x, 728, 728, name="reduction_2")  # [N, 19, 19, 728]
    for i in range(8):
        x = residual(x, name=f"middle-{i}")  # [N, 19, 19, 728]
    x = reduction3(x, 1024, 728, name="reduction_3")  # [N, 10, 10, 1024]
    x = last(x, 1536, name="last-0")  # [N, 10, 10, 1536]
    x = last(x, 2048, name="last-1")  # [N, 10, 10, 2048]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 2048]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="xception")
