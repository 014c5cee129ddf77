"""Dense layers, and activations on their own."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, optional, text
from specc.layers.core import Activation, Dense, EinsumDense, Identity

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


@LOWERINGS.add("EinsumDense")
def einsum_dense(layer: EinsumDense, site: Site) -> Code:
    weights = site.node.weights
    bias = weights["bias"].shape if "bias" in weights else None
    module = site.module(
        site.helper("EinsumDense"),
        text(layer.equation, "equation"),
        Literal(weights["weight"].shape, "kernel_shape"),
        argument(bias, hint="bias_shape", default=None),
    )
    return activate(layer.activation, call(module, site.x), site)


@LOWERINGS.add("Activation")
def activation(layer: Activation, site: Site) -> Code:
    return activate(layer.activation, site.x, site)


@LOWERINGS.add("Identity")
def identity(layer: Identity, site: Site) -> Code:
    return site.x
