"""Layers that move elements and change none."""

from __future__ import annotations

from specc.emit.code import Code, argument, call
from specc.layers.reshaping import Flatten, Reshape, ZeroPadding2D

from .site import LOWERINGS, Site
from .windows import amount


@LOWERINGS.add("ZeroPadding2D")
def zero_padding2d(layer: ZeroPadding2D, site: Site) -> Code:
    made = site.layer("layers.ZeroPadding2D", argument(amount(layer.padding), hint="padding"))
    return call(made, site.x)


@LOWERINGS.add("Flatten")
def flatten(layer: Flatten, site: Site) -> Code:
    return call(site.layer("layers.Flatten"), site.x)


@LOWERINGS.add("Reshape")
def reshape(layer: Reshape, site: Site) -> Code:
    made = site.layer("layers.Reshape", argument(layer.target_shape, hint="target_shape"))
    return call(made, site.x)
