"""Shape arithmetic that several layers share: ranks, windows, pads. Raises `Fault`.

The geometry is Keras's; where Keras has no such thing (explicit pads), ONNX's. Sizes may be
symbolic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from specc.activations import ALONG_CHANNELS, HALVES_CHANNELS
from specc.dims import Shape, Size
from specc.layer import Fault
from specc.proofs import Proof, at_least, compare, hint
from specc.tensor import FLOATS, TensorType, shape_text

Positive = Annotated[int, Field(gt=0, lt=2**31)]
NonNegative = Annotated[int, Field(ge=0, lt=2**31)]

PadPair = tuple[NonNegative, NonNegative]
ExplicitPads = tuple[PadPair, PadPair]
"""Pads at the begin and the end: of the height, then of the width."""


def _pair(value: object) -> tuple[object, ...]:
    return cast(tuple[object, ...], value) if isinstance(value, tuple) else (value, value)


def _pads(value: object) -> object:
    """`3` → ((3, 3), (3, 3)); `[1, 2]` → ((1, 1), (2, 2)); `valid` and `same` stay."""
    return value if isinstance(value, str) else tuple(map(_pair, _pair(value)))


Pair = Annotated[
    tuple[Positive, Positive],
    BeforeValidator(_pair, json_schema_input_type=Positive | tuple[Positive, Positive]),
]
"""Height and width; one integer is both."""


def _odd(value: int) -> int:
    if value % 2:
        return value
    raise ValueError(f"expected an odd number, received {value}")


Odd = Annotated[Positive, AfterValidator(_odd)]
"""The size of a window with a middle."""

Axes = int | Annotated[tuple[int, ...], Field(min_length=1)]
"""One axis, or several."""

Pads = Annotated[
    ExplicitPads,
    BeforeValidator(
        _pads, json_schema_input_type=NonNegative | tuple[NonNegative, NonNegative] | ExplicitPads
    ),
]
"""`1`, `[height, width]` or `[[top, bottom], [left, right]]`."""

Padding = Annotated[
    Literal["valid", "same"] | ExplicitPads,
    BeforeValidator(
        _pads,
        json_schema_input_type=(
            Literal["valid", "same"] | NonNegative | tuple[NonNegative, NonNegative] | ExplicitPads
        ),
    ),
]
"""`valid`, `same`, or explicit pads."""


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


def feature_axes(axis: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    """One axis or several, counted from the front, in order; refuse the batch and repetitions."""
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = {_feature_axis(each, rank) for each in given}
    if len(axes) == len(given):
        return tuple(sorted(axes))
    raise Fault(
        "invalid-parameter",
        f"expected each axis once, received {list(given)}",
        parameter="axis",
        help="-1 is the last axis, under either number",
    )


def _feature_axis(axis: int, rank: int) -> int:
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
        parameter="axis",
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


def activation_flops(x: TensorType, activation: str | None) -> Size:
    """One operation for each element, whatever the function."""
    return 0 if activation in (None, "linear") else x.elements


@dataclass(frozen=True, slots=True)
class Window:
    """A window that slides along one axis: of a convolution or a pooling.

    padding: `valid`, `same`, or (begin, end).
    """

    kernel: int
    stride: int
    dilation: int
    padding: Literal["valid", "same"] | tuple[int, int]

    @property
    def extent(self) -> int:
        """The input cells from the window's first to its last."""
        return (self.kernel - 1) * self.dilation + 1

    def output(self, size: Size) -> Size:
        """The number of windows along an axis of `size`; may be zero or less if it does not fit."""
        if self.padding == "same":
            return -((-size) // self.stride)
        begin, end = (0, 0) if self.padding == "valid" else self.padding
        return (size + (begin + end - self.extent)) // self.stride + 1

    def pads(self, size: Size) -> tuple[int, int] | None:
        """The cells added at the begin and the end; None if they depend on an unknown size."""
        if self.padding == "valid":
            return (0, 0)
        if self.padding != "same":
            return self.padding
        total = (self.output(size) - 1) * self.stride + self.extent - size
        if not isinstance(total, int):
            return (0, 0) if self.extent == 1 and self.stride == 1 else None
        total = max(total, 0)
        return (total // 2, total - total // 2)


def windows(
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: Literal["valid", "same"] | tuple[tuple[int, int], ...],
) -> tuple[Window, ...]:
    """One window for each spatial axis."""
    paddings = (padding,) * len(kernel) if isinstance(padding, str) else padding
    return tuple(Window(*parts) for parts in zip(kernel, strides, dilation, paddings, strict=True))


def slide(x: TensorType, sliding: tuple[Window, ...]) -> tuple[Size, ...]:
    """The spatial sizes that `sliding` windows give over the channels-last tensor `x`."""
    spatial = x.shape[1:-1]
    for axis, (size, window) in enumerate(zip(spatial, sliding, strict=True), start=1):
        _require_fit(x, axis, size, window)
    return tuple(window.output(size) for size, window in zip(spatial, sliding, strict=True))


def _require_fit(x: TensorType, axis: int, size: Size, window: Window) -> None:
    if window.padding == "same":
        return
    begin, end = (0, 0) if window.padding == "valid" else window.padding
    if at_least(size + (begin + end), window.extent) is not False:
        return
    dilated = f" (dilated to {window.extent})" if window.dilation > 1 else ""
    padded = f" padded to {size + (begin + end)}" if begin + end else ""
    raise Fault(
        "kernel-too-large",
        f"a window of {window.kernel}{dilated} does not fit "
        f"the {x.axis_name(axis)} of {size}{padded}",
        input=0,
        help="use a smaller window, `padding: same`, or fewer poolings before it",
    )
