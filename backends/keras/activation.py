"""Activation layers."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, join, optional, text
from specc.layers.activation import ELU, GELU, LeakyReLU, PReLU, ReLU, Softmax

from .arguments import axes, weights
from .helpers import activation as helpers
from .masks import masked
from .site import LOWERINGS, Site


@LOWERINGS.add("ReLU")
def relu(layer: ReLU, site: Site) -> Code:
    made = site.layer(
        "layers.ReLU",
        max_value=optional(layer.max_value, None),
        negative_slope=optional(layer.negative_slope, 0.0),
        threshold=optional(layer.threshold, 0.0),
    )
    return call(made, site.x)


@LOWERINGS.add("LeakyReLU")
def leaky_relu(layer: LeakyReLU, site: Site) -> Code:
    made = site.layer("layers.LeakyReLU", negative_slope=optional(layer.negative_slope, 0.3))
    return call(made, site.x)


@LOWERINGS.add("ELU")
def elu(layer: ELU, site: Site) -> Code:
    return call(site.layer("layers.ELU", alpha=optional(layer.alpha, 1.0)), site.x)


@LOWERINGS.add("GELU")
def gelu(layer: GELU, site: Site) -> Code:
    """Keras names only the exact one."""
    if not layer.approximate:
        return call(site.layer("layers.Activation", text("gelu")), site.x)
    rank = argument(site.node.inputs[0].type.rank, hint="rank")
    return call(site.layer(site.helper(helpers.approximate_gelu), rank), site.x)


@LOWERINGS.add("PReLU")
def prelu(layer: PReLU, site: Site) -> Code:
    made = site.layer(
        "layers.PReLU",
        **weights(layer, alpha="zeros"),
        shared_axes=optional(layer.shared(site.type) or None, None),
    )
    site.weight("weight", "alpha")
    return call(made, site.x)


@LOWERINGS.add("Softmax")
def softmax(layer: Softmax, site: Site) -> Code:
    x, *masks = site.inputs
    type = site.node.inputs[0].type
    axis = optional(axes(layer.axes(type), type), -1)
    if not masks:
        return call(site.layer("layers.Softmax", axis=axis), x)
    made = masked(site, call("layers.Softmax", axis=axis))
    return call(made, join("[", x, ", ", masks[0], "]"))
