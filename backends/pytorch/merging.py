"""Merging layers."""

from __future__ import annotations

from specc.emit.code import Code, call, join
from specc.layers.merging import Add, Concatenate

from .site import LOWERINGS, Site


@LOWERINGS.add("Concatenate")
def concatenate(layer: Concatenate, site: Site) -> Code:
    axis = site.node.inputs[0].axis(layer.axis)
    first, *others = site.inputs
    items = join("[", first, *(part for item in others for part in (", ", item)), "]")
    return call("torch.cat", items, dim=axis)


@LOWERINGS.add("Add")
def add(layer: Add, site: Site) -> Code:
    first, *others = site.inputs
    return join(first, *(part for item in others for part in (" + ", item)))
