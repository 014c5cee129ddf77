"""Residual networks whose blocks normalize and activate first (He et al., 2016,
"Identity Mappings in Deep Residual Networks"), so that nothing is in the way from block
to block; as Keras has them.

Compiled by specc from the spec `resnet_v2`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def bottleneck(x, filters, hidden, name):
    """The block `bottleneck`."""
    # [N, H, W, C]
    x = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization"
    )(x)
    active = layers.ReLU(name=f"{name}-active")(x)  # [N, H, W, C]
    # [N, H, W, filters]
    projected = layers.Conv2D(filters, 1, name=f"{name}-projected")(active)
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(active)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization_1"
    )(x)
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 3, use_bias=False, name=f"{name}-conv2d_1")(
        layers.ZeroPadding2D(1, name=f"{name}-conv2d_1-pad")(x)
    )
    # [N, H, W, hidden]
    x = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization_2"
    )(x)
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, H, W, hidden]
    x = layers.Conv2D(filters, 1, name=f"{name}-conv2d_2")(x)  # [N, H, W, filters]
    return layers.Add(name=f"{name}-add")([projected, x])  # [N, H, W, filters]


def bottleneck2(x, hidden, filters, name):
    """The block `bottleneck`."""
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization"
    )(x)
    y = layers.ReLU(name=f"{name}-active")(y)  # [N, H, W, filters]
    # [N, H, W, hidden]
    y = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(y)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization_1"
    )(y)
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    y = layers.Conv2D(hidden, 3, use_bias=False, name=f"{name}-conv2d_1")(
        layers.ZeroPadding2D(1, name=f"{name}-conv2d_1-pad")(y)
    )
    # [N, H, W, hidden]
    y = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization_2"
    )(y)
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, hidden]
    y = layers.Conv2D(filters, 1, name=f"{name}-conv2d_2")(y)  # [N, H, W, filters]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]


def bottleneck3(x, hidden, filters, name):
    """The block `bottleneck`."""
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization"
    )(x)
    active = layers.ReLU(name=f"{name}-active")(y)  # [N, H, W, filters]
    # [N, H, W, filters]
    thinned = layers.MaxPooling2D(1, strides=2, name=f"{name}-thinned")(x)
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(active)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization_1"
    )(x)
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 3, strides=2, use_bias=False, name=f"{name}-conv2d_1")(
        layers.ZeroPadding2D(1, name=f"{name}-conv2d_1-pad")(x)
    )
    # [N, H, W, hidden]
    x = layers.BatchNormalization(
        epsilon=1.001e-05, name=f"{name}-batch_normalization_2"
    )(x)
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, H, W, hidden]
    x = layers.Conv2D(filters, 1, name=f"{name}-conv2d_2")(x)  # [N, H, W, filters]
    return layers.Add(name=f"{name}-add")([thinned, x])  # [N, H, W, filters]


def stage(x, name):
    """One iteration of the loop `stage`."""
    x = bottleneck(x, 256, 64, name=f"{name}-block-0")  # [N, 56, 56, 256]
    x = bottleneck2(x, 64, 256, name=f"{name}-block-1")  # [N, 56, 56, 256]
    return bottleneck3(x, 64, 256, name=f"{name}-block-2")  # [N, 28, 28, 256]


def stage2(x, name):
    """One iteration of the loop `stage`."""
    x = bottleneck(x, 512, 128, name=f"{name}-block-0")  # [N, 28, 28, 512]
    for i in range(1, 3):
        x = bottleneck2(x, 128, 512, name=f"{name}-block-{i}")  # [N, 28, 28, 512]
    return bottleneck3(x, 128, 512, name=f"{name}-block-3")  # [N, 14, 14, 512]


def stage3(x, name):
    """One iteration of the loop `stage`."""
    x = bottleneck(x, 1024, 256, name=f"{name}-block-0")  # [N, 14, 14, 1024]
    for i in range(1, 5):
        x = bottleneck2(x, 256, 1024, name=f"{name}-block-{i}")  # [N, 14, 14, 1024]
    return bottleneck3(x, 256, 1024, name=f"{name}-block-5")  # [N, 7, 7, 1024]


def stage4(x, name):
    """One iteration of the loop `stage`."""
    x = bottleneck(x, 2048, 512, name=f"{name}-block-0")  # [N, 7, 7, 2048]
    for i in range(1, 3):
        x = bottleneck2(x, 512, 2048, name=f"{name}-block-{i}")  # [N, 7, 7, 2048]
    return x


def resnet_v2():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 64]
    x = layers.Conv2D(64, 7, strides=2, name="conv2d")(
        layers.ZeroPadding2D(3, name="conv2d-pad")(image)
    )
    x = layers.ZeroPadding2D(1, name="zero_padding2d")(x)  # [N, 114, 114, 64]
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d")(x)  # [N, 56, 56, 64]
    x = stage(x, name="stage-0")  # [N, 28, 28, 256]
    x = stage2(x, name="stage-1")  # [N, 14, 14, 512]
    x = stage3(x, name="stage-2")  # [N, 7, 7, 1024]
    x = stage4(x, name="stage-3")  # [N, 7, 7, 2048]
    # [N, 7, 7, 2048]
    x = layers.BatchNormalization(epsilon=1.001e-05, name="batch_normalization")(x)
    x = layers.ReLU(name="re_lu")(x)  # [N, 7, 7, 2048]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 2048]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="resnet_v2")
