"""Layers that add cells around a tensor, or take some off."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar, cast

from pydantic import BeforeValidator, Field

from specc.dims import Size
from specc.layer import Fault, Layer, Layout, Sample
from specc.proofs import at_least
from specc.shapes import SPATIAL, NonNegative, require_rank, require_value
from specc.tensor import MAX_RANK, TensorType, shape_text
from specc.windows import PadPair, Pads1, Pads2, Pads3

Borders = TypeVar("Borders", bound=tuple[PadPair, ...])
"""Cells at the begin and the end of each spatial axis."""

MAX_MIRRORED_RANK = 5
"""PyTorch mirrors and repeats volumes at most."""


class _ZeroPadding(Layer, Generic[Borders]):
    """What the zero paddings share."""

    primary = "padding"
    layout = "any"

    padding: Borders

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, len(self.padding) + 2, SPATIAL[len(self.padding)])
        spatial = zip(x.shape[1:-1], self.padding, strict=True)
        sizes = (size + sum(pads) for size, pads in spatial)
        return (x.with_shape((x.shape[0], *sizes, x.shape[-1])),)


class ZeroPadding1D(_ZeroPadding[Pads1]):
    """Zeros before and after each sequence `[N, T, C]`.

    Source: `keras.layers.ZeroPadding1D`.
    """

    padding: Pads1 = Field(((1, 1),), description="Cells to add: one number, or [begin, end].")

    samples = (
        Sample({}, ("float32[2, 4, 3]",), ("float32[2, 6, 3]",)),
        Sample({"padding": 2}, ("float32[2, 4, 3]",), ("float32[2, 8, 3]",)),
        Sample({"padding": (0, 3)}, ("float32[N, T, 3]",), ("float32[N, T + 3, 3]",)),
    )


class ZeroPadding2D(_ZeroPadding[Pads2]):
    """Zeros around each image `[N, H, W, C]`.

    Source: `keras.layers.ZeroPadding2D`.
    """

    padding: Pads2 = Field(
        ((1, 1), (1, 1)),
        description=(
            "Cells to add: one number, [height, width], or [[top, bottom], [left, right]]."
        ),
    )

    samples = (
        Sample({}, ("float32[2, 4, 5, 3]",), ("float32[2, 6, 7, 3]",)),
        Sample({"padding": 3}, ("float32[2, 4, 5, 3]",), ("float32[2, 10, 11, 3]",)),
        Sample({"padding": (0, 2)}, ("float32[2, 4, 5, 3]",), ("float32[2, 4, 9, 3]",)),
        Sample({"padding": ((0, 1), (2, 3))}, ("float32[2, 4, 5, 3]",), ("float32[2, 5, 10, 3]",)),
        Sample({"padding": 1}, ("float32[N, h, 2*w, 3]",), ("float32[N, h + 2, 2*w + 2, 3]",)),
    )


class ZeroPadding3D(_ZeroPadding[Pads3]):
    """Zeros around each volume `[N, D, H, W, C]`.

    Source: `keras.layers.ZeroPadding3D`.
    """

    padding: Pads3 = Field(
        ((1, 1), (1, 1), (1, 1)),
        description=(
            "Cells to add: one number, [depth, height, width], or [begin, end] for each of them."
        ),
    )

    samples = (
        Sample({}, ("float32[2, 2, 4, 3, 2]",), ("float32[2, 4, 6, 5, 2]",)),
        Sample({"padding": (0, 1, 2)}, ("float32[2, 2, 4, 3, 2]",), ("float32[2, 2, 6, 7, 2]",)),
        Sample(
            {"padding": ((0, 1), (2, 0), (3, 1))},
            ("float32[N, T, h, w, 2]",),
            ("float32[N, T + 1, h + 2, w + 4, 2]",),
        ),
    )


class _Cropping(Layer, Generic[Borders]):
    """What the croppings share."""

    primary = "cropping"
    layout = "any"

    cropping: Borders

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, len(self.cropping) + 2, SPATIAL[len(self.cropping)])
        sizes = (self._left(x, axis, *cut) for axis, cut in enumerate(self.cropping, start=1))
        return (x.with_shape((x.shape[0], *sizes, x.shape[-1])),)

    def _left(self, x: TensorType, axis: int, begin: int, end: int) -> Size:
        """What is left of an axis."""
        size = x.shape[axis] - (begin + end)
        if at_least(size, 1) is not False:
            return size
        raise Fault(
            "invalid-parameter",
            f"expected less than the {x.axis_name(axis)} of {x.shape[axis]}, "
            f"received {begin} + {end}",
            parameter="cropping",
            help="at least one cell must be left",
        )


class Cropping1D(_Cropping[Pads1]):
    """Each sequence `[N, T, C]` without its first and last steps.

    Source: `keras.layers.Cropping1D`.
    """

    cropping: Pads1 = Field(
        ((1, 1),), description="Steps to take off: one number, or [begin, end]."
    )

    samples = (
        Sample({}, ("float32[2, 4, 3]",), ("float32[2, 2, 3]",)),
        Sample({"cropping": (0, 3)}, ("float32[2, 4, 3]",), ("float32[2, 1, 3]",)),
        Sample({"cropping": (2, 0)}, ("float32[N, T, 3]",), ("float32[N, T - 2, 3]",)),
    )


class Cropping2D(_Cropping[Pads2]):
    """Each image `[N, H, W, C]` without its outermost rows and columns.

    Source: `keras.layers.Cropping2D`.
    """

    cropping: Pads2 = Field(
        ((0, 0), (0, 0)),
        description=(
            "Cells to take off: one number, [height, width], or [[top, bottom], [left, right]]."
        ),
    )

    samples = (
        Sample({}, ("float32[2, 4, 5, 3]",), ("float32[2, 4, 5, 3]",)),
        Sample({"cropping": 1}, ("float32[2, 4, 5, 3]",), ("float32[2, 2, 3, 3]",)),
        Sample({"cropping": (1, 2)}, ("float32[2, 4, 5, 3]",), ("float32[2, 2, 1, 3]",)),
        Sample(
            {"cropping": ((0, 1), (2, 0))},
            ("float32[N, h, 2*w, 3]",),
            ("float32[N, h - 1, 2*w - 2, 3]",),
        ),
    )


class Cropping3D(_Cropping[Pads3]):
    """Each volume `[N, D, H, W, C]` without its outermost cells.

    Source: `keras.layers.Cropping3D`.
    """

    cropping: Pads3 = Field(
        ((1, 1), (1, 1), (1, 1)),
        description=(
            "Cells to take off: one number, [depth, height, width], or [begin, end] for each."
        ),
    )

    samples = (
        Sample({}, ("float32[2, 3, 4, 5, 2]",), ("float32[2, 1, 2, 3, 2]",)),
        Sample({"cropping": (0, 1, 2)}, ("float32[2, 3, 4, 5, 2]",), ("float32[2, 3, 2, 1, 2]",)),
        Sample(
            {"cropping": ((0, 1), (2, 0), (1, 1))},
            ("float32[N, T, h, w, 2]",),
            ("float32[N, T - 1, h - 2, w - 2, 2]",),
        ),
    )


def _pairs(value: object) -> object:
    """`[1, [2, 3]]` → ((1, 1), (2, 3))."""
    return tuple(map(_pair, cast(tuple[object, ...], value))) if isinstance(value, tuple) else value


def _pair(value: object) -> tuple[object, ...]:
    return cast(tuple[object, ...], value) if isinstance(value, tuple) else (value, value)


class Pad(Layer):
    """Cells around a tensor: a constant, the tensor mirrored, or its outermost cells repeated.

    Mirrors and repeats all but the channels, which alone can be padded in `[N, C]`.
    Source: ONNX's operator `Pad`, `keras.ops.pad`.
    """

    primary = "pad_width"

    pad_width: Annotated[
        tuple[PadPair, ...],
        BeforeValidator(_pairs, json_schema_input_type=tuple[NonNegative | PadPair, ...]),
        Field(min_length=1, max_length=MAX_RANK - 1),
    ] = Field(
        description="Cells to add, for each axis beside the batch: one number, or [begin, end]."
    )
    mode: Literal["constant", "reflect", "edge"] = Field(
        "constant",
        description=(
            "What is added (to a b c): `constant`, the constant value; `reflect`, "
            "c b | a b c | b a; `edge`, a a | a b c | c c."
        ),
    )
    constant_values: float = Field(0.0, description="The value to add for `constant`.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        self._check_rank(x)
        if self.mode == "constant":
            require_value(x, self.constant_values, "constant_values")
        else:
            self._check_mirrored(x)
        padded = zip(x.shape[1:], self.pad_width, strict=True)
        return (x.with_shape((x.shape[0], *(size + sum(pads) for size, pads in padded))),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """PyTorch mirrors the last axes, which must be the spatial ones."""
        return "any" if self.mode == "constant" else "channels_first"

    def _check_rank(self, x: TensorType) -> None:
        if len(self.pad_width) != x.rank - 1:
            raise Fault(
                "invalid-parameter",
                f"expected pads for each axis of {shape_text(x.shape)} beside the batch, "
                f"received {len(self.pad_width)}",
                parameter="pad_width",
                help="write 0 for an axis that stays as it is",
            )

    def _check_mirrored(self, x: TensorType) -> None:
        if x.dtype == "bool" or x.rank > MAX_MIRRORED_RANK:
            raise Fault(
                "invalid-parameter",
                f"expected numbers with at most {MAX_MIRRORED_RANK} axes for `{self.mode}`, "
                f"received {x}",
                parameter="mode",
                help="pad with a constant",
            )
        if x.rank > 2 and self.pad_width[-1] != (0, 0):
            raise Fault(
                "invalid-parameter",
                f"expected no pads of the channels for `{self.mode}`, "
                f"received {list(self.pad_width[-1])}",
                parameter="pad_width",
                help="pad them with a constant, or exchange the axes with Permute before it",
            )
        if self.mode == "reflect":
            self._check_reflected(x)

    def _check_reflected(self, x: TensorType) -> None:
        for axis, pads in enumerate(self.pad_width, start=1):
            if at_least(x.shape[axis], max(pads) + 1) is False:
                raise Fault(
                    "invalid-parameter",
                    f"expected pads smaller than the {x.axis_name(axis)} of {x.shape[axis]}, "
                    f"received {max(pads)}",
                    parameter="pad_width",
                    help="the outermost cells are not repeated: use smaller pads, or `mode: edge`",
                )

    samples = (
        Sample({"pad_width": (1,)}, ("float32[2, 3]",), ("float32[2, 5]",)),
        Sample(
            {"pad_width": (0, (1, 2), 3), "constant_values": 0.5},
            ("float32[2, 4, 5, 3]",),
            ("float32[2, 4, 8, 9]",),
        ),
        Sample(
            {"pad_width": (2, 0), "constant_values": -1},
            ("int32[N, T, 3]",),
            ("int32[N, T + 4, 3]",),
        ),
        Sample({"pad_width": ((1, 2),), "mode": "reflect"}, ("float32[N, 5]",), ("float32[N, 8]",)),
        Sample(
            {"pad_width": ((2, 1), 0), "mode": "reflect"},
            ("float32[N, T, 3]",),
            ("float32[N, T + 3, 3]",),
        ),
        Sample(
            {"pad_width": ((0, 2), (1, 0), 0), "mode": "reflect"},
            ("float32[N, h, w, 3]",),
            ("float32[N, h + 2, w + 1, 3]",),
        ),
        Sample(
            {"pad_width": (1, (0, 2), 1, 0), "mode": "reflect"},
            ("float32[2, 2, 3, 4, 2]",),
            ("float32[2, 4, 5, 6, 2]",),
        ),
        Sample(
            {"pad_width": ((1, 0), (2, 3), 0), "mode": "edge"},
            ("float32[N, h, w, 3]",),
            ("float32[N, h + 1, w + 5, 3]",),
        ),
        Sample(
            {"pad_width": (3, 0), "mode": "edge"},
            ("float32[2, 1, 3]",),
            ("float32[2, 7, 3]",),
        ),
        Sample(
            {"pad_width": (1, 0, (0, 2), 0), "mode": "edge"},
            ("float32[2, 2, 3, 4, 2]",),
            ("float32[2, 4, 3, 6, 2]",),
        ),
    )
