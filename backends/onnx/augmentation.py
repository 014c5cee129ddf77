"""Augmentation, in ONNX: absent, but for the cast to float, and for the crop at inference."""

from __future__ import annotations

from .graph import LOWERINGS, Builder, Tensor
from .resizing import all_sizes
from .slicing import sliced


@LOWERINGS.add(
    "Equalization",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Solarization",
)
def augmentation(build: Builder, x: Tensor) -> Tensor:
    return build.cast(x, build.output.dtype)


@LOWERINGS.add("RandomCrop")
def random_crop(build: Builder, x: Tensor) -> Tensor:
    """The part in the middle, resized where it is larger than asked for."""
    (value,) = build.node.inputs
    rows, columns = build.layer.middle(value.type)
    parts = {axis: slice(begin, end, 1) for axis, (begin, end) in enumerate((rows, columns), 2)}
    x = build.cast(x, build.output.dtype)
    middle = x.type.with_shape((*x.type.shape[:2], rows[1] - rows[0], columns[1] - columns[0]))
    if middle != x.type:
        x = sliced(build, x, parts, middle, "middle")
    if middle == build.output:
        return x
    sizes = all_sizes(build, x, build.output)
    return build.op("Resize", x, None, None, sizes, type=build.output, mode="linear")
