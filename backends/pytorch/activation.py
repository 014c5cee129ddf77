"""Activation layers."""

from __future__ import annotations

from specc.emit.code import Code, call
from specc.layers.activation import ReLU

from .site import LOWERINGS, Site


@LOWERINGS.add("ReLU")
def relu(layer: ReLU, site: Site) -> Code:
    return call(site.module("nn.ReLU"), site.x)
