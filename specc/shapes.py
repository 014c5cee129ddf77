"""Shape arithmetic that several layers share: ranks, axes, broadcasting. Raises `Fault`.

Sizes may be symbolic.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from specc.activations import ALONG_CHANNELS, HALVES_CHANNELS
from specc.dims import Shape, Size
from specc.layer import Fault
from specc.proofs import Proof, compare, hint
from specc.tensor import FLOATS, MAX_RANK, TensorType, holds, shape_text

Positive = Annotated[int, Field(gt=0, lt=2**31)]
NonNegative = Annotated[int, Field(ge=0, lt=2**31)]


def _odd(value: int) -> int:
    if value % 2:
        return value
    raise ValueError(f"expected an odd number, received {value}")


Odd = Annotated[Positive, AfterValidator(_odd)]
"""The size of a window with a middle."""

Axes = int | Annotated[tuple[int, ...], Field(min_length=1, max_length=MAX_RANK)]
"""One axis, or several."""


def one_as_several(value: object) -> object:
    """`3` → (3,), for a field of one size or several; a list stays."""
    return (value,) if isinstance(value, int) else value


def require_rank(x: TensorType, rank: int, example: str, *, input: int = 0) -> None:
    """Refuse a tensor without exactly `rank` axes; `example` names them, as `[N, H, W, C]`."""
    if x.rank == rank:
        return
    raise Fault(
        "rank-mismatch",
        f"expected {rank} axes {example}, received {x.rank}: {shape_text(x.shape)}",
        input=input,
        help=f"insert Reshape before it, or move it to where the tensor has {rank} axes",
    )


SPATIAL = {1: "[N, T, C]", 2: "[N, H, W, C]", 3: "[N, D, H, W, C]"}
"""What sequences, images and volumes look like, by the number of their spatial axes."""


def require_spatial(x: TensorType, rank: int, *, input: int = 0) -> None:
    """Refuse a tensor that is no floating-point sequence, image or volume of `rank` axes."""
    require_rank(x, rank + 2, SPATIAL[rank], input=input)
    require_float(x, input=input)


def require_min_rank(x: TensorType, rank: int, example: str, *, input: int = 0) -> None:
    """Refuse a tensor with fewer than `rank` axes; `example` names them, as `[N, …, C]`."""
    if x.rank < rank:
        raise Fault(
            "rank-mismatch",
            f"expected at least {rank} axes {example}, received {x.rank}: {shape_text(x.shape)}",
            input=input,
            help="insert Reshape before it",
        )


def require_float(x: TensorType, *, input: int = 0) -> None:
    """Refuse a tensor of integers or booleans."""
    if x.dtype not in FLOATS:
        raise Fault(
            "dtype-mismatch",
            f"expected a floating-point tensor, received {x.dtype}",
            input=input,
            help="declare the input as float32, or rescale it first",
        )


def require_value(x: TensorType, value: float, parameter: str) -> None:
    """Refuse a parameter that no element of `x` could have: a fraction, or one out of range."""
    if not holds(x.dtype, value):
        raise Fault(
            "invalid-parameter",
            f"expected a value of {x.dtype}, received {value:g}",
            parameter=parameter,
            help="write one that the input may have, or declare the input as float32",
        )


def as_float(x: TensorType) -> TensorType:
    """The type of `x` after a layer that computes in floating point: integers become float32."""
    return x if x.dtype in FLOATS else TensorType(x.shape)


def require_ids(x: TensorType, *, input: int = 0) -> None:
    """Refuse all but int32 and int64, the indices that every framework takes."""
    if x.dtype not in ("int32", "int64"):
        raise Fault(
            "dtype-mismatch",
            f"expected ids as int32 or int64, received {x.dtype}",
            input=input,
            help="declare the input as int32",
        )


def require_constant(size: Size, what: str, *, input: int = 0) -> int:
    """The size as an integer; refuse a symbol, since weights need a number."""
    if isinstance(size, int):
        return size
    raise Fault(
        "unknown-size",
        f"{what} must be a constant, and is `{size}`",
        input=input,
        help=f"declare the size of {what} as a number",
    )


def feature_axes(
    axis: int | tuple[int, ...], rank: int, *, parameter: str = "axis"
) -> tuple[int, ...]:
    """One axis or several, counted from the front, in order; refuse the batch and repetitions.

    parameter: the layer's, to name in the fault.
    """
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = {_feature_axis(each, rank, parameter) for each in given}
    if len(axes) == len(given):
        return tuple(sorted(axes))
    raise Fault(
        "invalid-parameter",
        f"expected each axis once, received {list(given)}",
        parameter=parameter,
        help="-1 is the last axis, under either number",
    )


def _feature_axis(axis: int, rank: int, parameter: str) -> int:
    if rank < 2:
        raise Fault(
            "rank-mismatch", f"expected an axis beside the batch, received {rank} axes", input=0
        )
    if not -rank <= axis < rank:
        message = f"expected an axis of the input's {rank}, received {axis}"
    elif axis % rank == 0:
        message = f"expected an axis beside the batch, received {axis}"
    else:
        return axis % rank
    raise Fault(
        "invalid-parameter",
        message,
        parameter=parameter,
        help=f"use an axis from 1 to {rank - 1}, or from {1 - rank} to -1; -1 is the channels",
    )


def require_same_dtype(inputs: Iterable[TensorType]) -> None:
    """Refuse inputs whose dtype differs from the first's."""
    first, *others = inputs
    for index, other in enumerate(others, start=1):
        if other.dtype != first.dtype:
            raise Fault(
                "dtype-mismatch",
                f"expected {first.dtype}, as the first input has, received {other.dtype}",
                input=index,
                help="declare the inputs with one dtype, or rescale the integers first",
            )


