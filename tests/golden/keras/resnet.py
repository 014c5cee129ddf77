"""Residual networks (He et al., 2016, "Deep Residual Learning for Image Recognition"),
and with other widths inside the blocks ResNeXt (Xie et al., 2017, "Aggregated Residual
Transformations for Deep Neural Networks") and wide ResNet (Zagoruyko and Komodakis,
2016).

Compiled by specc from the spec `resnet`. Images are [N, H, W, C].
"""

import keras
from keras import layers, ops


def padded_max_pooling2d(pool_size, strides, padding, name, dtype=None):
    """The greatest value of each window; cells of the padding never win."""
    x = keras.Input((None, None, None), dtype=dtype)
    least = -3.4028234663852886e38
    padded = ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=least)
    y = ops.max_pool(padded, pool_size, strides)
    return keras.Model(x, y, name=name)


def convolution(x, filters, kernel_size, padding, name, strides=1):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(filters, kernel_size, strides=strides, name=f"{name}-conv2d")(
        layers.ZeroPadding2D(padding, name=f"{name}-conv2d-pad")(x)
    )
    # [N, H, W, filters]
    return layers.BatchNormalization(epsilon=1.001e-05, name=f"{name}-norm")(x)


def convolution2(x, filters, name, strides=1):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(filters, 1, strides=strides, name=f"{name}-conv2d")(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(epsilon=1.001e-05, name=f"{name}-norm")(x)


def residual(x, filters, hidden, name, strides=1):
    """The block `residual`."""
    # [N, H, W, filters]
    shortcut = convolution2(x, filters, strides=strides, name=f"{name}-shortcut")
    # [N, H, W, hidden]
    x = convolution2(x, hidden, strides=strides, name=f"{name}-convolution")
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, hidden]
    x = convolution(x, hidden, 3, 1, name=f"{name}-convolution_1")  # [N, H, W, hidden]
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, H, W, hidden]
    x = convolution2(x, filters, name=f"{name}-convolution_2")  # [N, H, W, filters]
    x = layers.Add(name=f"{name}-add")([shortcut, x])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def residual2(x, hidden, filters, name):
    """The block `residual`."""
    y = convolution2(x, hidden, name=f"{name}-convolution")  # [N, H, W, hidden]
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, hidden]
    y = convolution(y, hidden, 3, 1, name=f"{name}-convolution_1")  # [N, H, W, hidden]
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, hidden]
    y = convolution2(y, filters, name=f"{name}-convolution_2")  # [N, H, W, filters]
    x = layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def stage(x, filters, hidden, count, name, strides=1):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = residual(x, filters, hidden, strides=strides, name=f"{name}-block-0")
    for i in range(1, count):
        # [N, H, W, filters]
        x = residual2(x, hidden, filters, name=f"{name}-block-{i}")
    return x


def resnet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    x = convolution(image, 64, 7, 3, strides=2, name="stem")  # [N, 112, 112, 64]
    x = layers.ReLU(name="re_lu")(x)  # [N, 112, 112, 64]
    # [N, 56, 56, 64]
    x = padded_max_pooling2d(
        3, strides=2, padding=((1, 1), (1, 1)), name="max_pooling2d"
    )(x)
    x = stage(x, 256, 64, count=3, name="stage-0")  # [N, 56, 56, 256]
    x = stage(x, 512, 128, count=4, strides=2, name="stage-1")  # [N, 28, 28, 512]
    x = stage(x, 1024, 256, count=6, strides=2, name="stage-2")  # [N, 14, 14, 1024]
    x = stage(x, 2048, 512, count=3, strides=2, name="stage-3")  # [N, 7, 7, 2048]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 2048]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="resnet")
