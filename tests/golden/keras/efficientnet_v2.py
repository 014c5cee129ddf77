"""Networks found for fast training (Tan and Le, 2021, "EfficientNetV2: Smaller Models
and Faster Training"). They take pixels from 0 to 255, as Keras's do.

Compiled by specc from the spec `efficientnet_v2`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def convolution(x, filters, kernel_size, name, strides=1):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(
        momentum=0.9,
        moving_variance_initializer=keras.initializers.Constant(2.0),
        name=f"{name}-batch_normalization",
    )(x)
    return layers.Activation("silu", name=f"{name}-activation")(x)  # [N, H, W, filters]


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
        padding="same",
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
        padding="same",
        activation="sigmoid",
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d_1",
    )(y)
    return layers.Multiply(name=f"{name}-multiply")([x, y])  # [N, H, W, filters]


def inverted_residual(x, rate, name):
    """The block `inverted_residual`."""
    y = convolution(x, 24, 3, name=f"{name}-convolution")  # [N, 192, 192, 24]
    # [N, 192, 192, 24]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([y, x])  # [N, 192, 192, 24]


def inverted_residual2(x, convolution_filters, filters, name):
    """The block `inverted_residual`."""
    # [N, H, W, convolution_filters]
    x = convolution(x, convolution_filters, 3, strides=2, name=f"{name}-convolution")
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        1,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(
        momentum=0.9,
        moving_variance_initializer=keras.initializers.Constant(2.0),
        name=f"{name}-batch_normalization",
    )(x)


def inverted_residual3(x, convolution_filters, filters, rate, name):
    """The block `inverted_residual`."""
    # [N, H, W, convolution_filters]
    y = convolution(x, convolution_filters, 3, name=f"{name}-convolution")
    # [N, H, W, filters]
    y = layers.Conv2D(
        filters,
        1,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(y)
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        momentum=0.9,
        moving_variance_initializer=keras.initializers.Constant(2.0),
        name=f"{name}-batch_normalization",
    )(y)
    # [N, H, W, filters]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([y, x])  # [N, H, W, filters]


def inverted_residual4(x, convolution_filters, hidden, filters, name, strides=1):
    """The block `inverted_residual`."""
    # [N, H, W, convolution_filters]
    x = convolution(x, convolution_filters, 1, name=f"{name}-convolution")
    # [N, H, W, convolution_filters]
    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        depthwise_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-depthwise_conv2d",
    )(x)
    # [N, H, W, convolution_filters]
    x = layers.BatchNormalization(
        momentum=0.9,
        moving_variance_initializer=keras.initializers.Constant(2.0),
        name=f"{name}-batch_normalization",
    )(x)
    # [N, H, W, convolution_filters]
    x = layers.Activation("silu", name=f"{name}-activation")(x)
    # [N, H, W, convolution_filters]
    x = squeeze_excitation(
        x, hidden, convolution_filters, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        1,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(
        momentum=0.9,
        moving_variance_initializer=keras.initializers.Constant(2.0),
        name=f"{name}-batch_normalization_1",
    )(x)


def inverted_residual5(x, convolution_filters, hidden, filters, rate, name):
    """The block `inverted_residual`."""
    # [N, H, W, convolution_filters]
    y = convolution(x, convolution_filters, 1, name=f"{name}-convolution")
    # [N, H, W, convolution_filters]
    y = layers.DepthwiseConv2D(
        3,
        padding="same",
        use_bias=False,
        depthwise_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-depthwise_conv2d",
    )(y)
    # [N, H, W, convolution_filters]
    y = layers.BatchNormalization(
        momentum=0.9,
        moving_variance_initializer=keras.initializers.Constant(2.0),
        name=f"{name}-batch_normalization",
    )(y)
    # [N, H, W, convolution_filters]
    y = layers.Activation("silu", name=f"{name}-activation")(y)
    # [N, H, W, convolution_filters]
    y = squeeze_excitation(
        y, hidden, convolution_filters, name=f"{name}-squeeze_excitation"
    )
    # [N, H, W, filters]
    y = layers.Conv2D(
        filters,
        1,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=2.0, mode="fan_out"
        ),
        name=f"{name}-conv2d",
    )(y)
    # [N, H, W, filters]
    y = layers.BatchNormalization(
        momentum=0.9,
        moving_variance_initializer=keras.initializers.Constant(2.0),
        name=f"{name}-batch_normalization_1",
    )(y)
    # [N, H, W, filters]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([y, x])  # [N, H, W, filters]


def stage(x, name):
    """One iteration of the loop `stage`."""
    x = inverted_residual(x, 0.0, name=f"{name}-block-0")  # [N, 192, 192, 24]
    return inverted_residual(x, 0.005, name=f"{name}-block-1")  # [N, 192, 192, 24]


def stage2(
    x,
    convolution_filters,
    filters,
    block_convolution_filters,
    rate,
    block_rate,
    block_rate2,
    name,
):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = inverted_residual2(x, convolution_filters, filters, name=f"{name}-block-0")
    # [N, H, W, filters]
    x = inverted_residual3(
        x, block_convolution_filters, filters, rate=rate, name=f"{name}-block-1"
    )
    # [N, H, W, filters]
    x = inverted_residual3(
        x, block_convolution_filters, filters, rate=block_rate, name=f"{name}-block-2"
    )
    # [N, H, W, filters]
    return inverted_residual3(
        x, block_convolution_filters, filters, rate=block_rate2, name=f"{name}-block-3"
    )


def stage3(x, name):
    """One iteration of the loop `stage`."""
    # [N, 24, 24, 128]
    x = inverted_residual4(x, 256, 16, 128, strides=2, name=f"{name}-block-0")
    # [N, 24, 24, 128]
    x = inverted_residual5(
        x, 512, 32, 128, rate=0.05500000000000001, name=f"{name}-block-1"
    )
    # [N, 24, 24, 128]
    x = inverted_residual5(
        x, 512, 32, 128, rate=0.06000000000000001, name=f"{name}-block-2"
    )
    # [N, 24, 24, 128]
    x = inverted_residual5(x, 512, 32, 128, rate=0.065, name=f"{name}-block-3")
    # [N, 24, 24, 128]
    x = inverted_residual5(x, 512, 32, 128, rate=0.07, name=f"{name}-block-4")
    # [N, 24, 24, 128]
    return inverted_residual5(x, 512, 32, 128, rate=0.075, name=f"{name}-block-5")


def stage4(x, name):
    """One iteration of the loop `stage`."""
    x = inverted_residual4(x, 768, 32, 160, name=f"{name}-block-0")  # [N, 24, 24, 160]
    # [N, 24, 24, 160]
    x = inverted_residual5(x, 960, 40, 160, rate=0.085, name=f"{name}-block-1")
    # [N, 24, 24, 160]
    x = inverted_residual5(x, 960, 40, 160, rate=0.09, name=f"{name}-block-2")
    # [N, 24, 24, 160]
    x = inverted_residual5(x, 960, 40, 160, rate=0.095, name=f"{name}-block-3")
    # [N, 24, 24, 160]
    x = inverted_residual5(x, 960, 40, 160, rate=0.1, name=f"{name}-block-4")
    # [N, 24, 24, 160]
    x = inverted_residual5(
        x, 960, 40, 160, rate=0.10500000000000001, name=f"{name}-block-5"
    )
    # [N, 24, 24, 160]
    x = inverted_residual5(
        x, 960, 40, 160, rate=0.11000000000000001, name=f"{name}-block-6"
    )
    # [N, 24, 24, 160]
    x = inverted_residual5(
        x, 960, 40, 160, rate=0.11500000000000002, name=f"{name}-block-7"
    )
    # [N, 24, 24, 160]
    return inverted_residual5(
        x, 960, 40, 160, rate=0.12000000000000002, name=f"{name}-block-8"
    )


def stage5(x, name):
    """One iteration of the loop `stage`."""
    # [N, 12, 12, 256]
    x = inverted_residual4(x, 960, 40, 256, strides=2, name=f"{name}-block-0")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.13, name=f"{name}-block-1")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.135, name=f"{name}-block-2")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.14, name=f"{name}-block-3")
    # [N, 12, 12, 256]
    x = inverted_residual5(
        x, 1536, 64, 256, rate=0.14500000000000002, name=f"{name}-block-4"
    )
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.15, name=f"{name}-block-5")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.155, name=f"{name}-block-6")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.16, name=f"{name}-block-7")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.165, name=f"{name}-block-8")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.17, name=f"{name}-block-9")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.175, name=f"{name}-block-10")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.18, name=f"{name}-block-11")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.185, name=f"{name}-block-12")
    # [N, 12, 12, 256]
    x = inverted_residual5(x, 1536, 64, 256, rate=0.19, name=f"{name}-block-13")
    # [N, 12, 12, 256]
    return inverted_residual5(x, 1536, 64, 256, rate=0.195, name=f"{name}-block-14")


def efficientnet_v2():
    """The model, from `image` float32[N, 384, 384, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((384, 384, 3), name="image")
    # [N, 384, 384, 3]
    x = layers.Rescaling(0.0078125, offset=-1.0, name="rescaling")(image)
    x = convolution(x, 24, 3, strides=2, name="stem")  # [N, 192, 192, 24]
    x = stage(x, name="stage-0")  # [N, 192, 192, 24]
    # [N, 96, 96, 48]
    x = stage2(
        x,
        96,
        48,
        192,
        rate=0.015000000000000003,
        block_rate=0.02,
        block_rate2=0.025,
        name="stage-1",
    )
    # [N, 48, 48, 64]
    x = stage2(
        x, 192, 64, 256, rate=0.035, block_rate=0.04, block_rate2=0.045, name="stage-2"
    )
    x = stage3(x, name="stage-3")  # [N, 24, 24, 128]
    x = stage4(x, name="stage-4")  # [N, 24, 24, 160]
    x = stage5(x, name="stage-5")  # [N, 12, 12, 256]
    x = convolution(x, 1280, 1, name="features")  # [N, 12, 12, 1280]
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
    return keras.Model(image, x, name="efficientnet_v2")
