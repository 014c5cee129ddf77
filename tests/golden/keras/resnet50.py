"""Residual network of 50 layers (He et al., 2016, "Deep Residual Learning for Image
Recognition") in the form known as v1.5: a stage halves the size in its first 3×3
convolution, not in the 1×1.

Compiled by specc from the spec `resnet50`. Images are [N, H, W, C].
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


def bottleneck(x, filters, strides, filters2, name):
    """The block `bottleneck`."""
    # [N, H, W, filters]
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(y)
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, filters]
    # [N, H, W, filters]
    y = layers.Conv2D(
        filters, 3, strides=strides, use_bias=False, name=f"{name}-conv2d_1"
    )(layers.ZeroPadding2D(1, name=f"{name}-conv2d_1-pad")(y))
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization_1"
    )(y)
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, filters]
    # [N, H, W, filters2]
    y = layers.Conv2D(filters2, 1, use_bias=False, name=f"{name}-conv2d_2")(y)
    # [N, H, W, filters2]
    residual = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-residual"
    )(y)
    # [N, H, W, filters2]
    x = layers.Conv2D(
        filters2, 1, strides=strides, use_bias=False, name=f"{name}-conv2d_3"
    )(x)
    # [N, H, W, filters2]
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-05, name=f"{name}-shortcut")(
        x
    )
    x = layers.Add(name=f"{name}-add")([residual, x])  # [N, H, W, filters2]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters2]


def bottleneck2(x, filters, filters2, name):
    """The block `bottleneck`."""
    # [N, H, W, filters]
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(y)
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, filters]
    # [N, H, W, filters]
    y = layers.Conv2D(filters, 3, use_bias=False, name=f"{name}-conv2d_1")(
        layers.ZeroPadding2D(1, name=f"{name}-conv2d_1-pad")(y)
    )
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization_1"
    )(y)
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, filters]
    # [N, H, W, filters2]
    y = layers.Conv2D(filters2, 1, use_bias=False, name=f"{name}-conv2d_2")(y)
    # [N, H, W, filters2]
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-05, name=f"{name}-residual")(
        y
    )
    x = layers.Add(name=f"{name}-add")([y, x])  # [N, H, W, filters2]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters2]


def stage(x, filters, strides, filters2, count, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters2]
    x = bottleneck(
        x, filters=filters, strides=strides, filters2=filters2, name=f"{name}-block-0"
    )
    for i in range(1, count):
        # [N, H, W, filters2]
        x = bottleneck2(x, filters=filters, filters2=filters2, name=f"{name}-block-{i}")
    return x


def resnet50():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 64]
    x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv2d")(
        layers.ZeroPadding2D(3, name="conv2d-pad")(image)
    )
    # [N, 112, 112, 64]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name="batch_normalization"
    )(x)
    x = layers.ReLU(name="re_lu")(x)  # [N, 112, 112, 64]
    # [N, 56, 56, 64]
    x = padded_max_pooling2d(
        3, strides=2, padding=((1, 1), (1, 1)), name="max_pooling2d"
    )(x)
    # [N, 56, 56, 256]
    x = stage(x, filters=64, strides=1, filters2=256, count=3, name="stage-0")
    # [N, 28, 28, 512]
    x = stage(x, filters=128, strides=2, filters2=512, count=4, name="stage-1")
    # [N, 14, 14, 1024]
    x = stage(x, filters=256, strides=2, filters2=1024, count=6, name="stage-2")
    # [N, 7, 7, 2048]
    x = stage(x, filters=512, strides=2, filters2=2048, count=3, name="stage-3")
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 2048]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="resnet50")
