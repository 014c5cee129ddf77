"""Siamese network (Koch et al., 2015, "Siamese Neural Networks for One-shot Image
Recognition"): whether two drawn characters are the same one, by the distance of what
one network makes of each.

Compiled by specc from the spec `siamese`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def tower(
    x, conv2d_layer, conv2d_1_layer, conv2d_2_layer, conv2d_3_layer, dense_layer, name
):
    """The block `tower`."""
    x = conv2d_layer(x)  # [N, 96, 96, 64]
    x = layers.MaxPooling2D(2, name=f"{name}-max_pooling2d")(x)  # [N, 48, 48, 64]
    x = conv2d_1_layer(x)  # [N, 42, 42, 128]
    x = layers.MaxPooling2D(2, name=f"{name}-max_pooling2d_1")(x)  # [N, 21, 21, 128]
    x = conv2d_2_layer(x)  # [N, 18, 18, 128]
    x = layers.MaxPooling2D(2, name=f"{name}-max_pooling2d_2")(x)  # [N, 9, 9, 128]
    x = conv2d_3_layer(x)  # [N, 6, 6, 256]
    x = layers.Flatten(name=f"{name}-flatten")(x)  # [N, 9216]
    return dense_layer(x)  # [N, 4096]


def siamese():
    """The model, from `left` float32[N, 105, 105, 1], `right` float32[N, 105, 105, 1]
    to `same` float32[N, 1].
    """
    embedded_conv2d_layer = layers.Conv2D(
        64,
        10,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.RandomNormal(mean=0.5, stddev=0.01),
        kernel_regularizer=keras.regularizers.L2(0.0002),
        name="embedded-conv2d",
    )
    embedded_conv2d_1_layer = layers.Conv2D(
        128,
        7,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.RandomNormal(mean=0.5, stddev=0.01),
        kernel_regularizer=keras.regularizers.L2(0.0002),
        name="embedded-conv2d_1",
    )
    embedded_conv2d_2_layer = layers.Conv2D(
        128,
        4,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.RandomNormal(mean=0.5, stddev=0.01),
        kernel_regularizer=keras.regularizers.L2(0.0002),
        name="embedded-conv2d_2",
    )
    embedded_conv2d_3_layer = layers.Conv2D(
        256,
        4,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.RandomNormal(mean=0.5, stddev=0.01),
        kernel_regularizer=keras.regularizers.L2(0.0002),
        name="embedded-conv2d_3",
    )
    embedded_dense_layer = layers.Dense(
        4096,
        activation="sigmoid",
        bias_initializer=keras.initializers.RandomNormal(mean=0.5, stddev=0.01),
        name="embedded-dense",
    )
    left = keras.Input((105, 105, 1), name="left")
    right = keras.Input((105, 105, 1), name="right")
    # [N, 4096]
    embedded = tower(
        left,
        embedded_conv2d_layer,
        embedded_conv2d_1_layer,
        embedded_conv2d_2_layer,
        embedded_conv2d_3_layer,
        embedded_dense_layer,
        name="embedded",
    )
    # [N, 4096]
    embedded_right = tower(
        right,
        embedded_conv2d_layer,
        embedded_conv2d_1_layer,
        embedded_conv2d_2_layer,
        embedded_conv2d_3_layer,
        embedded_dense_layer,
        name="embedded_right",
    )
    greater = layers.Maximum(name="greater")([embedded, embedded_right])  # [N, 4096]
    x = layers.Minimum(name="lesser")([embedded, embedded_right])  # [N, 4096]
    x = layers.Subtract(name="subtract")([greater, x])  # [N, 4096]
    # [N, 1]
    x = layers.Dense(
        1,
        activation="sigmoid",
        bias_initializer=keras.initializers.RandomNormal(mean=0.5, stddev=0.01),
        name="same",
    )(x)
    return keras.Model([left, right], x, name="siamese")
