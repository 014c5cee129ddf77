"""A network of inverted residuals, wide inside and narrow between (Sandler et al.,
2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks"), as Keras has it.

Compiled by specc from the spec `mobilenet_v2`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def inverted_residual(x, name):
    """The block `inverted_residual`."""
    # [N, 112, 112, 32]
    x = layers.DepthwiseConv2D(
        3, padding="same", use_bias=False, name=f"{name}-depthwise_conv2d"
    )(x)
    # [N, 112, 112, 32]
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(x)
    x = layers.ReLU(max_value=6.0, name=f"{name}-re_lu")(x)  # [N, 112, 112, 32]
    # [N, 112, 112, 16]
    x = layers.Conv2D(16, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, 112, 112, 16]
    return layers.BatchNormalization(
        momentum=0.999, name=f"{name}-batch_normalization_1"
    )(x)


def inverted_residual2(x, hidden, filters, name, strides=1):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(x)
    x = layers.ReLU(max_value=6.0, name=f"{name}-re_lu")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        name=f"{name}-depthwise_conv2d",
    )(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_1")(
        x
    )
    x = layers.ReLU(max_value=6.0, name=f"{name}-re_lu_1")(x)  # [N, H, W, hidden]
    # [N, H, W, filters]
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d_1")(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(
        momentum=0.999, name=f"{name}-batch_normalization_2"
    )(x)


def inverted_residual3(x, hidden, filters, name):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    y = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(y)
    y = layers.ReLU(max_value=6.0, name=f"{name}-re_lu")(y)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    y = layers.DepthwiseConv2D(
        3, padding="same", use_bias=False, name=f"{name}-depthwise_conv2d"
    )(y)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_1")(
        y
    )
    y = layers.ReLU(max_value=6.0, name=f"{name}-re_lu_1")(y)  # [N, H, W, hidden]
    # [N, H, W, filters]
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d_1")(y)
    # [N, H, W, filters]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_2")(
        y
    )
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]


def stage(x, name):
    """One iteration of the loop `stage`."""
    return inverted_residual(x, name=f"{name}-block-0")  # [N, 112, 112, 16]


def stage2(x, name):
    """One iteration of the loop `stage`."""
    # [N, 56, 56, 24]
    x = inverted_residual2(x, 96, 24, strides=2, name=f"{name}-block-0")
    return inverted_residual3(x, 144, 24, name=f"{name}-block-1")  # [N, 56, 56, 24]


def stage3(x, hidden, filters, block_hidden, count, name, strides=1):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = inverted_residual2(x, hidden, filters, strides=strides, name=f"{name}-block-0")
    for i in range(1, count):
        # [N, H, W, filters]
        x = inverted_residual3(x, block_hidden, filters, name=f"{name}-block-{i}")
    return x


def stage4(x, name):
    """One iteration of the loop `stage`."""
    return inverted_residual2(x, 960, 320, name=f"{name}-block-0")  # [N, 7, 7, 320]


def mobilenet_v2():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 32]
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="conv2d")(
        image
    )
    # [N, 112, 112, 32]
    x = layers.BatchNormalization(momentum=0.999, name="batch_normalization")(x)
    x = layers.ReLU(max_value=6.0, name="re_lu")(x)  # [N, 112, 112, 32]
    x = stage(x, name="stage-0")  # [N, 112, 112, 16]
    x = stage2(x, name="stage-1")  # [N, 56, 56, 24]
    x = stage3(x, 144, 32, 192, count=3, strides=2, name="stage-2")  # [N, 28, 28, 32]
    x = stage3(x, 192, 64, 384, count=4, strides=2, name="stage-3")  # [N, 14, 14, 64]
    x = stage3(x, 384, 96, 576, count=3, name="stage-4")  # [N, 14, 14, 96]
    x = stage3(x, 576, 160, 960, count=3, strides=2, name="stage-5")  # [N, 7, 7, 160]
    x = stage4(x, name="stage-6")  # [N, 7, 7, 320]
    x = layers.Conv2D(1280, 1, use_bias=False, name="conv2d_1")(x)  # [N, 7, 7, 1280]
    # [N, 7, 7, 1280]
    x = layers.BatchNormalization(momentum=0.999, name="batch_normalization_1")(x)
    x = layers.ReLU(max_value=6.0, name="re_lu_1")(x)  # [N, 7, 7, 1280]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1280]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="mobilenet_v2")
