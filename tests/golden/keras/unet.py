"""U-Net (Ronneberger et al., 2015, "U-Net: Convolutional Networks for Biomedical Image
Segmentation"): a class for each pixel of images of any size that is a multiple of 16.

Compiled by specc from the spec `unet`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def convolution(x, filters, name):
    """One iteration of the loop `convolution`."""
    # [N, H, W, filters]
    x = layers.Conv2D(
        filters,
        3,
        padding="same",
        kernel_initializer="he_normal",
        name=f"{name}-conv2d",
    )(x)
    return layers.ReLU(name=f"{name}-re_lu")(x)  # [N, H, W, filters]


def convolutions(x, filters, name):
    """The block `convolutions`."""
    for i in range(2):
        # [N, H, W, filters]
        x = convolution(x, filters, name=f"{name}-convolution-{i}")
    return x


def contract(x, filters, name):
    """The block `contract`."""
    skip = convolutions(x, filters, name=f"{name}-skip")  # [N, H, W, filters]
    x = layers.MaxPooling2D(2, name=f"{name}-halved")(skip)  # [N, H, W, filters]
    return x, skip


def expand(x, skip, filters, name):
    """The block `expand`."""
    # [N, H, W, filters]
    x = layers.Conv2DTranspose(filters, 2, strides=2, name=f"{name}-conv2d_transpose")(
        x
    )
    x = layers.Concatenate(name=f"{name}-concatenate")([skip, x])  # [N, H, W, C]
    return convolutions(x, filters, name=f"{name}-convolutions")  # [N, H, W, filters]


def unet():
    """The model, from `image` float32[N, 16*h, 16*w, 1] to `logits` float32[N, 16*h,
    16*w, 2].
    """
    image = keras.Input((None, None, 1), name="image")
    # [N, 8*h, 8*w, 64], [N, 16*h, 16*w, 64]
    x, down_0_skip = contract(image, 64, name="down-0")
    # [N, 4*h, 4*w, 128], [N, 8*h, 8*w, 128]
    x, down_1_skip = contract(x, 128, name="down-1")
    # [N, 2*h, 2*w, 256], [N, 4*h, 4*w, 256]
    x, down_2_skip = contract(x, 256, name="down-2")
    # [N, h, w, 512], [N, 2*h, 2*w, 512]
    x, down_3_skip = contract(x, 512, name="down-3")
    x = convolutions(x, 1024, name="bottom")  # [N, h, w, 1024]
    x = expand(x, down_3_skip, 512, name="up-0")  # [N, 2*h, 2*w, 512]
    x = expand(x, down_2_skip, 256, name="up-1")  # [N, 4*h, 4*w, 256]
    x = expand(x, down_1_skip, 128, name="up-2")  # [N, 8*h, 8*w, 128]
    x = expand(x, down_0_skip, 64, name="up-3")  # [N, 16*h, 16*w, 64]
    x = layers.Conv2D(2, 1, name="logits")(x)  # [N, 16*h, 16*w, 2]
    return keras.Model(image, x, name="unet")
