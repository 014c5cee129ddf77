"""Reductions."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, join, optional
from specc.layers.reduction import ReduceMax, ReduceMean, ReduceMin, ReduceSum
from specc.windows import one_if_alike

from .site import LOWERINGS, Site

METHODS = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "amax", "ReduceMin": "amin"}


@LOWERINGS.add(*METHODS)
def reduction(layer: ReduceMax | ReduceMean | ReduceMin | ReduceSum, site: Site) -> Code:
    (value,) = site.node.inputs
    dims = tuple(sorted(value.axis(axis) for axis in layer.axes(value.type)))
    method = call(
        f".{METHODS[site.node.type]}",
        dim=Literal(one_if_alike(dims), "dim"),
        keepdim=optional(layer.keepdims, False, "keepdim"),
    )
    return join(site.x, method)
