"""Functions that emitted source brings along, for what no layer of Keras does.

Each makes a small model of `keras.ops`, to be called as a layer. Keras wants the names of all
operations in a model to differ: inside a small model they cannot clash with the user's, and a
`.keras` file loads it without custom objects. The text is emitted as it stands here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    from keras import layers, ops


def glu(rank, name, dtype=None):
    """`a * sigmoid(b)` of the halves a and b of the last axis."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    value, gate = ops.split(x, 2, axis=-1)
    return keras.Model(x, value * ops.sigmoid(gate), name=name)


def sparsemax(rank, name, dtype=None):
    """The nearest point of the probability simplex, along the last axis."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    sums = ops.cumsum(ops.flip(ops.sort(x, axis=-1), axis=-1), axis=-1)
    counts = ops.cumsum(ops.ones_like(x), axis=-1)
    threshold = ops.max((sums - 1) / counts, axis=-1, keepdims=True)
    return keras.Model(x, ops.relu(x - threshold), name=name)


def padded_max_pooling2d(pool_size, strides, padding, name, dtype=None):
    """The greatest value of each window; cells of the padding never win."""
    x = keras.Input((None, None, None), dtype=dtype)
    least = -3.4028234663852886e38
    padded = ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=least)
    y = ops.max_pool(padded, pool_size, strides)
    return keras.Model(x, y, name=name)


def padded_max_pooling(pool_size, strides, padding, name, dtype=None):
    """The greatest value of each window; cells of the padding never win."""
    x = keras.Input((None,) * (len(padding) + 1), dtype=dtype)
    least = -3.4028234663852886e38
    padded = ops.pad(x, ((0, 0), *padding, (0, 0)), constant_values=least)
    y = ops.max_pool(padded, pool_size, strides)
    return keras.Model(x, y, name=name)


def padded_average_pooling(pool_size, strides, padding, name, dtype=None):
    """The mean of each window; cells of the padding do not count."""
    x = keras.Input((None,) * (len(padding) + 1), dtype=dtype)
    pads = ((0, 0), *padding, (0, 0))
    means = ops.average_pool(ops.pad(x, pads), pool_size, strides)
    cells = ops.pad(ops.ones_like(x[..., :1]), pads)
    y = means / ops.average_pool(cells, pool_size, strides)
    return keras.Model(x, y, name=name)


def same_average_pooling(pool_size, strides, name, dtype=None):
    """Average pooling with `padding="same"`, alike on all backends of Keras.

    They differ in what they average where the padding is odd. Zeros as wide as the
    stride move no window; they make it the same on all, up to the number of cells.
    """
    x = keras.Input((None,) * (len(strides) + 1), dtype=dtype)
    pads = ((0, 0), *((stride, stride) for stride in strides), (0, 0))
    means = ops.average_pool(ops.pad(x, pads), pool_size, strides, padding="same")
    cells = ops.pad(ops.ones_like(x[..., :1]), pads)
    y = means / ops.average_pool(cells, pool_size, strides, padding="same")
    inside = (slice(None), *[slice(1, -1)] * len(strides))
    return keras.Model(x, y[inside], name=name)


def adaptive_pooling(reduction, sizes, output_size, name, dtype=None):
    """The "max" or "mean" of each of `output_size` windows, as equal as they can be.

    sizes: of the input; None is one that is unknown, and a multiple of the output's.
    """
    x = keras.Input((*sizes, None), dtype=dtype)
    y, reduce = x, {"max": ops.max, "mean": ops.mean}[reduction]
    for axis, count in enumerate(output_size, start=1):
        size = sizes[axis - 1]
        if size is None or size % count == 0:
            parts = ops.split(y, count, axis=axis)
        else:
            starts = [i * size // count for i in range(count)]
            ends = [-(-(i + 1) * size // count) for i in range(count)]
            cells = map(range, starts, ends)
            parts = [ops.take(y, list(each), axis=axis) for each in cells]
        values = [reduce(part, axis=axis, keepdims=True) for part in parts]
        y = ops.concatenate(values, axis=axis)
    return keras.Model(x, y, name=name)


def local_response_normalization(size, alpha, beta, bias, name, dtype=None):
    """Each channel, divided by the strength of its `size` neighbours, itself among them."""
    x = keras.Input((None, None, None), dtype=dtype)
    sides = ((0, 0), (0, 0), (0, 0), (size // 2, size // 2), (0, 0))
    squares = ops.pad(ops.expand_dims(ops.square(x), -1), sides)
    means = ops.squeeze(ops.average_pool(squares, (1, 1, size), strides=1), -1)
    return keras.Model(x, x / (bias + alpha * means) ** beta, name=name)


def local_contrast_normalization(size, epsilon, name, dtype=None):
    """An image less its local mean, divided by its local standard deviation."""

    def local_mean(z):
        means = ops.mean(z, axis=-1, keepdims=True)
        return ops.average_pool(means, size, strides=1, padding="same")

    x = keras.Input((None, None, None), dtype=dtype)
    centered = x - local_mean(x)
    deviation = ops.sqrt(local_mean(ops.square(centered)) + epsilon)
    return keras.Model(x, centered / deviation, name=name)


def not_equal(value, rank, name, dtype=None):
    """Whether each element differs from `value`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.not_equal(x, value), name=name)


