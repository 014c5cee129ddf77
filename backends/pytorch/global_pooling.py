"""Poolings over all cells: reductions."""

from __future__ import annotations

from specc.emit.code import Argument, Code, call, optional
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
    keepdim = optional(layer.keepdims, False)
    if len(site.inputs) == 2:
        return call(site.helper("masked_mean"), *map(Argument, site.inputs), keepdim=keepdim)
    return call("torch.mean", site.x, dim=_spatial(site), keepdim=keepdim)


@LOWERINGS.add("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")
def global_max_pooling(
    layer: GlobalMaxPooling1D | GlobalMaxPooling2D | GlobalMaxPooling3D, site: Site
) -> Code:
    keepdim = optional(layer.keepdims, False)
    return call("torch.amax", site.x, dim=_spatial(site), keepdim=keepdim)


def _spatial(site: Site) -> int | tuple[int, ...]:
    """Where the spatial axes lie in memory."""
    (value,) = site.node.inputs
    dims = tuple(value.axis(axis) for axis in range(1, value.type.rank - 1))
    return dims[0] if len(dims) == 1 else dims
