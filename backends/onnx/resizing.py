"""Layers that change how many cells an image has, in ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specc.dims import Size, known, symbol
from specc.layers.resizing import Resizing
from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor
from .slicing import sliced

FILTERS: dict[str, dict[str, Any]] = {
    "nearest": {"mode": "nearest", "nearest_mode": "round_prefer_ceil"},
    "bilinear": {"mode": "linear"},
    "bicubic": {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1},
}
"""The interpolations that ONNX has, by their attributes of Resize.

Where an image shrinks, onnxruntime (1.31) takes a cubic filter that is not widened only with the
channels first, and may itself bring them last: so that is none of these.
"""


@LOWERINGS.add("UpSampling1D")
def up_sampling1d(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    factors = [1, 1, 1]
    factors[value.axis(1)] = build.layer.size[0]
    return _repeated(build, x, factors)


@LOWERINGS.add("UpSampling2D")
def up_sampling2d(build: Builder, x: Tensor) -> Tensor:
    layer = build.layer
    if layer.interpolation == "nearest":
        return _repeated(build, x, (1, 1, *layer.size))
    if layer.interpolation not in FILTERS:
        return _windowed(build, x, build.output, layer.interpolation)
    return _scaled(build, x, (1, 1, *layer.size), **FILTERS[layer.interpolation])


@LOWERINGS.add("UpSampling3D")
def up_sampling3d(build: Builder, x: Tensor) -> Tensor:
    return _repeated(build, x, (1, 1, *build.layer.size))


def _repeated(build: Builder, x: Tensor, factors: Sequence[int]) -> Tensor:
    """Each cell several times: the place it comes from, rounded down."""
    place = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    return _scaled(build, x, factors, mode="nearest", **place)


def _scaled(build: Builder, x: Tensor, factors: Sequence[int], **attributes: Any) -> Tensor:
    scales = build.constant(factors, "scales", "float32")
    return build.op("Resize", x, None, scales, type=build.output, **attributes)


def _windowed(
    build: Builder, x: Tensor, type: TensorType, interpolation: str, *, antialias: bool = False
) -> Tensor:
    """Images of known size, resized by a matrix for each axis."""
    axes = [*zip(x.type.shape[2:], type.shape[2:], strict=True)]
    for sizes in axes:
        build.require_room(*sizes)
    height, width = (
        matrix(known(before), known(after), interpolation, antialias) for before, after in axes
    )
    rows = build.constant(height, "rows", x.type.dtype)
    columns = build.constant(width.T, "columns", x.type.dtype)
    wide = type.with_shape((*x.type.shape[:3], type.shape[3]))
    y = build.op("MatMul", x, columns, type=wide, suffix="columns_resized")
    return build.op("MatMul", rows, y, type=type)


def matrix(before: int, after: int, interpolation: str, antialias: bool) -> NDArray[Any]:
    """How much each of the pixels counts in each of the result: [after, before]."""
    scale = before / after
    stretch = max(scale, 1) if antialias else 1
    centres = (np.arange(after) + 0.5) * scale - 0.5
    weights = _weights(np.abs(centres[:, None] - np.arange(before)) / stretch, interpolation)
    return weights / weights.sum(axis=1, keepdims=True)


def _weights(x: NDArray[Any], interpolation: str) -> NDArray[Any]:
    """How much a pixel at a distance `x` counts."""
    if interpolation == "bicubic":
        near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
        return np.where(x < 1, near, np.where(x < 2, far, 0))
    radius = int(interpolation.removeprefix("lanczos"))
    return np.sinc(x) * np.sinc(x / radius) * (x < radius)


@LOWERINGS.add("PixelShuffle")
def pixel_shuffle(build: Builder, x: Tensor) -> Tensor:
    layer = build.layer
    size = {"blocksize": layer.block_size}
    return build.op("DepthToSpace", x, type=build.output, mode=layer.mode, **size)


@LOWERINGS.add("PixelUnshuffle")
def pixel_unshuffle(build: Builder, x: Tensor) -> Tensor:
    """ONNX counts the channels of a cell fastest: for the other mode they are put in order."""
    layer = build.layer
    size = {"blocksize": layer.block_size}
    if layer.mode == "DCR":
        return build.op("SpaceToDepth", x, type=build.output, **size)
    y = build.op("SpaceToDepth", x, type=build.output, suffix="cells", **size)
    build.require_room(build.output.shape[1])
    order = np.arange(known(build.output.shape[1])).reshape(layer.block_size**2, -1).T
    indices = build.constant(order.reshape(-1), "order", "int64")
    return build.op("Gather", y, indices, type=build.output, axis=1)


@LOWERINGS.add("Resizing")
def resizing(build: Builder, x: Tensor) -> Tensor:
    """Bytes are rounded again, which no filter but the nearest pixel can do without."""
    layer = build.layer
    if x.type.dtype != "uint8" or layer.interpolation == "nearest":
        return _resized(build, layer, x)
    y = build.op("Round", _resized(build, layer, build.cast(x, "float32"), "resized"))
    if layer.interpolation != "bilinear":
        bounds = (build.scalar(0, y), build.scalar(255, y))
        y = build.op("Clip", y, *bounds)
    return build.cast(y, "uint8")


def _resized(build: Builder, layer: Resizing, x: Tensor, suffix: str = "") -> Tensor:
    """`x` in the size of the output, after what its aspect ratio needs."""
    type = TensorType(build.output.shape, x.type.dtype)
    x = _with_aspect_ratio(build, layer, x)
    antialias = layer.antialias and layer.interpolation != "nearest"
    if layer.has_own_filter(build.node.inputs[0].type):
        return _windowed(build, x, type, layer.interpolation, antialias=antialias)
    attributes = FILTERS[layer.interpolation]
    if antialias:
        attributes = {**attributes, "antialias": 1, "exclude_outside": 1}
    sizes = all_sizes(build, x, type)
    return build.op("Resize", x, None, None, sizes, type=type, suffix=suffix, **attributes)


def all_sizes(build: Builder, x: Tensor, type: TensorType) -> Tensor:
    """The sizes of all axes.

    Resize could take those of the height and the width, but onnxruntime (1.31) loses count of them
    when it moves a Transpose past it.
    """
    known = [size for size in type.shape if isinstance(size, int)]
    if len(known) == len(type.shape):
        return build.constant(known, "sizes", "int64")
    pair, spatial = TensorType((2,), "int64"), build.constant(known[-2:], "size", "int64")
    others = build.op("Shape", x, type=pair, suffix="others", start=0, end=2)
    sizes = TensorType((4,), "int64")
    return build.op("Concat", others, spatial, type=sizes, suffix="sizes", axis=0)


def _with_aspect_ratio(build: Builder, layer: Resizing, x: Tensor) -> Tensor:
    """`x` cropped or padded: by numbers if its size is known, else at run time."""
    known = [size for size in x.type.shape[2:] if isinstance(size, int)]
    if not layer.keeps_aspect_ratio:
        return x
    if layer.crop_to_aspect_ratio:
        if len(known) < 2:
            return _cropped_at_run_time(build, layer, x)
        return _middle(build, x, layer.cropped(*known))
    if len(known) < 2:
        return _padded_at_run_time(build, layer, x)
    rows, columns = layer.pads(*known)
    pads = build.constant((0, 0, rows, columns) * 2, "pads", "int64")
    shape = (*x.type.shape[:2], known[0] + 2 * rows, known[1] + 2 * columns)
    return _padded(build, layer, x, pads, x.type.with_shape(shape))


def _padded(build: Builder, layer: Resizing, x: Tensor, pads: Tensor, type: TensorType) -> Tensor:
    value = build.constant(layer.fill_value, "fill_value", x.type.dtype)
    axes = build.constant(range(4), "axes", "int64")
    return build.op("Pad", x, pads, value, axes, type=type, suffix="padded", mode="constant")


def _middle(build: Builder, x: Tensor, kept: tuple[int, int]) -> Tensor:
    """The middle of images of known size."""
    parts: dict[int, slice[int, int, int]] = {}
    for axis, left in enumerate(kept, start=2):
        begin = (known(x.type.shape[axis]) - left) // 2
        parts[axis] = slice(begin, begin + left, 1)
    type = x.type.with_shape((*x.type.shape[:2], *kept))
    return sliced(build, x, parts, type, "cropped")


def _cropped_at_run_time(build: Builder, layer: Resizing, x: Tensor) -> Tensor:
    """The largest part that has the aspect ratio of the result; of one cell at least."""
    sizes = _sizes(build, x)
    kept = build.op("Min", sizes, _sizes_for(build, layer, sizes), suffix="kept")
    kept = build.op("Max", kept, _integers(build, (1, 1), "one"), suffix="kept")
    return _middle_at_run_time(build, x, sizes, kept, _unknown(build, "cropped"))


def _middle_at_run_time(
    build: Builder, x: Tensor, sizes: Tensor, kept: Tensor, shape: tuple[Size, Size]
) -> Tensor:
    """The middle of images: `kept` of their `sizes`, the height and the width."""
    starts = _half(build, build.op("Sub", sizes, kept, suffix="rest"), "starts")
    ends = build.op("Add", starts, kept, suffix="ends")
    type = x.type.with_shape((*x.type.shape[:2], *shape))
    axes = _integers(build, (2, 3), "axes")
    return build.op("Slice", x, starts, ends, axes, type=type, suffix="cropped")


def _padded_at_run_time(build: Builder, layer: Resizing, x: Tensor) -> Tensor:
    """The images filled up to the aspect ratio of the result, alike on both sides."""
    sizes = _sizes(build, x)
    missing = build.op("Sub", _sizes_for(build, layer, sizes), sizes, suffix="missing")
    missing = build.op("Max", missing, _integers(build, (0, 0), "zero"), suffix="missing")
    half, none = _half(build, missing, "half"), _integers(build, (0, 0), "none")
    pads = build.op(
        "Concat", none, half, none, half, type=TensorType((8,), "int64"), suffix="pads", axis=0
    )
    shape = (*x.type.shape[:2], *_unknown(build, "padded"))
    return _padded(build, layer, x, pads, x.type.with_shape(shape))


def _unknown(build: Builder, what: str) -> tuple[Size, Size]:
    """A height and a width that are known at run time only."""
    name = f"{build.node.path.replace('.', '_')}_{what}"
    return symbol(f"{name}_height"), symbol(f"{name}_width")


def _sizes(build: Builder, x: Tensor) -> Tensor:
    """The height and the width of `x`."""
    return build.op("Shape", x, type=TensorType((2,), "int64"), suffix="sizes", start=2, end=4)


def _sizes_for(build: Builder, layer: Resizing, sizes: Tensor) -> Tensor:
    """The height that the width needs for the aspect ratio of the result, and the other way."""
    swapped = build.op("Gather", sizes, _integers(build, (1, 0), "swap"), suffix="swapped")
    height, width = layer.height, layer.width
    times = build.op("Mul", swapped, _integers(build, (height, width), "target"), suffix="scaled")
    return build.op("Div", times, _integers(build, (width, height), "divisor"), suffix="wanted")


def _half(build: Builder, sizes: Tensor, suffix: str) -> Tensor:
    return build.op("Div", sizes, _integers(build, (2, 2), "two"), suffix=suffix)


def _integers(build: Builder, values: tuple[int, int], name: str) -> Tensor:
    return build.constant(values, name, "int64")


@LOWERINGS.add("CenterCrop")
def center_crop(build: Builder, x: Tensor) -> Tensor:
    (value,) = build.node.inputs
    layer, resizing = build.layer, build.layer.resizing(value.type)
    x = build.cast(x, build.output.dtype)
    if resizing is not None:
        return _resized(build, resizing, x)
    kept = (layer.height, layer.width)
    if all(isinstance(size, int) for size in x.type.shape[2:]):
        return _middle(build, x, kept)
    return _middle_at_run_time(build, x, _sizes(build, x), _integers(build, kept, "kept"), kept)