def masking(mask_value, rank, name, dtype=None):
    """`x` with 0 where it is masked, and the mask: which steps are not."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    mask = ops.any(ops.not_equal(x, mask_value), axis=-1)
    return keras.Model(x, [ops.where(ops.expand_dims(mask, -1), x, 0), mask], name=name)


def position_embedding(
    sequence_length, channels, rank, name, initializer="glorot_uniform", dtype=None
):
    """Adds a learnt vector for each position of a sequence [N, ..., T, C]."""
    x = keras.Input((*[None] * (rank - 2), channels), dtype=dtype)
    steps = ops.ones_like(x[(0,) * (rank - 2)][:, 0], dtype="int32")
    positions = ops.cumsum(steps) - 1
    table = layers.Embedding(
        sequence_length,
        channels,
        embeddings_initializer=initializer,
        name="embedding",
        dtype=dtype,
    )
    return keras.Model(x, x + table(positions), name=name)


def sinusoidal_embedding(channels, rank, name, max_wavelength=10000.0, dtype=None):
    """Adds sines and cosines of the positions to a sequence [N, ..., T, C]."""
    x = keras.Input((*[None] * (rank - 2), channels), dtype=dtype)
    steps = ops.ones_like(x[(0,) * (rank - 2)][:, :1], dtype="float32")
    rates = [max_wavelength ** (-i / channels) for i in range(0, channels, 2)]
    angles = (ops.cumsum(steps, axis=0) - 1) * ops.convert_to_tensor(rates)
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
    waves = ops.reshape(waves, (-1, 2 * len(rates)))[:, :channels]
    return keras.Model(x, x + ops.cast(waves, x.dtype), name=name)


def rotary_embedding(
    channels, rank, name, axis=1, max_wavelength=10000.0, scaling_factor=1.0, dtype=None
):
    """Turns channels i and i + C/2 by angles that grow along `axis`."""
    x = keras.Input((*[None] * (rank - 2), channels), dtype=dtype)
    along = (0,) * axis + (slice(None),) + (slice(1),) * (rank - 1 - axis)
    steps = ops.ones_like(x[along], dtype="float32")
    exponents = [-i / channels for i in range(0, channels, 2)]
    rates = [max_wavelength**each / scaling_factor for each in exponents]
    angles = (ops.cumsum(steps, axis=0) - 1) * ops.convert_to_tensor(rates)
    cos, sin = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
    first, second = ops.split(x, 2, axis=-1)
    turned = [first * cos - second * sin, second * cos + first * sin]
    return keras.Model(x, ops.concatenate(turned, axis=-1), name=name)


def class_token(channels, name, initializer="random_normal", dtype=None):
    """Puts a learnt vector before a sequence: [N, T, C] becomes [N, T + 1, C]."""
    x = keras.Input((None, channels), dtype=dtype)
    table = layers.Embedding(
        1, channels, embeddings_initializer=initializer, name="embedding", dtype=dtype
    )
    token = table(ops.zeros_like(x[:, :1, 0], dtype="int32"))
    return keras.Model(x, ops.concatenate([token, x], axis=1), name=name)


def matmul(rank, name, transpose_a=False, transpose_b=False, dtype=None):
    """The matrix product along the last two axes, which either input may swap."""
    a = keras.Input((None,) * (rank - 1), dtype=dtype)
    b = keras.Input((None,) * (rank - 1), dtype=dtype)
    left = ops.swapaxes(a, -1, -2) if transpose_a else a
    right = ops.swapaxes(b, -1, -2) if transpose_b else b
    return keras.Model([a, b], ops.matmul(left, right), name=name)


def getitem(rank, key, name, dtype=None):
    """`x[key]`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, x[key], name=name)


def take(rank, indices, axis, name, dtype=None):
    """What is at the `indices` along `axis`."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.take(x, indices, axis=axis), name=name)


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


def flip(rank, axis, name, dtype=None):
    """The elements along `axis` in opposite order."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.flip(x, axis=axis), name=name)


def roll(rank, shift, axis, name, dtype=None):
    """The elements along `axis` shifted, those that fall off coming in at the other end."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.roll(x, shift, axis=axis), name=name)


def pad(rank, pad_width, constant_values, name, dtype=None):
    """Cells of a constant around each item of the batch."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    y = ops.pad(x, ((0, 0), *pad_width), constant_values=constant_values)
    return keras.Model(x, y, name=name)


