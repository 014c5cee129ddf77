"""Layers that make one tensor of several."""

from __future__ import annotations

from specc.emit.code import Code, call, join, optional
from specc.layers.merging import Add, Concatenate, Multiply

from .site import LOWERINGS, Site


@LOWERINGS.add("Concatenate")
def concatenate(layer: Concatenate, site: Site) -> Code:
    return call(site.layer("layers.Concatenate", axis=optional(layer.axis, -1)), _listed(site))


@LOWERINGS.add("Add")
def add(layer: Add, site: Site) -> Code:
    return call(site.layer("layers.Add"), _listed(site))


@LOWERINGS.add("Multiply")
def multiply(layer: Multiply, site: Site) -> Code:
    return call(site.layer("layers.Multiply"), _listed(site))


def _listed(site: Site) -> Code:
    first, *others = site.inputs
    return join("[", first, *(part for item in others for part in (", ", item)), "]")
