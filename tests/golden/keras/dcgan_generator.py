"""The generator of a deep convolutional adversarial network (Radford et al., 2016,
"Unsupervised Representation Learning with Deep Convolutional GANs") in the form of
PyTorch's tutorial: images of 64 × 64 pixels, from -1 to 1, out of noise. See
dcgan_discriminator.yaml.

Compiled by specc from the spec `dcgan_generator`.
"""

import keras
from keras import layers


def stage(x, filters, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = layers.Conv2DTranspose(
        filters,
        4,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name=f"{name}-conv2d_transpose",
    )(x)
    # [N, H, W, filters]
    x = layers.BatchNormalization(
        momentum=0.9,
        epsilon=1e-05,
        gamma_initializer=keras.initializers.RandomNormal(mean=1.0, stddev=0.02),
        name=f"{name}-batch_normalization",
    )(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def dcgan_generator():
    """The model, from `noise` float32[N, 100] to `image` float32[N, 64, 64, 3]."""
    noise = keras.Input((100,), name="noise")
    x = layers.Reshape((1, 1, 100), name="reshape")(noise)  # [N, 1, 1, 100]
    # [N, 4, 4, 512]
    x = layers.Conv2DTranspose(
        512,
        4,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="conv2d_transpose",
    )(x)
    # [N, 4, 4, 512]
    x = layers.BatchNormalization(
        momentum=0.9,
        epsilon=1e-05,
        gamma_initializer=keras.initializers.RandomNormal(mean=1.0, stddev=0.02),
        name="batch_normalization",
    )(x)
    x = layers.ReLU(name="re_lu")(x)  # [N, 4, 4, 512]
    x = stage(x, 256, name="stage-0")  # [N, 8, 8, 256]
    x = stage(x, 128, name="stage-1")  # [N, 16, 16, 128]
    x = stage(x, 64, name="stage-2")  # [N, 32, 32, 64]
    # [N, 64, 64, 3]
    x = layers.Conv2DTranspose(
        3,
        4,
        strides=2,
        padding="same",
        activation="tanh",
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="image",
    )(x)
    return keras.Model(noise, x, name="dcgan_generator")
