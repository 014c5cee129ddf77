"""Poolings over windows of sequences, images and volumes: one value for each window."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from pydantic import Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.shapes import require_spatial
from specc.tensor import TensorType
from specc.windows import (
    Cells1,
    Cells2,
    Cells3,
    Padding1,
    Padding2,
    Padding3,
    Window,
    slide,
    windows,
)

POOL_SIZE = "Size of the window along each axis, in cells; one number is all."
STRIDES = "Steps of the window, in cells; `pool_size` if absent."
PADDING = "`valid`, `same`, or explicit pads in cells, smaller than the window."


class _Pooling(Layer):
    """What the poolings over windows share.

    What has a value for each axis gets its type where their number is known.
    rank: that number.
    """

    primary = "pool_size"
    layout = "channels_first"
    beyond_keras = ("ceil_mode",)
    rank: ClassVar[int]

    pool_size: Any
    strides: Any
    padding: Any
    ceil_mode: bool = Field(
        False,
        description=(
            "Whether a last window may reach beyond the end, if it does not start there; "
            "`same` has it anyway."
        ),
    )

    @property
    def windows(self) -> tuple[Window, ...]:
        """The sliding window along each spatial axis."""
        strides = self.strides or self.pool_size
        return windows(self.pool_size, strides, (1,) * self.rank, self.padding, self.ceil_mode)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_spatial(x, self.rank)
        self._check_pads()
        return (x.with_shape((x.shape[0], *slide(x, self.windows), x.channels)),)

    def _check_pads(self) -> None:
        """A window that lies in the padding alone would have no value."""
        for window in self.windows:
            if not isinstance(window.padding, str) and max(window.padding) >= window.kernel:
                raise Fault(
                    "invalid-parameter",
                    f"expected pads smaller than the window of {window.kernel}, "
                    f"received {max(window.padding)}",
                    parameter="padding",
                    help=f"use ZeroPadding{self.rank}D if zeros are to take part",
                )

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return y.elements * prod(self.pool_size)


SEQUENCES = (
    Sample({}, ("float32[2, 9, 3]",), ("float32[2, 4, 3]",)),
    Sample({"pool_size": 3, "strides": 2}, ("float32[2, 8, 3]",), ("float32[2, 3, 3]",)),
    Sample(
        {"pool_size": 3, "strides": 2, "padding": "same"},
        ("float32[N, 2*T, 3]",),
        ("float32[N, T, 3]",),
    ),
    Sample(
        {"pool_size": 4, "strides": 3, "padding": (0, 2)},
        ("float32[2, 8, 3]",),
        ("float32[2, 3, 3]",),
    ),
    Sample(
        {"pool_size": 3, "strides": 2, "padding": 1, "ceil_mode": True},
        ("float32[2, 8, 3]",),
        ("float32[2, 5, 3]",),
    ),
    Sample({"ceil_mode": True}, ("float32[N, T, 3]",), ("float32[N, (T + 1)//2, 3]",)),
)

IMAGES = (
    Sample({}, ("float32[2, 8, 9, 3]",), ("float32[2, 4, 4, 3]",)),
    Sample({"pool_size": 3, "strides": 2}, ("float32[2, 8, 9, 3]",), ("float32[2, 3, 4, 3]",)),
    Sample(
        {"pool_size": (3, 2), "strides": (2, 3), "padding": "same"},
        ("float32[2, 7, 9, 3]",),
        ("float32[2, 4, 3, 3]",),
    ),
    Sample(
        {"pool_size": 8, "padding": "same"},
        ("float32[2, 13, 16, 3]",),
        ("float32[2, 2, 2, 3]",),
    ),
    Sample(
        {"pool_size": 3, "strides": 2, "padding": 1},
        ("float32[2, 8, 9, 3]",),
        ("float32[2, 4, 5, 3]",),
    ),
    Sample(
        {"pool_size": 3, "strides": 2, "padding": ((0, 1), (2, 1))},
        ("float32[2, 8, 8, 3]",),
        ("float32[2, 4, 5, 3]",),
    ),
    Sample({}, ("float32[N, 2*h, w, 3]",), ("float32[N, h, w//2, 3]",)),
    Sample(
        {"pool_size": 3, "strides": 2, "padding": "same"},
        ("float32[N, 2*h, w, 3]",),
        ("float32[N, h, (w + 1)//2, 3]",),
    ),
    Sample(
        {"pool_size": 3, "strides": 5, "padding": "same"},
        ("float32[N, h, w, 3]",),
        ("float32[N, (h + 4)//5, (w + 4)//5, 3]",),
    ),
    Sample(
        {"pool_size": 2, "padding": 1, "ceil_mode": True},
        ("float32[2, 5, 6, 3]",),
        ("float32[2, 3, 4, 3]",),
    ),
    Sample(
        {"pool_size": 3, "strides": 2, "ceil_mode": True},
        ("float32[2, 8, 9, 3]",),
        ("float32[2, 4, 4, 3]",),
    ),
    Sample(
        {"pool_size": (2, 3), "strides": (3, 2), "padding": ((0, 1), (2, 0)), "ceil_mode": True},
        ("float32[2, 8, 6, 3]",),
        ("float32[2, 3, 4, 3]",),
    ),
    Sample(
        {"pool_size": 3, "strides": 2, "padding": 1, "ceil_mode": True},
        ("float32[N, h, 2*w, 3]",),
        ("float32[N, h//2 + 1, w + 1, 3]",),
    ),
)

VOLUMES = (
    Sample({}, ("float32[2, 4, 3, 5, 3]",), ("float32[2, 2, 1, 2, 3]",)),
    Sample(
        {"pool_size": (3, 2, 1), "strides": (2, 3, 1), "padding": "same"},
        ("float32[2, 5, 7, 2, 3]",),
        ("float32[2, 3, 3, 2, 3]",),
    ),
    Sample(
        {"pool_size": 2, "strides": 1, "padding": ((1, 0), (0, 1), (1, 1))},
        ("float32[2, 2, 3, 4, 1]",),
        ("float32[2, 2, 3, 5, 1]",),
    ),
    Sample(
        {"pool_size": 3, "strides": 2, "padding": "same"},
        ("float32[N, 2*d, h, w, 3]",),
        ("float32[N, d, (h + 1)//2, (w + 1)//2, 3]",),
    ),
    Sample(
        {"pool_size": 2, "ceil_mode": True},
        ("float32[2, 3, 4, 5, 3]",),
        ("float32[2, 2, 2, 3, 3]",),
    ),
)


class MaxPooling1D(_Pooling):
    """The greatest value of each window of a sequence `[N, T, C]`; padding never wins.

    Source: `keras.layers.MaxPooling1D`; explicit pads and `ceil_mode` as in the ONNX operator
    `MaxPool`.
    """

    rank = 1

    pool_size: Cells1 = Field((2,), description=POOL_SIZE)
    strides: Cells1 | None = Field(None, description=STRIDES)
    padding: Padding1 = Field("valid", description=PADDING)

    samples = SEQUENCES


class MaxPooling2D(_Pooling):
    """The greatest value of each window of an image `[N, H, W, C]`; padding never wins.

    Source: `keras.layers.MaxPooling2D`; explicit pads and `ceil_mode` as in the ONNX operator
    `MaxPool`.
    """

    rank = 2

    pool_size: Cells2 = Field((2, 2), description=POOL_SIZE)
    strides: Cells2 | None = Field(None, description=STRIDES)
    padding: Padding2 = Field("valid", description=PADDING)

    samples = IMAGES


class MaxPooling3D(_Pooling):
    """The greatest value of each window of a volume `[N, D, H, W, C]`; padding never wins.

    Source: `keras.layers.MaxPooling3D`; explicit pads and `ceil_mode` as in the ONNX operator
    `MaxPool`.
    """

    rank = 3

    pool_size: Cells3 = Field((2, 2, 2), description=POOL_SIZE)
    strides: Cells3 | None = Field(None, description=STRIDES)
    padding: Padding3 = Field("valid", description=PADDING)

    samples = VOLUMES


class AveragePooling1D(_Pooling):
    """The mean of each window of a sequence `[N, T, C]`; cells of the padding do not count.

    The window defaults to 2, as for MaxPooling1D, and as in Keras 2; Keras 3 has no default.
    Source: `keras.layers.AveragePooling1D`; explicit pads and `ceil_mode` as in the ONNX operator
    `AveragePool` with `count_include_pad=0`.
    """

    rank = 1

    pool_size: Cells1 = Field((2,), description=POOL_SIZE)
    strides: Cells1 | None = Field(None, description=STRIDES)
    padding: Padding1 = Field("valid", description=PADDING)

    samples = SEQUENCES


class AveragePooling2D(_Pooling):
    """The mean of each window of an image `[N, H, W, C]`; cells of the padding do not count.

    The window defaults to 2 × 2, as for MaxPooling2D, and as in Keras 2; Keras 3 has no default.
    Source: `keras.layers.AveragePooling2D`; explicit pads and `ceil_mode` as in the ONNX operator
    `AveragePool` with `count_include_pad=0`.
    """

    rank = 2

    pool_size: Cells2 = Field((2, 2), description=POOL_SIZE)
    strides: Cells2 | None = Field(None, description=STRIDES)
    padding: Padding2 = Field("valid", description=PADDING)

    samples = IMAGES


class AveragePooling3D(_Pooling):
    """The mean of each window of a volume `[N, D, H, W, C]`; cells of the padding do not count.

    The window defaults to 2 × 2 × 2, as for MaxPooling3D, and as in Keras 2; Keras 3 has no
    default.
    Source: `keras.layers.AveragePooling3D`; explicit pads and `ceil_mode` as in the ONNX operator
    `AveragePool` with `count_include_pad=0`.
    """

    rank = 3

    pool_size: Cells3 = Field((2, 2, 2), description=POOL_SIZE)
    strides: Cells3 | None = Field(None, description=STRIDES)
    padding: Padding3 = Field("valid", description=PADDING)

    samples = VOLUMES
