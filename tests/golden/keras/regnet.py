"""Residual networks whose widths grow along a line (Radosavovic et al., 2020,
"Designing Network Design Spaces"): RegNetX, and RegNetY with squeeze and excitation, as
torchvision has them.

Compiled by specc from the spec `regnet`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def convolution(x, filters, name, strides=1, groups=1):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        3,
        strides=strides,
        groups=groups,
        use_bias=False,
        name=f"{name}-conv2d",
    )(layers.ZeroPadding2D(1, name=f"{name}-conv2d-pad")(x))
    # [N, H, W, filters]
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-05, name=f"{name}-norm")(
        x
    )


def convolution2(x, filters, name, strides=1):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 1, strides=strides, use_bias=False, name=f"{name}-conv2d"
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-05, name=f"{name}-norm")(
        x
    )


def squeeze_excitation(x, hidden, filters, name):
    """The block `squeeze_excitation`."""
    # [N, 1, 1, filters]
    y = layers.GlobalAveragePooling2D(
        keepdims=True, name=f"{name}-global_average_pooling2d"
    )(x)
    # [N, 1, 1, hidden]
    y = layers.Conv2D(hidden, 1, activation="relu", name=f"{name}-conv2d")(y)
    # [N, 1, 1, filters]
    y = layers.Conv2D(filters, 1, activation="sigmoid", name=f"{name}-conv2d_1")(y)
    return layers.Multiply(name=f"{name}-multiply")([x, y])  # [N, H, W, filters]


def residual(x, filters, hidden, name, groups=1):
    """The block `residual`."""
    # [N, H, W, filters]
    shortcut = convolution2(x, filters, strides=2, name=f"{name}-shortcut")
    x = convolution2(x, filters, name=f"{name}-convolution")  # [N, H, W, filters]
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]
    # [N, H, W, filters]
    x = convolution(x, filters, strides=2, groups=groups, name=f"{name}-convolution_1")
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, H, W, filters]
    # [N, H, W, filters]
    x = squeeze_excitation(x, hidden, filters, name=f"{name}-squeeze_excitation")
    x = convolution2(x, filters, name=f"{name}-convolution_2")  # [N, H, W, filters]
    x = layers.Add(name=f"{name}-add")([shortcut, x])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def residual2(x, filters, hidden, name, groups=1):
    """The block `residual`."""
    y = convolution2(x, filters, name=f"{name}-convolution")  # [N, H, W, filters]
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, filters]
    # [N, H, W, filters]
    y = convolution(y, filters, groups=groups, name=f"{name}-convolution_1")
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, filters]
    # [N, H, W, filters]
    y = squeeze_excitation(y, hidden, filters, name=f"{name}-squeeze_excitation")
    y = convolution2(y, filters, name=f"{name}-convolution_2")  # [N, H, W, filters]
    x = layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def stage(x, name):
    """One iteration of the loop `stage`."""
    x = residual(x, 72, 8, groups=3, name=f"{name}-block-0")  # [N, 56, 56, 72]
    return residual2(x, 72, 18, groups=3, name=f"{name}-block-1")  # [N, 56, 56, 72]


def stage2(x, filters, hidden, block_hidden, count, name, groups=1):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = residual(x, filters, hidden, groups=groups, name=f"{name}-block-0")
    for i in range(1, count):
        # [N, H, W, filters]
        x = residual2(x, filters, block_hidden, groups=groups, name=f"{name}-block-{i}")
    return x


def stage3(x, name):
    """One iteration of the loop `stage`."""
    return residual(x, 1512, 144, groups=63, name=f"{name}-block-0")  # [N, 7, 7, 1512]


def regnet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    x = convolution(image, 32, strides=2, name="stem")  # [N, 112, 112, 32]
    x = layers.ReLU(name="re_lu")(x)  # [N, 112, 112, 32]
    x = stage(x, name="stage-0")  # [N, 56, 56, 72]
    x = stage2(x, 216, 18, 54, count=5, groups=9, name="stage-1")  # [N, 28, 28, 216]
    x = stage2(x, 576, 54, 144, count=13, groups=24, name="stage-2")  # [N, 14, 14, 576]
    x = stage3(x, name="stage-3")  # [N, 7, 7, 1512]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1512]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="regnet")
