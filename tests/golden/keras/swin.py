"""Swin Transformer (Liu et al., 2021, "Swin Transformer: Hierarchical Vision
Transformer using Shifted Windows"): patches look at each other within windows, which
are shifted at every other layer. As torchvision has it.

Compiled by specc from the spec `swin`. Images are [N, H, W, C].
"""

import keras
from keras import layers, ops


def broadcast_sum(ranks, name, average=False, dtype=None):
    """The sum, or mean, of tensors of which some are repeated along some axes.

    In `a + b` TensorFlow may take b for a bias where the batch is 1, and add it along
    another axis; it does not in `a - (-b)`.
    """
    inputs = [keras.Input((None,) * (rank - 1), dtype=dtype) for rank in ranks]
    spread = [tuple(range(1, 1 + max(ranks) - rank)) for rank in ranks]
    total, *others = map(ops.expand_dims, inputs, spread)
    for x in others:
        total = total - ops.negative(x)
    return keras.Model(inputs, total / len(ranks) if average else total, name=name)


def expand_dims(rank, axis, name, dtype=None):
    """New axes of size 1, at the places `axis` of the result."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.expand_dims(x, axis), name=name)


def getitem(rank, key, name, dtype=None):
    """`x[key]`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, x[key], name=name)


def not_equal(value, rank, name, dtype=None):
    """Whether each element differs from `value`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.not_equal(x, value), name=name)


def roll(rank, shift, axis, name, dtype=None):
    """The elements along `axis` shifted, those that fall off coming in at the other end."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.roll(x, shift, axis=axis), name=name)


def scaled_dot_product_attention(
    rank,
    scale,
    name,
    is_causal=False,
    dropout=0.0,
    has_bias=False,
    has_mask=False,
    dtype=None,
):
    """softmax(query @ key.T * scale + bias) @ value, where the mask is true."""
    query, key, value = (keras.Input((None,) * (rank - 1), dtype=dtype) for _ in "qkv")
    inputs = [query, key, value]
    scores = ops.matmul(query, ops.swapaxes(key, -1, -2)) * scale
    least = -3e4 if scores.dtype == "float16" else -1e9
    if has_bias:
        inputs.append(keras.Input((None,) * (rank - 1), dtype=dtype))
        scores = scores + inputs[-1]
    if is_causal:
        ones = ops.ones_like(scores, dtype="int32")
        causal = ops.cumsum(ones, axis=-2) >= ops.cumsum(ones, axis=-1)
        scores = ops.where(causal, scores, least)
    if has_mask:
        inputs.append(keras.Input((None,) * (rank - 1), dtype="bool"))
        scores = ops.where(inputs[-1], scores, least)
    weights = layers.Dropout(dropout, name="dropout", dtype=dtype)(ops.softmax(scores))
    return keras.Model(inputs, ops.matmul(weights, value), name=name)


