"""Poolings into so many windows of sequences, images and volumes, whatever their sizes."""

from __future__ import annotations

from math import gcd
from typing import Any, ClassVar

from pydantic import Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.proofs import Proof, compare, hint
from specc.shapes import require_spatial
from specc.tensor import TensorType
from specc.windows import Cells1, Cells2, Cells3

MAX_TABLE = 2**20
"""Cells times windows along one axis, where the windows are not alike: ONNX has a table of them."""

OUTPUT_SIZE = "Windows along each axis; one number is all."


class _AdaptivePooling(Layer):
    """What the poolings into so many windows share.

    What has a value for each axis gets its type where their number is known.
    rank: that number.
    """

    primary = "output_size"
    layout = "channels_first"
    rank: ClassVar[int]

    output_size: Any

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_spatial(x, self.rank)
        for axis, count in enumerate(self.output_size, start=1):
            self._check_size(x, axis, count)
        return (x.with_shape((x.shape[0], *self.output_size, x.channels)),)

    def _check_size(self, x: TensorType, axis: int, count: int) -> None:
        """Windows of an unknown size are only had where all are alike; others are not too many."""
        size = x.shape[axis]
        if isinstance(size, int):
            self._check_table(x, axis, size, count)
            return
        multiple = count * (size // count)
        if compare(size, multiple) is not Proof.EQUAL:
            raise Fault(
                "not-divisible",
                f"the {x.axis_name(axis)} of {size} cannot surely be divided into "
                f"{count} windows of one size",
                input=0,
                help=hint(size, multiple),
            )

    def _check_table(self, x: TensorType, axis: int, size: int, count: int) -> None:
        if size % count == 0 or size * count <= MAX_TABLE:
            return
        raise Fault(
            "tensor-too-large",
            f"{size:,} cells along the {x.axis_name(axis)} in {count:,} windows that are not alike "
            f"are more than 2^20 pairs",
            input=0,
            help=f"choose at most {MAX_TABLE // size or 1:,} windows, or a divisor of {size:,}",
        )

    def flops(self, *inputs: TensorType) -> Size:
        """One operation for each cell of each window; they overlap where a cell is divided."""
        x = inputs[0]
        cells: Size = 1
        for size, count in zip(x.shape[1:-1], self.output_size, strict=True):
            shared = count - gcd(size, count) if isinstance(size, int) else 0
            cells = cells * (size + shared)
        return x.shape[0] * cells * x.channels


SEQUENCES = (
    Sample({"output_size": 3}, ("float32[2, 9, 3]",), ("float32[2, 3, 3]",)),
    Sample({"output_size": 4}, ("float32[2, 7, 3]",), ("float32[2, 4, 3]",)),
    Sample({"output_size": 3}, ("float32[2, 1, 3]",), ("float32[2, 3, 3]",)),
    Sample({"output_size": 1}, ("float32[N, T, 3]",), ("float32[N, 1, 3]",)),
    Sample({"output_size": 2}, ("float32[N, 4*T, 3]",), ("float32[N, 2, 3]",)),
)

IMAGES = (
    Sample({"output_size": (2, 3)}, ("float32[2, 4, 9, 3]",), ("float32[2, 2, 3, 3]",)),
    Sample({"output_size": 7}, ("float32[2, 5, 9, 3]",), ("float32[2, 7, 7, 3]",)),
    Sample({"output_size": (4, 2)}, ("float32[2, 7, 6, 3]",), ("float32[2, 4, 2, 3]",)),
    Sample({"output_size": (1, 4)}, ("float32[2, 3, 6, 3]",), ("float32[2, 1, 4, 3]",)),
    Sample({"output_size": 1}, ("float32[N, h, w, 3]",), ("float32[N, 1, 1, 3]",)),
    Sample({"output_size": (2, 3)}, ("float32[N, 2*h, 3*w, 3]",), ("float32[N, 2, 3, 3]",)),
    Sample({"output_size": (4, 2)}, ("float32[N, 7, 2*w, 3]",), ("float32[N, 4, 2, 3]",)),
)

VOLUMES = (
    Sample({"output_size": 2}, ("float32[2, 4, 2, 6, 3]",), ("float32[2, 2, 2, 2, 3]",)),
    Sample({"output_size": (2, 3, 4)}, ("float32[2, 3, 6, 5, 3]",), ("float32[2, 2, 3, 4, 3]",)),
    Sample({"output_size": (1, 2, 3)}, ("float32[N, d, 2*h, 5, 2]",), ("float32[N, 1, 2, 3, 2]",)),
)


class AdaptiveAveragePooling1D(_AdaptivePooling):
    """A sequence `[N, T, C]` as the means of `output_size` windows, as equal as they can be.

    Source: `keras.layers.AdaptiveAveragePooling1D`.
    """

    rank = 1

    output_size: Cells1 = Field(description=OUTPUT_SIZE)

    samples = SEQUENCES


class AdaptiveAveragePooling2D(_AdaptivePooling):
    """An image `[N, H, W, C]` as the means of `output_size` windows, as equal as they can be.

    Source: `keras.layers.AdaptiveAveragePooling2D`.
    """

    rank = 2

    output_size: Cells2 = Field(description=OUTPUT_SIZE)

    samples = IMAGES


class AdaptiveAveragePooling3D(_AdaptivePooling):
    """A volume `[N, D, H, W, C]` as the means of `output_size` windows, as equal as they can be.

    Source: `keras.layers.AdaptiveAveragePooling3D`.
    """

    rank = 3

    output_size: Cells3 = Field(description=OUTPUT_SIZE)

    samples = VOLUMES


class AdaptiveMaxPooling1D(_AdaptivePooling):
    """A sequence `[N, T, C]` as the maxima of `output_size` windows, as equal as they can be.

    Source: `keras.layers.AdaptiveMaxPooling1D`.
    """

    rank = 1

    output_size: Cells1 = Field(description=OUTPUT_SIZE)

    samples = SEQUENCES


class AdaptiveMaxPooling2D(_AdaptivePooling):
    """An image `[N, H, W, C]` as the maxima of `output_size` windows, as equal as they can be.

    Source: `keras.layers.AdaptiveMaxPooling2D`.
    """

    rank = 2

    output_size: Cells2 = Field(description=OUTPUT_SIZE)

    samples = IMAGES


class AdaptiveMaxPooling3D(_AdaptivePooling):
    """A volume `[N, D, H, W, C]` as the maxima of `output_size` windows, as equal as they can be.

    Source: `keras.layers.AdaptiveMaxPooling3D`.
    """

    rank = 3

    output_size: Cells3 = Field(description=OUTPUT_SIZE)

    samples = VOLUMES
