"""Augmentation: images that change at random in training.

At inference all but `RandomCrop`, which crops the centre then, are the identity. A factor is what
is drawn from, evenly, anew for each image: [least, greatest]; what one number stands for, the layer
says, as Keras has it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.layers.preprocessing import ValueRange
from specc.shapes import NonNegative, Odd, Positive, as_float, require_constant, require_rank
from specc.tensor import TensorType


def _in_order(value: object) -> object:
    """The lesser of a pair first."""
    match value:
        case (int() | float() as a, int() | float() as b):
            return (min(a, b), max(a, b))
        case _:
            return value


Signed = Annotated[float, Field(ge=-1, le=1)]
Part = Annotated[float, Field(ge=0, le=1)]
Growth = Annotated[float, Field(gt=-1, le=1)]
Bits = Annotated[int, Field(ge=1, le=8)]

SignedFactor = Annotated[Signed | tuple[Signed, Signed], BeforeValidator(_in_order)]
PartFactor = Annotated[Part | tuple[Part, Part], BeforeValidator(_in_order)]
GrowthFactor = Annotated[Growth | tuple[Growth, Growth], BeforeValidator(_in_order)]
BitsFactor = Annotated[Bits | tuple[Bits, Bits], BeforeValidator(_in_order)]

Chance = Annotated[
    PartFactor,
    Field(
        description=(
            "The chance that an image is changed, itself drawn for each: [least, greatest], from 0 "
            "to 1; one number f stands for [0, f]."
        )
    ),
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

RGB = (3,)
GREY_OR_RGB = (1, 3)


def _require_channels(x: TensorType, numbers: tuple[int, ...]) -> None:
    """Refuse images whose channels are not one of these `numbers`."""
    channels = require_constant(x.channels, "the channels")
    if channels not in numbers:
        wanted = " or ".join(map(str, numbers))
        raise Fault(
            "shape-mismatch",
            f"expected images with {wanted} channels, received {channels}",
            input=0,
            help="put it where the colours still are red, green and blue",
        )


def _sample(
    params: dict[str, object],
    images: str = "float32[2, 6, 5, 3]",
    made: str = "float32[2, 6, 5, 3]",
) -> Sample:
    """A sample that is compared at inference only."""
    return Sample(params, (images,), (made,), training=False)


def _sample_of_bytes(params: dict[str, object]) -> Sample:
    return _sample(params, "uint8[N, h, w, 3]", "float32[N, h, w, 3]")


def _sample_of_any_size(params: dict[str, object]) -> Sample:
    return _sample(params, "float32[N, h, w, 3]", "float32[N, h, w, 3]")


class _Augmentation(Layer):
    """What these layers share.

    channels: the numbers of channels it takes; any, if empty.
    one_sided: whether one number f as a factor stands for [0, f]; for [-f, f] otherwise.
    """

    augmentation = True
    layout = "channels_first"
    channels: ClassVar[tuple[int, ...]] = ()
    one_sided: ClassVar[bool] = False

    def bounds(self, factor: float | tuple[float, float]) -> tuple[float, float]:
        """What a factor is drawn between."""
        if isinstance(factor, tuple):
            return factor
        return (0.0, factor) if self.one_sided else (0.0 - abs(factor), abs(factor))

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, "[N, H, W, C]")
        if self.channels:
            _require_channels(x, self.channels)
        return (as_float(x),)


# Places -----------------------------------------------------------------------------------------


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
        _sample({}),
        _sample_of_bytes({"mode": "horizontal", "seed": 1}),
        _sample({"mode": "vertical"}),
    )


class RandomRotation(_Augmentation):
    """In training, each image is turned by a random angle; the identity at inference.

    Integers become float32.
    Source: `keras.layers.RandomRotation`.
    """

    primary = "factor"

    factor: SignedFactor = Field(
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
        _sample({"factor": 0.1}),
        _sample_of_any_size(
            {
                "factor": (-0.2, 0.3),
                "fill_mode": "constant",
                "interpolation": "nearest",
                "seed": 1,
                "fill_value": 0.5,
            }
        ),
        _sample_of_bytes({"factor": 0.1, "fill_mode": "nearest"}),
        _sample({"factor": 0.1, "fill_mode": "wrap"}),
    )


class RandomZoom(_Augmentation):
    """In training, each image is made larger or smaller at random; the identity at inference.

    Integers become float32.
    Source: `keras.layers.RandomZoom`.
    """

    primary = "height_factor"

    height_factor: GrowthFactor = Field(
        description=(
            "The vertical change of size to draw from, above -1 and at most 1, positive for "
            "smaller: [least, greatest], or one number for both directions."
        )
    )
    width_factor: GrowthFactor | None = Field(
        None,
        description="The horizontal change of size; if absent, that of the height at each draw.",
    )
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0

    samples = (
        _sample({"height_factor": 0.1}),
        _sample_of_any_size(
            {
                "height_factor": (0.1, 0.2),
                "width_factor": (-0.3, 0.2),
                "fill_mode": "constant",
                "interpolation": "nearest",
                "seed": 1,
                "fill_value": 0.5,
            }
        ),
        _sample_of_bytes({"height_factor": 0.2, "width_factor": 0.1, "fill_mode": "nearest"}),
        _sample({"height_factor": 0.2, "fill_mode": "wrap"}),
    )


class RandomTranslation(_Augmentation):
    """In training, each image is moved at random; the identity at inference.

    Integers become float32.
    Source: `keras.layers.RandomTranslation`.
    """

    height_factor: SignedFactor = Field(
        description=(
            "How far down, in parts of the height from -1 to 1: [least, greatest], or one number "
            "for both directions."
        )
    )
    width_factor: SignedFactor = Field(
        description=(
            "How far to the right, in parts of the width from -1 to 1: [least, greatest], or one "
            "number for both directions."
        )
    )
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: FillValue = 0.0

    samples = (
        _sample({"height_factor": 0.1, "width_factor": 0.2}),
        _sample_of_bytes(
            {
                "height_factor": (-0.1, 0.2),
                "width_factor": 0.0,
                "fill_mode": "constant",
                "interpolation": "nearest",
                "seed": 1,
                "fill_value": 0.5,
            }
        ),
    )


class RandomShear(_Augmentation):
    """In training, each image is slanted at random; the identity at inference.

    The top left corner stays. One draw for each image decides the direction, of both slants.
    Integers become float32.
    Source: `keras.layers.RandomShear`.
    """

    x_factor: PartFactor = Field(
        0.0,
        description=(
            "How much a row is moved for each row below the top: [least, greatest], from 0 to 1; "
            "one number f stands for -f to f."
        ),
    )
    y_factor: PartFactor = Field(
        0.0,
        description="How much a column is moved for each column right of the left edge; the same.",
    )
    interpolation: Interpolation = "bilinear"
    fill_mode: FillMode = "reflect"
    fill_value: FillValue = 0.0
    seed: Seed = None

    samples = (
        _sample({"x_factor": 0.2}),
        _sample_of_bytes(
            {
                "x_factor": (0.1, 0.2),
                "y_factor": (0.0, 0.3),
                "interpolation": "nearest",
                "fill_mode": "constant",
                "fill_value": 0.5,
                "seed": 1,
            }
        ),
    )


class RandomPerspective(_Augmentation):
    """In training, some images are seen from aside; the identity at inference.

    Each corner's x and y become up to `scale` / 2 of themselves more or less, so that the top left
    corner stays. Integers become float32.
    Source: `keras.layers.RandomPerspective`.
    """

    primary = "factor"
    one_sided = True

    factor: Chance = 1.0
    scale: Part = Field(1.0, description="How strong the change may be, from 0 to 1.")
    interpolation: Interpolation = "bilinear"
    fill_value: FillValue = 0.0
    seed: Seed = None

    samples = (
        _sample({}),
        _sample_of_bytes(
            {
                "factor": (0.5, 1.0),
                "scale": 0.3,
                "interpolation": "nearest",
                "fill_value": 0.5,
                "seed": 1,
            }
        ),
    )


class RandomCrop(_Augmentation):
    """A part of `height` × `width`, at the same random place in all images of the batch.

    At inference, the largest part in the middle of the shape that is asked for, resized to it.
    Keras's layer says so, and leaves the images whole: the Keras model has `Resizing` after it.
    Integers become float32.
    Source: `keras.layers.RandomCrop`.
    """

    augmentation = False

    height: Positive = Field(description="The height of the part, at most that of the images.")
    width: Positive = Field(description="The width of the part, at most that of the images.")
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = super().infer(*inputs)
        self.middle(x)
        return (x.with_shape((x.shape[0], self.height, self.width, x.channels)),)

    def middle(self, x: TensorType) -> tuple[tuple[int, int], tuple[int, int]]:
        """Where the part in the middle begins and ends: its rows, its columns."""
        height = self._size_of(x, 1, "height")
        width = self._size_of(x, 2, "width")
        rows = max(min(height, width * self.height // self.width), 1)
        columns = max(min(width, height * self.width // self.height), 1)
        top, left = (height - rows) // 2, (width - columns) // 2
        return (top, top + rows), (left, left + columns)

    def _size_of(self, x: TensorType, axis: int, parameter: str) -> int:
        size = require_constant(x.shape[axis], f"the {parameter}")
        wanted = int(getattr(self, parameter))
        if wanted <= size:
            return size
        raise Fault(
            "invalid-parameter",
            f"expected a {parameter} of at most the images' {size}, received {wanted}",
            parameter=parameter,
            help="use a smaller part, or Resizing to make images larger",
        )

    def flops(self, *inputs: TensorType) -> Size:
        return 8 * self.infer(*inputs)[0].elements

    samples = (
        _sample({"height": 3, "width": 4, "seed": 1}, "float32[2, 8, 9, 3]", "float32[2, 3, 4, 3]"),
        _sample({"height": 5, "width": 2}, "uint8[N, 7, 9, 3]", "float32[N, 5, 2, 3]"),
        _sample({"height": 2, "width": 6}, "float32[N, 5, 7, 2]", "float32[N, 2, 6, 2]"),
        _sample({"height": 4, "width": 5}, "float32[2, 4, 5, 1]", "float32[2, 4, 5, 1]"),
        _sample({"height": 4, "width": 3}, "float32[2, 4, 6, 1]", "float32[2, 4, 3, 1]"),
    )


# Colours ----------------------------------------------------------------------------------------


class RandomBrightness(_Augmentation):
    """In training, each image becomes lighter or darker; the identity at inference.

    A part of the value range is added, and the result kept within the range. Integers become
    float32.
    Source: `keras.layers.RandomBrightness`.
    """

    primary = "factor"

    factor: SignedFactor = Field(
        description=(
            "The part of the value range to add, from -1 to 1: [least, greatest], or one number "
            "for both directions."
        )
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({"factor": 0.2}),
        _sample_of_bytes({"factor": (-0.1, 0.3), "value_range": (0, 1), "seed": 1}),
    )


class RandomContrast(_Augmentation):
    """In training, each channel of an image departs more or less from its mean.

    By a factor between 1 - least and 1 + greatest; the result is kept within the value range.
    The identity at inference. Integers become float32.
    Source: `keras.layers.RandomContrast`.
    """

    primary = "factor"
    one_sided = True

    factor: PartFactor = Field(
        description=(
            "How far below and how far above 1 the departure from the mean is scaled: [least, "
            "greatest], from 0 to 1; one number f stands for [0, f]."
        )
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({"factor": 0.2}),
        _sample_of_bytes({"factor": (0.1, 0.3), "value_range": (0, 1), "seed": 1}),
    )


class RandomSharpness(_Augmentation):
    """In training, each image is sharpened or blurred; the identity at inference.

    It goes from its mean over 3 × 3 pixels (0) over itself (0.5) to as much beyond itself (1), and
    is kept within the value range. Integers become float32.
    Source: `keras.layers.RandomSharpness`.
    """

    primary = "factor"
    one_sided = True

    factor: PartFactor = Field(
        description=(
            "How sharp, from 0 to 1, where 0.5 changes nothing: [least, greatest]; one number f "
            "stands for [0, f]."
        )
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({"factor": 0.5}),
        _sample_of_bytes({"factor": (0.4, 0.8), "value_range": (0, 1), "seed": 1}),
    )


class RandomColorDegeneration(_Augmentation):
    """In training, each image becomes more or less grey; the identity at inference.

    The result is kept within the value range. Integers become float32.
    Source: `keras.layers.RandomColorDegeneration`.
    """

    primary = "factor"
    channels = RGB

    factor: SignedFactor = Field(
        description=(
            "How grey, where 0 changes nothing, 1 is grey, and below 0 the colours gain: [least, "
            "greatest], from -1 to 1; one number f stands for -f to f."
        )
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({"factor": 0.5}),
        _sample_of_bytes({"factor": (0.0, 0.8), "value_range": (0, 1), "seed": 1}),
    )


class RandomGrayscale(_Augmentation):
    """In training, some images lose their colours; the identity at inference.

    They keep their channels, which become equal. Integers become float32.
    Source: `keras.layers.RandomGrayscale`.
    """

    primary = "factor"
    channels = GREY_OR_RGB

    factor: Part = Field(0.5, description="The chance of each image, from 0 to 1.")
    seed: Seed = None

    samples = (
        _sample({}),
        _sample({}, "float32[2, 4, 5, 1]", "float32[2, 4, 5, 1]"),
        _sample_of_bytes({"factor": 0.1, "seed": 1}),
    )


class RandomHue(_Augmentation):
    """In training, the hues of each image are turned; the identity at inference.

    Forward or back, with equal chances. The result is kept within the value range. Integers become
    float32.
    Source: `keras.layers.RandomHue`.
    """

    primary = "factor"
    channels = RGB
    one_sided = True

    factor: PartFactor = Field(
        description=(
            "How far the hues are turned, in half turns from 0 to 1: [least, greatest]; one number "
            "f stands for [0, f]."
        )
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({"factor": 0.2}),
        _sample_of_bytes({"factor": (0.1, 0.3), "value_range": (0, 1), "seed": 1}),
    )


class RandomSaturation(_Augmentation):
    """In training, the saturation of each image is multiplied; the identity at inference.

    By f / (1 - f), with the f that is drawn: 0.5 changes nothing, and 0 or less makes it grey. The
    saturation is kept within the value range, as in Keras. Integers become float32.
    Source: `keras.layers.RandomSaturation`.
    """

    primary = "factor"
    channels = RGB

    factor: SignedFactor = Field(
        description="The f to draw: [least, greatest], from -1 to 1; one number stands for -f to f."
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({"factor": (0.4, 0.6)}),
        _sample_of_bytes({"factor": 0.7, "value_range": (0, 1), "seed": 1}),
    )


class RandomColorJitter(_Augmentation):
    """In training, random brightness, contrast, saturation and hue, in this order.

    What has no factor is left out. The identity at inference. Integers become float32.
    Source: `keras.layers.RandomColorJitter`.
    """

    value_range: ValueRange = (0.0, 255.0)
    brightness_factor: SignedFactor | None = Field(
        None, description="As the factor of RandomBrightness."
    )
    contrast_factor: PartFactor | None = Field(None, description="As the factor of RandomContrast.")
    saturation_factor: SignedFactor | None = Field(
        None, description="As the factor of RandomSaturation."
    )
    hue_factor: PartFactor | None = Field(None, description="As the factor of RandomHue.")
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        made = super().infer(*inputs)
        if self.saturation_factor is not None or self.hue_factor is not None:
            _require_channels(inputs[0], RGB)
        return made

    samples = (
        _sample({"brightness_factor": 0.2, "contrast_factor": 0.3}),
        _sample_of_bytes(
            {
                "value_range": (0, 1),
                "brightness_factor": (-0.1, 0.2),
                "contrast_factor": (0.1, 0.2),
                "saturation_factor": (0.4, 0.6),
                "hue_factor": 0.1,
                "seed": 1,
            }
        ),
        _sample({"saturation_factor": (0.4, 0.6), "seed": 2**31 - 1}),
        _sample({"hue_factor": (0.1, 0.2)}),
        _sample({}, "float32[2, 4, 5, 2]", "float32[2, 4, 5, 2]"),
    )


class RandomInvert(_Augmentation):
    """In training, some images become negatives, the greatest value less themselves.

    The identity at inference. Integers become float32.
    Source: `keras.layers.RandomInvert`.
    """

    primary = "factor"
    one_sided = True

    factor: Chance = 1.0
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({}),
        _sample_of_bytes({"factor": (0.2, 0.4), "value_range": (0, 1), "seed": 1}),
    )


class RandomPosterization(_Augmentation):
    """In training, each image keeps some bits of its colours; the identity at inference.

    Integers become float32.
    Source: `keras.layers.RandomPosterization`.
    """

    primary = "factor"

    factor: BitsFactor = Field(
        description=(
            "The bits to keep, from 1 to 8: [least, one more than the greatest], or twice the same "
            "number; one number f stands for [1, f]."
        )
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    def bounds(self, factor: float | tuple[float, float]) -> tuple[float, float]:
        return factor if isinstance(factor, tuple) else (1, factor)

    samples = (
        _sample({"factor": 4}),
        _sample({"factor": (3, 3)}),
        _sample_of_bytes({"factor": (2, 6), "value_range": (0, 1), "seed": 1}),
    )


class Solarization(_Augmentation):
    """In training, colours from a random threshold on become their negatives.

    A random number is added to them before. The identity at inference. Integers become float32.
    Source: `keras.layers.Solarization`.
    """

    one_sided = True

    addition_factor: PartFactor = Field(
        0.0,
        description=(
            "What to add, of colours from 0 to 255: from the least to 255 times the greatest of "
            "[least, greatest], from 0 to 1; one number f stands for [0, f]."
        ),
    )
    threshold_factor: PartFactor = Field(0.0, description="The threshold, drawn in the same way.")
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({}),
        _sample_of_bytes(
            {
                "addition_factor": 0.3,
                "threshold_factor": (0.1, 0.5),
                "value_range": (0, 1),
                "seed": 1,
            }
        ),
    )


class Equalization(_Augmentation):
    """In training, each channel's histogram is made even; the identity at inference.

    The histogram is that of all images of the batch, as in Keras. Integers become float32.
    Source: `keras.layers.Equalization`.
    """

    value_range: ValueRange = (0.0, 255.0)
    bins: Annotated[int, Field(ge=2, lt=2**16)] = Field(
        256, description="The number of levels in the histogram."
    )

    samples = (
        _sample({}),
        _sample_of_bytes({"value_range": (0, 1), "bins": 16}),
    )


# Others -----------------------------------------------------------------------------------------


class RandomGaussianBlur(_Augmentation):
    """In training, some images are blurred; the identity at inference.

    The deviations, across and down, are drawn once for the batch. All images are kept within the
    value range. Integers become float32.
    Source: `keras.layers.RandomGaussianBlur`.
    """

    primary = "factor"
    one_sided = True

    factor: Chance = 1.0
    kernel_size: Odd = Field(
        3,
        description=(
            "The size of the square window. Keras takes a height and a width too, and confuses "
            "the weights of a window that is not square."
        ),
    )
    sigma: PartFactor = Field(
        1.0,
        description=(
            "The standard deviations, in pixels: [least, greatest], from 0 to 1; one number f "
            "stands for [0, f]."
        ),
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    samples = (
        _sample({}),
        _sample_of_bytes(
            {
                "factor": (0.5, 1.0),
                "kernel_size": 5,
                "sigma": (0.2, 0.8),
                "value_range": (0, 1),
                "seed": 1,
            }
        ),
    )


class RandomErasing(_Augmentation):
    """In training, a rectangle is cut out of some images; the identity at inference.

    Its height and width are drawn apart. Integers become float32.
    Source: `keras.layers.RandomErasing` (Zhong et al., 2020).
    """

    primary = "factor"
    one_sided = True

    factor: Chance = 1.0
    scale: PartFactor = Field(
        (0.02, 0.33),
        description=(
            "The squares of the parts of the height and of the width that it covers: [least, "
            "greatest], from 0 to 1; one number f stands for [0, f]."
        ),
    )
    fill_value: float | tuple[float, float, float] | None = Field(
        None,
        description=(
            "What stands there then, kept within the value range: one number, or one for each of "
            "3 channels; normal noise that is as strong as the greatest value if absent."
        ),
    )
    value_range: ValueRange = (0.0, 255.0)
    seed: Seed = None

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        made = super().infer(*inputs)
        if isinstance(self.fill_value, tuple):
            _require_channels(inputs[0], RGB)
        return made

    samples = (
        _sample({}, "float32[2, 4, 5, 2]", "float32[2, 4, 5, 2]"),
        _sample({"scale": 0.5, "fill_value": 0.5}),
        _sample_of_bytes(
            {
                "factor": (0.5, 1.0),
                "scale": (0.1, 0.2),
                "fill_value": (0.1, 0.2, 0.3),
                "value_range": (0, 1),
                "seed": 1,
            }
        ),
    )


class RandAugment(_Augmentation):
    """In training, `num_ops` of eleven augmentations, one after the other, drawn for the batch.

    Shear, translation, rotation, brightness, colour degeneration, contrast, sharpness,
    posterization, solarization, AutoContrast and equalization, all of strength `factor`. The
    identity at inference. Integers become float32.
    Source: `keras.layers.RandAugment` (Cubuk et al., 2020).
    """

    channels = GREY_OR_RGB
    one_sided = True

    value_range: ValueRange = (0.0, 255.0)
    num_ops: Positive = Field(2, description="How many augmentations; one may come twice.")
    factor: PartFactor = Field(
        0.5,
        description=(
            "The factor of each, from 0 to 1: [least, greatest]; one number f stands for [0, f]."
        ),
    )
    interpolation: Interpolation = "bilinear"
    seed: Seed = None

    samples = (
        _sample({}),
        _sample_of_bytes(
            {
                "value_range": (0, 1),
                "num_ops": 3,
                "factor": (0.1, 0.3),
                "interpolation": "nearest",
                "seed": 1,
            }
        ),
    )
