"""The basic layers: fully connected ones, and activations on their own."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional, text
from specc.layers.core import Activation, Dense

from .activations import OWN, activate, keyword, own
from .arguments import initializer, regularizer
from .site import LOWERINGS, Site


@LOWERINGS.add("Dense")
def dense(layer: Dense, site: Site) -> Code:
    made = site.layer(
        "layers.Dense",
        argument(layer.units, hint="units"),
        activation=keyword(layer.activation),
        use_bias=optional(layer.use_bias, True),
        kernel_initializer=initializer(layer.kernel_initializer, "glorot_uniform"),
        bias_initializer=initializer(layer.bias_initializer, "zeros"),
        kernel_regularizer=regularizer(layer.kernel_regularizer),
        bias_regularizer=regularizer(layer.bias_regularizer),
    )
    site.weight("weight", "kernel", (1, 0))
    if layer.use_bias:
        site.weight("bias", "bias")
    return activate(layer.activation, call(made, site.x), site)


@LOWERINGS.add("Activation")
def activation(layer: Activation, site: Site) -> Code:
    if layer.activation in OWN:
        return call(own(layer.activation, site), site.x)
    made = site.layer("layers.Activation", text(layer.activation, "activation"))
    return call(made, site.x)
