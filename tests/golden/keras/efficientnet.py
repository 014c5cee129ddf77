"""Networks scaled in width, depth and size at once (Tan and Le, 2019, "EfficientNet:
Rethinking Model Scaling for Convolutional Neural Networks"). They take pixels from 0 to
255, as Keras's do.

Compiled by specc from the spec `efficientnet`. Images are [N, H, W, C].
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
    y = layers.Conv2D(
        hidden,
        1,
        activation="silu",
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(y)
    # [N, 1, 1, filters]
    y = layers.Conv2D(
        filters,
        1,
        activation="sigmoid",
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d_1",
    )(y)
    return layers.Multiply(name=f"{name}-multiply")([x, y])  # [N, H, W, filters]


def inverted_residual(x, name):
    """The block `inverted_residual`."""
    # [N, 112, 112, 32]
    x = layers.DepthwiseConv2D(
        3,
        padding="same",
        use_bias=False,
        depthwise_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-depthwise_conv2d",
    )(x)
    # [N, 112, 112, 32]
    x = layers.BatchNormalization(name=f"{name}-batch_normalization")(x)
    x = layers.Activation("silu", name=f"{name}-activation")(x)  # [N, 112, 112, 32]
    # [N, 112, 112, 32]
    x = squeeze_excitation(x, 8, 32, name=f"{name}-squeeze_excitation")
    # [N, 112, 112, 16]
    x = layers.Conv2D(
        16,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(x)
    # [N, 112, 112, 16]
    return layers.BatchNormalization(name=f"{name}-batch_normalization_1")(x)


def inverted_residual2(
    x, hidden, kernel_size, squeeze_excitation_hidden, filters, name, strides=1
):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    x = layers.Conv2D(
        hidden,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(name=f"{name}-batch_normalization")(x)
    x = layers.Activation("silu", name=f"{name}-activation")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = layers.DepthwiseConv2D(
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-depthwise_conv2d",
    )(x)
    # [N, H, W, hidden]
    x = layers.BatchNormalization(name=f"{name}-batch_normalization_1")(x)
    x = layers.Activation("silu", name=f"{name}-activation_1")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = squeeze_excitation(
        x, squeeze_excitation_hidden, hidden, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d_1",
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(name=f"{name}-batch_normalization_2")(x)


def inverted_residual3(
    x, hidden, kernel_size, squeeze_excitation_hidden, filters, rate, name
):
    """The block `inverted_residual`."""
    # [N, H, W, hidden]
    y = layers.Conv2D(
        hidden,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(name=f"{name}-batch_normalization")(y)
    y = layers.Activation("silu", name=f"{name}-activation")(y)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    y = layers.DepthwiseConv2D(
        kernel_size,
        padding="same",
        use_bias=False,
        depthwise_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-depthwise_conv2d",
    )(y)
    # [N, H, W, hidden]
    y = layers.BatchNormalization(name=f"{name}-batch_normalization_1")(y)
    y = layers.Activation("silu", name=f"{name}-activation_1")(y)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    y = squeeze_excitation(
        y, squeeze_excitation_hidden, hidden, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    y = layers.Conv2D(
        filters,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d_1",
    )(y)
    # [N, H, W, filters]
    y = layers.BatchNormalization(name=f"{name}-batch_normalization_2")(y)
    # [N, H, W, filters]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([y, x])  # [N, H, W, filters]


def stage(x, name):
    """One iteration of the loop `stage`."""
    return inverted_residual(x, name=f"{name}-block-0")  # [N, 112, 112, 16]


def stage2(
    x,
    hidden,
    kernel_size,
    squeeze_excitation_hidden,
    filters,
    block_hidden,
    block_squeeze_excitation_hidden,
    rate,
    name,
):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = inverted_residual2(
        x,
        hidden,
        kernel_size,
        squeeze_excitation_hidden,
        filters,
        strides=2,
        name=f"{name}-block-0",
    )
    # [N, H, W, filters]
    return inverted_residual3(
        x,
        block_hidden,
        kernel_size,
        block_squeeze_excitation_hidden,
        filters,
        rate=rate,
        name=f"{name}-block-1",
    )


def stage3(
    x,
    hidden,
    kernel_size,
    squeeze_excitation_hidden,
    filters,
    block_hidden,
    block_squeeze_excitation_hidden,
    rate,
    block_rate,
    name,
    strides=1,
):
    """One iteration of the loop `stage`."""
    # [N, 14, 14, filters]
    x = inverted_residual2(
        x,
        hidden,
        kernel_size,
        squeeze_excitation_hidden,
        filters,
        strides=strides,
        name=f"{name}-block-0",
    )
    # [N, 14, 14, filters]
    x = inverted_residual3(
        x,
        block_hidden,
        kernel_size,
        block_squeeze_excitation_hidden,
        filters,
        rate=rate,
        name=f"{name}-block-1",
    )
    # [N, 14, 14, filters]
    return inverted_residual3(
        x,
        block_hidden,
        kernel_size,
        block_squeeze_excitation_hidden,
        filters,
        rate=block_rate,
        name=f"{name}-block-2",
    )


def stage4(x, name):
    """One iteration of the loop `stage`."""
    # [N, 7, 7, 192]
    x = inverted_residual2(x, 672, 5, 28, 192, strides=2, name=f"{name}-block-0")
    # [N, 7, 7, 192]
    x = inverted_residual3(
        x, 1152, 5, 48, 192, rate=0.15000000000000002, name=f"{name}-block-1"
    )
    # [N, 7, 7, 192]
    x = inverted_residual3(x, 1152, 5, 48, 192, rate=0.1625, name=f"{name}-block-2")
    # [N, 7, 7, 192]
    return inverted_residual3(
        x, 1152, 5, 48, 192, rate=0.17500000000000002, name=f"{name}-block-3"
    )


def stage5(x, name):
    """One iteration of the loop `stage`."""
    # [N, 7, 7, 320]
    return inverted_residual2(x, 1152, 3, 48, 320, name=f"{name}-block-0")


def efficientnet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 224, 224, 3]
    x = layers.Rescaling(0.00392156862745098, name="rescaling")(image)
    # [N, 224, 224, 3]
    x = layers.Normalization(
        mean=(0.485, 0.456, 0.406),
        variance=(0.052441, 0.050176, 0.050625),
        name="normalization",
    )(x)
    # [N, 112, 112, 32]
    x = layers.Conv2D(
        32,
        3,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name="conv2d",
    )(x)
    x = layers.BatchNormalization(name="batch_normalization")(x)  # [N, 112, 112, 32]
    x = layers.Activation("silu", name="activation")(x)  # [N, 112, 112, 32]
    x = stage(x, name="stage-0")  # [N, 112, 112, 16]
    x = stage2(x, 96, 3, 4, 24, 144, 6, rate=0.025, name="stage-1")  # [N, 56, 56, 24]
    x = stage2(x, 144, 5, 6, 40, 240, 10, rate=0.05, name="stage-2")  # [N, 28, 28, 40]
    # [N, 14, 14, 80]
    x = stage3(
        x,
        240,
        3,
        10,
        80,
        480,
        20,
        rate=0.07500000000000001,
        block_rate=0.08750000000000001,
        strides=2,
        name="stage-3",
    )
    # [N, 14, 14, 112]
    x = stage3(
        x, 480, 5, 20, 112, 672, 28, rate=0.1125, block_rate=0.125, name="stage-4"
    )
    x = stage4(x, name="stage-5")  # [N, 7, 7, 192]
    x = stage5(x, name="stage-6")  # [N, 7, 7, 320]
    # [N, 7, 7, 1280]
    x = layers.Conv2D(
        1280,
        1,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name="conv2d_1",
    )(x)
    x = layers.BatchNormalization(name="batch_normalization_1")(x)  # [N, 7, 7, 1280]
    x = layers.Activation("silu", name="activation_1")(x)  # [N, 7, 7, 1280]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1280]
    x = layers.Dropout(0.2, name="dropout")(x)  # [N, 1280]
    # [N, 1000]
    x = layers.Dense(
        1000,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=0.3333333333333333, mode="fan_out", distribution="uniform"
        ),
        name="logits",
    )(x)
    return keras.Model(image, x, name="efficientnet")
