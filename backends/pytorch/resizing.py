"""Layers that change how many cells an image has: by interpolation, or out of its channels."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, join, optional, text
from specc.layers.resizing import (
    CenterCrop,
    PixelShuffle,
    PixelUnshuffle,
    Resizing,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
)

from .padding import flat
from .preprocessing import as_float
from .site import LOWERINGS, Site
from .slicing import part, sliced


@LOWERINGS.add("UpSampling1D")
def up_sampling1d(layer: UpSampling1D, site: Site) -> Code:
    (value,), (repeats,) = site.node.inputs, layer.size
    return call("torch.repeat_interleave", site.x, Literal(repeats, "repeats"), dim=value.axis(1))


@LOWERINGS.add("UpSampling2D")
def up_sampling2d(layer: UpSampling2D, site: Site) -> Code:
    if layer.interpolation == "nearest":
        return _repeated(layer.size, site)
    if layer.interpolation == "bilinear":
        factor = Literal(_one_or_all(layer.size), "scale_factor")
        return call(
            site.module("nn.Upsample", scale_factor=factor, mode=text("bilinear", "mode")), site.x
        )
    if layer.interpolation == "bicubic":  # with Keras's coefficients only if it is antialiased
        factor = Literal(_one_or_all(layer.size), "scale_factor")
        mode = text("bicubic", "mode")
        return call("F.interpolate", site.x, scale_factor=factor, mode=mode, antialias=True)
    (made,) = site.node.outputs
    return _resampled(site, site.x, made.type.shape[1:3], layer.interpolation)


@LOWERINGS.add("UpSampling3D")
def up_sampling3d(layer: UpSampling3D, site: Site) -> Code:
    return _repeated(layer.size, site)


def _repeated(factors: tuple[int, ...], site: Site) -> Code:
    """PyTorch's `nearest` multiplies by 1 / factor, which must be exact to repeat each cell."""
    exact = all(factor.bit_count() == 1 for factor in factors)
    mode = text("nearest" if exact else "nearest-exact", "mode")
    factor = Literal(_one_or_all(factors), "scale_factor")
    module = site.module("nn.Upsample", scale_factor=factor, mode=optional(mode, "nearest"))
    return call(module, site.x)


def _resampled(
    site: Site, x: Code, size: object, interpolation: str, *, antialias: bool = False
) -> Code:
    """Images resized by a filter that PyTorch does not have, or has with other coefficients."""
    return call(
        site.helper("resize"),
        x,
        Literal(size, "size"),
        text(interpolation, "interpolation"),
        antialias=optional(antialias, False, "antialias"),
    )


def _one_or_all(values: tuple[int, ...]) -> int | tuple[int, ...]:
    return values[0] if len(set(values)) == 1 else values


@LOWERINGS.add("PixelShuffle")
def pixel_shuffle(layer: PixelShuffle, site: Site) -> Code:
    return _shuffled(site, layer, "nn.PixelShuffle", "depth_to_space")


@LOWERINGS.add("PixelUnshuffle")
def pixel_unshuffle(layer: PixelUnshuffle, site: Site) -> Code:
    return _shuffled(site, layer, "nn.PixelUnshuffle", "space_to_depth")


def _shuffled(site: Site, layer: PixelShuffle | PixelUnshuffle, module: str, helper: str) -> Code:
    block_size = Literal(layer.block_size, "block_size")
    if layer.mode == "CRD":
        return call(site.module(module, block_size), site.x)
    return call(site.helper(helper), site.x, block_size)


@LOWERINGS.add("Resizing")
def resizing(layer: Resizing, site: Site) -> Code:
    """Bytes are rounded again, which no filter but the nearest pixel can do without."""
    if site.node.inputs[0].type.dtype != "uint8" or layer.interpolation == "nearest":
        return _resized(layer, site, site.x)
    y = site.let("resized", _resized(layer, site, join(site.x, ".float()")))
    return join(y, ".round().clamp(0, 255).byte()")


def _resized(layer: Resizing, site: Site, x: Code) -> Code:
    """The images `x`, in which PyTorch's bicubic filter is Keras's only with `antialias`."""
    size, type = (layer.height, layer.width), site.node.inputs[0].type
    x = _with_aspect_ratio(layer, site, x)
    if layer.has_own_filter(type):
        return _resampled(site, x, size, layer.interpolation, antialias=layer.antialias)
    modes = {"nearest": "nearest-exact"}
    antialias = layer.interpolation == "bicubic" or (
        layer.antialias and layer.interpolation == "bilinear"
    )
    return call(
        "F.interpolate",
        x,
        size=Literal(size, "size"),
        mode=text(modes.get(layer.interpolation, layer.interpolation), "mode"),
        antialias=optional(antialias, False, "antialias"),
    )


def _with_aspect_ratio(layer: Resizing, site: Site, x: Code) -> Code:
    """`x` cropped or padded: by numbers if its size is known, else at run time."""
    if not layer.keeps_aspect_ratio:
        return x
    size = Literal((layer.height, layer.width), "size")
    _, *spatial, _ = site.node.inputs[0].type.shape
    known = [cells for cells in spatial if isinstance(cells, int)]
    if layer.crop_to_aspect_ratio:
        if len(known) < 2:
            return call(site.helper("crop_to_aspect_ratio"), x, size)
        return _middle(x, known, layer.cropped(*known))
    if len(known) < 2:
        value = optional(layer.fill_value, 0.0, "value")
        return call(site.helper("pad_to_aspect_ratio"), x, size, value=value)
    borders = flat(tuple((cells, cells) for cells in layer.pads(*known)))
    return call("F.pad", x, Literal(borders, "pad"), value=optional(layer.fill_value, 0.0, "value"))


def _middle(x: Code, sizes: list[int], kept: tuple[int, int]) -> Code:
    """The middle of images of known size, as a slice."""
    parts: dict[int, Code] = {}
    for axis, (size, left) in enumerate(zip(sizes, kept, strict=True), start=2):
        begin = (size - left) // 2
        if size > left:
            parts[axis] = part(begin, begin + left)
    return sliced(x, parts)


@LOWERINGS.add("CenterCrop")
def center_crop(layer: CenterCrop, site: Site) -> Code:
    type = site.node.inputs[0].type
    resizing = layer.resizing(type)
    if resizing is not None:
        return _resized(resizing, site, as_float(site))
    size, (_, height, width, _) = (layer.height, layer.width), type.shape
    if isinstance(height, int) and isinstance(width, int):
        return _middle(as_float(site), [height, width], size)
    return call(site.helper("center_crop"), as_float(site), Literal(size, "size"))
