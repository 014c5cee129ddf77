"""ShuffleNet (Ma et al., 2018, "ShuffleNet V2: Practical Guidelines for Efficient CNN
Architecture Design"), with the conventions of torchvision: half of the channels skip a
block, and then all are shuffled.

Compiled by specc from the spec `shufflenet_v2`. Images are [N, H, W, C].
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


def split(rank, sections, axis, name, dtype=None):
    """Equal parts, or parts of those sizes (-1: what is left), along `axis`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    if isinstance(sections, int):
        return keras.Model(x, ops.split(x, sections, axis=axis), name=name)
    parts, before = [], (slice(None),) * axis
    for i, size in enumerate(sections):
        first, last = sum(sections[:i]), -sum(sections[i + 1 :])
        start = last - size if -1 in sections[:i] else first
        stop = last or None if -1 in sections[: i + 1] else first + size
        parts.append(x[(*before, slice(start, stop))])
    return keras.Model(x, parts, name=name)


def pointwise(x, filters, name):
    """The block `pointwise`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        1,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def shuffle(x, target_shape, target_shape2, name):
    """The block `shuffle`."""
    x = layers.Reshape(target_shape, name=f"{name}-reshape")(x)  # [N, D, T, 2, C]
    x = layers.Permute((1, 2, 4, 3), name=f"{name}-permute")(x)  # [N, D, H, W, 2]
    return layers.Reshape(target_shape2, name=f"{name}-reshape_1")(x)  # [N, H, W, C]


def branch(x, filters, name, strides=1):
    """The block `branch`."""
    x = pointwise(x, filters, name=f"{name}-pointwise")  # [N, H, W, filters]
    # [N, H, W, filters]
    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        use_bias=False,
        depthwise_initializer=keras.initializers.RandomNormal(
            stddev=0.3333333333333333
        ),
        name=f"{name}-depthwise_conv2d",
    )(layers.ZeroPadding2D(1, name=f"{name}-depthwise_conv2d-pad")(x))
    # [N, H, W, filters]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(x)
    return pointwise(x, filters, name=f"{name}-pointwise_1")  # [N, H, W, filters]


def reduce(x, beside_filters, target_shape, target_shape2, name):
    """The block `reduce`."""
    # [N, H, W, C]
    y = layers.DepthwiseConv2D(
        3,
        strides=2,
        use_bias=False,
        depthwise_initializer=keras.initializers.RandomNormal(
            stddev=0.3333333333333333
        ),
        name=f"{name}-depthwise_conv2d",
    )(layers.ZeroPadding2D(1, name=f"{name}-depthwise_conv2d-pad")(x))
    # [N, H, W, C]
    y = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(y)
    # [N, H, W, beside_filters]
    beside = pointwise(y, beside_filters, name=f"{name}-beside")
    # [N, H, W, beside_filters]
    x = branch(x, beside_filters, strides=2, name=f"{name}-branch")
    x = layers.Concatenate(name=f"{name}-concatenate")([beside, x])  # [N, H, W, C]
    # [N, H, W, C]
    return shuffle(
        x,
        target_shape=target_shape,
        target_shape2=target_shape2,
        name=f"{name}-shuffle",
    )


def unit(x, branch_filters, target_shape, target_shape2, name):
    """The block `unit`."""
    # [N, H, W, branch_filters], [N, H, W, branch_filters]
    kept, x = split(4, 2, axis=3, name=f"{name}-split")(x)
    x = branch(x, branch_filters, name=f"{name}-branch")  # [N, H, W, branch_filters]
    x = layers.Concatenate(name=f"{name}-concatenate")([kept, x])  # [N, H, W, C]
    # [N, H, W, C]
    return shuffle(
        x,
        target_shape=target_shape,
        target_shape2=target_shape2,
        name=f"{name}-shuffle",
    )


def stage(x, beside_filters, target_shape, target_shape2, count, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, C]
    x = reduce(
        x,
        beside_filters,
        target_shape=target_shape,
        target_shape2=target_shape2,
        name=f"{name}-reduce",
    )
    for i in range(count):
        # [N, H, W, C]
        x = unit(
            x,
            beside_filters,
            target_shape=target_shape,
            target_shape2=target_shape2,
            name=f"{name}-loop-{i}",
        )
    return x


def shufflenet_v2():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 24]
    x = layers.Conv2D(
        24, 3, strides=2, use_bias=False, kernel_initializer="he_normal", name="conv2d"
    )(layers.ZeroPadding2D(1, name="conv2d-pad")(image))
    # [N, 112, 112, 24]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name="batch_normalization"
    )(x)
    x = layers.ReLU(name="re_lu")(x)  # [N, 112, 112, 24]
    # [N, 56, 56, 24]
    x = padded_max_pooling2d(
        3, strides=2, padding=((1, 1), (1, 1)), name="max_pooling2d"
    )(x)
    # [N, 28, 28, 116]
    x = stage(
        x,
        58,
        target_shape=(28, 28, 2, 58),
        target_shape2=(28, 28, 116),
        count=3,
        name="stage-0",
    )
    # [N, 14, 14, 232]
    x = stage(
        x,
        116,
        target_shape=(14, 14, 2, 116),
        target_shape2=(14, 14, 232),
        count=7,
        name="stage-1",
    )
    # [N, 7, 7, 464]
    x = stage(
        x,
        232,
        target_shape=(7, 7, 2, 232),
        target_shape2=(7, 7, 464),
        count=3,
        name="stage-2",
    )
    x = pointwise(x, 1024, name="pointwise")  # [N, 7, 7, 1024]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1024]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="shufflenet_v2")
