"""Layers that change how many cells an image has: by interpolation, or out of its channels."""

from __future__ import annotations

from typing import Annotated, Generic, Literal

from pydantic import Field

from specc.dims import Size
from specc.layer import Fault, Layer, Sample
from specc.proofs import at_least
from specc.shapes import (
    SPATIAL,
    Positive,
    as_float,
    require_constant,
    require_rank,
    require_spatial,
    require_value,
)
from specc.tensor import FLOATS, TensorType
from specc.windows import Cells, Cells1, Cells2, Cells3

Resampling = Annotated[
    Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"],
    Field(
        description=(
            "How a value between pixels is found. Pixels are squares, whose centres lie at halves; "
            "`bicubic` is that of Keys, with a = -0.5."
        )
    ),
]

TAPS = {"nearest": 0, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}
"""How many pixels an interpolation looks at along each axis, where it does not shrink."""


def require_known_sizes(x: TensorType, interpolation: str) -> None:
    """Refuse images of unknown size: ONNX takes the filter as numbers that depend on it."""
    unknown = next((axis for axis in (1, 2) if not isinstance(x.shape[axis], int)), None)
    if unknown is None:
        return
    name, size = x.axis_name(unknown), x.shape[unknown]
    widened = "use bilinear, or bicubic with `antialias: true`"
    raise Fault(
        "unknown-size",
        f"expected a constant {name} for `{interpolation}`, received {size}",
        parameter="interpolation",
        help=f"{widened if interpolation == 'bicubic' else 'use bilinear or bicubic'}, "
        f"or declare the {name} as a number",
    )


def interpolation_flops(y: TensorType, interpolation: str) -> Size:
    """A multiply and an add for each tap along each axis, for the elements of the result."""
    return 2 * 2 * TAPS[interpolation] * y.elements


class _UpSampling(Layer, Generic[Cells]):
    """What the layers that make a tensor larger by whole factors share."""

    primary = "size"

    size: Cells

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_spatial(x, len(self.size))
        spatial = zip(x.shape[1:-1], self.size, strict=True)
        sizes = (size * factor for size, factor in spatial)
        return (x.with_shape((x.shape[0], *sizes, x.shape[-1])),)


class UpSampling1D(_UpSampling[Cells1]):
    """Each step of a sequence `[N, T, C]` several times.

    Source: `keras.layers.UpSampling1D`.
    """

    layout = "any"

    size: Cells1 = Field((2,), description="How many times.")

    samples = (
        Sample({}, ("float32[2, 4, 3]",), ("float32[2, 8, 3]",)),
        Sample({"size": 3}, ("float32[N, T, 3]",), ("float32[N, 3*T, 3]",)),
        Sample({"size": 1}, ("float32[2, 4, 3]",), ("float32[2, 4, 3]",)),
    )


class UpSampling2D(_UpSampling[Cells2]):
    """Images `[N, H, W, C]` made larger by whole factors, by repetition or interpolation.

    Source: `keras.layers.UpSampling2D`.
    """

    layout = "channels_first"

    size: Cells2 = Field((2, 2), description="The factors of height and width; one number is both.")
    interpolation: Resampling = "nearest"

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        outputs = super().infer(*inputs)
        if self.interpolation.startswith("lanczos"):
            require_known_sizes(inputs[0], self.interpolation)
        return outputs

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return interpolation_flops(y, self.interpolation)

    samples = (
        Sample({}, ("float32[2, 4, 5, 3]",), ("float32[2, 8, 10, 3]",)),
        Sample({"size": (3, 1)}, ("float32[N, h, w, 3]",), ("float32[N, 3*h, w, 3]",)),
        Sample(
            {"interpolation": "bilinear"}, ("float32[N, h, w, 3]",), ("float32[N, 2*h, 2*w, 3]",)
        ),
        Sample(
            {"size": (3, 2), "interpolation": "bilinear"},
            ("float32[2, 1, 5, 2]",),
            ("float32[2, 3, 10, 2]",),
        ),
        Sample(
            {"size": (2, 4), "interpolation": "bicubic"},
            ("float32[N, h, w, 2]",),
            ("float32[N, 2*h, 4*w, 2]",),
        ),
        Sample({"interpolation": "lanczos3"}, ("float32[N, 4, 7, 2]",), ("float32[N, 8, 14, 2]",)),
        Sample(
            {"size": (1, 3), "interpolation": "lanczos5"},
            ("float32[2, 3, 6, 2]",),
            ("float32[2, 3, 18, 2]",),
        ),
    )


