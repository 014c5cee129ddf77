"""Layers that make one tensor of several."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, listed, optional
from specc.layer import Layer
from specc.layers.merging import Concatenate, Dot, MatMul

from .helpers import merging as helpers
from .site import LOWERINGS, Site


@LOWERINGS.add("Concatenate")
def concatenate(layer: Concatenate, site: Site) -> Code:
    return call(
        site.layer("layers.Concatenate", axis=optional(layer.axis, -1)), listed(site.inputs)
    )


@LOWERINGS.add("Add", "Average")
def total(layer: Layer, site: Site) -> Code:
    types = [value.type for value in site.node.inputs]
    if len({type.shape for type in types}) == 1:
        return elementwise(layer, site)
    made = site.layer(
        site.helper(helpers.broadcast_sum),
        tuple(type.rank for type in types),
        average=optional(site.node.type == "Average", False),
    )
    return call(made, listed(site.inputs))


@LOWERINGS.add("Maximum", "Minimum", "Multiply", "Subtract")
def elementwise(layer: Layer, site: Site) -> Code:
    return call(site.layer(f"layers.{site.node.type}"), listed(site.inputs))


@LOWERINGS.add("Dot")
def dot(layer: Dot, site: Site) -> Code:
    made = site.layer(
        "layers.Dot",
        argument(layer.axes, hint="axes"),
        normalize=optional(layer.normalize, False),
    )
    return call(made, listed(site.inputs))


@LOWERINGS.add("MatMul")
def matmul(layer: MatMul, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.matmul),
        rank=site.node.inputs[0].type.rank,
        transpose_a=optional(layer.transpose_a, False),
        transpose_b=optional(layer.transpose_b, False),
    )
    return call(made, listed(site.inputs))
