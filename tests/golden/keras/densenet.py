"""Densely connected network with bottlenecks and compression, DenseNet-BC (Huang et
al., 2017, "Densely Connected Convolutional Networks"), with the conventions of its
PyTorch form.

Compiled by specc from the spec `densenet`. Images are [N, H, W, C].
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


def dense_layer(x, name):
    """The block `dense_layer`."""
    # [N, H, W, C]
    y = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(x)
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, C]
    # [N, H, W, 128]
    y = layers.Conv2D(
        128, 1, use_bias=False, kernel_initializer="he_normal", name=f"{name}-conv2d"
    )(y)
    # [N, H, W, 128]
    y = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization_1"
    )(y)
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, 128]
    # [N, H, W, 32]
    y = layers.Conv2D(
        32, 3, use_bias=False, kernel_initializer="he_normal", name=f"{name}-conv2d_1"
    )(layers.ZeroPadding2D(1, name=f"{name}-conv2d_1-pad")(y))
    return layers.Concatenate(name=f"{name}-concatenate")([x, y])  # [N, H, W, C]


def transition(x, filters, name):
    """The block `transition`."""
    # [N, H, W, C]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(x)
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, C]
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        1,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    return layers.AveragePooling2D(2, name=f"{name}-average_pooling2d")(x)


def stage(x, filters, count, name):
    """One iteration of the loop `stage`."""
    for i in range(count):
        x = dense_layer(x, name=f"{name}-layer-{i}")  # [N, H, W, C]
    return transition(x, filters, name=f"{name}-transition")  # [N, H, W, filters]


def stage2(x, name):
    """One iteration of the loop `stage`."""
    for i in range(16):
        x = dense_layer(x, name=f"{name}-layer-{i}")  # [N, 7, 7, C]
    return x


def densenet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 64]
    x = layers.Conv2D(
        64, 7, strides=2, use_bias=False, kernel_initializer="he_normal", name="conv2d"
    )(layers.ZeroPadding2D(3, name="conv2d-pad")(image))
    # [N, 112, 112, 64]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name="batch_normalization"
    )(x)
    x = layers.ReLU(name="re_lu")(x)  # [N, 112, 112, 64]
    # [N, 56, 56, 64]
    x = padded_max_pooling2d(
        3, strides=2, padding=((1, 1), (1, 1)), name="max_pooling2d"
    )(x)
    x = stage(x, 128, count=6, name="stage-0")  # [N, 28, 28, 128]
    x = stage(x, 256, count=12, name="stage-1")  # [N, 14, 14, 256]
    x = stage(x, 512, count=24, name="stage-2")  # [N, 7, 7, 512]
    x = stage2(x, name="stage-3")  # [N, 7, 7, 1024]
    # [N, 7, 7, 1024]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name="batch_normalization_1"
    )(x)
    x = layers.ReLU(name="re_lu_1")(x)  # [N, 7, 7, 1024]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1024]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="densenet")