class UpSampling3D(_UpSampling[Cells3]):
    """Each cell of a volume `[N, D, H, W, C]` several times along each axis.

    Source: `keras.layers.UpSampling3D`.
    """

    layout = "channels_first"

    size: Cells3 = Field(
        (2, 2, 2), description="How many times: one number, or [depth, height, width]."
    )

    samples = (
        Sample({}, ("float32[2, 2, 3, 4, 2]",), ("float32[2, 4, 6, 8, 2]",)),
        Sample({"size": (1, 3, 2)}, ("float32[N, T, h, w, 2]",), ("float32[N, T, 3*h, 2*w, 2]",)),
        Sample({"size": 3}, ("float32[2, 1, 2, 2, 1]",), ("float32[2, 3, 6, 6, 1]",)),
    )


Mode = Annotated[
    Literal["CRD", "DCR"],
    Field(
        description=(
            "How channels are counted. `CRD`: the cells of the block vary fastest, as in PyTorch; "
            "`DCR`: slowest, as in TensorFlow's `depth_to_space`."
        )
    ),
]
BlockSize = Annotated[
    int, Field(ge=2, le=2**10, description="The height and the width of a block of cells.")
]


class _Shuffling(Layer):
    """What the layers that exchange channels and cells share."""

    primary = "block_size"
    layout = "channels_first"

    block_size: BlockSize
    mode: Mode = "CRD"

    def _checked(self, x: TensorType) -> tuple[Size, Size, Size, int]:
        require_spatial(x, 2)
        batch, height, width, channels = x.shape
        return batch, height, width, require_constant(channels, "the channels")

    def _fault(self, message: str) -> Fault:
        help = "change the block, or what the layer before it gives"
        return Fault("not-divisible", message, parameter="block_size", help=help)


