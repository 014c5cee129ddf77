"""Convolutions."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.convolution import Conv1D, Conv2D, Conv3D
from specc.windows import one_if_alike

from .activations import activate
from .kernels import affine, bias_weight, kernel_size, window
from .site import LOWERINGS, Site
from .windows import zero_padded


@LOWERINGS.add("Conv1D", "Conv2D", "Conv3D")
def convolution(layer: Conv1D | Conv2D | Conv3D, site: Site) -> Code:
    x, padding = zero_padded(layer.padding, site)
    conv = site.layer(
        f"layers.Conv{layer.rank}D",
        argument(layer.filters, hint="filters"),
        kernel_size(layer),
        **window(layer, padding),
        dilation_rate=optional(one_if_alike(layer.dilation_rate), 1),
        groups=optional(layer.groups, 1),
        **affine(layer),
    )
    site.weight("weight", "kernel")
    bias_weight(layer, site, "bias")
    return activate(layer.activation, call(conv, x), site)
