"""Layers that change how many cells an image has: by interpolation, or out of its channels."""

from __future__ import annotations

from specc.dims import known
from specc.emit.code import Argument, Code, Literal, argument, call, optional, text
from specc.layers.resizing import (
    CenterCrop,
    PixelShuffle,
    PixelUnshuffle,
    Resizing,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
)
from specc.windows import one_if_alike

from .helpers import padding
from .helpers import resizing as helpers
from .site import LOWERINGS, Helper, Site


@LOWERINGS.add("UpSampling1D", "UpSampling3D")
def up_sampling(layer: UpSampling1D | UpSampling3D, site: Site) -> Code:
    size = optional(one_if_alike(layer.size), 2, "size")
    return call(site.layer(f"layers.UpSampling{len(layer.size)}D", size), site.x)


@LOWERINGS.add("UpSampling2D")
def up_sampling2d(layer: UpSampling2D, site: Site) -> Code:
    """Keras's layer where all of its backends agree, and TensorFlow computes without a table."""
    if layer.interpolation in ("nearest", "bilinear"):
        made = site.layer(
            "layers.UpSampling2D",
            optional(one_if_alike(layer.size), 2, "size"),
            interpolation=optional(text(layer.interpolation), "nearest"),
        )
        return call(made, site.x)
    site.helper(helpers.resize_matrix)
    size, interpolation = Literal(layer.size, "size"), text(layer.interpolation, "interpolation")
    return call(site.layer(site.helper(helpers.up_sampling2d), size, interpolation), site.x)


@LOWERINGS.add("PixelShuffle")
def pixel_shuffle(layer: PixelShuffle, site: Site) -> Code:
    return _shuffled(site, helpers.pixel_shuffle, layer)


@LOWERINGS.add("PixelUnshuffle")
def pixel_unshuffle(layer: PixelUnshuffle, site: Site) -> Code:
    return _shuffled(site, helpers.pixel_unshuffle, layer)


def _shuffled(site: Site, helper: Helper, layer: PixelShuffle | PixelUnshuffle) -> Code:
    made = site.layer(
        site.helper(helper),
        argument(site.type.channels, hint="channels"),
        argument(layer.block_size, hint="block_size"),
        mode=text(layer.mode, "mode"),
    )
    return call(made, site.x)


def _resized(
    site: Site, x: Code, size: tuple[int, int], interpolation: str, *, antialias: bool
) -> Code:
    """Images resized by a filter in which the backends of Keras differ."""
    site.helper(helpers.resize_matrix)
    made = site.layer(
        site.helper(helpers.resized),
        argument(size[0], hint="height"),
        argument(size[1], hint="width"),
        text(interpolation, "interpolation"),
        antialias=antialias,
    )
    return call(made, x)


@LOWERINGS.add("Resizing")
def resizing(layer: Resizing, site: Site) -> Code:
    """Keras's layer where all of its backends agree, and TensorFlow computes without a table.

    So a bicubic filter is widened, which has no effect on images that grow.
    """
    if layer.has_own_filter(site.type):
        size = (layer.height, layer.width)
        x = _with_aspect_ratio(layer, site)
        return _resized(site, x, size, layer.interpolation, antialias=layer.antialias)
    made = site.layer(
        "layers.Resizing",
        argument(layer.height, hint="height"),
        argument(layer.width, hint="width"),
        interpolation=optional(text(layer.interpolation), "bilinear"),
        crop_to_aspect_ratio=optional(layer.crop_to_aspect_ratio, False),
        pad_to_aspect_ratio=optional(layer.pad_to_aspect_ratio, False),
        fill_value=_fill_value(layer, site),
        antialias=optional(layer.antialias or layer.interpolation == "bicubic", False),
    )
    return call(made, site.x)


def _fill_value(layer: Resizing, site: Site) -> Argument:
    """TensorFlow fills bytes with integers only."""
    if site.type.dtype != "uint8" or not layer.pad_to_aspect_ratio:
        return optional(layer.fill_value, 0.0)
    return argument(int(layer.fill_value))


def _with_aspect_ratio(layer: Resizing, site: Site) -> Code:
    """Images of known size, cropped or padded by a layer of their own."""
    if not layer.keeps_aspect_ratio:
        return site.x
    _, height, width, _ = map(known, (0, *site.type.shape[1:]))
    if layer.pad_to_aspect_ratio:
        sides = tuple((cells, cells) for cells in layer.pads(height, width))
        helper, value = site.helper(padding.pad), _fill_value(layer, site).value
        given = (4, Literal((*sides, (0, 0)), "pad_width"), value)
        return call(site.layer(helper, *given, part="pad"), site.x)
    sizes = zip((height, width), layer.cropped(height, width), strict=True)
    cut = tuple(((size - kept) // 2, size - kept - (size - kept) // 2) for size, kept in sizes)
    return call(site.layer("layers.Cropping2D", Literal(cut, "cropping"), part="crop"), site.x)


@LOWERINGS.add("CenterCrop")
def center_crop(layer: CenterCrop, site: Site) -> Code:
    height, width = argument(layer.height, hint="height"), argument(layer.width, hint="width")
    return call(site.layer("layers.CenterCrop", height, width), site.x)
