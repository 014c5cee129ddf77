"""Network in network for CIFAR-10 (Lin, Chen and Yan, 2013, "Network In Network"): 1×1
convolutions look at each pixel again, and the mean of a map is the score of a class.

Compiled by specc from the spec `nin`. Images are [N, H, W, C].
"""

import keras
from keras import layers, ops


def same_average_pooling(pool_size, strides, name, dtype=None):
    """Average pooling with `padding="same"`, alike on all backends of Keras.

    They differ in what they average where the padding is odd. Zeros as wide as the
    stride move no window; they make it the same on all, up to the number of cells.
    """
    x = keras.Input((None,) * (len(strides) + 1), dtype=dtype)
    pads = ((0, 0), *((stride, stride) for stride in strides), (0, 0))
    means = ops.average_pool(ops.pad(x, pads), pool_size, strides, padding="same")
    cells = ops.pad(ops.ones_like(x[..., :1]), pads)
    y = means / ops.average_pool(cells, pool_size, strides, padding="same")
    inside = (slice(None), *[slice(1, -1)] * len(strides))
    return keras.Model(x, y[inside], name=name)


def mlpconv(x, kernel_size, hidden, filters, name):
    """The block `mlpconv`."""
    # [N, H, W, 192]
    x = layers.Conv2D(
        192, kernel_size, padding="same", activation="relu", name=f"{name}-conv2d"
    )(x)
    # [N, H, W, hidden]
    x = layers.Conv2D(hidden, 1, activation="relu", name=f"{name}-conv2d_1")(x)
    # [N, H, W, filters]
    return layers.Conv2D(filters, 1, activation="relu", name=f"{name}-conv2d_2")(x)


def nin():
    """The model, from `image` float32[N, 32, 32, 3] to `logits` float32[N, 10]."""
    image = keras.Input((32, 32, 3), name="image")
    x = mlpconv(image, 5, 160, 96, name="mlpconv")  # [N, 32, 32, 96]
    # [N, 16, 16, 96]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="max_pooling2d")(x)
    x = layers.Dropout(0.5, name="dropout")(x)  # [N, 16, 16, 96]
    x = mlpconv(x, 5, 192, 192, name="mlpconv_1")  # [N, 16, 16, 192]
    # [N, 8, 8, 192]
    x = same_average_pooling((3, 3), strides=(2, 2), name="average_pooling2d")(x)
    x = layers.Dropout(0.5, name="dropout_1")(x)  # [N, 8, 8, 192]
    x = mlpconv(x, 3, 192, 10, name="mlpconv_2")  # [N, 8, 8, 10]
    x = layers.GlobalAveragePooling2D(name="logits")(x)  # [N, 10]
    return keras.Model(image, x, name="nin")