def split(rank, sections, axis, name, dtype=None):
    """Equal parts, or parts of those sizes (-1: what is left), along `axis`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    if isinstance(sections, int):
        return keras.Model(x, ops.split(x, sections, axis=axis), name=name)
    parts, before = [], (slice(None),) * axis
    for i, size in enumerate(sections):
        first, last = sum(sections[:i]), -sum(sections[i + 1 :])
        start = last - size if -1 in sections[:i] else first
        stop = last or None if -1 in sections[: i + 1] else first + size
        parts.append(x[(*before, slice(start, stop))])
    return keras.Model(x, parts, name=name)


def window_position_bias(
    num_heads, window_size, rank, name, initializer="truncated_normal", dtype=None
):
    """A bias [1, heads, T, T] for each offset in a window (Liu et al., 2021)."""
    height, width = window_size
    query = keras.Input((None,) * (rank - 1), dtype=dtype)
    ones = ops.ones_like(query[(0,) * (rank - 2)][:, :1], dtype="int32")
    cell = ops.cumsum(ones, axis=0) - 1
    down = cell // width - ops.transpose(cell // width)
    right = cell % width - ops.transpose(cell % width)
    table = layers.Embedding(
        (2 * height - 1) * (2 * width - 1),
        num_heads,
        embeddings_initializer=initializer,
        name="embedding",
        dtype=dtype,
    )
    indices = (down + height - 1) * (2 * width - 1) + right + width - 1
    biases = ops.transpose(table(indices), (2, 0, 1))
    return keras.Model(query, ops.expand_dims(biases, 0), name=name)


def to_windows(x, target_shape, target_shape2, name):
    """The block `to_windows`."""
    x = layers.Reshape(target_shape, name=f"{name}-reshape")(x)  # [N, D, 7, T, 7, C]
    x = layers.Permute((1, 3, 2, 4, 5), name=f"{name}-permute")(x)  # [N, D, D, 7, 7, C]
    return layers.Reshape(target_shape2, name=f"{name}-reshape_1")(x)  # [N, T, 49, C]


def split_heads(x, target_shape, name):
    """The block `split_heads`."""
    x = layers.Reshape(target_shape, name=f"{name}-reshape")(x)  # [N, D, 49, T, 32]
    return layers.Permute((1, 3, 2, 4), name=f"{name}-permute")(x)  # [N, D, T, 49, 32]


def from_windows(x, target_shape, target_shape2, name):
    """The block `from_windows`."""
    x = layers.Reshape(target_shape, name=f"{name}-reshape")(x)  # [N, D, D, 7, 7, C]
    x = layers.Permute((1, 3, 2, 4, 5), name=f"{name}-permute")(x)  # [N, D, 7, T, 7, C]
    return layers.Reshape(target_shape2, name=f"{name}-reshape_1")(x)  # [N, H, W, C]


def mlp(x, hidden, units, rate, name):
    """The block `mlp`."""
    # [N, H, W, units]
    y = layers.LayerNormalization(epsilon=1e-05, name=f"{name}-layer_normalization")(x)
    # [N, H, W, hidden]
    y = layers.Dense(
        hidden,
        activation="gelu",
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense",
    )(y)
    # [N, H, W, units]
    y = layers.Dense(
        units,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense_1",
    )(y)
    # [N, H, W, units]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, units]


def merge_patches(x, units, target_shape, target_shape2, name):
    """The block `merge_patches`."""
    x = layers.Reshape(target_shape, name=f"{name}-reshape")(x)  # [N, D, 2, T, 2, C]
    x = layers.Permute((1, 3, 4, 2, 5), name=f"{name}-permute")(x)  # [N, D, D, 2, 2, C]
    x = layers.Reshape(target_shape2, name=f"{name}-reshape_1")(x)  # [N, H, W, C]
    # [N, H, W, C]
    x = layers.LayerNormalization(epsilon=1e-05, name=f"{name}-layer_normalization")(x)
    # [N, H, W, units]
    return layers.Dense(
        units,
        use_bias=False,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense",
    )(x)


def same_part(x, target_shape, name):
    """The block `same_part`."""
    # [N, T, 1, 1]
    y = getitem(
        4, (slice(None), slice(0, -3), slice(0, 1), slice(0, 1)), name=f"{name}-slice"
    )(x)
    y = layers.Rescaling(0.0, offset=1.0, name=f"{name}-rescaling")(y)  # [N, T, 1, 1]
    # [N, T, 1, 1]
    above = layers.ZeroPadding2D(((0, 3), (0, 0)), name=f"{name}-above")(y)
    # [N, 1, T, 1]
    x = getitem(
        4, (slice(None), slice(0, 1), slice(0, -3), slice(0, 1)), name=f"{name}-slice_1"
    )(x)
    x = layers.Rescaling(0.0, offset=2.0, name=f"{name}-rescaling_1")(x)  # [N, 1, T, 1]
    x = layers.ZeroPadding2D(((0, 0), (0, 3)), name=f"{name}-left")(x)  # [N, 1, T, 1]
    x = broadcast_sum((4, 4), name=f"{name}-add")([x, above])  # [N, H, W, 1]
    # [N, T, 49, 1]
    part = to_windows(
        x, target_shape=target_shape, target_shape2=(-1, 49, 1), name=f"{name}-part"
    )
    x = layers.Permute((1, 3, 2), name=f"{name}-permute")(part)  # [N, T, 1, 49]
    x = layers.Subtract(name=f"{name}-apart")([part, x])  # [N, T, 49, 49]
    x = layers.Multiply(name=f"{name}-multiply")([x, x])  # [N, T, 49, 49]
    # [N, T, 49, 49]
    x = layers.Rescaling(-1.0, offset=1.0, name=f"{name}-rescaling_2")(x)
    x = layers.ReLU(name=f"{name}-re_lu")(x)  # [N, T, 49, 49]
    x = not_equal(0.0, rank=4, name=f"{name}-not_equal")(x)  # [N, T, 49, 49]
    # [N, D, 1, 49, 49]
    return expand_dims(4, (2,), name=f"{name}-expand_dims", dtype="bool")(x)


def window_attention(
    x,
    hidden,
    num_heads,
    units,
    target_shape,
    target_shape2,
    query_target_shape,
    from_windows_target_shape,
    from_windows_target_shape2,
    rate,
    name,
):
    """The block `window_attention`."""
    # [N, H, W, units]
    y = layers.LayerNormalization(epsilon=1e-05, name=f"{name}-layer_normalization")(x)
    # [N, T, 49, units]
    y = to_windows(
        y,
        target_shape=target_shape,
        target_shape2=target_shape2,
        name=f"{name}-to_windows",
    )
    # [N, T, 49, hidden]
    y = layers.Dense(
        hidden,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense",
    )(y)
    # [N, T, 49, units], [N, T, 49, units], [N, T, 49, units]
    y, keys, values = split(4, 3, axis=3, name=f"{name}-split")(y)
    # [N, D, num_heads, 49, 32]
    query = split_heads(y, query_target_shape, name=f"{name}-query")
    # [N, D, num_heads, 49, 32]
    key = split_heads(keys, query_target_shape, name=f"{name}-key")
    # [N, D, num_heads, 49, 32]
    value = split_heads(values, query_target_shape, name=f"{name}-value")
    # [1, num_heads, 49, 49]
    y = window_position_bias(
        num_heads,
        (7, 7),
        rank=5,
        initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-window_position_bias",
    )(query)
    y = expand_dims(4, (1,), name=f"{name}-bias")(y)  # [1, 1, num_heads, 49, 49]
    # [N, D, num_heads, 49, 32]
    y = scaled_dot_product_attention(
        rank=5,
        scale=0.17677669529663687,
        has_bias=True,
        name=f"{name}-scaled_dot_product_attention",
    )([query, key, value, y])
    # [N, D, 49, num_heads, 32]
    y = layers.Permute((1, 3, 2, 4), name=f"{name}-permute")(y)
    y = layers.Reshape(target_shape2, name=f"{name}-reshape")(y)  # [N, T, 49, units]
    # [N, T, 49, units]
    y = layers.Dense(
        units,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense_1",
    )(y)
    # [N, H, W, units]
    y = from_windows(
        y,
        target_shape=from_windows_target_shape,
        target_shape2=from_windows_target_shape2,
        name=f"{name}-from_windows",
    )
    # [N, H, W, units]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, units]


def window_attention2(
    x,
    hidden,
    num_heads,
    units,
    target_shape,
    to_windows_target_shape,
    target_shape2,
    query_target_shape,
    from_windows_target_shape,
    from_windows_target_shape2,
    rate,
    name,
):
    """The block `window_attention`."""
    # [N, H, W, units]
    y = layers.LayerNormalization(epsilon=1e-05, name=f"{name}-layer_normalization")(x)
    roll_2 = roll(4, (-3, -3), axis=(1, 2), name=f"{name}-roll")(y)  # [N, H, W, units]
    mask = same_part(roll_2, target_shape, name=f"{name}-mask")  # [N, D, 1, 49, 49]
    # [N, T, 49, units]
    y = to_windows(
        roll_2,
        target_shape=to_windows_target_shape,
        target_shape2=target_shape2,
        name=f"{name}-to_windows",
    )
    # [N, T, 49, hidden]
    y = layers.Dense(
        hidden,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense",
    )(y)
    # [N, T, 49, units], [N, T, 49, units], [N, T, 49, units]
    y, keys, values = split(4, 3, axis=3, name=f"{name}-split")(y)
    # [N, D, num_heads, 49, 32]
    query = split_heads(y, query_target_shape, name=f"{name}-query")
    # [N, D, num_heads, 49, 32]
    key = split_heads(keys, query_target_shape, name=f"{name}-key")
    # [N, D, num_heads, 49, 32]
    value = split_heads(values, query_target_shape, name=f"{name}-value")
    # [1, num_heads, 49, 49]
    y = window_position_bias(
        num_heads,
        (7, 7),
        rank=5,
        initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-window_position_bias",
    )(query)
    y = expand_dims(4, (1,), name=f"{name}-bias")(y)  # [1, 1, num_heads, 49, 49]
    # [N, D, num_heads, 49, 32]
    y = scaled_dot_product_attention(
        rank=5,
        scale=0.17677669529663687,
        has_bias=True,
        has_mask=True,
        name=f"{name}-scaled_dot_product_attention",
    )([query, key, value, y, mask])
    # [N, D, 49, num_heads, 32]
    y = layers.Permute((1, 3, 2, 4), name=f"{name}-permute")(y)
    y = layers.Reshape(target_shape2, name=f"{name}-reshape")(y)  # [N, T, 49, units]
    # [N, T, 49, units]
    y = layers.Dense(
        units,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name=f"{name}-dense_1",
    )(y)
    # [N, H, W, units]
    y = from_windows(
        y,
        target_shape=from_windows_target_shape,
        target_shape2=from_windows_target_shape2,
        name=f"{name}-from_windows",
    )
    y = roll(4, (3, 3), axis=(1, 2), name=f"{name}-roll_1")(y)  # [N, H, W, units]
    # [N, H, W, units]
    y = layers.Dropout(
        rate, noise_shape=(None, 1, 1, 1), name=f"{name}-stochastic_depth"
    )(y)
    return layers.Add(name=f"{name}-add")([x, y])  # [N, H, W, units]


def block(
    x,
    hidden,
    num_heads,
    units,
    mlp_hidden,
    target_shape,
    target_shape2,
    query_target_shape,
    from_windows_target_shape,
    from_windows_target_shape2,
    rate,
    name,
):
    """One iteration of the loop `block`."""
    # [N, H, W, units]
    x = window_attention(
        x,
        hidden,
        num_heads,
        units,
        target_shape=target_shape,
        target_shape2=target_shape2,
        query_target_shape=query_target_shape,
        from_windows_target_shape=from_windows_target_shape,
        from_windows_target_shape2=from_windows_target_shape2,
        rate=rate,
        name=f"{name}-window_attention",
    )
    return mlp(x, mlp_hidden, units, rate=rate, name=f"{name}-mlp")  # [N, H, W, units]


def block2(
    x,
    hidden,
    num_heads,
    units,
    mlp_hidden,
    target_shape,
    to_windows_target_shape,
    target_shape2,
    query_target_shape,
    from_windows_target_shape,
    from_windows_target_shape2,
    rate,
    name,
):
    """One iteration of the loop `block`."""
    # [N, H, W, units]
    x = window_attention2(
        x,
        hidden,
        num_heads,
        units,
        target_shape=target_shape,
        to_windows_target_shape=to_windows_target_shape,
        target_shape2=target_shape2,
        query_target_shape=query_target_shape,
        from_windows_target_shape=from_windows_target_shape,
        from_windows_target_shape2=from_windows_target_shape2,
        rate=rate,
        name=f"{name}-window_attention",
    )
    return mlp(x, mlp_hidden, units, rate=rate, name=f"{name}-mlp")  # [N, H, W, units]


def stage(x, name):
    """One iteration of the loop `stage`."""
    # [N, 56, 56, 96]
    x = block(
        x,
        288,
        3,
        96,
        384,
        target_shape=(8, 7, 8, 7, 96),
        target_shape2=(-1, 49, 96),
        query_target_shape=(64, 49, 3, 32),
        from_windows_target_shape=(8, 8, 7, 7, 96),
        from_windows_target_shape2=(56, 56, 96),
        rate=0.0,
        name=f"{name}-block-0",
    )
    # [N, 56, 56, 96]
    return block2(
        x,
        288,
        3,
        96,
        384,
        target_shape=(8, 7, 8, 7, 1),
        to_windows_target_shape=(8, 7, 8, 7, 96),
        target_shape2=(-1, 49, 96),
        query_target_shape=(64, 49, 3, 32),
        from_windows_target_shape=(8, 8, 7, 7, 96),
        from_windows_target_shape2=(56, 56, 96),
        rate=0.018181818181818184,
        name=f"{name}-block-1",
    )


def stage2(x, name):
    """One iteration of the loop `stage`."""
    # [N, 28, 28, 192]
    x = merge_patches(
        x,
        192,
        target_shape=(28, 2, 28, 2, 96),
        target_shape2=(28, 28, 384),
        name=f"{name}-merge_patches",
    )
    # [N, 28, 28, 192]
    x = block(
        x,
        576,
        6,
        192,
        768,
        target_shape=(4, 7, 4, 7, 192),
        target_shape2=(-1, 49, 192),
        query_target_shape=(16, 49, 6, 32),
        from_windows_target_shape=(4, 4, 7, 7, 192),
        from_windows_target_shape2=(28, 28, 192),
        rate=0.03636363636363637,
        name=f"{name}-block-0",
    )
    # [N, 28, 28, 192]
    return block2(
        x,
        576,
        6,
        192,
        768,
        target_shape=(4, 7, 4, 7, 1),
        to_windows_target_shape=(4, 7, 4, 7, 192),
        target_shape2=(-1, 49, 192),
        query_target_shape=(16, 49, 6, 32),
        from_windows_target_shape=(4, 4, 7, 7, 192),
        from_windows_target_shape2=(28, 28, 192),
        rate=0.05454545454545456,
        name=f"{name}-block-1",
    )


def stage3(x, name):
    """One iteration of the loop `stage`."""
    # [N, 14, 14, 384]
    x = merge_patches(
        x,
        384,
        target_shape=(14, 2, 14, 2, 192),
        target_shape2=(14, 14, 768),
        name=f"{name}-merge_patches",
    )
    # [N, 14, 14, 384]
    x = block(
        x,
        1152,
        12,
        384,
        1536,
        target_shape=(2, 7, 2, 7, 384),
        target_shape2=(-1, 49, 384),
        query_target_shape=(4, 49, 12, 32),
        from_windows_target_shape=(2, 2, 7, 7, 384),
        from_windows_target_shape2=(14, 14, 384),
        rate=0.07272727272727274,
        name=f"{name}-block-0",
    )
    # [N, 14, 14, 384]
    x = block2(
        x,
        1152,
        12,
        384,
        1536,
        target_shape=(2, 7, 2, 7, 1),
        to_windows_target_shape=(2, 7, 2, 7, 384),
        target_shape2=(-1, 49, 384),
        query_target_shape=(4, 49, 12, 32),
        from_windows_target_shape=(2, 2, 7, 7, 384),
        from_windows_target_shape2=(14, 14, 384),
        rate=0.09090909090909091,
        name=f"{name}-block-1",
    )
    # [N, 14, 14, 384]
    x = block(
        x,
        1152,
        12,
        384,
        1536,
        target_shape=(2, 7, 2, 7, 384),
        target_shape2=(-1, 49, 384),
        query_target_shape=(4, 49, 12, 32),
        from_windows_target_shape=(2, 2, 7, 7, 384),
        from_windows_target_shape2=(14, 14, 384),
        rate=0.10909090909090911,
        name=f"{name}-block-2",
    )
    # [N, 14, 14, 384]
    x = block2(
        x,
        1152,
        12,
        384,
        1536,
        target_shape=(2, 7, 2, 7, 1),
        to_windows_target_shape=(2, 7, 2, 7, 384),
        target_shape2=(-1, 49, 384),
        query_target_shape=(4, 49, 12, 32),
        from_windows_target_shape=(2, 2, 7, 7, 384),
        from_windows_target_shape2=(14, 14, 384),
        rate=0.1272727272727273,
        name=f"{name}-block-3",
    )
    # [N, 14, 14, 384]
    x = block(
        x,
        1152,
        12,
        384,
        1536,
        target_shape=(2, 7, 2, 7, 384),
        target_shape2=(-1, 49, 384),
        query_target_shape=(4, 49, 12, 32),
        from_windows_target_shape=(2, 2, 7, 7, 384),
        from_windows_target_shape2=(14, 14, 384),
        rate=0.14545454545454548,
        name=f"{name}-block-4",
    )
    # [N, 14, 14, 384]
    return block2(
        x,
        1152,
        12,
        384,
        1536,
        target_shape=(2, 7, 2, 7, 1),
        to_windows_target_shape=(2, 7, 2, 7, 384),
        target_shape2=(-1, 49, 384),
        query_target_shape=(4, 49, 12, 32),
        from_windows_target_shape=(2, 2, 7, 7, 384),
        from_windows_target_shape2=(14, 14, 384),
        rate=0.16363636363636364,
        name=f"{name}-block-5",
    )


def stage4(x, name):
    """One iteration of the loop `stage`."""
    # [N, 7, 7, 768]
    x = merge_patches(
        x,
        768,
        target_shape=(7, 2, 7, 2, 384),
        target_shape2=(7, 7, 1536),
        name=f"{name}-merge_patches",
    )
    # [N, 7, 7, 768]
    x = block(
        x,
        2304,
        24,
        768,
        3072,
        target_shape=(1, 7, 1, 7, 768),
        target_shape2=(-1, 49, 768),
        query_target_shape=(1, 49, 24, 32),
        from_windows_target_shape=(1, 1, 7, 7, 768),
        from_windows_target_shape2=(7, 7, 768),
        rate=0.18181818181818182,
        name=f"{name}-block-0",
    )
    # [N, 7, 7, 768]
    return block(
        x,
        2304,
        24,
        768,
        3072,
        target_shape=(1, 7, 1, 7, 768),
        target_shape2=(-1, 49, 768),
        query_target_shape=(1, 49, 24, 32),
        from_windows_target_shape=(1, 1, 7, 7, 768),
        from_windows_target_shape2=(7, 7, 768),
        rate=0.2,
        name=f"{name}-block-1",
    )


def swin():
    """The model, from `image` float32[N, 224, 224, 3] to `logits` float32[N, 1000]."""
    image = keras.Input((224, 224, 3), name="image")
    x = layers.Conv2D(96, 4, strides=4, name="conv2d")(image)  # [N, 56, 56, 96]
    # [N, 56, 56, 96]
    x = layers.LayerNormalization(epsilon=1e-05, name="layer_normalization")(x)
    x = stage(x, name="stage-0")  # [N, 56, 56, 96]
    x = stage2(x, name="stage-1")  # [N, 28, 28, 192]
    x = stage3(x, name="stage-2")  # [N, 14, 14, 384]
    x = stage4(x, name="stage-3")  # [N, 7, 7, 768]
    # [N, 7, 7, 768]
    x = layers.LayerNormalization(epsilon=1e-05, name="layer_normalization_1")(x)
    x = layers.GlobalAveragePooling2D(name="global_average_pooling2d")(x)  # [N, 768]
    # [N, 1000]
    x = layers.Dense(
        1000,
        kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        name="logits",
    )(x)
    return keras.Model(image, x, name="swin")
