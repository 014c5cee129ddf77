"""Transposed convolutions: modules of `nn`, which cut off both ends alike, and slices."""

from __future__ import annotations

from specc.emit.code import Code, call, optional
from specc.layers.transposed_convolution import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from specc.windows import one_if_alike

from .activations import activate
from .site import LOWERINGS, Site
from .windows import Cropping, sizes


@LOWERINGS.add("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed_convolution(
    layer: Conv1DTranspose | Conv2DTranspose | Conv3DTranspose, site: Site
) -> Code:
    cropping = Cropping(layer.unfoldings)
    module = site.module(
        f"nn.ConvTranspose{layer.rank}d",
        *sizes(site, layer.filters, one_if_alike(layer.kernel_size)),
        stride=optional(one_if_alike(layer.strides), 1, "stride"),
        padding=optional(cropping.padding, 0, "padding"),
        output_padding=optional(cropping.output_padding, 0, "output_padding"),
        bias=optional(layer.use_bias, True, "bias"),
        dilation=optional(one_if_alike(layer.dilation_rate), 1, "dilation"),
    )
    return activate(layer.activation, cropping.cropped(call(module, site.x)), site)
