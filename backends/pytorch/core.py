"""Dense layers, and activations on their own."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.core import Activation, Dense

from .activations import activate
from .site import LOWERINGS, Site


@LOWERINGS.add("Dense")
def dense(layer: Dense, site: Site) -> Code:
    (value,) = site.node.inputs
    module = site.module(
        "nn.Linear",
        argument(value.type.channels, hint="in_features"),
        argument(layer.units, hint="out_features"),
        bias=optional(layer.use_bias, True, "bias"),
    )
    return activate(layer.activation, call(module, site.x), site)


@LOWERINGS.add("Activation")
def activation(layer: Activation, site: Site) -> Code:
    return activate(layer.activation, site.x, site)
