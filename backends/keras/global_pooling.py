"""Poolings over all cells."""

from __future__ import annotations

from specc.emit.code import Code, call, optional
from specc.layers.global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)

from .site import LOWERINGS, Site


@LOWERINGS.add("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D")
def global_average_pooling(
    layer: GlobalAveragePooling1D | GlobalAveragePooling2D | GlobalAveragePooling3D, site: Site
) -> Code:
    keepdims = optional(layer.keepdims, False)
    made = site.layer(f"layers.GlobalAveragePooling{layer.rank}D", keepdims=keepdims)
    if len(site.inputs) == 1:
        return call(made, site.x)
    x, mask = site.inputs
    return call(made, x, mask=mask)


@LOWERINGS.add("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
def global_max_pooling(
    layer: GlobalMaxPooling1D | GlobalMaxPooling2D | GlobalMaxPooling3D, site: Site
) -> Code:
    keepdims = optional(layer.keepdims, False)
    made = site.layer(f"layers.GlobalMaxPooling{layer.rank}D", keepdims=keepdims)
    return call(made, site.x)
