"""Networks found by search for phones (Howard et al., 2019, "Searching for
MobileNetV3"). They take pixels from 0 to 255, as Keras's do.

Compiled by specc from the spec `mobilenet_v3`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def squeeze_excitation(x, hidden, filters, name):
    """The block `squeeze_excitation`."""
    # [N, 1, 1, filters]
    y = layers.GlobalAveragePooling2D(
        keepdims=True, name=f"{name}-global_average_pooling2d"
    )(x)
    # [N, 1, 1, hidden]
    y = layers.Conv2D(hidden, 1, activation="relu", name=f"{name}-conv2d")(y)
    # [N, 1, 1, filters]
    y = layers.Conv2D(filters, 1, activation="hard_sigmoid", name=f"{name}-conv2d_1")(y)
    return layers.Multiply(name=f"{name}-multiply")([x, y])  # [N, H, W, filters]


def inverted_residual(x, name):
    """The block `inverted_residual`."""
    # [N, 112, 112, 16]
    y = layers.DepthwiseConv2D(
        3, padding="same", use_bias=False, name=f"{name}-depthwise_conv2d"
    )(x)
    # [N, 112, 112, 16]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(y)
    y = layers.Activation("relu", name=f"{name}-activation")(y)  # [N, 112, 112, 16]
    # [N, 112, 112, 16]
    y = layers.Conv2D(16, 1, use_bias=False, name=f"{name}-conv2d")(y)
    # [N, 112, 112, 16]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_1")(
        y
    )
    return layers.Add(name=f"{name}-add")([x, y])  # [N, 112, 112, 16]


def inverted_residual2(x, hidden, filters, activation, name):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(x)
    x = layers.Activation(activation, name=f"{name}-activation")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = layers.DepthwiseConv2D(
        3, strides=2, padding="same", use_bias=False, name=f"{name}-depthwise_conv2d"
    )(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_1")(
        x
    )
    # [N, H, W, hidden]
    x = layers.Activation(activation, name=f"{name}-activation_1")(x)
    # [N, H, W, filters]
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d_1")(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(
        momentum=0.999, name=f"{name}-batch_normalization_2"
    )(x)


def inverted_residual3(x, hidden, filters, activation, name):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    y = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(y)
    y = layers.Activation(activation, name=f"{name}-activation")(y)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    y = layers.DepthwiseConv2D(
        3, padding="same", use_bias=False, name=f"{name}-depthwise_conv2d"
    )(y)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_1")(
        y
    )
    # [N, H, W, hidden]
    y = layers.Activation(activation, name=f"{name}-activation_1")(y)
    # [N, H, W, filters]
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d_1")(y)
    # [N, H, W, filters]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_2")(
        y
    )
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]


def inverted_residual4(
    x,
    hidden,
    kernel_size,
    squeeze_excitation_hidden,
    filters,
    activation,
    name,
    strides=1,
):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(x)
    x = layers.Activation(activation, name=f"{name}-activation")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = layers.DepthwiseConv2D(
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        name=f"{name}-depthwise_conv2d",
    )(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_1")(
        x
    )
    # [N, H, W, hidden]
    x = layers.Activation(activation, name=f"{name}-activation_1")(x)
    # [N, H, W, hidden]
    x = squeeze_excitation(
        x, squeeze_excitation_hidden, hidden, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d_1")(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(
        momentum=0.999, name=f"{name}-batch_normalization_2"
    )(x)


def inverted_residual5(
    x, hidden, kernel_size, squeeze_excitation_hidden, filters, activation, name
):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    y = layers.Conv2D(hidden, 1, use_bias=False, name=f"{name}-conv2d")(x)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization")(y)
    y = layers.Activation(activation, name=f"{name}-activation")(y)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    y = layers.DepthwiseConv2D(
        kernel_size, padding="same", use_bias=False, name=f"{name}-depthwise_conv2d"
    )(y)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_1")(
        y
    )
    # [N, H, W, hidden]
    y = layers.Activation(activation, name=f"{name}-activation_1")(y)
    # [N, H, W, hidden]
    y = squeeze_excitation(
        y, squeeze_excitation_hidden, hidden, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-conv2d_1")(y)
    # [N, H, W, filters]
    y = layers.BatchNormalization(momentum=0.999, name=f"{name}-batch_normalization_2")(
        y
    )
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]


def mobilenet_v3():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 224, 224, 3]
    x = layers.Rescaling(0.00784313725490196, offset=-1.0, name="rescaling")(image)
    # [N, 112, 112, 16]
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="conv2d")(
        x
    )
    # [N, 112, 112, 16]
    x = layers.BatchNormalization(momentum=0.999, name="batch_normalization")(x)
    x = layers.Activation("hard_silu", name="activation")(x)  # [N, 112, 112, 16]
    x = inverted_residual(x, name="block-0")  # [N, 112, 112, 16]
    # [N, 56, 56, 24]
    x = inverted_residual2(x, 64, 24, activation="relu", name="block-1")
    # [N, 56, 56, 24]
    x = inverted_residual3(x, 72, 24, activation="relu", name="block-2")
    # [N, 28, 28, 40]
    x = inverted_residual4(
        x, 72, 5, 24, 40, activation="relu", strides=2, name="block-3"
    )
    for i in range(4, 6):
        # [N, 28, 28, 40]
        x = inverted_residual5(x, 120, 5, 32, 40, activation="relu", name=f"block-{i}")
    # [N, 14, 14, 80]
    x = inverted_residual2(x, 240, 80, activation="hard_silu", name="block-6")
    # [N, 14, 14, 80]
    x = inverted_residual3(x, 200, 80, activation="hard_silu", name="block-7")
    for i in range(8, 10):
        # [N, 14, 14, 80]
        x = inverted_residual3(x, 184, 80, activation="hard_silu", name=f"block-{i}")
    # [N, 14, 14, 112]
    x = inverted_residual4(x, 480, 3, 120, 112, activation="hard_silu", name="block-10")
    # [N, 14, 14, 112]
    x = inverted_residual5(x, 672, 3, 168, 112, activation="hard_silu", name="block-11")
    # [N, 7, 7, 160]
    x = inverted_residual4(
        x, 672, 5, 168, 160, activation="hard_silu", strides=2, name="block-12"
    )
    for i in range(13, 15):
        # [N, 7, 7, 160]
        x = inverted_residual5(
            x, 960, 5, 240, 160, activation="hard_silu", name=f"block-{i}"
        )
    x = layers.Conv2D(960, 1, use_bias=False, name="conv2d_1")(x)  # [N, 7, 7, 960]
    # [N, 7, 7, 960]
    x = layers.BatchNormalization(momentum=0.999, name="batch_normalization_1")(x)
    x = layers.Activation("hard_silu", name="activation_1")(x)  # [N, 7, 7, 960]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 960]
    x = layers.Dense(1280, activation="hard_silu", name="dense")(x)  # [N, 1280]
    x = layers.Dropout(0.2, name="dropout")(x)  # [N, 1280]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="mobilenet_v3")
