"""Residual networks whose widths grow along a line (Radosavovic et al., 2020,
"Designing Network Design Spaces"): RegNetX, and RegNetY with squeeze and excitation, as
torchvision has them.

Compiled by specc from the spec `regnet`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def convolution(x, filters, strides, groups, name):
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


def convolution2(x, filters, strides, name):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 1, strides=strides, use_bias=False, name=f"{name}-conv2d"
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-05, name=f"{name}-norm")(
        x
    )


def squeeze_excitation(x, filters, filters2, name):
    """The block `squeeze_excitation`."""
    # [N, 1, 1, filters2]
    y = layers.GlobalAveragePooling2D(
        keepdims=True, name=f"{name}-global_average_pooling2d"
    )(x)
    # [N, 1, 1, filters]
    y = layers.Conv2D(filters, 1, activation="relu", name=f"{name}-conv2d")(y)
    # [N, 1, 1, filters2]
    y = layers.Conv2D(filters2, 1, activation="sigmoid", name=f"{name}-conv2d_1")(y)
    return layers.Multiply(name=f"{name}-multiply")([x, y])  # [N, H, W, filters2]


def residual(x, filters, groups, filters2, name):
    """The block `residual`."""
    # [N, H, W, filters]
    shortcut = convolution2(x, filters=filters, strides=2, name=f"{name}-shortcut")
    # [N, H, W, filters]
    x = convolution2(x, filters=filters, strides=1, name=f"{name}-convolution")
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]
    # [N, H, W, filters]
    x = convolution(
        x, filters=filters, strides=2, groups=groups, name=f"{name}-convolution_1"
    )
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, H, W, filters]
    # [N, H, W, filters]
    x = squeeze_excitation(
        x, filters=filters2, filters2=filters, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    x = convolution2(x, filters=filters, strides=1, name=f"{name}-convolution_2")
    x = layers.Add(name=f"{name}-add")([shortcut, x])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def residual2(x, filters, groups, filters2, name):
    """The block `residual`."""
    # [N, H, W, filters]
    y = convolution2(x, filters=filters, strides=1, name=f"{name}-convolution")
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, filters]
    # [N, H, W, filters]
    y = convolution(
        y, filters=filters, strides=1, groups=groups, name=f"{name}-convolution_1"
    )
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, filters]
    # [N, H, W, filters]
    y = squeeze_excitation(
        y, filters=filters2, filters2=filters, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    y = convolution2(y, filters=filters, strides=1, name=f"{name}-convolution_2")
    x = layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def stage(x, name):
    """One iteration of the loop `stage`."""
    # [N, 56, 56, 72]
    x = residual(x, filters=72, groups=3, filters2=8, name=f"{name}-block-0")
    # [N, 56, 56, 72]
    return residual2(x, filters=72, groups=3, filters2=18, name=f"{name}-block-1")


def stage2(x, filters, groups, filters2, count, filters22, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = residual(
        x, filters=filters, groups=groups, filters2=filters2, name=f"{name}-block-0"
    )
    for i in range(1, count):
        # [N, H, W, filters]
        x = residual2(
            x,
            filters=filters,
            groups=groups,
            filters2=filters22,
            name=f"{name}-block-{i}",
        )
    return x


def stage3(x, name):
    """One iteration of the loop `stage`."""
    # [N, 7, 7, 1512]
    return residual(x, filters=1512, groups=63, filters2=144, name=f"{name}-block-0")


def regnet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 32]
    x = convolution(image, filters=32, strides=2, groups=1, name="stem")
    x = layers.ReLU(name="re_lu")(x)  # [N, 112, 112, 32]
    x = stage(x, name="stage-0")  # [N, 56, 56, 72]
    # [N, 28, 28, 216]
    x = stage2(
        x, filters=216, groups=9, filters2=18, count=5, filters22=54, name="stage-1"
    )
    # [N, 14, 14, 576]
    x = stage2(
        x, filters=576, groups=24, filters2=54, count=13, filters22=144, name="stage-2"
    )
    x = stage3(x, name="stage-3")  # [N, 7, 7, 1512]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1512]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="regnet")
