"""The discriminator of a deep convolutional adversarial network (Radford et al., 2016,
"Unsupervised Representation Learning with Deep Convolutional GANs") in the form of
PyTorch's tutorial: how likely an image is a real one. See dcgan_generator.yaml.

Compiled by specc from the spec `dcgan_discriminator`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def stage(x, filters, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        4,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name=f"{name}-conv2d",
    )(layers.ZeroPadding2D(1, name=f"{name}-conv2d-pad")(x))
    # [N, H, W, filters]
    x = layers.BatchNormalization(
        momentum=0.9,
        epsilon=1e-05,
        gamma_initializer=keras.initializers.RandomNormal(mean=1.0, stddev=0.02),
        name=f"{name}-batch_normalization",
    )(x)
    # [N, H, W, filters]
    return layers.LeakyReLU(negative_slope=0.2, name=f"{name}-leaky_re_lu")(x)


def dcgan_discriminator():
    """The model, from `image` float32[N, 64, 64, 3] to `real` float32[N, 1]."""
    image = keras.Input((64, 64, 3), name="image")
    # [N, 32, 32, 64]
    x = layers.Conv2D(
        64,
        4,
        strides=2,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="conv2d",
    )(layers.ZeroPadding2D(1, name="conv2d-pad")(image))
    x = layers.LeakyReLU(negative_slope=0.2, name="leaky_re_lu")(x)  # [N, 32, 32, 64]
    x = stage(x, 128, name="stage-0")  # [N, 16, 16, 128]
    x = stage(x, 256, name="stage-1")  # [N, 8, 8, 256]
    x = stage(x, 512, name="stage-2")  # [N, 4, 4, 512]
    # [N, 1, 1, 1]
    x = layers.Conv2D(
        1,
        4,
        activation="sigmoid",
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="conv2d_1",
    )(x)
    x = layers.Flatten(name="real")(x)  # [N, 1]
    return keras.Model(image, x, name="dcgan_discriminator")
