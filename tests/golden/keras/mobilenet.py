"""A network of depthwise separable convolutions (Howard et al., 2017, "MobileNets:
Efficient Convolutional Neural Networks for Mobile Vision Applications"), as Keras has
it.

Compiled by specc from the spec `mobilenet`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def separable(x, filters, name, strides=1):
    """The block `separable`."""
    # [N, H, W, C]
    x = layers.DepthwiseConv2D(
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        name=f"{name}-depthwise_conv2d",
    )(x)
    x = layers.BatchNormalization(name=f"{name}-batch_normalization")(x)  # [N, H, W, C]
    x = layers.ReLU(max_value=6.0, name=f"{name}-re_lu")(x)  # [N, H, W, C]
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters, 1, padding="same", use_bias=False, name=f"{name}-conv2d"
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(name=f"{name}-batch_normalization_1")(x)
    return layers.ReLU(max_value=6.0, name=f"{name}-re_lu_1")(x)  # [N, H, W, filters]


def mobilenet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 112, 112, 32]
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="conv2d")(
        image
    )
    x = layers.BatchNormalization(name="batch_normalization")(x)  # [N, 112, 112, 32]
    x = layers.ReLU(max_value=6.0, name="re_lu")(x)  # [N, 112, 112, 32]
    x = separable(x, 64, name="block-0")  # [N, 112, 112, 64]
    x = separable(x, 128, strides=2, name="block-1")  # [N, 56, 56, 128]
    x = separable(x, 128, name="block-2")  # [N, 56, 56, 128]
    x = separable(x, 256, strides=2, name="block-3")  # [N, 28, 28, 256]
    x = separable(x, 256, name="block-4")  # [N, 28, 28, 256]
    x = separable(x, 512, strides=2, name="block-5")  # [N, 14, 14, 512]
    for i in range(6, 11):
        x = separable(x, 512, name=f"block-{i}")  # [N, 14, 14, 512]
    x = separable(x, 1024, strides=2, name="block-11")  # [N, 7, 7, 1024]
    x = separable(x, 1024, name="block-12")  # [N, 7, 7, 1024]
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 1024]
    x = layers.Dropout(0.001, name="dropout")(x)  # [N, 1024]
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="mobilenet")
