"""The third Inception network (Szegedy et al., 2016, "Rethinking the Inception
Architecture for Computer Vision"): large convolutions are made of small ones, square
ones of 1×n and n×1. Paddings and normalization are those of keras.applications.

Compiled by specc from the spec `inception_v3`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def convolution(x, filters, kernel_size, name, strides=1, padding="valid"):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        use_bias=False,
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(scale=False, name=f"{name}-batch_normalization")(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def tower(x, step_filters, filters, kernel_size, name):
    """The block `tower`."""
    # [N, H, W, step_filters]
    x = convolution(
        x, step_filters, kernel_size=1, padding="same", name=f"{name}-step-0"
    )
    # [N, H, W, filters]
    return convolution(
        x, filters, kernel_size=kernel_size, padding="same", name=f"{name}-step-1"
    )


def tower2(x, name):
    """The block `tower`."""
    # [N, 35, 35, 64]
    x = convolution(x, 64, kernel_size=1, padding="same", name=f"{name}-step-0")
    for i in range(1, 3):
        # [N, 35, 35, 96]
        x = convolution(x, 96, kernel_size=3, padding="same", name=f"{name}-step-{i}")
    return x


def tower3(x, step_filters, name):
    """The block `tower`."""
    # [N, 17, 17, step_filters]
    x = convolution(
        x, step_filters, kernel_size=1, padding="same", name=f"{name}-step-0"
    )
    # [N, 17, 17, step_filters]
    x = convolution(
        x, step_filters, kernel_size=(1, 7), padding="same", name=f"{name}-step-1"
    )
    # [N, 17, 17, 192]
    return convolution(
        x, 192, kernel_size=(7, 1), padding="same", name=f"{name}-step-2"
    )


def tower4(x, step_filters, name):
    """The block `tower`."""
    # [N, 17, 17, step_filters]
    x = convolution(
        x, step_filters, kernel_size=1, padding="same", name=f"{name}-step-0"
    )
    # [N, 17, 17, step_filters]
    x = convolution(
        x, step_filters, kernel_size=(7, 1), padding="same", name=f"{name}-step-1"
    )
    # [N, 17, 17, step_filters]
    x = convolution(
        x, step_filters, kernel_size=(1, 7), padding="same", name=f"{name}-step-2"
    )
    # [N, 17, 17, step_filters]
    x = convolution(
        x, step_filters, kernel_size=(7, 1), padding="same", name=f"{name}-step-3"
    )
    # [N, 17, 17, 192]
    return convolution(
        x, 192, kernel_size=(1, 7), padding="same", name=f"{name}-step-4"
    )


def pooling_tower(x, filters, name):
    """The block `pooling_tower`."""
    # [N, H, W, C]
    x = layers.AveragePooling2D(
        3, strides=1, padding="same", name=f"{name}-average_pooling2d"
    )(x)
    # [N, H, W, filters]
    return convolution(
        x, filters, kernel_size=1, padding="same", name=f"{name}-convolution"
    )


def fork(x, name):
    """The block `fork`."""
    # [N, 8, 8, 384]
    wide = convolution(x, 384, kernel_size=(1, 3), padding="same", name=f"{name}-wide")
    # [N, 8, 8, 384]
    x = convolution(x, 384, kernel_size=(3, 1), padding="same", name=f"{name}-high")
    return layers.Concatenate(name=f"{name}-concatenate")([wide, x])  # [N, 8, 8, 768]


def reduction_a(x, name):
    """The block `reduction_a`."""
    # [N, 17, 17, 384]
    three = convolution(x, 384, kernel_size=3, strides=2, name=f"{name}-three")
    y = tower(x, 64, 96, kernel_size=3, name=f"{name}-tower")  # [N, 35, 35, 96]
    # [N, 17, 17, 96]
    three_twice = convolution(
        y, 96, kernel_size=3, strides=2, name=f"{name}-three_twice"
    )
    x = layers.MaxPooling2D(3, strides=2, name=f"{name}-pooling")(x)  # [N, 17, 17, 288]
    # [N, 17, 17, 768]
    return layers.Concatenate(name=f"{name}-concatenate")([three, three_twice, x])


def reduction_b(x, name):
    """The block `reduction_b`."""
    # [N, 17, 17, 192]
    y = convolution(x, 192, kernel_size=1, padding="same", name=f"{name}-convolution")
    # [N, 8, 8, 320]
    three = convolution(y, 320, kernel_size=3, strides=2, name=f"{name}-three")
    y = tower3(x, 192, name=f"{name}-tower")  # [N, 17, 17, 192]
    # [N, 8, 8, 192]
    seven = convolution(y, 192, kernel_size=3, strides=2, name=f"{name}-seven")
    x = layers.MaxPooling2D(3, strides=2, name=f"{name}-pooling")(x)  # [N, 8, 8, 768]
    # [N, 8, 8, 1280]
    return layers.Concatenate(name=f"{name}-concatenate")([three, seven, x])


def inception_a(x, pooling_filters, name):
    """The block `inception_a`."""
    # [N, 35, 35, 64]
    one = convolution(x, 64, kernel_size=1, padding="same", name=f"{name}-one")
    five = tower(x, 48, 64, kernel_size=5, name=f"{name}-five")  # [N, 35, 35, 64]
    three_twice = tower2(x, name=f"{name}-three_twice")  # [N, 35, 35, 96]
    # [N, 35, 35, pooling_filters]
    x = pooling_tower(x, pooling_filters, name=f"{name}-pooling")
    # [N, 35, 35, pooling_filters + 224]
    return layers.Concatenate(name=f"{name}-concatenate")([one, five, three_twice, x])


def inception_b(x, step_filters, name):
    """The block `inception_b`."""
    # [N, 17, 17, 192]
    one = convolution(x, 192, kernel_size=1, padding="same", name=f"{name}-one")
    seven = tower3(x, step_filters, name=f"{name}-seven")  # [N, 17, 17, 192]
    # [N, 17, 17, 192]
    seven_twice = tower4(x, step_filters, name=f"{name}-seven_twice")
    x = pooling_tower(x, 192, name=f"{name}-pooling")  # [N, 17, 17, 192]
    # [N, 17, 17, 768]
    return layers.Concatenate(name=f"{name}-concatenate")([one, seven, seven_twice, x])


def inception_c(x, name):
    """The block `inception_c`."""
    # [N, 8, 8, 320]
    one = convolution(x, 320, kernel_size=1, padding="same", name=f"{name}-one")
    # [N, 8, 8, 384]
    y = convolution(x, 384, kernel_size=1, padding="same", name=f"{name}-convolution")
    three = fork(y, name=f"{name}-three")  # [N, 8, 8, 768]
    y = tower(x, 448, 384, kernel_size=3, name=f"{name}-tower")  # [N, 8, 8, 384]
    three_twice = fork(y, name=f"{name}-three_twice")  # [N, 8, 8, 768]
    x = pooling_tower(x, 192, name=f"{name}-pooling")  # [N, 8, 8, 192]
    # [N, 8, 8, 2048]
    return layers.Concatenate(name=f"{name}-concatenate")([one, three, three_twice, x])


def inception_v3():
    """The model, from `image` float32[N, 299, 299, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((299, 299, 3), name="image")
    # [N, 149, 149, 32]
    x = convolution(image, 32, kernel_size=3, strides=2, name="convolution")
    x = convolution(x, 32, kernel_size=3, name="convolution_1")  # [N, 147, 147, 32]
    # [N, 147, 147, 64]
    x = convolution(x, 64, kernel_size=3, padding="same", name="convolution_2")
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d")(x)  # [N, 73, 73, 64]
    # [N, 73, 73, 80]
    x = convolution(x, 80, kernel_size=1, padding="same", name="convolution_3")
    x = convolution(x, 192, kernel_size=3, name="convolution_4")  # [N, 71, 71, 192]
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d_1")(x)  # [N, 35, 35, 192]
    x = inception_a(x, 32, name="a-0")  # [N, 35, 35, 256]
    for i in range(1, 3):
        x = inception_a(x, 64, name=f"a-{i}")  # [N, 35, 35, 288]
    x = reduction_a(x, name="reduction_a")  # [N, 17, 17, 768]
    x = inception_b(x, 128, name="b-0")  # [N, 17, 17, 768]
    for i in range(1, 3):
        x = inception_b(x, 160, name=f"b-{i}")  # [N, 17, 17, 768]
    x = inception_b(x, 192, name="b-3")  # [N, 17, 17, 768]
    x = reduction_b(x, name="reduction_b")  # [N, 8, 8, 1280]
    for i in range(2):
        x = inception_c(x, name=f"c-{i}")  # [N, 8, 8, 2048]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 2048]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="inception_v3")
