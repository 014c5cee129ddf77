"""Poolings: one value for each window, or for each whole image."""

from __future__ import annotations

from pydantic import Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.shapes import (
    Padding,
    Pair,
    Window,
    require_float,
    require_rank,
    slide,
    windows,
)
from specc.tensor import TensorType


class _Pooling2D(Layer):
    """What the poolings over windows share."""

    primary = "pool_size"
    layout = "channels_first"

    pool_size: Pair = Field((2, 2), description="Height and width of the window, in cells.")
    strides: Pair | None = Field(
        None, description="Steps of the window, in cells; `pool_size` if absent."
    )
    padding: Padding = Field(
        "valid", description="`valid`, `same`, or explicit pads in cells, smaller than the window."
    )

    @property
    def windows(self) -> tuple[Window, ...]:
        """The sliding window along the height and along the width."""
        strides = self.strides or self.pool_size
        return windows(self.pool_size, strides, (1, 1), self.padding)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        require_float(x)
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
                    help="use ZeroPadding2D if zeros are to take part",
                )

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return y.elements * (self.pool_size[0] * self.pool_size[1])

    samples = (
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
    )


class MaxPooling2D(_Pooling2D):
    """The greatest value of each window of an image `[N, H, W, C]`; padding never wins.

    Source: `keras.layers.MaxPooling2D`; explicit pads as in the ONNX operator `MaxPool`.
    """


class AveragePooling2D(_Pooling2D):
    """The mean of each window of an image `[N, H, W, C]`; cells of the padding do not count.

    The window defaults to 2 × 2, as for MaxPooling2D, and as in Keras 2; Keras 3 has no default.
    Source: `keras.layers.AveragePooling2D`; explicit pads as in the ONNX operator `AveragePool`
    with `count_include_pad=0`.
    """


class _GlobalPooling2D(Layer):
    """What the poolings over whole images share."""

    layout = "channels_first"

    keepdims: bool = Field(False, description="Whether height and width stay, as axes of size 1.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        require_float(x)
        spatial = (1, 1) if self.keepdims else ()
        return (x.with_shape((x.shape[0], *spatial, x.channels)),)

    def flops(self, *inputs: TensorType) -> Size:
        return inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 5, 7, 3]",), ("float32[2, 3]",)),
        Sample({"keepdims": True}, ("float32[2, 5, 7, 3]",), ("float32[2, 1, 1, 3]",)),
        Sample({}, ("float32[N, h, w, 3]",), ("float32[N, 3]",)),
    )


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel of an image `[N, H, W, C]`.

    Source: `keras.layers.GlobalAveragePooling2D`.
    """


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The greatest value of each channel of an image `[N, H, W, C]`.

    Source: `keras.layers.GlobalMaxPooling2D`.
    """
