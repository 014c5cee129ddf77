"""Depthwise and separable convolutions."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.depthwise_convolution import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from specc.windows import one_if_alike

from .activations import activate, keyword
from .arguments import weights
from .kernels import bias_weight, kernel_size, window
from .site import LOWERINGS, Site
from .windows import zero_padded


@LOWERINGS.add("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise_convolution(layer: DepthwiseConv1D | DepthwiseConv2D, site: Site) -> Code:
    x, padding = zero_padded(layer.padding, site)
    conv = site.layer(
        f"layers.DepthwiseConv{layer.rank}D",
        kernel_size(layer),
        **window(layer, padding),
        depth_multiplier=optional(layer.depth_multiplier, 1),
        dilation_rate=optional(one_if_alike(layer.dilation_rate), 1),
        activation=keyword(layer.activation),
        use_bias=optional(layer.use_bias, True),
        **weights(layer, depthwise="glorot_uniform", bias="zeros"),
    )
    site.weight("weight", "kernel")
    bias_weight(layer, site, "bias")
    return activate(layer.activation, call(conv, x), site)


@LOWERINGS.add("SeparableConv1D", "SeparableConv2D")
def separable_convolution(layer: SeparableConv1D | SeparableConv2D, site: Site) -> Code:
    x, padding = zero_padded(layer.padding, site)
    conv = site.layer(
        f"layers.SeparableConv{layer.rank}D",
        argument(layer.filters, hint="filters"),
        kernel_size(layer),
        **window(layer, padding),
        dilation_rate=optional(one_if_alike(layer.dilation_rate), 1),
        depth_multiplier=optional(layer.depth_multiplier, 1),
        activation=keyword(layer.activation),
        use_bias=optional(layer.use_bias, True),
        **weights(layer, depthwise="glorot_uniform", pointwise="glorot_uniform", bias="zeros"),
    )
    site.weight("depthwise.weight", "depthwise_kernel")
    site.weight("pointwise.weight", "pointwise_kernel")
    bias_weight(layer, site, "pointwise.bias")
    return activate(layer.activation, call(conv, x), site)
