"""CRNN (Shi et al., 2015, "An End-to-End Trainable Neural Network for Image-based
Sequence Recognition and Its Application to Scene Text Recognition"): the characters in
a picture of a line of text, column by column; as its authors' code has it.

Compiled by specc from the spec `crnn`. Images are [N, H, W, C].
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


def squeeze(rank, axis, name, dtype=None):
    """The tensor without the axes `axis`, which are of size 1."""
    shape = [1 if each in axis else None for each in range(1, rank)]
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, ops.squeeze(x, axis), name=name)


def conv(x, filters, name):
    """The block `conv`."""
    # [N, H, W, filters]
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}-conv2d")(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def conv2(x, filters, kernel_size, name, padding="valid"):
    """The block `conv`."""
    # [N, H, W, filters]
    x = layers.Conv2D(filters, kernel_size, padding=padding, name=f"{name}-conv2d")(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(
        momentum=0.9, epsilon=1e-05, name=f"{name}-batch_normalization"
    )(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def narrow_pool(x, name):
    """The block `narrow_pool`."""
    # [N, H, W, C]
    return padded_max_pooling2d(
        2, strides=(2, 1), padding=((0, 0), (1, 1)), name=f"{name}-max_pooling2d"
    )(x)


def crnn():
    """The model, from `image` float32[N, 32, 4*w, 1] to `logits` float32[N, w + 1,
    37].
    """
    image = keras.Input((32, None, 1), name="image")
    # [N, 32, 4*w, 1]
    x = layers.Rescaling(0.0078125, offset=-1.0, name="rescaling")(image)
    x = conv(x, 64, name="conv")  # [N, 32, 4*w, 64]
    x = layers.MaxPooling2D(2, name="max_pooling2d")(x)  # [N, 16, 2*w, 64]
    x = conv(x, 128, name="conv_1")  # [N, 16, 2*w, 128]
    x = layers.MaxPooling2D(2, name="max_pooling2d_1")(x)  # [N, 8, w, 128]
    x = conv2(x, 256, 3, padding="same", name="conv_2")  # [N, 8, w, 256]
    x = conv(x, 256, name="conv_3")  # [N, 8, w, 256]
    x = narrow_pool(x, name="narrow_pool")  # [N, 4, w + 1, 256]
    x = conv2(x, 512, 3, padding="same", name="conv_4")  # [N, 4, w + 1, 512]
    x = conv(x, 512, name="conv_5")  # [N, 4, w + 1, 512]
    x = narrow_pool(x, name="narrow_pool_1")  # [N, 2, w + 2, 512]
    x = conv2(x, 512, 2, name="conv_6")  # [N, 1, w + 1, 512]
    x = squeeze(4, (1,), name="squeeze")(x)  # [N, w + 1, 512]
    # [N, w + 1, 512]
    x = layers.Bidirectional(
        layers.LSTM(256, return_sequences=True), name="bidirectional"
    )(x)
    x = layers.Dense(256, name="dense")(x)  # [N, w + 1, 256]
    # [N, w + 1, 512]
    x = layers.Bidirectional(
        layers.LSTM(256, return_sequences=True), name="bidirectional_1"
    )(x)
    x = layers.Dense(37, name="logits")(x)  # [N, w + 1, 37]
    return keras.Model(image, x, name="crnn")
