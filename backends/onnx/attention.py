"""Attention in ONNX: products of matrices around a Softmax."""

from __future__ import annotations

import numpy as np
from ml_dtypes import finfo
from numpy.typing import NDArray

from specc.attention import attended, roles_of
from specc.dims import Size, known, product
from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor
from .positions import positions


@LOWERINGS.add("MultiHeadAttention", "GroupQueryAttention")
def multi_head_attention(build: Builder, *inputs: Tensor) -> Tensor:
    """Axes that are not attended over go along with the batch; several attended over become one."""
    layer, given = build.layer, inputs[0].type
    roles = roles_of(tuple(x.type for x in inputs))
    axes = layer.axes(given)
    sequences = [
        _sequence(build, x, axes) for x in inputs[: len(inputs) - (roles.mask is not None)]
    ]
    query, value = sequences[0], sequences[min(1, len(sequences) - 1)]
    key = sequences[-1]
    heads = layer.heads
    q = _heads(build, query, "query", heads.query)
    k = _heads(build, key, "key", heads.key_value, transposed=True)
    v = _heads(build, value, "value", heads.key_value)
    k, v = (_repeated(build, x, heads.query // heads.key_value) for x in (k, v))
    scores = build.op("MatMul", q, k, type=_product(q, k), suffix="scores")
    scaled = build.op("Mul", scores, build.scalar(heads.key_dim**-0.5, q), suffix="scaled")
    mask = _mask(build, inputs, axes, (query, value))
    # By their positions alone each query attends at least to the key that stands where it does.
    empty = roles.mask is not None or query.type.shape[-2] != key.type.shape[-2]
    weights = _softmax(build, scaled, mask, zeros=empty and layer.empties_to_zero(given))
    mixed = _merged(
        build, build.op("MatMul", weights, v, type=_product(weights, v), suffix="means")
    )
    if layer.use_gate:
        gate = build.op("Sigmoid", _linear(build, query, "gate"))
        mixed = build.op("Mul", mixed, gate, suffix="gated")
    return _as_given(build, _linear(build, mixed, "output"), inputs[0], axes)


def _sequence(build: Builder, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """[N, …, T, C]: the axes attended over before the channels, as one."""
    *rest, channels = (axis for axis in range(x.type.rank) if axis not in axes)
    order = (*rest, *axes, channels)
    moved = x if order == tuple(range(x.type.rank)) else build.transpose(x, order, suffix="moved")
    if len(axes) == 1:
        return moved
    sizes = moved.type.shape
    shape = (*sizes[: len(rest)], product(sizes[len(rest) : -1]), sizes[-1])
    return build.reshape(moved, moved.type.with_shape(shape), suffix="flat")


def _as_given(build: Builder, y: Tensor, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """[N, …, T, C] with the axes where they are in `x`, and those of the output at the end."""
    rank, output = x.type.rank, build.output
    rest = [axis for axis in range(rank - 1) if axis not in axes]
    order = (*rest, *axes)
    ends = tuple(known(size) for size in output.shape[rank - 1 :])
    if len(axes) > 1 or len(ends) > 1:
        y = _unflattened(build, y, x, order, ends)
    if order == tuple(range(rank - 1)):
        return y
    back = [order.index(axis) for axis in range(rank - 1)]
    return build.transpose(y, (*back, *range(rank - 1, output.rank)))


def _unflattened(
    build: Builder, y: Tensor, x: Tensor, order: tuple[int, ...], ends: tuple[int, ...]
) -> Tensor:
    """`y` with the sizes that `x` has along `order`, then `ends`."""
    sizes = tuple(x.type.shape[axis] for axis in order)
    type = y.type.with_shape((*sizes, *ends))
    if sum(not isinstance(size, int) for size in sizes[1:]) <= 1:
        return build.reshape(y, type, suffix="unflat")
    vector = TensorType((len(order),), "int64")
    known = build.op("Shape", x, type=TensorType((x.type.rank,), "int64"), suffix="sizes")
    kept = build.op("Gather", known, build.constant(order, "order", "int64"), type=vector)
    tail = build.constant(ends, "ends", "int64")
    shape = build.op("Concat", kept, tail, type=TensorType((type.rank,), "int64"), axis=0)
    return build.op("Reshape", y, shape, type=type, suffix="unflat")


def _linear(build: Builder, x: Tensor, name: str) -> Tensor:
    """The projection of that name."""
    kernel, *bias = (
        build.weight(each) for each in build.node.weights if each.startswith(f"{name}.")
    )
    transposed = build.transpose(kernel, (1, 0), suffix=f"{name}_kernel")
    type = x.type.with_shape((*x.type.shape[:-1], kernel.type.shape[0]))
    y = build.op("MatMul", x, transposed, type=type, suffix=name)
    return build.op("Add", y, *bias, suffix=f"{name}_bias") if bias else y


def _heads(build: Builder, x: Tensor, name: str, heads: int, *, transposed: bool = False) -> Tensor:
    """A projection as heads: [N, …, H, T, K], or [N, …, H, K, T]."""
    projected = _linear(build, x, name)
    *ahead, steps, channels = projected.type.shape
    shape = (*ahead, steps, heads, channels // heads)
    split = build.reshape(projected, projected.type.with_shape(shape), suffix=f"{name}_heads")
    *kept, step, head, channel = range(split.type.rank)
    ends = (channel, step) if transposed else (step, channel)
    return build.transpose(split, (*kept, head, *ends), suffix=name)


def _repeated(build: Builder, x: Tensor, times: int) -> Tensor:
    """Each head of [N, H, T, K] `times` times in a row, for as many heads of the query."""
    if times == 1:
        return x
    *ahead, heads, rows, columns = x.type.shape
    build.require_room(heads, times)
    indices = build.constant(np.arange(known(heads)).repeat(times), "shared", "int64")
    type = x.type.with_shape((*ahead, heads * times, rows, columns))
    return build.op("Gather", x, indices, type=type, suffix="shared", axis=len(ahead))


def _product(a: Tensor, b: Tensor) -> TensorType:
    """The type of the matrix product."""
    return a.type.with_shape((*a.type.shape[:-1], b.type.shape[-1]))


def _merged(build: Builder, x: Tensor) -> Tensor:
    """The heads [N, …, H, T, K] side by side: [N, …, T, H · K]."""
    *ahead, head, step, channel = range(x.type.rank)
    together = build.transpose(x, (*ahead, step, head, channel), suffix="together")
    *kept, heads, channels = together.type.shape
    merged = together.type.with_shape((*kept, heads * channels))
    return build.reshape(together, merged, suffix="merged")


def _mask(
    build: Builder, inputs: tuple[Tensor, ...], axes: tuple[int, ...], ends: tuple[Tensor, Tensor]
) -> Tensor | None:
    """What is attended to, to be put against the scores of the heads; None if it is everything."""
    layer, mask = build.layer, inputs[-1]
    near = _nearby(build, *ends, is_causal=layer.use_causal_mask, window=layer.sliding_window)
    if len(inputs) < 2 or mask.type.dtype != "bool":
        return near
    rank = inputs[0].type.rank - len(axes) + 2  # of the scores
    for at in (-2 * len(axes), -len(axes)):
        mask = _flattened(build, mask, at + mask.type.rank, len(axes))
    new = (*range(1, rank - mask.type.rank), rank - 3)
    return _both(build, build.unsqueeze(mask, *new), near)


def _flattened(build: Builder, x: Tensor, axis: int, count: int) -> Tensor:
    """`x` with `count` axes from `axis` on as one."""
    if count == 1:
        return x
    shape = x.type.shape
    joined = (*shape[:axis], product(shape[axis : axis + count]), *shape[axis + count :])
    return build.reshape(x, x.type.with_shape(joined), suffix="flat_mask")


def _nearby(
    build: Builder, query: Tensor, key: Tensor, *, is_causal: bool, window: int | None = None
) -> Tensor | None:
    """Which keys [N, …, S, C] a query [N, …, T, C] attends to by its position: [T, S]."""
    if not is_causal and window is None:
        return None
    sizes = (query.type.shape[-2], key.type.shape[-2])
    mask = TensorType(sizes, "bool")
    if all(isinstance(size, int) for size in sizes):
        build.require_room(*sizes)
        return build.constant(_band(sizes, is_causal, window), "near", "bool")
    rows, columns = (positions(build, x, x.type.rank - 2) for x in (query, key))
    column = build.unsqueeze(rows, 1)
    distances = build.op("Sub", column, columns, type=TensorType(sizes, "int64"))
    near = None
    if is_causal:
        zero = build.scalar(0, distances)
        near = build.op("GreaterOrEqual", distances, zero, type=mask, suffix="causal")
    if window is None:
        return near
    limit = build.scalar(window, distances)
    close = build.op("Less", build.op("Abs", distances), limit, type=mask, suffix="close")
    return close if near is None else build.op("And", near, close, suffix="near")


def _band(sizes: tuple[Size, ...], is_causal: bool, window: int | None) -> NDArray[np.bool_]:
    """The same of sizes that are known."""
    rows, columns = np.indices([known(size) for size in sizes])
    distances = rows - columns
    near = np.abs(distances) < (distances.size if window is None else window)
    return near & (distances >= 0) if is_causal else near


def _both(build: Builder, mask: Tensor, other: Tensor | None) -> Tensor:
    """Where both masks are true; the second has [T, S] only."""
    if other is None:
        return mask
    *ahead, rows, columns = mask.type.shape
    wide, long = other.type.shape
    type = mask.type.with_shape(
        (*ahead, wide if rows == 1 else rows, long if columns == 1 else columns)
    )
    return build.op("And", mask, other, type=type, suffix="mask")


def _softmax(
    build: Builder, scores: Tensor, mask: Tensor | None, *, zeros: bool, large: bool = False
) -> Tensor:
    """Weights along the last axis; where nothing is attended to alike, or zeros.

    large: whether the scores may be so, as a bias of someone's may be.
    """
    if mask is None:
        return build.op("Softmax", scores, axis=-1)
    weights = build.op("Softmax", _masked(build, scores, mask, large=large), axis=-1)
    if not zeros:
        return weights
    return build.op("Mul", weights, build.cast(mask, weights.type.dtype))


def _masked(build: Builder, scores: Tensor, mask: Tensor, *, large: bool) -> Tensor:
    """The scores, with one number far below them all where the mask leaves out.

    The least number plus a score is the least number again. So it can be added, which takes
    onnxruntime half the time of choosing, and layers with one mask share what is added. Large
    scores would count beside it, or overflow: for them the number is chosen.
    """
    if large or scores.type.dtype == "float16":
        far = build.scalar(-3e4 if scores.type.dtype == "float16" else -1e9, scores)
        return build.op("Where", mask, scores, far, type=scores.type, suffix="masked")
    least = float(finfo(scores.type.dtype).min)
    return build.op("Add", scores, _outside(build, mask, least, scores), suffix="masked")


def _outside(build: Builder, mask: Tensor, value: float, like: Tensor) -> Tensor:
    """`value` where the mask leaves out, and 0 elsewhere, of the type of `like`."""
    values = build.scalar(0, like), build.scalar(value, like)
    type = TensorType(mask.type.shape, like.type.dtype)
    return build.op("Where", mask, *values, type=type, suffix="outside")


@LOWERINGS.add("ScaledDotProductAttention")
def scaled_dot_product_attention(build: Builder, *inputs: Tensor) -> Tensor:
    layer = build.layer
    query, key, value, *others = inputs
    biased, masked = layer.options(tuple(x.type for x in inputs))
    scores = _scores(build, query, key)
    scores = build.op("Mul", scores, build.scalar(layer.scale_of(query.type), query))
    if biased:
        scores = build.op("Add", scores, others[0])
    mask = _nearby(build, query, key, is_causal=layer.is_causal)
    mask = _both(build, others[-1], mask) if masked else mask
    weights = _softmax(build, scores, mask, zeros=False, large=biased)
    return build.op("MatMul", weights, value, type=build.output)


def _scores(build: Builder, query: Tensor, key: Tensor) -> Tensor:
    *ahead, step, channel = range(key.type.rank)
    keys = build.transpose(key, (*ahead, channel, step), suffix="keys")
    return build.op("MatMul", query, keys, type=_product(query, keys), suffix="scores")


@LOWERINGS.add("Attention", "AdditiveAttention")
def attention(build: Builder, *inputs: Tensor) -> Tensor:
    """What is masked has a score that is less by 1e9, as in Keras."""
    roles = attended(tuple(x.type for x in inputs))
    count = len(inputs) - (roles.query_mask is not None) - (roles.value_mask is not None)
    query, value, key = (*inputs[:count], inputs[1])[:3]
    scores = SCORES[_mode(build)](build, query, key)
    mask = _nearby(build, query, key, is_causal=build.layer.use_causal_mask)
    if roles.value_mask is not None:
        mask = _both(build, build.unsqueeze(inputs[-1], 1), mask)
    if mask is not None:
        far = -65504.0 if scores.type.dtype == "float16" else -1e9
        scores = build.op("Add", scores, _outside(build, mask, far, scores))
    weights = build.op("Softmax", scores, axis=-1)
    y = build.op("MatMul", weights, value, type=build.output)
    if roles.query_mask is None:
        return y
    kept = build.unsqueeze(inputs[-2], 2)
    return build.op("Where", kept, y, build.scalar(0, y), type=y.type)


def _mode(build: Builder) -> str:
    """How scores are computed."""
    return "additive" if build.node.type == "AdditiveAttention" else build.layer.score_mode


def _dot(build: Builder, query: Tensor, key: Tensor) -> Tensor:
    scores = _scores(build, query, key)
    return build.op("Mul", scores, build.weight("scale")) if build.layer.use_scale else scores


def _concat(build: Builder, query: Tensor, key: Tensor) -> Tensor:
    sums = _sums(build, query, key)
    if build.layer.use_scale:
        sums = build.op("Mul", sums, build.weight("scale"))
    total = _total(build, build.op("Tanh", sums))
    return build.op("Mul", total, build.weight("concat_score_weight"))


def _additive(build: Builder, query: Tensor, key: Tensor) -> Tensor:
    bent = build.op("Tanh", _sums(build, query, key))
    return _total(
        build, build.op("Mul", bent, build.weight("scale")) if build.layer.use_scale else bent
    )


def _sums(build: Builder, query: Tensor, key: Tensor) -> Tensor:
    """Each query plus each key: [N, T, S, C]."""
    batch, rows, channels = query.type.shape
    type = query.type.with_shape((batch, rows, key.type.shape[1], channels))
    return build.op("Add", build.unsqueeze(query, 2), build.unsqueeze(key, 1), type=type)


def _total(build: Builder, x: Tensor) -> Tensor:
    """The sum along the channels, which go."""
    type = x.type.with_shape(x.type.shape[:-1])
    axis = build.constant([-1], "axis", "int64")
    return build.op("ReduceSum", x, axis, type=type, keepdims=0)


SCORES = {"dot": _dot, "concat": _concat, "additive": _additive}