def mirror_pad(rank, pad_width, mode, name, dtype=None):
    """Cells around each item of the batch: "reflect", it mirrored; "edge", its outermost cells."""
    x = y = keras.Input((None,) * (rank - 1), dtype=dtype)
    for axis, (begin, end) in enumerate(pad_width, start=1):
        if begin or end:
            before = (slice(None),) * axis
            if mode == "reflect":
                first = ops.flip(y[(*before, slice(1, begin + 1))], axis=axis)
                last = ops.flip(y[(*before, slice(-end - 1, -1))], axis=axis)
            else:
                first = ops.repeat(y[(*before, slice(0, 1))], begin, axis=axis)
                last = ops.repeat(y[(*before, slice(-1, None))], end, axis=axis)
            y = ops.concatenate([first, y, last], axis=axis)
    return keras.Model(x, y, name=name)


def tile(rank, repeats, name, dtype=None):
    """Each item of the batch repeated as a whole along its axes."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.tile(x, (1, *repeats)), name=name)


def expand_dims(rank, axis, name, dtype=None):
    """New axes of size 1, at the places `axis` of the result."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    return keras.Model(x, ops.expand_dims(x, axis), name=name)


def squeeze(rank, axis, name, dtype=None):
    """The tensor without the axes `axis`, which are of size 1."""
    shape = [1 if each in axis else None for each in range(1, rank)]
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, ops.squeeze(x, axis), name=name)


def pixel_shuffle(channels, block_size, mode, name, dtype=None):
    """Channels spread over blocks of cells.

    mode: whether the cells vary fastest among the channels, "CRD", or slowest, "DCR".
    """
    x = keras.Input((None, None, channels), dtype=dtype)
    cells = block_size**2
    slowest = [c for cell in range(cells) for c in range(cell, channels, cells)]
    y = ops.take(x, slowest, axis=-1) if mode == "CRD" else x
    return keras.Model(x, ops.depth_to_space(y, block_size), name=name)


def pixel_unshuffle(channels, block_size, mode, name, dtype=None):
    """Blocks of cells gathered in channels: the opposite of `pixel_shuffle`."""
    x = keras.Input((None, None, channels), dtype=dtype)
    y = ops.space_to_depth(x, block_size)
    cells = range(0, channels * block_size**2, channels)
    fastest = [cell + channel for channel in range(channels) for cell in cells]
    y = ops.take(y, fastest, axis=-1) if mode == "CRD" else y
    return keras.Model(x, y, name=name)


def resize_matrix(before, after, interpolation, antialias):
    """How much each of the pixels counts in each of the result: [after, before].

    before, after: as many ones as there are pixels.
    """
    scale = ops.sum(before) / ops.sum(after)
    centers = (ops.cumsum(after) - 0.5) * scale - 0.5
    x = ops.abs(ops.expand_dims(centers, 1) - (ops.cumsum(before) - 1))
    x = x / ops.maximum(scale, 1) if antialias else x
    if interpolation == "bicubic":
        near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
        weights = ops.where(x < 1, near, ops.where(x < 2, far, 0.0))
    else:
        radius = int(interpolation.removeprefix("lanczos"))
        angle = ops.maximum(3.141592653589793 * x, 1e-6)
        window = radius * ops.sin(angle) * ops.sin(angle / radius) / (angle * angle)
        weights = ops.where(x < radius, window, 0.0)
    return weights / ops.sum(weights, axis=1, keepdims=True)


def resized(height, width, interpolation, antialias, name, dtype=None):
    """Images resized by a matrix for each axis.

    interpolation: "bicubic" of Keys, with a = -0.5, or "lanczos3" or "lanczos5", alike on
    all backends of Keras.
    """
    images = keras.Input((None, None, None), dtype=dtype)
    x = ops.cast(images, "float32")
    one = ops.ones_like(x[0, :1, 0, 0])
    row, column = ops.ones_like(x[0, :, 0, 0]), ops.ones_like(x[0, 0, :, 0])
    rows = resize_matrix(row, ops.repeat(one, height), interpolation, antialias)
    columns = resize_matrix(column, ops.repeat(one, width), interpolation, antialias)
    y = ops.einsum("nhwc,ph->npwc", x, rows)
    y = ops.einsum("npwc,qw->npqc", y, columns)
    y = ops.clip(ops.round(y), 0, 255) if dtype == "uint8" else y
    return keras.Model(images, ops.cast(y, dtype or "float32"), name=name)


