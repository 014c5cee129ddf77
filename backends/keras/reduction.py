"""Reductions."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, optional, text
from specc.layers.reduction import ReduceMax, ReduceMean, ReduceMin, ReduceSum

from .arguments import axes
from .helpers import reduction as helpers
from .site import LOWERINGS, Site


@LOWERINGS.add("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def reduction(layer: ReduceMax | ReduceMean | ReduceMin | ReduceSum, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.reduction),
        text(site.node.type.removeprefix("Reduce").lower(), "kind"),
        axis=Literal(axes(layer.axes(site.type), site.type), "axis"),
        rank=Literal(site.type.rank, "rank"),
        keepdims=optional(layer.keepdims, False),
    )
    return call(made, site.x)
