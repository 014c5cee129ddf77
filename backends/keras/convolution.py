"""Convolutions."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional, text
from specc.layers.convolution import Conv2D

from .activations import activate, keyword
from .arguments import initializer, regularizer
from .site import LOWERINGS, Site
from .windows import pair, zero_padded


@LOWERINGS.add("Conv2D")
def conv2d(layer: Conv2D, site: Site) -> Code:
    x, padding = zero_padded(layer.padding, site)
    conv = site.layer(
        "layers.Conv2D",
        argument(layer.filters, hint="filters"),
        argument(pair(layer.kernel_size), hint="kernel_size"),
        strides=optional(pair(layer.strides), 1),
        padding=optional(text(padding), "valid"),
        dilation_rate=optional(pair(layer.dilation_rate), 1),
        groups=optional(layer.groups, 1),
        activation=keyword(layer.activation),
        use_bias=optional(layer.use_bias, True),
        kernel_initializer=initializer(layer.kernel_initializer, "glorot_uniform"),
        bias_initializer=initializer(layer.bias_initializer, "zeros"),
        kernel_regularizer=regularizer(layer.kernel_regularizer),
        bias_regularizer=regularizer(layer.bias_regularizer),
    )
    site.weight("weight", "kernel", (2, 3, 1, 0))
    if layer.use_bias:
        site.weight("bias", "bias")
    return activate(layer.activation, call(conv, x), site)
