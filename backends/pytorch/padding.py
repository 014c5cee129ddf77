"""Layers that add cells around a tensor, or take some off."""

from __future__ import annotations

from specc.emit.code import Argument, Code, Literal, argument, call, optional, text
from specc.layers.padding import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Pad,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from specc.tensor import FLOATS

from .site import LOWERINGS, Site
from .slicing import part, sliced

Borders = tuple[tuple[int, int], ...]

MODES = {"reflect": "reflect", "edge": "replicate"}


@LOWERINGS.add("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(layer: ZeroPadding1D | ZeroPadding2D | ZeroPadding3D, site: Site) -> Code:
    """A module, where the spatial axes come last in memory."""
    (value,) = site.node.inputs
    borders = _physical(site, (*layer.padding, (0, 0)))
    if value.axis(-1) != 1:
        return call("F.pad", site.x, Literal(flat(borders), "pad"))
    pads = tuple(cells for border in reversed(borders[1:]) for cells in border)
    padding = pads if len(set(pads)) > 1 else pads[0]
    module = site.module(f"nn.ZeroPad{len(layer.padding)}d", Literal(padding, "padding"))
    return call(module, site.x)


@LOWERINGS.add("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(layer: Cropping1D | Cropping2D | Cropping3D, site: Site) -> Code:
    (value,) = site.node.inputs
    cut = {
        value.axis(axis): part(begin, -end or None)
        for axis, (begin, end) in enumerate(layer.cropping, start=1)
        if begin or end
    }
    return sliced(site.x, cut)


@LOWERINGS.add("Pad")
def pad(layer: Pad, site: Site) -> Code:
    borders = _physical(site, layer.pad_width)
    if layer.mode == "constant":
        return call("F.pad", site.x, Literal(flat(borders), "pad"), value=_value(layer, site))
    mirrored = borders[1:] if len(borders) > 1 else borders
    mode = text(MODES[layer.mode], "mode")
    return call("F.pad", site.x, Literal(flat(mirrored), "pad"), mode=mode)


def _value(layer: Pad, site: Site) -> Argument:
    floating = site.node.outputs[0].type.dtype in FLOATS
    value = layer.constant_values if floating else int(layer.constant_values)
    return optional(value, 0.0) if value else argument(value, default=value)


def _physical(site: Site, borders: Borders) -> Borders:
    """The borders of the axes beside the batch, in the order of memory."""
    (value,) = site.node.inputs
    order = value.order or range(value.type.rank)
    return tuple(borders[axis - 1] for axis in order if axis)


def flat(borders: Borders) -> tuple[int, ...]:
    """Borders as `F.pad` takes them: the last axis first, and none of the first that have none."""
    while len(borders) > 1 and borders[0] == (0, 0):
        borders = borders[1:]
    return tuple(cells for border in reversed(borders) for cells in border)
