"""The first Inception network (Szegedy et al., 2015, "Going Deeper with Convolutions"),
without the two classifiers that helped to train it. The variant `batch_normalization`
is torchvision's form, whose widest convolutions are 3×3.

Compiled by specc from the spec `googlenet`. Images are [N, H, W, C].
"""

import keras
from keras import layers, ops


def local_response_normalization(size, alpha, beta, bias, name, dtype=None):
    """Each channel, divided by the strength of its `size` neighbours, itself among them."""
    x = keras.Input((None, None, None), dtype=dtype)
    sides = ((0, 0), (0, 0), (0, 0), (size // 2, size // 2), (0, 0))
    squares = ops.pad(ops.expand_dims(ops.square(x), -1), sides)
    means = ops.squeeze(ops.average_pool(squares, (1, 1, size), strides=1), -1)
    return keras.Model(x, x / (bias + alpha * means) ** beta, name=name)


def convolution(x, name):
    """The block `convolution`."""
    # [N, 112, 112, 64]
    x = layers.Conv2D(64, 7, strides=2, name=f"{name}-conv2d")(
        layers.ZeroPadding2D(3, name=f"{name}-conv2d-pad")(x)
    )
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, 112, 112, 64]


def convolution2(x, filters, kernel_size, name):
    """The block `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(filters, kernel_size, padding="same", name=f"{name}-conv2d")(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def inception(
    x,
    pixel_filters,
    small_reduced_filters,
    small_filters,
    large_reduced_filters,
    large_filters,
    pooled_filters,
    name,
):
    """The block `inception`."""
    # [N, H, W, pixel_filters]
    pixel = convolution2(x, pixel_filters, 1, name=f"{name}-pixel")
    # [N, H, W, small_reduced_filters]
    y = convolution2(x, small_reduced_filters, 1, name=f"{name}-small_reduced")
    # [N, H, W, small_filters]
    small = convolution2(y, small_filters, 3, name=f"{name}-small")
    # [N, H, W, large_reduced_filters]
    y = convolution2(x, large_reduced_filters, 1, name=f"{name}-large_reduced")
    # [N, H, W, large_filters]
    large = convolution2(y, large_filters, 5, name=f"{name}-large")
    # [N, H, W, C]
    x = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}-max_pooling2d")(
        x
    )
    # [N, H, W, pooled_filters]
    x = convolution2(x, pooled_filters, 1, name=f"{name}-pooled")
    # [N, H, W, C]
    return layers.Concatenate(name=f"{name}-concatenate")([pixel, small, large, x])


def stage(x, name):
    """One iteration of the loop `stage`."""
    # [N, 28, 28, 256]
    x = inception(x, 64, 96, 128, 16, 32, 32, name=f"{name}-block-0")
    # [N, 28, 28, 480]
    return inception(x, 128, 128, 192, 32, 96, 64, name=f"{name}-block-1")


def stage2(x, name):
    """One iteration of the loop `stage`."""
    # [N, 14, 14, 480]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}-max_pooling2d")(
        x
    )
    # [N, 14, 14, 512]
    x = inception(x, 192, 96, 208, 16, 48, 64, name=f"{name}-block-0")
    # [N, 14, 14, 512]
    x = inception(x, 160, 112, 224, 24, 64, 64, name=f"{name}-block-1")
    # [N, 14, 14, 512]
    x = inception(x, 128, 128, 256, 24, 64, 64, name=f"{name}-block-2")
    # [N, 14, 14, 528]
    x = inception(x, 112, 144, 288, 32, 64, 64, name=f"{name}-block-3")
    # [N, 14, 14, 832]
    return inception(x, 256, 160, 320, 32, 128, 128, name=f"{name}-block-4")


def stage3(x, name):
    """One iteration of the loop `stage`."""
    # [N, 7, 7, 832]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}-max_pooling2d")(
        x
    )
    # [N, 7, 7, 832]
    x = inception(x, 256, 160, 320, 32, 128, 128, name=f"{name}-block-0")
    # [N, 7, 7, 1024]
    return inception(x, 384, 192, 384, 48, 128, 128, name=f"{name}-block-1")


def googlenet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    x = convolution(image, name="convolution")  # [N, 112, 112, 64]
    # [N, 56, 56, 64]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="max_pooling2d")(x)
    # [N, 56, 56, 64]
    x = local_response_normalization(
        5, alpha=0.0001, beta=0.75, bias=1.0, name="local_response_normalization"
    )(x)
    x = convolution2(x, 64, 1, name="convolution_1")  # [N, 56, 56, 64]
    x = convolution2(x, 192, 3, name="convolution_2")  # [N, 56, 56, 192]
    # [N, 56, 56, 192]
    x = local_response_normalization(
        5, alpha=0.0001, beta=0.75, bias=1.0, name="local_response_normalization_1"
    )(x)
    # [N, 28, 28, 192]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="max_pooling2d_1")(x)
    x = stage(x, name="stage-0")  # [N, 28, 28, 480]
    x = stage2(x, name="stage-1")  # [N, 14, 14, 832]
    x = stage3(x, name="stage-2")  # [N, 7, 7, 1024]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1024]
    x = layers.Dropout(0.4, name="dropout")(x)  # [N, 1024]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="googlenet")
