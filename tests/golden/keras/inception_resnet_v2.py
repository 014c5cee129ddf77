"""Inception modules as corrections of what comes in (Szegedy et al., 2017,
"Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning").
Widths, paddings and scales are those of keras.applications.

Compiled by specc from the spec `inception_resnet_v2`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def convolution(x, filters, kernel_size, name, strides=1, padding="valid"):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        use_bias=False,
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(scale=False, name=f"{name}-batch_normalization")(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def correction(x, found, filters, scale, name):
    """The block `correction`."""
    y = layers.Conv2D(filters, 1, name=f"{name}-conv2d")(found)  # [N, H, W, filters]
    y = layers.Rescaling(scale, name=f"{name}-rescaling")(y)  # [N, H, W, filters]
    x = layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def correction2(x, found, name):
    """The block `correction`."""
    y = layers.Conv2D(2080, 1, name=f"{name}-conv2d")(found)  # [N, 8, 8, 2080]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, 8, 8, 2080]


def tower(x, step_filters, filters, kernel_size, name):
    """The block `tower`."""
    # [N, H, W, step_filters]
    x = convolution(
        x, step_filters, kernel_size=1, padding="same", name=f"{name}-step-0"
    )
    # [N, H, W, filters]
    return convolution(
        x, filters, kernel_size=kernel_size, padding="same", name=f"{name}-step-1"
    )


def tower2(x, name):
    """The block `tower`."""
    # [N, 35, 35, 64]
    x = convolution(x, 64, kernel_size=1, padding="same", name=f"{name}-step-0")
    for i in range(1, 3):
        # [N, 35, 35, 96]
        x = convolution(x, 96, kernel_size=3, padding="same", name=f"{name}-step-{i}")
    return x


def tower3(
    x, step_filters, step_filters2, filters, kernel_size, step_kernel_size, name
):
    """The block `tower`."""
    # [N, H, W, step_filters]
    x = convolution(
        x, step_filters, kernel_size=1, padding="same", name=f"{name}-step-0"
    )
    # [N, H, W, step_filters2]
    x = convolution(
        x, step_filters2, kernel_size=kernel_size, padding="same", name=f"{name}-step-1"
    )
    # [N, H, W, filters]
    return convolution(
        x, filters, kernel_size=step_kernel_size, padding="same", name=f"{name}-step-2"
    )


def halving(x, filters, name):
    """The block `halving`."""
    # [N, H, W, filters]
    return convolution(x, filters, kernel_size=3, strides=2, name=f"{name}-convolution")


def inception_a(x, name):
    """The block `inception_a`."""
    # [N, 35, 35, 96]
    one = convolution(x, 96, kernel_size=1, padding="same", name=f"{name}-one")
    five = tower(x, 48, 64, kernel_size=5, name=f"{name}-five")  # [N, 35, 35, 64]
    three_twice = tower2(x, name=f"{name}-three_twice")  # [N, 35, 35, 96]
    # [N, 35, 35, 192]
    x = layers.AveragePooling2D(
        3, strides=1, padding="same", name=f"{name}-average_pooling2d"
    )(x)
    # [N, 35, 35, 64]
    x = convolution(x, 64, kernel_size=1, padding="same", name=f"{name}-pooling")
    # [N, 35, 35, 320]
    return layers.Concatenate(name=f"{name}-concatenate")([one, five, three_twice, x])


def residual_a(x, name):
    """The block `residual_a`."""
    # [N, 35, 35, 32]
    one = convolution(x, 32, kernel_size=1, padding="same", name=f"{name}-one")
    three = tower(x, 32, 32, kernel_size=3, name=f"{name}-three")  # [N, 35, 35, 32]
    # [N, 35, 35, 64]
    y = tower3(
        x, 32, 48, 64, kernel_size=3, step_kernel_size=3, name=f"{name}-three_twice"
    )
    # [N, 35, 35, 128]
    y = layers.Concatenate(name=f"{name}-concatenate")([one, three, y])
    # [N, 35, 35, 320]
    return correction(x, y, 320, scale=0.17, name=f"{name}-correction")


def residual_b(x, name):
    """The block `residual_b`."""
    # [N, 17, 17, 192]
    one = convolution(x, 192, kernel_size=1, padding="same", name=f"{name}-one")
    # [N, 17, 17, 192]
    y = tower3(
        x,
        128,
        160,
        192,
        kernel_size=(1, 7),
        step_kernel_size=(7, 1),
        name=f"{name}-seven",
    )
    y = layers.Concatenate(name=f"{name}-concatenate")([one, y])  # [N, 17, 17, 384]
    # [N, 17, 17, 1088]
    return correction(x, y, 1088, scale=0.1, name=f"{name}-correction")


def residual_c(x, name):
    """The block `residual_c`."""
    # [N, 8, 8, 192]
    one = convolution(x, 192, kernel_size=1, padding="same", name=f"{name}-one")
    # [N, 8, 8, 256]
    y = tower3(
        x,
        192,
        224,
        256,
        kernel_size=(1, 3),
        step_kernel_size=(3, 1),
        name=f"{name}-three",
    )
    y = layers.Concatenate(name=f"{name}-concatenate")([one, y])  # [N, 8, 8, 448]
    # [N, 8, 8, 2080]
    return correction(x, y, 2080, scale=0.2, name=f"{name}-correction")


def residual_c2(x, name):
    """The block `residual_c`."""
    # [N, 8, 8, 192]
    one = convolution(x, 192, kernel_size=1, padding="same", name=f"{name}-one")
    # [N, 8, 8, 256]
    y = tower3(
        x,
        192,
        224,
        256,
        kernel_size=(1, 3),
        step_kernel_size=(3, 1),
        name=f"{name}-three",
    )
    y = layers.Concatenate(name=f"{name}-concatenate")([one, y])  # [N, 8, 8, 448]
    return correction2(x, y, name=f"{name}-correction")  # [N, 8, 8, 2080]


def reduction_a(x, name):
    """The block `reduction_a`."""
    three = halving(x, 384, name=f"{name}-three")  # [N, 17, 17, 384]
    y = tower(x, 256, 256, kernel_size=3, name=f"{name}-tower")  # [N, 35, 35, 256]
    three_twice = halving(y, 384, name=f"{name}-three_twice")  # [N, 17, 17, 384]
    x = layers.MaxPooling2D(3, strides=2, name=f"{name}-pooling")(x)  # [N, 17, 17, 320]
    # [N, 17, 17, 1088]
    return layers.Concatenate(name=f"{name}-concatenate")([three, three_twice, x])


def reduction_b(x, name):
    """The block `reduction_b`."""
    # [N, 17, 17, 256]
    y = convolution(x, 256, kernel_size=1, padding="same", name=f"{name}-convolution")
    three = halving(y, 384, name=f"{name}-three")  # [N, 8, 8, 384]
    # [N, 17, 17, 256]
    y = convolution(x, 256, kernel_size=1, padding="same", name=f"{name}-convolution_1")
    narrow = halving(y, 288, name=f"{name}-narrow")  # [N, 8, 8, 288]
    y = tower(x, 256, 288, kernel_size=3, name=f"{name}-tower")  # [N, 17, 17, 288]
    three_twice = halving(y, 320, name=f"{name}-three_twice")  # [N, 8, 8, 320]
    x = layers.MaxPooling2D(3, strides=2, name=f"{name}-pooling")(x)  # [N, 8, 8, 1088]
    # [N, 8, 8, 2080]
    return layers.Concatenate(name=f"{name}-concatenate")(
        [three, narrow, three_twice, x]
    )


def inception_resnet_v2():
    """The model, from `image` float32[N, 299, 299, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((299, 299, 3), name="image")
    # [N, 149, 149, 32]
    x = convolution(image, 32, kernel_size=3, strides=2, name="convolution")
    x = convolution(x, 32, kernel_size=3, name="convolution_1")  # [N, 147, 147, 32]
    # [N, 147, 147, 64]
    x = convolution(x, 64, kernel_size=3, padding="same", name="convolution_2")
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d")(x)  # [N, 73, 73, 64]
    # [N, 73, 73, 80]
    x = convolution(x, 80, kernel_size=1, padding="same", name="convolution_3")
    x = convolution(x, 192, kernel_size=3, name="convolution_4")  # [N, 71, 71, 192]
    x = layers.MaxPooling2D(3, strides=2, name="max_pooling2d_1")(x)  # [N, 35, 35, 192]
    x = inception_a(x, name="inception_a")  # [N, 35, 35, 320]
    for i in range(10):
        x = residual_a(x, name=f"a-{i}")  # [N, 35, 35, 320]
    x = reduction_a(x, name="reduction_a")  # [N, 17, 17, 1088]
    for i in range(20):
        x = residual_b(x, name=f"b-{i}")  # [N, 17, 17, 1088]
    x = reduction_b(x, name="reduction_b")  # [N, 8, 8, 2080]
    for i in range(9):
        x = residual_c(x, name=f"c-{i}")  # [N, 8, 8, 2080]
    x = residual_c2(x, name="residual_c")  # [N, 8, 8, 2080]
    # [N, 8, 8, 1536]
    x = convolution(x, 1536, kernel_size=1, padding="same", name="convolution_5")
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1536]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="inception_resnet_v2")
