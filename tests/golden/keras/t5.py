"""T5, an encoder–decoder from text to text (Raffel et al., 2019, "Exploring the Limits
of Transfer Learning with a Unified Text-to-Text Transformer"), version 1.0.

Compiled by specc from the spec `t5`.
"""

import keras
from keras import layers, ops


def expand_dims(rank, axis, name, dtype=None):
    """New axes of size 1, at the places `axis` of the result."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.expand_dims(x, axis), name=name)


def not_equal(value, rank, name, dtype=None):
    """Whether each element differs from `value`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.not_equal(x, value), name=name)


def relative_position_bias(
    num_heads,
    rank,
    name,
    num_buckets=32,
    max_distance=128,
    bidirectional=True,
    initializer="random_normal",
    dtype=None,
):
    """A bias [1, heads, T, S] for each range of distances (Raffel et al., 2019)."""
    later = num_buckets // 2 if bidirectional else 0
    buckets = num_buckets - later
    exact, steps = buckets // 2, buckets - buckets // 2
    far = [exact * (max_distance / exact) ** (i / steps) for i in range(1, steps)]
    near = list(range(1, exact + 1))
    thresholds = near + [int(-((1e-9 - each) // 1)) for each in far]
    inputs = [keras.Input((None,) * (rank - 1), dtype=dtype) for _ in range(2)]
    ones = [ops.ones_like(x[(0,) * (rank - 2)][:, 0], dtype="int32") for x in inputs]
    after = ops.cumsum(ones[1]) - ops.expand_dims(ops.cumsum(ones[0]), -1)
    distances = ops.abs(after) if bidirectional else ops.maximum(-after, 0)
    reached = ops.greater_equal(ops.expand_dims(distances, -1), thresholds)
    ranges = ops.sum(ops.cast(reached, "int32"), axis=-1)
    ranges = ranges + later * ops.cast(ops.greater(after, 0), "int32")
    table = layers.Embedding(
        num_buckets,
        num_heads,
        embeddings_initializer=initializer,
        name="embedding",
        dtype=dtype,
    )
    biases = ops.transpose(table(ranges), (2, 0, 1))
    return keras.Model(inputs, ops.expand_dims(biases, 0), name=name)


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


def split_heads(x, name):
    """The block `split_heads`."""
    # [N, T, 512]
    x = layers.Dense(
        512,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            scale=0.015625, distribution="untruncated_normal"
        ),
        name=f"{name}-dense",
    )(x)
    x = layers.Reshape((-1, 8, 64), name=f"{name}-reshape")(x)  # [N, T, 8, 64]
    return layers.Permute((2, 1, 3), name=f"{name}-permute")(x)  # [N, 8, T, 64]


def split_heads2(x, name):
    """The block `split_heads`."""
    # [N, T, 512]
    x = layers.Dense(
        512,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            distribution="untruncated_normal"
        ),
        name=f"{name}-dense",
    )(x)
    x = layers.Reshape((-1, 8, 64), name=f"{name}-reshape")(x)  # [N, T, 8, 64]
    return layers.Permute((2, 1, 3), name=f"{name}-permute")(x)  # [N, 8, T, 64]


def join_heads(x, name):
    """The block `join_heads`."""
    x = layers.Permute((2, 1, 3), name=f"{name}-permute")(x)  # [N, T, 8, 64]
    x = layers.Reshape((-1, 512), name=f"{name}-reshape")(x)  # [N, T, 512]
    # [N, T, 512]
    x = layers.Dense(
        512,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            distribution="untruncated_normal"
        ),
        name=f"{name}-dense",
    )(x)
    return layers.Dropout(0.1, name=f"{name}-dropout")(x)  # [N, T, 512]


def mlp(x, name):
    """The block `mlp`."""
    y = layers.RMSNormalization(name=f"{name}-rms_normalization")(x)  # [N, T, 512]
    # [N, T, 2048]
    y = layers.Dense(
        2048,
        activation="relu",
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            distribution="untruncated_normal"
        ),
        name=f"{name}-dense",
    )(y)
    y = layers.Dropout(0.1, name=f"{name}-dropout")(y)  # [N, T, 2048]
    # [N, T, 512]
    y = layers.Dense(
        512,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(
            distribution="untruncated_normal"
        ),
        name=f"{name}-dense_1",
    )(y)
    y = layers.Dropout(0.1, name=f"{name}-dropout_1")(y)  # [N, T, 512]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, T, 512]


def self_attention(x, bias, mask, name, is_causal=False):
    """The block `self_attention`."""
    normalized = layers.RMSNormalization(name=f"{name}-normalized")(x)  # [N, T, 512]
    query = split_heads(normalized, name=f"{name}-query")  # [N, 8, T, 64]
    key = split_heads2(normalized, name=f"{name}-key")  # [N, 8, T, 64]
    y = split_heads2(normalized, name=f"{name}-value")  # [N, 8, T, 64]
    # [N, 8, T, 64]
    y = scaled_dot_product_attention(
        rank=4,
        scale=1.0,
        is_causal=is_causal,
        dropout=0.1,
        has_bias=True,
        has_mask=True,
        name=f"{name}-scaled_dot_product_attention",
    )([query, key, y, bias, mask])
    y = join_heads(y, name=f"{name}-join_heads")  # [N, T, 512]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, T, 512]


