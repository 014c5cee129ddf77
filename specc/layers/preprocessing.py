"""Preparing images: rescaling always, and augmentation in training only."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.shapes import NonNegative, require_constant, require_min_rank, require_rank
from specc.tensor import FLOATS, TensorType

PerChannel = float | Annotated[tuple[float, ...], Field(min_length=1)]
"""One number for all, or one for each channel."""


def as_float(x: TensorType) -> TensorType:
    """The type of `x` after a layer that computes in floating point: integers become float32."""
    return x if x.dtype in FLOATS else TensorType(x.shape)


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


def _range(value: object) -> object:
    """`0.1` → (-0.1, 0.1); a pair in order."""
    match value:
        case bool():
            return value
        case int() | float():
            return (-abs(value), abs(value))
        case (int() | float() as a, int() | float() as b):
            return (min(a, b), max(a, b))
        case _:
            return value


Rotation = Annotated[
    tuple[Annotated[float, Field(ge=-1, le=1)], Annotated[float, Field(ge=-1, le=1)]],
    BeforeValidator(_range, json_schema_input_type=float | tuple[float, float]),
]
Zoom = Annotated[
    tuple[Annotated[float, Field(gt=-1, le=1)], Annotated[float, Field(gt=-1, le=1)]],
    BeforeValidator(_range, json_schema_input_type=float | tuple[float, float]),
]
FillMode = Annotated[
    Literal["constant", "nearest", "reflect", "wrap"],
    Field(
        description=(
            "What lies beyond the edge (a b c d): `constant`, the fill value; `nearest`, the last "
            "pixel; `reflect`, d c b a | a b c d; `wrap`, a b c d | a b c d."
        )
    ),
]
FillValue = Annotated[float, Field(description="The value beyond the edge for `constant`.")]
Interpolation = Annotated[
    Literal["nearest", "bilinear"], Field(description="How a value between pixels is found.")
]
Seed = Annotated[
    NonNegative | None, Field(description="Seed of the changes; another each time if absent.")
]


class _Augmentation(Layer):
    """What the layers that change images at random, in training only, share."""

    augmentation = True
    layout = "channels_first"

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        return (as_float(x),)


class RandomFlip(_Augmentation):
    """In training, each image is mirrored or not, with equal chances; the identity at inference.

    With both directions one draw decides both, as in Keras 3. Integers become float32.
    Source: `keras.layers.RandomFlip`.
    """

    primary = "mode"

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = Field(
        "horizontal_and_vertical",
        description="`horizontal` swaps left and right, `vertical` top and bottom.",
    )
    seed: Seed = None

    samples = (
        Sample({}, ("float32[2, 4, 5, 3]",), ("float32[2, 4, 5, 3]",), training=False),
        Sample(
            {"mode": "horizontal", "seed": 1},
            ("uint8[N, h, w, 3]",),
            ("float32[N, h, w, 3]",),
            training=False,
        ),
        Sample(
            {"mode": "vertical"}, ("float32[2, 4, 5, 3]",), ("float32[2, 4, 5, 3]",), training=False
        ),
    )


class RandomRotation(_Augmentation):
    """In training, each image is turned by a random angle; the identity at inference.

    Integers become float32.
    Source: `keras.layers.RandomRotation`.
    """

    primary = "factor"

    factor: Rotation = Field(
        description=(
            "The angles to draw from, in full turns from -1 to 1, counter-clockwise: [least, "
            "greatest], or one number for both directions."
        )
    )
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0

    samples = (
        Sample({"factor": 0.1}, ("float32[2, 6, 5, 3]",), ("float32[2, 6, 5, 3]",), training=False),
        Sample(
            {
                "factor": (-0.2, 0.3),
                "fill_mode": "constant",
                "interpolation": "nearest",
                "seed": 1,
                "fill_value": 0.5,
            },
            ("float32[N, h, w, 3]",),
            ("float32[N, h, w, 3]",),
            training=False,
        ),
        Sample(
            {"factor": 0.1, "fill_mode": "nearest"},
            ("uint8[2, 6, 5, 3]",),
            ("float32[2, 6, 5, 3]",),
            training=False,
        ),
        Sample(
            {"factor": 0.1, "fill_mode": "wrap"},
            ("float32[2, 6, 5, 3]",),
            ("float32[2, 6, 5, 3]",),
            training=False,
        ),
    )


class RandomZoom(_Augmentation):
    """In training, each image is made larger or smaller at random; the identity at inference.

    Integers become float32.
    Source: `keras.layers.RandomZoom`.
    """

    primary = "height_factor"

    height_factor: Zoom = Field(
        description=(
            "The vertical change of size to draw from, above -1 and at most 1, positive for "
            "smaller: [least, greatest], or one number for both directions."
        )
    )
    width_factor: Zoom | None = Field(
        None,
        description="The horizontal change of size; if absent, that of the height at each draw.",
    )
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0

    samples = (
        Sample(
            {"height_factor": 0.1},
            ("float32[2, 6, 5, 3]",),
            ("float32[2, 6, 5, 3]",),
            training=False,
        ),
        Sample(
            {
                "height_factor": (0.1, 0.2),
                "width_factor": (-0.3, 0.2),
                "fill_mode": "constant",
                "interpolation": "nearest",
                "seed": 1,
                "fill_value": 0.5,
            },
            ("float32[N, h, w, 3]",),
            ("float32[N, h, w, 3]",),
            training=False,
        ),
        Sample(
            {"height_factor": 0.2, "width_factor": 0.1, "fill_mode": "nearest"},
            ("uint8[2, 6, 5, 3]",),
            ("float32[2, 6, 5, 3]",),
            training=False,
        ),
        Sample(
            {"height_factor": 0.2, "fill_mode": "wrap"},
            ("float32[2, 6, 5, 3]",),
            ("float32[2, 6, 5, 3]",),
            training=False,
        ),
    )