class PixelShuffle(_Shuffling):
    """Channels spread over blocks of cells: `[N, H, W, C·r²]` becomes `[N, r·H, r·W, C]`.

    Source: ONNX's operator `DepthToSpace`; PyTorch's `PixelShuffle` is the default mode.
    """

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        batch, height, width, channels = self._checked(x)
        cells = self.block_size**2
        if channels % cells:
            raise self._fault(
                f"expected a multiple of {cells} channels for blocks of "
                f"{self.block_size} x {self.block_size}, received {channels}"
            )
        larger = (height * self.block_size, width * self.block_size)
        return (x.with_shape((batch, *larger, channels // cells)),)

    samples = (
        Sample({"block_size": 2}, ("float32[N, h, w, 12]",), ("float32[N, 2*h, 2*w, 3]",)),
        Sample({"block_size": 3}, ("float32[2, 2, 1, 9]",), ("float32[2, 6, 3, 1]",)),
        Sample(
            {"block_size": 2, "mode": "DCR"},
            ("float32[N, h, w, 12]",),
            ("float32[N, 2*h, 2*w, 3]",),
        ),
    )


class PixelUnshuffle(_Shuffling):
    """Blocks of cells gathered in channels: `[N, r·H, r·W, C]` becomes `[N, H, W, C·r²]`.

    Source: ONNX's operator `SpaceToDepth`; PyTorch's `PixelUnshuffle` is the default mode.
    """

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        batch, height, width, channels = self._checked(x)
        smaller = (self._blocks(height, "height"), self._blocks(width, "width"))
        return (x.with_shape((batch, *smaller, channels * self.block_size**2)),)

    def _blocks(self, size: Size, name: str) -> Size:
        if size % self.block_size == 0:
            return size // self.block_size
        raise self._fault(
            f"expected a {name} that is a multiple of {self.block_size}, received {size}"
        )

    samples = (
        Sample({"block_size": 2}, ("float32[N, 2*h, 2*w, 3]",), ("float32[N, h, w, 12]",)),
        Sample({"block_size": 3}, ("float32[2, 6, 3, 1]",), ("float32[2, 2, 1, 9]",)),
        Sample(
            {"block_size": 2, "mode": "DCR"},
            ("float32[N, 2*h, 2*w, 3]",),
            ("float32[N, h, w, 12]",),
        ),
    )


class Resizing(Layer):
    """Images `[N, H, W, C]` brought to another size; pixels that are bytes stay bytes, rounded.

    Source: `keras.layers.Resizing`.
    """

    layout = "channels_first"

    height: Positive = Field(description="The height of the result.")
    width: Positive = Field(description="The width of the result.")
    interpolation: Resampling = "bilinear"
    crop_to_aspect_ratio: bool = Field(
        False,
        description="Cut off what is too wide or too high, in equal parts, before: no distortion.",
    )
    pad_to_aspect_ratio: bool = Field(
        False, description="Fill up what is too narrow or too low, before: no distortion."
    )
    fill_mode: Literal["constant"] = Field("constant", description="What it is filled up with.")
    fill_value: float = Field(0.0, description="The value it is filled up with.")
    antialias: bool = Field(
        False,
        description=(
            "Widen the filter where an image becomes smaller, so that every pixel counts; of no "
            "effect on `nearest`."
        ),
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, SPATIAL[2])
        self._check_dtype(x)
        self._check_aspect_ratio()
        if self.has_own_filter(x):
            require_known_sizes(x, self.interpolation)
        return (x.with_shape((x.shape[0], self.height, self.width, x.channels)),)

    @property
    def keeps_aspect_ratio(self) -> bool:
        """Whether images are cropped or padded before."""
        return self.crop_to_aspect_ratio or self.pad_to_aspect_ratio

    def has_own_filter(self, x: TensorType) -> bool:
        """Whether the frameworks have no such filter in common: they differ in bicubic ones.

        Those that are widened are alike, and widening has no effect on an image that grows.
        """
        if self.interpolation != "bicubic":
            return self.interpolation.startswith("lanczos")
        sizes = zip((self.height, self.width), x.shape[1:3], strict=True)
        grows = not self.keeps_aspect_ratio and all(at_least(*pair) for pair in sizes)
        return not self.antialias and not grows

    def cropped(self, height: int, width: int) -> tuple[int, int]:
        """The height and the width of the largest part that has the aspect ratio of the result."""
        return (
            max(min(height, width * self.height // self.width), 1),
            max(min(width, height * self.width // self.height), 1),
        )

    def pads(self, height: int, width: int) -> tuple[int, int]:
        """The cells to add above and below, and left and right: as many on both sides."""
        return (
            max(width * self.height // self.width - height, 0) // 2,
            max(height * self.width // self.height - width, 0) // 2,
        )

    def flops(self, *inputs: TensorType) -> Size:
        (y,) = self.infer(*inputs)
        return interpolation_flops(y, self.interpolation)

    def _check_dtype(self, x: TensorType) -> None:
        if x.dtype not in FLOATS | {"uint8"}:
            raise Fault(
                "dtype-mismatch",
                f"expected floating-point pixels or bytes, received {x.dtype}",
                input=0,
                help="declare the input as float32 or uint8",
            )
        require_value(x, self.fill_value, "fill_value")

    def _check_aspect_ratio(self) -> None:
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise Fault(
                "invalid-parameter",
                "expected either to crop or to pad to the aspect ratio, received both",
                parameter="pad_to_aspect_ratio",
                help="leave one of them out",
            )

    samples = (
        Sample({"height": 4, "width": 8}, ("float32[2, 8, 4, 3]",), ("float32[2, 4, 8, 3]",)),
        Sample({"height": 6, "width": 3}, ("float32[N, h, w, 3]",), ("float32[N, 6, 3, 3]",)),
        Sample(
            {"height": 3, "width": 3, "antialias": True},
            ("float32[N, 7, w, 2]",),
            ("float32[N, 3, 3, 2]",),
        ),
        Sample(
            {"height": 5, "width": 4, "interpolation": "nearest"},
            ("float32[N, h, w, 2]",),
            ("float32[N, 5, 4, 2]",),
        ),
        Sample(
            {"height": 5, "width": 4, "interpolation": "nearest"},
            ("uint8[2, 3, 7, 2]",),
            ("uint8[2, 5, 4, 2]",),
        ),
        Sample({"height": 8, "width": 8}, ("uint8[2, 4, 2, 3]",), ("uint8[2, 8, 8, 3]",)),
        Sample(
            {"height": 3, "width": 4, "interpolation": "bicubic"},
            ("float32[N, 6, 16, 2]",),
            ("float32[N, 3, 4, 2]",),
        ),
        Sample(
            {"height": 6, "width": 8, "interpolation": "bicubic"},
            ("float32[2, 3, 4, 2]",),
            ("float32[2, 6, 8, 2]",),
        ),
        Sample(
            {"height": 2, "width": 8, "interpolation": "bicubic"},
            ("uint8[2, 4, 4, 2]",),
            ("uint8[2, 2, 8, 2]",),
        ),
        Sample(
            {"height": 3, "width": 8, "interpolation": "bicubic", "antialias": True},
            ("float32[N, 7, w, 2]",),
            ("float32[N, 3, 8, 2]",),
        ),
        Sample(
            {"height": 5, "width": 3, "interpolation": "lanczos3"},
            ("float32[N, 9, 8, 2]",),
            ("float32[N, 5, 3, 2]",),
        ),
        Sample(
            {"height": 4, "width": 9, "interpolation": "lanczos5", "antialias": True},
            ("float32[2, 12, 6, 2]",),
            ("float32[2, 4, 9, 2]",),
        ),
        Sample(
            {"height": 4, "width": 6, "crop_to_aspect_ratio": True},
            ("float32[2, 9, 8, 2]",),
            ("float32[2, 4, 6, 2]",),
        ),
        Sample(
            {"height": 6, "width": 4, "crop_to_aspect_ratio": True, "interpolation": "nearest"},
            ("float32[N, h, w, 2]",),
            ("float32[N, 6, 4, 2]",),
        ),
        Sample(
            {"height": 4, "width": 8, "crop_to_aspect_ratio": True, "interpolation": "bicubic"},
            ("float32[2, 9, 16, 2]",),
            ("float32[2, 4, 8, 2]",),
        ),
        Sample(
            {"height": 5, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 0.5},
            ("float32[2, 3, 8, 2]",),
            ("float32[2, 5, 4, 2]",),
        ),
        Sample(
            {
                "height": 5,
                "width": 4,
                "interpolation": "lanczos3",
                "pad_to_aspect_ratio": True,
                "fill_value": 0.5,
            },
            ("float32[2, 9, 3, 2]",),
            ("float32[2, 5, 4, 2]",),
        ),
        Sample(
            {"height": 6, "width": 9, "pad_to_aspect_ratio": True},
            ("float32[N, h, w, 2]",),
            ("float32[N, 6, 9, 2]",),
        ),
        Sample(
            {
                "height": 4,
                "width": 4,
                "interpolation": "nearest",
                "pad_to_aspect_ratio": True,
                "fill_value": 7,
            },
            ("float32[2, 3, 8, 2]",),
            ("float32[2, 4, 4, 2]",),
        ),
    )


class CenterCrop(Layer):
    """The middle of each image `[N, H, W, C]`; integers become float32.

    A smaller image is resized: of what has the aspect ratio of the result, as much as there is.
    Source: `keras.layers.CenterCrop`.
    """

    layout = "channels_first"

    height: Positive = Field(description="The height of the result.")
    width: Positive = Field(description="The width of the result.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        require_rank(x, 4, SPATIAL[2])
        self.resizing(x)
        return (as_float(x).with_shape((x.shape[0], self.height, self.width, x.channels)),)

    def resizing(self, x: TensorType) -> Resizing | None:
        """What is done to images that are smaller along an axis; None where they are cropped.

        Raises `Fault` where it depends on an unknown size.
        """
        targets = (self.height, self.width)
        fits = [at_least(size, target) for size, target in zip(x.shape[1:3], targets, strict=True)]
        if False in fits:
            return Resizing.model_validate({**dict(self), "crop_to_aspect_ratio": True})
        if None in fits:
            axis = 1 + fits.index(None)
            raise self._unprovable(x, axis, targets[axis - 1])
        return None

    def _unprovable(self, x: TensorType, axis: int, target: int) -> Fault:
        name, size = x.axis_name(axis), x.shape[axis]
        return Fault(
            "unprovable",
            f"the {name} of {size} cannot be shown to be at least {target}",
            parameter=name,
            help=f"declare the {name} as {size + (target - 1)}, or as a number",
        )

    def flops(self, *inputs: TensorType) -> Size:
        (x,) = inputs
        resizing = self.resizing(x)
        return 0 if resizing is None else resizing.flops(as_float(x))

    samples = (
        Sample({"height": 4, "width": 3}, ("float32[2, 7, 6, 3]",), ("float32[2, 4, 3, 3]",)),
        Sample(
            {"height": 3, "width": 4},
            ("uint8[N, h + 2, 2*w + 3, 3]",),
            ("float32[N, 3, 4, 3]",),
        ),
        Sample({"height": 6, "width": 4}, ("float32[N, 5, 9, 3]",), ("float32[N, 6, 4, 3]",)),
        Sample({"height": 4, "width": 9}, ("float32[N, h, 7, 3]",), ("float32[N, 4, 9, 3]",)),
    )
