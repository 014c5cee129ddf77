"""Feature pyramid network on a residual network (Lin et al., 2017, "Feature Pyramid
Networks for Object Detection"): maps of the same features at a quarter to a 64th of an
image's size.

Compiled by specc from the spec `fpn`. Images are [N, H, W, C].
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
    x = layers.Conv2D(
        filters, kernel_size, strides=strides, use_bias=False, name=f"{name}-conv2d"
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


def merge(above, x, name):
    """The block `merge`."""
    larger = layers.UpSampling2D(name=f"{name}-larger")(above)  # [N, H, W, 256]
    x = layers.Conv2D(256, 1, name=f"{name}-conv2d")(x)  # [N, H, W, 256]
    return layers.Add(name=f"{name}-add")([x, larger])  # [N, H, W, 256]


def residual(x, filters, hidden, name, strides=1):
    """The block `residual`."""
    # [N, H, W, filters]
    shortcut = convolution2(x, filters, strides=strides, name=f"{name}-shortcut")
    x = convolution2(x, hidden, name=f"{name}-convolution")  # [N, H, W, hidden]
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, hidden]
    # [N, H, W, hidden]
    x = convolution(x, hidden, 3, 1, strides=strides, name=f"{name}-convolution_1")
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


def fpn():
    """The model, from `image` float32[N, 64*h, 64*w, 3] to `p2` float32[N, 16*h, 16*w,
    256], `p3` float32[N, 8*h, 8*w, 256], `p4` float32[N, 4*h, 4*w, 256], `p5`
    float32[N, 2*h, 2*w, 256], `p6` float32[N, h, w, 256].
    """
    image = keras.Input((None, None, 3), name="image")
    x = convolution(image, 64, 7, 3, strides=2, name="stem")  # [N, 32*h, 32*w, 64]
    x = layers.ReLU(name="re_lu")(x)  # [N, 32*h, 32*w, 64]
    # [N, 16*h, 16*w, 64]
    x = padded_max_pooling2d(
        3, strides=2, padding=((1, 1), (1, 1)), name="max_pooling2d"
    )(x)
    stage_0 = stage(x, 256, 64, count=3, name="stage-0")  # [N, 16*h, 16*w, 256]
    # [N, 8*h, 8*w, 512]
    stage_1 = stage(stage_0, 512, 128, count=4, strides=2, name="stage-1")
    # [N, 4*h, 4*w, 1024]
    stage_2 = stage(stage_1, 1024, 256, count=6, strides=2, name="stage-2")
    # [N, 2*h, 2*w, 2048]
    x = stage(stage_2, 2048, 512, count=3, strides=2, name="stage-3")
    m5 = layers.Conv2D(256, 1, name="m5")(x)  # [N, 2*h, 2*w, 256]
    m4 = merge(m5, stage_2, name="m4")  # [N, 4*h, 4*w, 256]
    m3 = merge(m4, stage_1, name="m3")  # [N, 8*h, 8*w, 256]
    x = merge(m3, stage_0, name="m2")  # [N, 16*h, 16*w, 256]
    # [N, 16*h, 16*w, 256]
    smooth_0 = layers.Conv2D(256, 3, padding="same", name="smooth-0")(x)
    # [N, 8*h, 8*w, 256]
    smooth_1 = layers.Conv2D(256, 3, padding="same", name="smooth-1")(m3)
    # [N, 4*h, 4*w, 256]
    smooth_2 = layers.Conv2D(256, 3, padding="same", name="smooth-2")(m4)
    # [N, 2*h, 2*w, 256]
    smooth_3 = layers.Conv2D(256, 3, padding="same", name="smooth-3")(m5)
    x = layers.MaxPooling2D(1, strides=2, name="p6")(smooth_3)  # [N, h, w, 256]
    return keras.Model(
        image,
        {"p2": smooth_0, "p3": smooth_1, "p4": smooth_2, "p5": smooth_3, "p6": x},
        name="fpn",
    )
