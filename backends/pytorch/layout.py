"""Reorderings: where channels-first and channels-last meet."""

from __future__ import annotations

from specc.emit.code import Code, call, join
from specc.layer import Layer
from specc.passes.layout import REORDER, permutation

from .site import LOWERINGS, Site


@LOWERINGS.add(REORDER)
def reorder(layer: Layer, site: Site) -> Code:
    (given,), (wanted,) = site.node.inputs, site.node.outputs
    axes = permutation(given.order, wanted.order, given.type.rank)
    return join(site.x, ".permute", call("", *axes))
