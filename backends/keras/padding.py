"""Layers that add cells around a tensor, or take some off."""

from __future__ import annotations

from specc.emit.code import Argument, Code, argument, call, text
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

from .helpers import padding as helpers
from .site import LOWERINGS, Site
from .windows import amount


@LOWERINGS.add("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def zero_padding(layer: ZeroPadding1D | ZeroPadding2D | ZeroPadding3D, site: Site) -> Code:
    padding = argument(amount(layer.padding), hint="padding")
    return call(site.layer(f"layers.ZeroPadding{len(layer.padding)}D", padding), site.x)


@LOWERINGS.add("Cropping1D", "Cropping2D", "Cropping3D")
def cropping(layer: Cropping1D | Cropping2D | Cropping3D, site: Site) -> Code:
    borders = argument(amount(layer.cropping), hint="cropping")
    return call(site.layer(f"layers.Cropping{len(layer.cropping)}D", borders), site.x)


@LOWERINGS.add("Pad")
def pad(layer: Pad, site: Site) -> Code:
    given = argument(site.type.rank), argument(layer.pad_width, hint="pad_width")
    if layer.mode != "constant":
        mode = text(layer.mode, "mode")
        return call(site.layer(site.helper(helpers.mirror_pad), *given, mode=mode), site.x)
    return call(site.layer(site.helper(helpers.pad), *given, **_value(layer, site)), site.x)


def _value(layer: Pad, site: Site) -> dict[str, Argument]:
    floating = site.type.dtype in FLOATS
    value = layer.constant_values if floating else int(layer.constant_values)
    return {"constant_values": argument(value, "constant_values")}
