"""A convolutional network with the habits of vision transformers (Liu et al., 2022, "A
ConvNet for the 2020s"). It takes pixels from 0 to 255 and normalizes them itself, as
Keras's does.

Compiled by specc from the spec `convnext`. Images are [N, H, W, C].
"""

import keras
from keras import layers


def residual(x, hidden, units, sizes, rate, name):
    """The block `residual`."""
    # [N, H, W, units]
    y = layers.DepthwiseConv2D(7, padding="same", name=f"{name}-depthwise_conv2d")(x)
    # [N, H, W, units]
    y = layers.LayerNormalization(epsilon=1e-06, name=f"{name}-layer_normalization")(y)
    # [N, H, W, hidden]
    y = layers.Dense(hidden, activation="gelu", name=f"{name}-dense")(y)
    y = layers.Dense(units, name=f"{name}-dense_1")(y)  # [N, H, W, units]
    # [N, H, W, units]
    y = layers.EinsumDense(
        "bdec,c->bdec",
        output_shape=sizes,
        kernel_initializer=keras.initializers.Constant(1e-06),
        name=f"{name}-layer_scale",
    )(y)
    # [N, H, W, units]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, units]


def stage(x, name):
    """One iteration of the loop `stage`."""
    # [N, 56, 56, 96]
    x = residual(x, 384, 96, sizes=(56, 56, 96), rate=0.0, name=f"{name}-block-0")
    # [N, 56, 56, 96]
    x = residual(
        x,
        384,
        96,
        sizes=(56, 56, 96),
        rate=0.0058823529411764705,
        name=f"{name}-block-1",
    )
    # [N, 56, 56, 96]
    return residual(
        x,
        384,
        96,
        sizes=(56, 56, 96),
        rate=0.011764705882352941,
        name=f"{name}-block-2",
    )


def stage2(x, filters, hidden, sizes, rate, block_rate, block_rate2, name):
    """One iteration of the loop `stage`."""
    # [N, H, W, C]
    x = layers.LayerNormalization(epsilon=1e-06, name=f"{name}-layer_normalization")(x)
    # [N, H, W, filters]
    x = layers.Conv2D(filters, 2, strides=2, name=f"{name}-conv2d")(x)
    # [N, H, W, filters]
    x = residual(x, hidden, filters, sizes=sizes, rate=rate, name=f"{name}-block-0")
    # [N, H, W, filters]
    x = residual(
        x, hidden, filters, sizes=sizes, rate=block_rate, name=f"{name}-block-1"
    )
    # [N, H, W, filters]
    return residual(
        x, hidden, filters, sizes=sizes, rate=block_rate2, name=f"{name}-block-2"
    )


def stage3(x, name):
    """One iteration of the loop `stage`."""
    # [N, 28, 28, 192]
    x = layers.LayerNormalization(epsilon=1e-06, name=f"{name}-layer_normalization")(x)
    x = layers.Conv2D(384, 2, strides=2, name=f"{name}-conv2d")(x)  # [N, 14, 14, 384]
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.03529411764705883,
        name=f"{name}-block-0",
    )
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.0411764705882353,
        name=f"{name}-block-1",
    )
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.047058823529411764,
        name=f"{name}-block-2",
    )
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.052941176470588235,
        name=f"{name}-block-3",
    )
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.058823529411764705,
        name=f"{name}-block-4",
    )
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.06470588235294118,
        name=f"{name}-block-5",
    )
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.07058823529411766,
        name=f"{name}-block-6",
    )
    # [N, 14, 14, 384]
    x = residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.07647058823529412,
        name=f"{name}-block-7",
    )
    # [N, 14, 14, 384]
    return residual(
        x,
        1536,
        384,
        sizes=(14, 14, 384),
        rate=0.0823529411764706,
        name=f"{name}-block-8",
    )


def convnext():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    # [N, 224, 224, 3]
    x = layers.Normalization(
        mean=(123.675, 116.28, 103.53),
        variance=(3409.976025, 3262.6944, 3291.890625),
        name="normalization",
    )(image)
    x = layers.Conv2D(96, 4, strides=4, name="conv2d")(x)  # [N, 56, 56, 96]
    # [N, 56, 56, 96]
    x = layers.LayerNormalization(epsilon=1e-06, name="layer_normalization")(x)
    x = stage(x, name="stage-0")  # [N, 56, 56, 96]
    # [N, 28, 28, 192]
    x = stage2(
        x,
        192,
        768,
        sizes=(28, 28, 192),
        rate=0.017647058823529415,
        block_rate=0.023529411764705882,
        block_rate2=0.029411764705882353,
        name="stage-1",
    )
    x = stage3(x, name="stage-2")  # [N, 14, 14, 384]
    # [N, 7, 7, 768]
    x = stage2(
        x,
        768,
        3072,
        sizes=(7, 7, 768),
        rate=0.08823529411764706,
        block_rate=0.09411764705882353,
        block_rate2=0.1,
        name="stage-3",
    )
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 768]
    # [N, 768]
    x = layers.LayerNormalization(epsilon=1e-06, name="layer_normalization_1")(x)
    x = layers.Dense(1000, name="logits")(x)  # [N, 1000]
    return keras.Model(image, x, name="convnext")
