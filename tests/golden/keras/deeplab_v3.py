"""DeepLab (Chen et al., 2017, "Rethinking Atrous Convolution for Semantic Image
Segmentation") on a residual network whose last two stages look further instead of
halving, with the conventions of torchvision: a class for each pixel, and `auxiliary`
ones that help to train.

Compiled by specc from the spec `deeplab_v3`. Images are [N, H, W, C].
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


def convolution(x, filters, kernel_size, padding, name, strides=1, dilation_rate=1):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        dilation_rate=dilation_rate,
        use_bias=False,
        name=f"{name}-conv2d",
    )(layers.ZeroPadding2D(padding, name=f"{name}-conv2d-pad")(x))
    # [N, H, W, filters]
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-05, name=f"{name}-norm")(
        x
    )


def convolution2(x, filters, name, strides=1):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 1, strides=strides, use_bias=False, name=f"{name}-conv2d"
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-05, name=f"{name}-norm")(
        x
    )


def residual(x, filters, hidden, padding, name, strides=1):
    """The block `residual`."""
    # [N, H, W, filters]
    shortcut = convolution2(x, filters, strides=strides, name=f"{name}-shortcut")
    x = convolution2(x, hidden, name=f"{name}-convolution")  # [N, H, W, hidden]
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = convolution(
        x,
        hidden,
        3,
        padding,
        strides=strides,
        dilation_rate=padding,
        name=f"{name}-convolution_1",
    )
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, H, W, hidden]
    x = convolution2(x, filters, name=f"{name}-convolution_2")  # [N, H, W, filters]
    x = layers.Add(name=f"{name}-add")([shortcut, x])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def residual2(x, hidden, padding, filters, name):
    """The block `residual`."""
    y = convolution2(x, hidden, name=f"{name}-convolution")  # [N, H, W, hidden]
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    y = convolution(
        y, hidden, 3, padding, dilation_rate=padding, name=f"{name}-convolution_1"
    )
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, hidden]
    y = convolution2(y, filters, name=f"{name}-convolution_2")  # [N, H, W, filters]
    x = layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, filters]
    return layers.ReLU(name=f"{name}-re_lu_2")(x)  # [N, H, W, filters]


def near(x, padding, name):
    """One iteration of the loop `near`."""
    # [N, 32, 32, 256]
    x = convolution(
        x, 256, 3, padding, dilation_rate=padding, name=f"{name}-convolution"
    )
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, 32, 32, 256]


def classifier(x, name):
    """The block `classifier`."""
    x = convolution(x, 256, 3, 1, name=f"{name}-convolution")  # [N, 32, 32, 256]
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, 32, 32, 256]
    x = layers.Conv2D(21, 1, name=f"{name}-conv2d")(x)  # [N, 32, 32, 21]
    # [N, 256, 256, 21]
    return layers.UpSampling2D(
        8, interpolation="bilinear", name=f"{name}-up_sampling2d"
    )(x)


def classifier2(x, name):
    """The block `classifier`."""
    x = convolution(x, 256, 3, 1, name=f"{name}-convolution")  # [N, 32, 32, 256]
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, 32, 32, 256]
    x = layers.Dropout(0.1, name=f"{name}-dropout")(x)  # [N, 32, 32, 256]
    x = layers.Conv2D(21, 1, name=f"{name}-conv2d")(x)  # [N, 32, 32, 21]
    # [N, 256, 256, 21]
    return layers.UpSampling2D(
        8, interpolation="bilinear", name=f"{name}-up_sampling2d"
    )(x)


def stage(x, filters, hidden, padding, block_padding, count, name, strides=1):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = residual(x, filters, hidden, padding, strides=strides, name=f"{name}-block-0")
    for i in range(1, count):
        # [N, H, W, filters]
        x = residual2(x, hidden, block_padding, filters, name=f"{name}-block-{i}")
    return x


def surroundings(x, name):
    """The block `surroundings`."""
    y = convolution2(x, 256, name=f"{name}-convolution")  # [N, 32, 32, 256]
    here = layers.ReLU(name=f"{name}-here")(y)  # [N, 32, 32, 256]
    near_0 = near(x, 12, name=f"{name}-near-0")  # [N, 32, 32, 256]
    near_1 = near(x, 24, name=f"{name}-near-1")  # [N, 32, 32, 256]
    near_2 = near(x, 36, name=f"{name}-near-2")  # [N, 32, 32, 256]
    # [N, 1, 1, 2048]
    x = layers.GlobalAveragePooling2D(
        keepdims=True, name=f"{name}-global_average_pooling2d"
    )(x)
    x = convolution2(x, 256, name=f"{name}-convolution_1")  # [N, 1, 1, 256]
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, 1, 1, 256]
    x = layers.UpSampling2D(32, name=f"{name}-up_sampling2d")(x)  # [N, 32, 32, 256]
    # [N, 32, 32, 1280]
    x = layers.Concatenate(name=f"{name}-concatenate")(
        [here, near_0, near_1, near_2, x]
    )
    x = convolution2(x, 256, name=f"{name}-convolution_2")  # [N, 32, 32, 256]
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, 32, 32, 256]
    return layers.Dropout(0.5, name=f"{name}-dropout")(x)  # [N, 32, 32, 256]


def deeplab_v3():
    """The model, from `image` float32[N, 256, 256, 3] to `logits` float32[N, 256, 256,
    21], `auxiliary` float32[N, 256, 256, 21].
    """
    image = keras.Input((256, 256, 3), name="image")
    x = convolution(image, 64, 7, 3, strides=2, name="stem")  # [N, 128, 128, 64]
    x = layers.ReLU(name="re_lu")(x)  # [N, 128, 128, 64]
    # [N, 64, 64, 64]
    x = padded_max_pooling2d(
        3, strides=2, padding=((1, 1), (1, 1)), name="max_pooling2d"
    )(x)
    x = stage(x, 256, 64, 1, 1, count=3, name="stage-0")  # [N, 64, 64, 256]
    x = stage(x, 512, 128, 1, 1, count=4, strides=2, name="stage-1")  # [N, 32, 32, 512]
    stage_2 = stage(x, 1024, 256, 1, 2, count=6, name="stage-2")  # [N, 32, 32, 1024]
    x = stage(stage_2, 2048, 512, 2, 4, count=3, name="stage-3")  # [N, 32, 32, 2048]
    x = surroundings(x, name="surroundings")  # [N, 32, 32, 256]
    logits = classifier(x, name="logits")  # [N, 256, 256, 21]
    x = classifier2(stage_2, name="auxiliary")  # [N, 256, 256, 21]
    return keras.Model(image, {"logits": logits, "auxiliary": x}, name="deeplab_v3")
