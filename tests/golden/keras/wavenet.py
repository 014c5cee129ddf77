"""WaveNet (van den Oord et al., 2016, "WaveNet: A Generative Model for Raw Audio"): at
each step, scores for the next sample. With the sizes of
github.com/ibab/tensorflow-wavenet, which the paper does not tell.

Compiled by specc from the spec `wavenet`.
"""

import keras
from keras import layers, ops


def getitem(rank, key, name, dtype=None):
    """`x[key]`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, x[key], name=name)


def pad(rank, pad_width, constant_values, name, dtype=None):
    """Cells of a constant around each item of the batch."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    y = ops.pad(x, ((0, 0), *pad_width), constant_values=constant_values)
    return keras.Model(x, y, name=name)


def gated_layer(x, name, dilation_rate=1):
    """The block `gated_layer`."""
    # [N, T, 32]
    current = getitem(
        3, (slice(None), slice(None), slice(0, 32)), name=f"{name}-current"
    )(x)
    # [N, T, 32]
    y = layers.Conv1D(
        32, 2, padding="causal", dilation_rate=dilation_rate, name=f"{name}-conv1d"
    )(current)
    value = layers.Activation("tanh", name=f"{name}-value")(y)  # [N, T, 32]
    # [N, T, 32]
    y = layers.Conv1D(
        32, 2, padding="causal", dilation_rate=dilation_rate, name=f"{name}-conv1d_1"
    )(current)
    y = layers.Activation("sigmoid", name=f"{name}-gate")(y)  # [N, T, 32]
    y = layers.Multiply(name=f"{name}-multiply")([value, y])  # [N, T, 32]
    # [N, T, 544]
    y = layers.Conv1D(544, 1, padding="causal", name=f"{name}-conv1d_2")(y)
    return layers.Add(name=f"{name}-add")([x, y])  # [N, T, 544]


def cycle(x, name):
    """One iteration of the loop `cycle`."""
    x = gated_layer(x, name=f"{name}-layer-0")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=2, name=f"{name}-layer-1")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=4, name=f"{name}-layer-2")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=8, name=f"{name}-layer-3")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=16, name=f"{name}-layer-4")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=32, name=f"{name}-layer-5")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=64, name=f"{name}-layer-6")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=128, name=f"{name}-layer-7")  # [N, T, 544]
    x = gated_layer(x, dilation_rate=256, name=f"{name}-layer-8")  # [N, T, 544]
    return gated_layer(x, dilation_rate=512, name=f"{name}-layer-9")  # [N, T, 544]


def wavenet():
    """The model, from `samples` int32[N, T] to `logits` float32[N, T, 256]."""
    samples = keras.Input((None,), dtype="int32", name="samples")
    # [N, T, 256]
    x = layers.CategoryEncoding(256, output_mode="one_hot", name="category_encoding")(
        samples
    )
    # [N, T, 32]
    x = layers.Conv1D(32, 2, padding="causal", use_bias=False, name="conv1d")(x)
    x = pad(3, ((0, 0), (0, 512)), constant_values=0.0, name="pad")(x)  # [N, T, 544]
    for i in range(5):
        x = cycle(x, name=f"cycle-{i}")  # [N, T, 544]
    # [N, T, 512]
    x = getitem(3, (slice(None), slice(None), slice(32, None)), name="slice")(x)
    x = layers.ReLU(name="re_lu")(x)  # [N, T, 512]
    # [N, T, 512]
    x = layers.Conv1D(512, 1, padding="causal", activation="relu", name="conv1d_1")(x)
    x = layers.Conv1D(256, 1, padding="causal", name="logits")(x)  # [N, T, 256]
    return keras.Model(samples, x, name="wavenet")
