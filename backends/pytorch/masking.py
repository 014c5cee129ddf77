"""Masks."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, join
from specc.layers.masking import Masking, NotEqual
from specc.tensor import FLOATS

from .site import LOWERINGS, Site


@LOWERINGS.add("NotEqual")
def not_equal(layer: NotEqual, site: Site) -> Code:
    (value,) = site.node.inputs
    masked = layer.value if value.type.dtype in FLOATS else int(layer.value)
    return join(site.x, " != ", Literal(masked, "value"))


@LOWERINGS.add("Masking")
def masking(layer: Masking, site: Site) -> Code:
    return call(site.helper("masking"), site.x, Literal(layer.mask_value, "mask_value"))
