"""DenseNet-121 (Huang et al., 2017) for 4 classes, with the conventions of a Keras
tutorial. It has the layers of densenet.yaml; how images are padded and how weights
start and are penalized differ.

Compiled by specc from the spec `densenet_keras`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def dense_layer(x, name):
    """The block `dense_layer`."""
    y = layers.BatchNormalization(name=f"{name}-batch_normalization")(x)  # [N, H, W, C]
    y = layers.ReLU(name=f"{name}-re_lu")(y)  # [N, H, W, C]
    # [N, H, W, 128]
    y = layers.Conv2D(
        128,
        1,
        padding="same",
        use_bias=False,
        kernel_initializer="glorot_normal",
        kernel_regularizer=keras.regularizers.L2(5e-05),
        name=f"{name}-conv2d",
    )(y)
    # [N, H, W, 128]
    y = layers.BatchNormalization(name=f"{name}-batch_normalization_1")(y)
    y = layers.ReLU(name=f"{name}-re_lu_1")(y)  # [N, H, W, 128]
    # [N, H, W, 32]
    y = layers.Conv2D(
        32,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer="glorot_normal",
        kernel_regularizer=keras.regularizers.L2(5e-05),
        name=f"{name}-conv2d_1",
    )(y)
    return layers.Concatenate(name=f"{name}-concatenate")([x, y])  # [N, H, W, C]


def transition(x, filters, name):
    """The block `transition`."""
    x = layers.BatchNormalization(name=f"{name}-batch_normalization")(x)  # [N, H, W, C]
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, C]
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        1,
        padding="same",
        use_bias=False,
        kernel_initializer="glorot_normal",
        kernel_regularizer=keras.regularizers.L2(5e-05),
        name=f"{name}-conv2d",
    )(x)
    # [N, H, W, filters]
    return layers.AveragePooling2D(2, padding="same", name=f"{name}-average_pooling2d")(
        x
    )


def stage(x, filters, count, name):
    """One iteration of the loop `stage`."""
    for i in range(count):
        x = dense_layer(x, name=f"{name}-layer-{i}")  # [N, H, W, C]
    return transition(x, filters, name=f"{name}-transition")  # [N, H, W, filters]


def stage2(x, name):
    """One iteration of the loop `stage`."""
    for i in range(16):
        x = dense_layer(x, name=f"{name}-layer-{i}")  # [N, 7, 7, C]
    return x


def densenet_keras():
    """The model, from `image` float32[N, 224, 224, 3] to `probabilities` float32[N,
    4].
    """
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 64]
    x = layers.Conv2D(
        64,
        7,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer="glorot_normal",
        kernel_regularizer=keras.regularizers.L2(5e-05),
        name="conv2d",
    )(image)
    x = layers.BatchNormalization(name="batch_normalization")(x)  # [N, 112, 112, 64]
    x = layers.ReLU(name="re_lu")(x)  # [N, 112, 112, 64]
    # [N, 56, 56, 64]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="max_pooling2d")(x)
    x = stage(x, 128, count=6, name="stage-0")  # [N, 28, 28, 128]
    x = stage(x, 256, count=12, name="stage-1")  # [N, 14, 14, 256]
    x = stage(x, 512, count=24, name="stage-2")  # [N, 7, 7, 512]
    x = stage2(x, name="stage-3")  # [N, 7, 7, 1024]
    x = layers.BatchNormalization(name="batch_normalization_1")(x)  # [N, 7, 7, 1024]
    x = layers.ReLU(name="re_lu_1")(x)  # [N, 7, 7, 1024]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1024]
    # [N, 4]
    x = layers.Dense(
        4,
        activation="softmax",
        kernel_initializer="glorot_normal",
        kernel_regularizer=keras.regularizers.L2(5e-05),
        name="probabilities",
    )(x)
    return keras.Model(image, x, name="densenet_keras")