def cross_attention(x, encoded, mask, name):
    """The block `cross_attention`."""
    y = layers.RMSNormalization(name=f"{name}-rms_normalization")(x)  # [N, T, 512]
    query = split_heads(y, name=f"{name}-query")  # [N, 8, T, 64]
    key = split_heads2(encoded, name=f"{name}-key")  # [N, 8, S, 64]
    y = split_heads2(encoded, name=f"{name}-value")  # [N, 8, S, 64]
    # [N, 8, T, 64]
    y = scaled_dot_product_attention(
        rank=4,
        scale=1.0,
        dropout=0.1,
        has_mask=True,
        name=f"{name}-scaled_dot_product_attention",
    )([query, key, y, mask])
    y = join_heads(y, name=f"{name}-join_heads")  # [N, T, 512]
    return layers.Add(name=f"{name}-add")([x, y])  # [N, T, 512]


def encoder(x, encoder_bias, encoder_mask, name):
    """One iteration of the loop `encoder`."""
    # [N, S, 512]
    x = self_attention(x, encoder_bias, encoder_mask, name=f"{name}-self_attention")
    return mlp(x, name=f"{name}-mlp")  # [N, S, 512]


def decoder(x, decoder_bias, decoder_mask, encoded, encoder_mask, name):
    """One iteration of the loop `decoder`."""
    # [N, T, 512]
    x = self_attention(
        x, decoder_bias, decoder_mask, is_causal=True, name=f"{name}-self_attention"
    )
    # [N, T, 512]
    x = cross_attention(x, encoded, encoder_mask, name=f"{name}-cross_attention")
    return mlp(x, name=f"{name}-mlp")  # [N, T, 512]


def t5():
    """The model, from `ids` int32[N, S], `attention_mask` int32[N, S], `decoder_ids`
    int32[N, T], `decoder_attention_mask` int32[N, T] to `logits` float32[N, T, 32128].
    """
    tokens_layer = layers.ReversibleEmbedding(
        32128,
        512,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
        name="tokens",
    )
    ids = keras.Input((None,), dtype="int32", name="ids")
    attention_mask = keras.Input((None,), dtype="int32", name="attention_mask")
    decoder_ids = keras.Input((None,), dtype="int32", name="decoder_ids")
    decoder_attention_mask = keras.Input(
        (None,), dtype="int32", name="decoder_attention_mask"
    )
    tokens = tokens_layer(ids)  # [N, S, 512]
    # [1, 8, S, S]
    encoder_bias = relative_position_bias(
        8,
        rank=3,
        initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="encoder_bias",
    )([tokens, tokens])
    x = not_equal(0, rank=2, name="not_equal", dtype="int32")(attention_mask)  # [N, S]
    # [N, 1, 1, S]
    encoder_mask = expand_dims(2, (1, 2), name="encoder_mask", dtype="bool")(x)
    x = layers.Dropout(0.1, name="dropout")(tokens)  # [N, S, 512]
    for i in range(6):
        x = encoder(x, encoder_bias, encoder_mask, name=f"encoder-{i}")  # [N, S, 512]
    x = layers.RMSNormalization(name="rms_normalization")(x)  # [N, S, 512]
    encoded = layers.Dropout(0.1, name="encoded")(x)  # [N, S, 512]
    decoder_tokens = tokens_layer(decoder_ids)  # [N, T, 512]
    # [1, 8, T, T]
    decoder_bias = relative_position_bias(
        8,
        rank=3,
        bidirectional=False,
        initializer=keras.initializers.RandomNormal(stddev=0.02),
        name="decoder_bias",
    )([decoder_tokens, decoder_tokens])
    # [N, T]
    x = not_equal(0, rank=2, name="not_equal_1", dtype="int32")(decoder_attention_mask)
    # [N, 1, 1, T]
    decoder_mask = expand_dims(2, (1, 2), name="decoder_mask", dtype="bool")(x)
    x = layers.Dropout(0.1, name="dropout_1")(decoder_tokens)  # [N, T, 512]
    for i in range(6):
        # [N, T, 512]
        x = decoder(
            x, decoder_bias, decoder_mask, encoded, encoder_mask, name=f"decoder-{i}"
        )
    x = layers.RMSNormalization(name="rms_normalization_1")(x)  # [N, T, 512]
    x = layers.Dropout(0.1, name="dropout_2")(x)  # [N, T, 512]
    x = layers.Rescaling(0.04419417382415922, name="rescaling")(x)  # [N, T, 512]
    x = tokens_layer(x, reverse=True)  # [N, T, 32128]
    return keras.Model(
        [ids, attention_mask, decoder_ids, decoder_attention_mask], x, name="t5"
    )
