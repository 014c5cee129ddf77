"""Convolutions: `nn.Conv2d`, with its pads where PyTorch has them and `F.pad` where it has not."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.convolution import Conv2D

from .activations import activate
from .site import LOWERINGS, Site
from .windows import Sliding, pair


@LOWERINGS.add("Conv2D")
def conv2d(layer: Conv2D, site: Site) -> Code:
    sliding = Sliding(site, layer.windows)
    padding = sliding.symmetric()
    (value,) = site.node.inputs
    module = site.module(
        "nn.Conv2d",
        argument(value.type.channels, hint="in_channels"),
        argument(layer.filters, hint="out_channels"),
        argument(sliding.kernel_size, hint="kernel_size"),
        stride=optional(sliding.stride, 1, "stride"),
        padding=optional(padding or 0, 0, "padding"),
        dilation=optional(pair(layer.dilation_rate), 1, "dilation"),
        groups=optional(layer.groups, 1, "groups"),
        bias=optional(layer.use_bias, True, "bias"),
    )
    x = site.x if padding is not None else call("F.pad", site.x, sliding.explicit())
    return activate(layer.activation, call(module, x), site)
