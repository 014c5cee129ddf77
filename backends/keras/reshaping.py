"""Layers that give the same elements another shape, or repeat them."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call
from specc.layers.reshaping import (
    ExpandDims,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    Squeeze,
    Tile,
)

from .helpers import reshaping as helpers
from .site import LOWERINGS, Site
from .slicing import applied


@LOWERINGS.add("Flatten")
def flatten(layer: Flatten, site: Site) -> Code:
    return call(site.layer("layers.Flatten"), site.x)


@LOWERINGS.add("Reshape")
def reshape(layer: Reshape, site: Site) -> Code:
    made = site.layer("layers.Reshape", argument(layer.target_shape, hint="target_shape"))
    return call(made, site.x)


@LOWERINGS.add("Permute")
def permute(layer: Permute, site: Site) -> Code:
    return call(site.layer("layers.Permute", argument(layer.dims, hint="dims")), site.x)


@LOWERINGS.add("RepeatVector")
def repeat_vector(layer: RepeatVector, site: Site) -> Code:
    return call(site.layer("layers.RepeatVector", argument(layer.n, hint="n")), site.x)


@LOWERINGS.add("Tile")
def tile(layer: Tile, site: Site) -> Code:
    return applied(site, helpers.tile, Literal(layer.repeats, "repeats"))


@LOWERINGS.add("ExpandDims")
def expand_dims(layer: ExpandDims, site: Site) -> Code:
    return applied(site, helpers.expand_dims, Literal(layer.axes(site.type), "axis"))


@LOWERINGS.add("Squeeze")
def squeeze(layer: Squeeze, site: Site) -> Code:
    axes = layer.axes(site.type)
    return applied(site, helpers.squeeze, Literal(axes, "axis")) if axes else site.x
