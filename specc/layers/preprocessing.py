"""Preparing inputs, in training and at inference alike."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.shapes import as_float, require_constant, require_min_rank, require_rank
from specc.tensor import TensorType
from specc.windows import Cells2

PerChannel = float | Annotated[tuple[float, ...], Field(min_length=1)]
"""One number for all, or one for each channel."""


def _rising(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] < bounds[1]:
        return bounds
    raise ValueError(f"expected the lesser number first, received {list(bounds)}")


ValueRange = Annotated[
    tuple[float, float],
    AfterValidator(_rising),
    Field(description="The least and the greatest value of a colour."),
]


class Rescaling(Layer):
    """`x · scale + offset`; integers become float32 first.

    Source: `keras.layers.Rescaling`.
    """

    primary = "scale"
    layout = "any"

    scale: PerChannel = Field(description="The factor; one number, or one for each channel.")
    offset: PerChannel = Field(0.0, description="Added after; one number, or one for each channel.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        for parameter in ("scale", "offset"):
            self._check_channels(x, parameter)
        return (as_float(x),)

    def _check_channels(self, x: TensorType, parameter: str) -> None:
        value: PerChannel = getattr(self, parameter)
        if not isinstance(value, tuple):
            return
        require_min_rank(x, 2, "[N, …, C]")
        channels = require_constant(x.channels, "the channels")
        if len(value) != channels:
            raise Fault(
                "invalid-parameter",
                f"expected {channels} numbers, one for each channel, received {len(value)}",
                parameter=parameter,
                help="write one number if all channels share it",
            )

    def flops(self, *inputs: TensorType) -> Size:
        return 2 * inputs[0].elements

    samples = (
        Sample({"scale": 1 / 255}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample(
            {"scale": 1 / 127.5, "offset": -1}, ("uint8[N, h, w, 3]",), ("float32[N, h, w, 3]",)
        ),
        Sample(
            {"scale": (0.5, 1, 2.0), "offset": (0.1, 0.2, 0.3)},
            ("float32[2, 4, 5, 3]",),
            ("float32[2, 4, 5, 3]",),
        ),
        Sample({"scale": 2, "offset": (1.0, -1.0)}, ("float32[N, 2]",), ("float32[N, 2]",)),
    )


class AutoContrast(Layer):
    """Each channel of each image, stretched over the value range; at inference too.

    A channel that is one colour stays. Integers become float32.
    Source: `keras.layers.AutoContrast`.
    """

    primary = "value_range"
    layout = "channels_first"
    continuous = False

    value_range: ValueRange = (0.0, 255.0)

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        return (as_float(x),)

    def flops(self, *inputs: TensorType) -> Size:
        return 6 * inputs[0].elements

    samples = (
        Sample({}, ("float32[2, 3, 5, 4]",), ("float32[2, 3, 5, 4]",)),
        Sample({}, ("uint8[N, h, w, 3]",), ("float32[N, h, w, 3]",)),
        Sample({"value_range": (-1, 1)}, ("float32[N, h, w, 1]",), ("float32[N, h, w, 1]",)),
        Sample({"value_range": (0, 1)}, ("uint8[N, 1, 1, 2]",), ("float32[N, 1, 1, 2]",)),
    )


class ContrastLimitedAdaptiveHistogramEqualization(Layer):
    """Each channel's histogram made even, tile by tile; at inference too (CLAHE).

    Of 256 levels; a pixel's new one is interpolated between those of the nearest tiles. Images that
    are no multiple of the tiles are continued with their mirror image, and cropped after. It has
    no gradient. Integers become float32.
    Source: `keras.layers.ContrastLimitedAdaptiveHistogramEqualization` (Zuiderveld, 1994).
    """

    layout = "channels_first"
    continuous = False

    value_range: ValueRange = (0.0, 255.0)
    clip_limit: float = Field(
        4.0,
        description=(
            "How many times the mean of its histogram a level may count; what is above is shared "
            "out. 0 and below is no limit."
        ),
    )
    tile_grid_size: Cells2 = Field((8, 8), description="The number of tiles, down and across.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        require_constant(x.channels, "the channels")
        self.tile(x)
        return (as_float(x),)

    def tile(self, x: TensorType) -> tuple[int, int]:
        """The height and the width of a tile, in pixels."""
        return self._tile_size(x, 1), self._tile_size(x, 2)

    def _tile_size(self, x: TensorType, axis: int) -> int:
        name, tiles = x.axis_name(axis), self.tile_grid_size[axis - 1]
        size = require_constant(x.shape[axis], f"the {name}")
        pixels = -(-size // tiles)
        if pixels * tiles <= 2 * size:
            return pixels
        raise Fault(
            "invalid-parameter",
            f"expected at most {2 * size} tiles along the {name} of {size}, received {tiles}",
            parameter="tile_grid_size",
            help="use fewer tiles",
        )

    def flops(self, *inputs: TensorType) -> Size:
        return 12 * inputs[0].elements

    samples = (
        Sample({"tile_grid_size": 2}, ("uint8[2, 4, 6, 3]",), ("float32[2, 4, 6, 3]",)),
        Sample({}, ("uint8[N, 9, 8, 3]",), ("float32[N, 9, 8, 3]",)),
        Sample(
            {"value_range": (-3, 12), "clip_limit": 2.0, "tile_grid_size": (3, 2)},
            ("int32[N, 7, 9, 1]",),
            ("float32[N, 7, 9, 1]",),
        ),
        Sample(
            {"value_range": (0, 10), "clip_limit": 0.0, "tile_grid_size": (1, 4)},
            ("uint8[2, 5, 7, 2]",),
            ("float32[2, 5, 7, 2]",),
        ),
    )
