"""Depthwise convolutions, which are grouped ones in PyTorch, and separable ones."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.depthwise_convolution import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)

from .activations import activate
from .site import LOWERINGS, Site
from .windows import Sliding, sizes


@LOWERINGS.add("DepthwiseConv1D", "DepthwiseConv2D")
def depthwise_convolution(layer: DepthwiseConv1D | DepthwiseConv2D, site: Site) -> Code:
    sliding = Sliding(site, layer.windows)
    module = site.module(
        f"nn.Conv{layer.rank}d",
        *sizes(site, site.node.outputs[0].type.channels, sliding.kernel_size),
        **sliding.keywords(),
        groups=argument(site.node.inputs[0].type.channels, "groups"),
        bias=optional(layer.use_bias, True, "bias"),
    )
    return activate(layer.activation, call(module, sliding.padded()), site)


@LOWERINGS.add("SeparableConv1D", "SeparableConv2D")
def separable_convolution(layer: SeparableConv1D | SeparableConv2D, site: Site) -> Code:
    sliding, conv = Sliding(site, layer.windows), f"nn.Conv{layer.rank}d"
    module = site.module(
        site.helper("SeparableConv"),
        conv,
        *sizes(site, layer.filters, sliding.kernel_size),
        **sliding.keywords(),
        depth_multiplier=optional(layer.depth_multiplier, 1, "depth_multiplier"),
        bias=optional(layer.use_bias, True, "bias"),
    )
    site.parts = {"depthwise": conv, "pointwise": conv}
    return activate(layer.activation, call(module, sliding.padded()), site)