def require_equal_axis(
    first: TensorType, other: TensorType, axis: int, what: str, *, input: int, help: str = ""
) -> None:
    """Refuse two tensors that differ along `axis`, or that cannot be shown to be equal there."""
    a, b = first.shape[axis], other.shape[axis]
    if a is b or a == b:
        return
    name = first.axis_name(axis)
    place = f"axis {axis} ({name})" if name else f"axis {axis}"
    message = f"{what}: {place} is {a} and {b}"
    if compare(a, b) is Proof.DIFFERENT:
        raise Fault("shape-mismatch", message, input=input, help=help)
    raise Fault(
        "unprovable",
        f"{message}, which cannot be shown to be equal",
        input=input,
        help=hint(a, b),
    )


def require_step_mask(x: TensorType, mask: TensorType, *, input: int = 1) -> None:
    """Refuse a mask that is not one boolean for each step of the sequence `x`, `[N, T, …]`."""
    if mask.dtype != "bool":
        raise Fault(
            "dtype-mismatch",
            f"expected a mask of bool, received {mask.dtype}",
            input=input,
            help="compare with NotEqual, or declare the input as bool",
        )
    require_rank(mask, 2, "[N, T]", input=input)
    for axis in (0, 1):
        help = "a mask has one value for each step"
        require_equal_axis(x, mask, axis, "the mask does not fit", input=input, help=help)


def broadcast(inputs: tuple[TensorType, ...], what: str) -> Shape:
    """The shape that `inputs` have together, as in Keras's merging layers.

    Batches are equal. The other axes are aligned at the last; where sizes differ, one of them is 1.
    """
    rank = max(x.rank for x in inputs)
    first, *others = (_aligned(x, rank, input=index) for index, x in enumerate(inputs))
    shape = first.shape
    for index, other in enumerate(others, start=1):
        so_far = first.with_shape(shape)
        shape = tuple(
            _broadcast_axis(so_far, other, axis, what, input=index) for axis in range(rank)
        )
    return shape


def _aligned(x: TensorType, rank: int, *, input: int) -> TensorType:
    """`x` with axes of size 1 after the batch, so that it has `rank` axes."""
    if x.rank == 0:
        raise Fault("rank-mismatch", "expected a batch of values, received a scalar", input=input)
    return x.with_shape((x.shape[0], *(1,) * (rank - x.rank), *x.shape[1:]))


def _broadcast_axis(
    first: TensorType, other: TensorType, axis: int, what: str, *, input: int
) -> Size:
    a, b = first.shape[axis], other.shape[axis]
    if axis and (a == 1 or b == 1):
        return b if a == 1 else a
    help = "give both the same size, or join them with Concatenate"
    require_equal_axis(first, other, axis, what, input=input, help=help)
    return a


def with_activation(x: TensorType, activation: str) -> TensorType:
    """What `activation` makes of a tensor: the same type, or half the channels for `glu`."""
    require_float(x)
    if activation in ALONG_CHANNELS:
        require_min_rank(x, 2, "[N, …, C]")
    if activation not in HALVES_CHANNELS:
        return x
    half = x.channels // 2
    if compare(2 * half, x.channels) is Proof.EQUAL:
        return x.with_shape((*x.shape[:-1], half))
    raise Fault(
        "not-divisible",
        f"{activation} halves the channels, and {x.channels} is not surely even",
        input=0,
        help="give the layer before it an even number of channels",
    )


def require_keeps_channels(activation: str | None) -> None:
    """Refuse an activation that does not fit inside another layer, since it changes the shape."""
    if activation in HALVES_CHANNELS:
        raise Fault(
            "invalid-parameter",
            f"expected an activation that keeps the shape, received {activation}, "
            "which halves the channels",
            parameter="activation",
            help=f"write `- Activation: {activation}` after the layer",
        )


def require_recurrent_activation(activation: str | None) -> None:
    """Refuse an activation that Keras gets wrong, which inside a recurrent layer is Keras's own."""
    require_keeps_channels(activation)
    if activation == "sparsemax":
        raise Fault(
            "invalid-parameter",
            "expected an activation that recurrent layers can have, received sparsemax",
            parameter="activation",
            help="Keras's own is not one on TensorFlow: write `softmax`",
        )


def activation_flops(x: TensorType, activation: str | None) -> Size:
    """One operation for each element, whatever the function."""
    return 0 if activation in (None, "linear") else x.elements