def up_sampling2d(size, interpolation, name, dtype=None):
    """Images made larger by whole factors, by a matrix for each axis: see `resized`."""
    x = keras.Input((None, None, None), dtype=dtype)
    row, column = ops.ones_like(x[0, :, 0, 0]), ops.ones_like(x[0, 0, :, 0])
    rows = resize_matrix(row, ops.repeat(row, size[0]), interpolation, False)
    columns = resize_matrix(column, ops.repeat(column, size[1]), interpolation, False)
    y = ops.einsum("nhwc,ph->npwc", x, rows)
    y = ops.einsum("npwc,qw->npqc", y, columns)
    return keras.Model(x, y, name=name)


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


def clahe(shape, value_range, clip_limit, tile_grid_size, name, dtype=None):
    """`ContrastLimitedAdaptiveHistogramEqualization`, alike on all backends of Keras.

    On PyTorch that layer counts in whole numbers. shape: height, width and channels.
    """
    (height, width, channels), (rows, columns) = shape, tile_grid_size
    least, greatest = value_range
    x = keras.Input(shape, dtype=dtype)
    levels = (ops.cast(x, "float32") - least) * 255 / (greatest - least)
    levels = ops.cast(ops.clip(levels, 0, 255), "int32")
    levels = ops.transpose(levels, (0, 3, 1, 2))

    tiles, sizes, near = levels, [], []
    axes = ((2, height, rows, 256 * columns), (3, width, columns, 256))
    for axis, size, count, stride in axes:
        tile = -(-size // count)
        sizes += [count, tile]
        mirrored = [min(i, 2 * size - 1 - i) for i in range(tile * count)]
        tiles = ops.take(tiles, mirrored, axis=axis)
        places = [(i - tile / 2) / tile for i in range(size)]
        line = (-1, 1) if axis == 2 else (1, -1)
        for step in (0, 1):
            tiles_near = [min(max(int(at // 1) + step, 0), count - 1) for at in places]
            starts = ops.reshape(stride * ops.array(tiles_near, "int32"), line)
            weights = [1 - abs(at % 1 - step) for at in places]
            near.append((starts, ops.reshape(ops.array(weights, "float32"), line)))

    # What each of 256 levels becomes in each tile, the tiles one after the other.
    tiles = ops.reshape(tiles, (-1, channels, *sizes))
    counts = ops.sum(ops.one_hot(tiles, 256, dtype="float32"), axis=(3, 5))
    pixels = sizes[1] * sizes[3]
    if clip_limit > 0:
        clipped = ops.minimum(counts, clip_limit * pixels / 256)
        counts = clipped + ops.sum(counts - clipped, axis=-1, keepdims=True) / 256
    sums = ops.cumsum(counts, axis=-1)
    rest = ops.maximum(pixels - sums[..., :1], 1e-6)
    tables = ops.clip((sums - sums[..., :1]) * 255 / rest, 0, 255)
    tables = ops.reshape(tables, (-1, channels, rows * columns * 256))

    y = 0
    for row, down in near[:2]:
        for column, across in near[2:]:
            places = ops.add(ops.add(levels, row), column)
            places = ops.reshape(places, (-1, channels, height * width))
            found = ops.take_along_axis(tables, places, axis=-1)
            y = y + ops.reshape(found, (-1, channels, height, width)) * down * across
    y = ops.transpose(y, (0, 2, 3, 1)) * (greatest - least) / 255 + least
    y = ops.cast(y, x.dtype) if "float" in x.dtype else y
    return keras.Model(x, y, name=name)


def reduction(kind, axis, rank, name, keepdims=False, dtype=None):
    """The "mean", "sum", "max" or "min" along one axis or several."""
    x = keras.Input((None,) * (rank - 1), dtype=dtype)
    functions = {"mean": ops.mean, "sum": ops.sum, "max": ops.max, "min": ops.min}
    return keras.Model(x, functions[kind](x, axis=axis, keepdims=keepdims), name=name)


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


def masked(layer, shapes, name, dtype=None):
    """`layer` on a tensor, its mask and its states; no mask goes on with the outputs."""
    x, *states = (keras.Input(shape, dtype=dtype) for shape in shapes[:1] + shapes[2:])
    mask = keras.Input(shapes[1], dtype="bool")
    given = {"initial_state": states} if states else {}
    made = keras.tree.flatten(layer(x, mask=mask, **given))
    outputs = [ops.multiply(y, 1) for y in made]
    outputs = outputs if len(made) > 1 else outputs[0]
    return keras.Model([x, mask, *states], outputs, name=name)


def zeros_where_masked(name, dtype=None):
    """A sequence [N, T, C], with 0 at the steps whose mask [N, T] is false."""
    x = keras.Input((None, None), dtype=dtype)
    mask = keras.Input((None,), dtype="bool")
    kept = ops.where(ops.expand_dims(mask, -1), x, 0)
    return keras.Model([x, mask], kept, name=name)
