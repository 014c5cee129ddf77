"""The basic layers: fully connected ones, and activations on their own."""

from __future__ import annotations

from specc.einsum import einsum_letters
from specc.emit.code import Code, argument, call, optional, text
from specc.layers.core import Activation, Dense, EinsumDense, Identity

from .activations import OWN, activate, keyword, own
from .arguments import weights
from .site import LOWERINGS, Site


@LOWERINGS.add("Dense")
def dense(layer: Dense, site: Site) -> Code:
    made = site.layer(
        "layers.Dense",
        argument(layer.units, hint="units"),
        activation=keyword(layer.activation),
        use_bias=optional(layer.use_bias, True),
        **weights(layer, kernel="glorot_uniform", bias="zeros"),
    )
    site.weight("weight", "kernel")
    if layer.use_bias:
        site.weight("bias", "bias")
    return activate(layer.activation, call(made, site.x), site)


@LOWERINGS.add("EinsumDense")
def einsum_dense(layer: EinsumDense, site: Site) -> Code:
    """Its axes have names each: of dots for several, Keras takes the sizes the other way round."""
    (x,), (y,) = site.node.inputs, site.node.outputs
    shape = tuple(size if isinstance(size, int) else None for size in y.type.shape[1:])
    bias_axes = None if layer.bias_axes is None else text(layer.bias_axes, "bias_axes")
    made = site.layer(
        "layers.EinsumDense",
        text(einsum_letters(layer.equation, x.type).equation, "equation"),
        output_shape=shape[0] if len(shape) == 1 else shape,
        activation=keyword(layer.activation),
        bias_axes=argument("None" if bias_axes is None else bias_axes, default=None),
        **weights(layer, kernel="glorot_uniform", bias="zeros"),
    )
    site.weight("weight", "kernel")
    if bias_axes is not None:
        site.weight("bias", "bias")
    return activate(layer.activation, call(made, site.x), site)


@LOWERINGS.add("Activation")
def activation(layer: Activation, site: Site) -> Code:
    if layer.activation in OWN:
        return call(own(layer.activation, site), site.x)
    made = site.layer("layers.Activation", text(layer.activation, "activation"))
    return call(made, site.x)


@LOWERINGS.add("Identity")
def identity(layer: Identity, site: Site) -> Code:
    return call(site.layer("layers.Identity"), site.x)
