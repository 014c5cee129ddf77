"""AlexNet's accuracy with fifty times fewer parameters (Iandola et al., 2016,
"SqueezeNet"): 1×1 convolutions squeeze the channels before others expand them. Version
1.0 is the paper's; 1.1, by its authors, computes 2.4 times less.

Compiled by specc from the spec `squeezenet`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def fire(x, squeeze_filters, expand_1x1_filters, name):
    """The block `fire`."""
    # [N, H, W, squeeze_filters]
    squeeze_2 = layers.Conv2D(
        squeeze_filters,
        1,
        activation="relu",
        kernel_initializer="he_uniform",
        name=f"{name}-squeeze",
    )(x)
    # [N, H, W, expand_1x1_filters]
    expand_1x1 = layers.Conv2D(
        expand_1x1_filters,
        1,
        activation="relu",
        kernel_initializer="he_uniform",
        name=f"{name}-expand_1x1",
    )(squeeze_2)
    # [N, H, W, expand_1x1_filters]
    x = layers.Conv2D(
        expand_1x1_filters,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_uniform",
        name=f"{name}-expand_3x3",
    )(squeeze_2)
    # [N, H, W, C]
    return layers.Concatenate(name=f"{name}-concatenate")([expand_1x1, x])


def stage(x, name):
    """One iteration of the loop `stage`."""
    # [N, 54, 54, 96]
    x = layers.MaxPooling2D(3, strides=2, name=f"{name}-max_pooling2d")(x)
    for i in range(2):
        x = fire(x, 16, 64, name=f"{name}-layer-{i}")  # [N, 54, 54, 128]
    return fire(x, 32, 128, name=f"{name}-layer-2")  # [N, 54, 54, 256]


def stage2(x, name):
    """One iteration of the loop `stage`."""
    # [N, 27, 27, 256]
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"{name}-max_pooling2d")(
        x
    )
    x = fire(x, 32, 128, name=f"{name}-layer-0")  # [N, 27, 27, 256]
    for i in range(1, 3):
        x = fire(x, 48, 192, name=f"{name}-layer-{i}")  # [N, 27, 27, 384]
    return fire(x, 64, 256, name=f"{name}-layer-3")  # [N, 27, 27, 512]


def stage3(x, name):
    """One iteration of the loop `stage`."""
    # [N, 13, 13, 512]
    x = layers.MaxPooling2D(3, strides=2, name=f"{name}-max_pooling2d")(x)
    return fire(x, 64, 256, name=f"{name}-layer-0")  # [N, 13, 13, 512]


def squeezenet():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 109, 109, 96]
    x = layers.Conv2D(
        96,
        7,
        strides=2,
        activation="relu",
        kernel_initializer="he_uniform",
        name="conv2d",
    )(image)
    x = stage(x, name="stage-0")  # [N, 54, 54, 256]
    x = stage2(x, name="stage-1")  # [N, 27, 27, 512]
    x = stage3(x, name="stage-2")  # [N, 13, 13, 512]
    x = layers.Dropout(0.5, name="dropout")(x)  # [N, 13, 13, 512]
    # [N, 13, 13, 1000]
    x = layers.Conv2D(
        1000,
        1,
        activation="relu",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        name="conv2d_1",
    )(x)
    x = layers.GlobalAveragePooling2D(name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="squeezenet")
