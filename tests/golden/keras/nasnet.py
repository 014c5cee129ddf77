"""Networks of two cells found by search (Zoph et al., 2018, "Learning Transferable
Architectures for Scalable Image Recognition"), NASNet-A, with the conventions of
keras.applications. A cell takes what the two before it give.

Compiled by specc from the spec `nasnet`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def squeeze2(x, filters, name):
    """The block `squeeze`."""
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
    return layers.BatchNormalization(
        momentum=0.9997, name=f"{name}-batch_normalization"
    )(x)


def separable(x, filters, kernel_size, name, strides=1):
    """The block `separable`."""
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, C]
    # [N, H, W, filters]
    x = layers.SeparableConv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        name=f"{name}-separable_conv2d",
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(momentum=0.9997, name=f"{name}-batch_normalization")(
        x
    )
    x = layers.ReLU(name=f"{name}-re_lu_1")(x)  # [N, H, W, filters]
    # [N, H, W, filters]
    x = layers.SeparableConv2D(
        filters,
        kernel_size,
        padding="same",
        use_bias=False,
        name=f"{name}-separable_conv2d_1",
    )(x)
    # [N, H, W, filters]
    return layers.BatchNormalization(
        momentum=0.9997, name=f"{name}-batch_normalization_1"
    )(x)


def halve(x, even_filters, name):
    """The block `halve`."""
    active = layers.ReLU(name=f"{name}-active")(x)  # [N, H, W, C]
    # [N, H, W, C]
    x = layers.AveragePooling2D(1, strides=2, name=f"{name}-average_pooling2d")(active)
    # [N, H, W, even_filters]
    even = layers.Conv2D(
        even_filters,
        1,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}-even",
    )(x)
    # [N, H, W, C]
    x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}-zero_padding2d")(active)
    # [N, H, W, C]
    x = layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}-cropping2d")(x)
    # [N, H, W, C]
    x = layers.AveragePooling2D(1, strides=2, name=f"{name}-average_pooling2d_1")(x)
    # [N, H, W, even_filters]
    x = layers.Conv2D(
        even_filters,
        1,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}-conv2d",
    )(x)
    x = layers.Concatenate(name=f"{name}-concatenate")([even, x])  # [N, H, W, C]
    # [N, H, W, C]
    return layers.BatchNormalization(
        momentum=0.9997, name=f"{name}-batch_normalization"
    )(x)


def reduction2(x, p, left_1_filters, padding, name):
    """The block `reduction`."""
    # [N, H, W, left_1_filters]
    padded = layers.ZeroPadding2D(padding, name=f"{name}-padded")(x)
    # [N, H, W, left_1_filters]
    greatest = layers.MaxPooling2D(3, strides=2, name=f"{name}-greatest")(padded)
    # [N, H, W, left_1_filters]
    left_1 = separable(x, left_1_filters, 5, strides=2, name=f"{name}-left_1")
    # [N, H, W, left_1_filters]
    x = separable(p, left_1_filters, 7, strides=2, name=f"{name}-separable")
    sum_1 = layers.Add(name=f"{name}-sum_1")([left_1, x])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    x = separable(p, left_1_filters, 7, strides=2, name=f"{name}-separable_1")
    sum_2 = layers.Add(name=f"{name}-sum_2")([greatest, x])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    mean = layers.AveragePooling2D(3, strides=2, name=f"{name}-mean")(padded)
    # [N, H, W, left_1_filters]
    x = separable(p, left_1_filters, 5, strides=2, name=f"{name}-separable_2")
    sum_3 = layers.Add(name=f"{name}-sum_3")([mean, x])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    x = layers.AveragePooling2D(
        3, strides=1, padding="same", name=f"{name}-average_pooling2d"
    )(sum_1)
    sum_4 = layers.Add(name=f"{name}-sum_4")([sum_2, x])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    x = separable(sum_1, left_1_filters, 3, name=f"{name}-separable_3")
    x = layers.Add(name=f"{name}-sum_5")([x, greatest])  # [N, H, W, left_1_filters]
    # [N, H, W, C]
    return layers.Concatenate(name=f"{name}-concatenate")([sum_2, sum_3, sum_4, x])


def normal(x, p, left_1_filters, name):
    """The block `normal`."""
    # [N, H, W, left_1_filters]
    left_1 = separable(x, left_1_filters, 5, name=f"{name}-left_1")
    # [N, H, W, left_1_filters]
    y = separable(p, left_1_filters, 3, name=f"{name}-separable")
    sum_1 = layers.Add(name=f"{name}-sum_1")([left_1, y])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    left_2 = separable(p, left_1_filters, 5, name=f"{name}-left_2")
    # [N, H, W, left_1_filters]
    y = separable(p, left_1_filters, 3, name=f"{name}-separable_1")
    sum_2 = layers.Add(name=f"{name}-sum_2")([left_2, y])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    y = layers.AveragePooling2D(
        3, strides=1, padding="same", name=f"{name}-average_pooling2d"
    )(x)
    sum_3 = layers.Add(name=f"{name}-sum_3")([y, p])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    y = layers.AveragePooling2D(3, strides=1, padding="same", name=f"{name}-mean")(p)
    sum_4 = layers.Add(name=f"{name}-sum_4")([y, y])  # [N, H, W, left_1_filters]
    # [N, H, W, left_1_filters]
    y = separable(x, left_1_filters, 3, name=f"{name}-separable_2")
    x = layers.Add(name=f"{name}-sum_5")([y, x])  # [N, H, W, left_1_filters]
    # [N, H, W, C]
    return layers.Concatenate(name=f"{name}-concatenate")(
        [p, sum_1, sum_2, sum_3, sum_4, x]
    )


def adjust(p, even_filters, name):
    """The block `adjust`."""
    return halve(p, even_filters, name=f"{name}-halve")  # [N, H, W, C]


def adjust2(p, filters, name):
    """The block `adjust`."""
    return squeeze2(p, filters, name=f"{name}-squeeze")  # [N, H, W, filters]


def cell(x, p, name):
    """The block `cell`."""
    adjusted = adjust(p, 11, name=f"{name}-adjusted")  # [N, 56, 56, 22]
    x = squeeze2(x, 22, name=f"{name}-squeeze")  # [N, 56, 56, 22]
    # [N, 28, 28, 88]
    return reduction2(
        x, adjusted, 22, padding=((0, 1), (0, 1)), name=f"{name}-reduction"
    )


def cell2(x, p, even_filters, squeeze_filters, name):
    """The block `cell`."""
    # [N, H, W, squeeze_filters]
    adjusted = adjust(p, even_filters, name=f"{name}-adjusted")
    # [N, H, W, squeeze_filters]
    x = squeeze2(x, squeeze_filters, name=f"{name}-squeeze")
    return normal(x, adjusted, squeeze_filters, name=f"{name}-normal")  # [N, H, W, C]


def cell3(x, p, adjusted_filters, name):
    """The block `cell`."""
    # [N, H, W, adjusted_filters]
    adjusted = adjust2(p, adjusted_filters, name=f"{name}-adjusted")
    # [N, H, W, adjusted_filters]
    x = squeeze2(x, adjusted_filters, name=f"{name}-squeeze")
    return normal(x, adjusted, adjusted_filters, name=f"{name}-normal")  # [N, H, W, C]


def cell4(x, p, adjusted_filters, name):
    """The block `cell`."""
    # [N, H, W, adjusted_filters]
    adjusted = adjust2(p, adjusted_filters, name=f"{name}-adjusted")
    # [N, H, W, adjusted_filters]
    x = squeeze2(x, adjusted_filters, name=f"{name}-squeeze")
    # [N, H, W, C]
    return reduction2(
        x,
        adjusted,
        adjusted_filters,
        padding=((0, 1), (0, 1)),
        name=f"{name}-reduction",
    )


def pair(x, p, even_filters, squeeze_filters, name):
    """The block `pair`."""
    # [N, H, W, C]
    first = cell2(x, p, even_filters, squeeze_filters, name=f"{name}-first")
    x = cell3(first, x, squeeze_filters, name=f"{name}-second")  # [N, H, W, C]
    return x, first


def pair2(x, p, adjusted_filters, name):
    """The block `pair`."""
    first = cell3(x, p, adjusted_filters, name=f"{name}-first")  # [N, H, W, C]
    x = cell3(first, x, adjusted_filters, name=f"{name}-second")  # [N, H, W, C]
    return x, first


def stage(x, p, even_filters, squeeze_filters, name):
    """The block `stage`."""
    # [N, H, W, C], [N, H, W, C]
    begin_second, begin_first = pair(
        x, p, even_filters, squeeze_filters, name=f"{name}-begin"
    )
    # [N, H, W, C], [N, H, W, C]
    end_second, end_first = pair2(
        begin_second, begin_first, squeeze_filters, name=f"{name}-end"
    )
    return end_second, end_first


def nasnet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 111, 111, 32]
    x = layers.Conv2D(
        32, 3, strides=2, use_bias=False, kernel_initializer="he_normal", name="conv2d"
    )(image)
    # [N, 111, 111, 32]
    stem = layers.BatchNormalization(momentum=0.9997, name="stem")(x)
    x = squeeze2(stem, 11, name="squeeze")  # [N, 111, 111, 11]
    # [N, 56, 56, 44]
    reduction_0 = reduction2(x, stem, 11, padding=1, name="reduction_0")
    x = cell(reduction_0, stem, name="reduction_1")  # [N, 28, 28, 88]
    # [N, 28, 28, 264], [N, 28, 28, 264]
    stage_1_last, x = stage(x, reduction_0, 22, 44, name="stage_1")
    x = cell4(stage_1_last, x, 88, name="reduction_2")  # [N, 14, 14, 352]
    # [N, 14, 14, 528], [N, 14, 14, 528]
    stage_2_last, x = stage(x, stage_1_last, 44, 88, name="stage_2")
    x = cell4(stage_2_last, x, 176, name="reduction_3")  # [N, 7, 7, 704]
    # [N, 7, 7, 1056], [N, 7, 7, 1056]
    x, _ = stage(x, stage_2_last, 88, 176, name="stage")
    x = layers.ReLU(name="re_lu")(x)  # [N, 7, 7, 1056]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1056]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="nasnet")
