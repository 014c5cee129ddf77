"""Windows that slide along spatial axes, and their parameters for one, two or three axes.

The geometry is Keras's; where Keras has no such thing (explicit pads, `ceil_mode`), ONNX's. Sizes
may be symbolic. Raises `Fault`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar, cast

from pydantic import BeforeValidator

from specc.dims import Size
from specc.layer import Fault
from specc.proofs import at_least
from specc.shapes import NonNegative, Positive
from specc.tensor import TensorType

Cells = TypeVar("Cells", bound=tuple[int, ...])
"""What a layer that is declared once for one, two and three spatial axes leaves to each of them."""

PaddingMode = Literal["valid", "same", "causal"]

PadPair = tuple[NonNegative, NonNegative]
"""Pads at the begin and the end of an axis."""


def _per_axis(rank: int) -> Callable[[object], tuple[object, ...]]:
    """`3` → (3, 3), where there are two axes; a list stays."""

    def expand(value: object) -> tuple[object, ...]:
        return cast(tuple[object, ...], value) if isinstance(value, tuple) else (value,) * rank

    return expand


def _pads(rank: int) -> Callable[[object], object]:
    """`3` → ((3, 3), (3, 3)); `[1, 2]` → ((1, 1), (2, 2)); words stay.

    Along one axis `[1, 2]` is the begin and the end.
    """
    per_axis, pair = _per_axis(rank), _per_axis(2)

    def expand(value: object) -> object:
        if isinstance(value, str):
            return value
        axes = per_axis(value)
        return (axes,) if rank == 1 and len(axes) == 2 else tuple(map(pair, axes))

    return expand


Cells1 = Annotated[
    tuple[Positive],
    BeforeValidator(_per_axis(1), json_schema_input_type=Positive | tuple[Positive]),
]
"""The length."""

Cells2 = Annotated[
    tuple[Positive, Positive],
    BeforeValidator(_per_axis(2), json_schema_input_type=Positive | tuple[Positive, Positive]),
]
"""Height and width; one integer is both."""

Cells3 = Annotated[
    tuple[Positive, Positive, Positive],
    BeforeValidator(
        _per_axis(3), json_schema_input_type=Positive | tuple[Positive, Positive, Positive]
    ),
]
"""Depth, height and width; one integer is all."""

Amounts1 = Annotated[
    tuple[NonNegative],
    BeforeValidator(_per_axis(1), json_schema_input_type=NonNegative | tuple[NonNegative]),
]
Amounts2 = Annotated[
    tuple[NonNegative, NonNegative],
    BeforeValidator(
        _per_axis(2), json_schema_input_type=NonNegative | tuple[NonNegative, NonNegative]
    ),
]
Amounts3 = Annotated[
    tuple[NonNegative, NonNegative, NonNegative],
    BeforeValidator(
        _per_axis(3),
        json_schema_input_type=NonNegative | tuple[NonNegative, NonNegative, NonNegative],
    ),
]

_Pads1 = tuple[PadPair]
_Pads2 = tuple[PadPair, PadPair]
_Pads3 = tuple[PadPair, PadPair, PadPair]
_PadsInput1 = NonNegative | PadPair | _Pads1
_PadsInput2 = NonNegative | tuple[NonNegative, NonNegative] | _Pads2
_PadsInput3 = NonNegative | tuple[NonNegative, NonNegative, NonNegative] | _Pads3

Pads1 = Annotated[_Pads1, BeforeValidator(_pads(1), json_schema_input_type=_PadsInput1)]
"""`1` or `[begin, end]`."""

Pads2 = Annotated[_Pads2, BeforeValidator(_pads(2), json_schema_input_type=_PadsInput2)]
"""`1`, `[height, width]` or `[[top, bottom], [left, right]]`."""

Pads3 = Annotated[_Pads3, BeforeValidator(_pads(3), json_schema_input_type=_PadsInput3)]
"""`1`, `[depth, height, width]` or a pair for each."""

Padding1 = Annotated[
    Literal["valid", "same"] | _Pads1,
    BeforeValidator(_pads(1), json_schema_input_type=Literal["valid", "same"] | _PadsInput1),
]
Padding2 = Annotated[
    Literal["valid", "same"] | _Pads2,
    BeforeValidator(_pads(2), json_schema_input_type=Literal["valid", "same"] | _PadsInput2),
]
Padding3 = Annotated[
    Literal["valid", "same"] | _Pads3,
    BeforeValidator(_pads(3), json_schema_input_type=Literal["valid", "same"] | _PadsInput3),
]
"""`valid`, `same`, or explicit pads."""

CausalPadding = Annotated[
    PaddingMode | _Pads1,
    BeforeValidator(_pads(1), json_schema_input_type=PaddingMode | _PadsInput1),
]
"""`valid`, `same`, `causal` (all pads at the begin), or explicit pads."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window that slides along one axis: of a convolution or a pooling.

    padding: `valid`, `same`, `causal`, or (begin, end).
    ceil_mode: whether a last window may reach beyond the padded end, if it does not start there.
    """

    kernel: int
    stride: int
    dilation: int
    padding: PaddingMode | tuple[int, int]
    ceil_mode: bool = False

    @property
    def extent(self) -> int:
        """The input cells from the window's first to its last."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def sides(self) -> tuple[int, int]:
        """The cells added at the begin and the end, but for `same`, which may need more.

        `ceil_mode` is as many at the end as let one more window begin, in the axis but not beyond.
        """
        begin, end = self._declared
        return (begin, min(end + self.stride, self.extent) - 1) if self.ceil_mode else (begin, end)

    @property
    def _declared(self) -> tuple[int, int]:
        match self.padding:
            case "valid" | "same":
                return (0, 0)
            case "causal":
                return (self.extent - 1, 0)
            case pads:
                return pads

    def output(self, size: Size) -> Size:
        """The number of windows along an axis of `size`; may be zero or less if it does not fit."""
        if self.padding == "same":
            return -((-size) // self.stride)
        return (size + (sum(self.sides) - self.extent)) // self.stride + 1

    def pads(self, size: Size) -> tuple[int, int] | None:
        """The cells added at the begin and the end; None if they depend on an unknown size."""
        if self.padding == "same":
            return self._same(size)
        begin, end = self.sides
        unused = (size + (begin + end - self.extent)) % self.stride
        if not (self.ceil_mode and isinstance(unused, int)):
            return (begin, end)
        return (begin, max(end - unused, self._declared[1]))

    def _same(self, size: Size) -> tuple[int, int] | None:
        total = (self.output(size) - 1) * self.stride + self.extent - size
        if not isinstance(total, int):
            return (0, 0) if self.extent == 1 and self.stride == 1 else None
        total = max(total, 0)
        return (total // 2, total - total // 2)


def windows(
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: PaddingMode | tuple[tuple[int, int], ...],
    ceil_mode: bool = False,
) -> tuple[Window, ...]:
    """One window for each spatial axis."""
    paddings = (padding,) * len(kernel) if isinstance(padding, str) else padding
    axes = zip(kernel, strides, dilation, paddings, strict=True)
    return tuple(Window(*axis, ceil_mode) for axis in axes)


def known_pads(sliding: tuple[Window, ...], x: TensorType) -> tuple[tuple[int, int], ...] | None:
    """The cells added at both ends of each spatial axis of `x`; None if a size must be known."""
    pads = [window.pads(size) for window, size in zip(sliding, x.shape[1:-1], strict=True)]
    found = tuple(each for each in pads if each is not None)
    return found if len(found) == len(pads) else None


def one_if_alike(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number if all axes have the same, as users of the frameworks write it."""
    return values[0] if len({*values}) == 1 else values


def slide(x: TensorType, sliding: tuple[Window, ...]) -> tuple[Size, ...]:
    """The spatial sizes that `sliding` windows give over the channels-last tensor `x`."""
    spatial = x.shape[1:-1]
    for axis, (size, window) in enumerate(zip(spatial, sliding, strict=True), start=1):
        _require_fit(x, axis, size, window)
    return tuple(window.output(size) for size, window in zip(spatial, sliding, strict=True))


def _require_fit(x: TensorType, axis: int, size: Size, window: Window) -> None:
    pads = sum(window.sides)
    if window.padding == "same" or at_least(size + pads, window.extent) is not False:
        return
    dilated = f" (dilated to {window.extent})" if window.dilation > 1 else ""
    padded = f" padded to {size + pads}" if pads else ""
    raise Fault(
        "kernel-too-large",
        f"a window of {window.kernel}{dilated} does not fit "
        f"the {x.axis_name(axis)} of {size}{padded}",
        input=0,
        help="use a smaller window, `padding: same`, or fewer poolings before it",
    )


@dataclass(frozen=True, slots=True)
class Unfolding:
    """A window of a transposed convolution, along one axis: it lays down `kernel` cells for each.

    crop: how many of the cells reached are cut off at the begin and the end. A negative end is
        cells beyond the last window, where there is nothing but the bias.
    """

    kernel: int
    stride: int
    dilation: int
    crop: tuple[int, int]

    @property
    def extent(self) -> int:
        """The output cells from the window's first to its last."""
        return (self.kernel - 1) * self.dilation + 1

    def output(self, size: Size) -> Size:
        """The cells that an axis of `size` becomes; may be zero or less if all are cut off."""
        return size * self.stride + (self.extent - self.stride - sum(self.crop))


def unfoldings(
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
    padding: PaddingMode | tuple[tuple[int, int], ...],
    output_padding: tuple[int, ...] | None,
) -> tuple[Unfolding, ...]:
    """One window for each spatial axis. `output_padding` is less than the stride."""
    paddings = (padding,) * len(kernel) if isinstance(padding, str) else padding
    extra = output_padding or (None,) * len(kernel)
    return tuple(
        Unfolding(cells, step, rate, _crop((cells - 1) * rate + 1, step, pads, more))
        for cells, step, rate, pads, more in zip(
            kernel, strides, dilation, paddings, extra, strict=True
        )
    )


def _crop(
    extent: int, stride: int, padding: PaddingMode | tuple[int, int], extra: int | None
) -> tuple[int, int]:
    """What is cut off, as Keras counts it; with explicit pads, as ONNX does."""
    if isinstance(padding, tuple):
        begin, end = padding
        return begin, end - (extra or 0)
    if padding == "valid":
        return 0, min(extent - stride, 0) if extra is None else -extra
    surplus = extent - (stride if extra is None else extent % 2 + extra)
    begin = max(surplus, 0) // 2
    return begin, surplus - begin


def parts(size: int, count: int) -> tuple[tuple[int, int], ...]:
    """The (begin, end) of `count` windows that cover an axis of `size`, as equal as they can be.

    Neighbours share the cell that the border between them divides.
    """
    return tuple((index * size // count, -(-(index + 1) * size // count)) for index in range(count))
