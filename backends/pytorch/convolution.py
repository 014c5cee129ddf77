"""Convolutions: modules of `nn`, with their pads where PyTorch has them and `F.pad` where not."""

from __future__ import annotations

from specc.emit.code import Code, call, optional
from specc.layers.convolution import Conv1D, Conv2D, Conv3D

from .activations import activate
from .site import LOWERINGS, Site
from .windows import Sliding, sizes


@LOWERINGS.add("Conv1D", "Conv2D", "Conv3D")
def convolution(layer: Conv1D | Conv2D | Conv3D, site: Site) -> Code:
    sliding = Sliding(site, layer.windows)
    module = site.module(
        f"nn.Conv{layer.rank}d",
        *sizes(site, layer.filters, sliding.kernel_size),
        **sliding.keywords(),
        groups=optional(layer.groups, 1, "groups"),
        bias=optional(layer.use_bias, True, "bias"),
    )
    return activate(layer.activation, call(module, sliding.padded()), site)
