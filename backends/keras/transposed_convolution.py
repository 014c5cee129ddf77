"""Transposed convolutions."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.transposed_convolution import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from specc.windows import one_if_alike, unfoldings

from .activations import activate
from .kernels import affine, bias_weight, kernel_size, window
from .site import LOWERINGS, Site
from .windows import Pads, amount, is_padded


@LOWERINGS.add("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def transposed_convolution(
    layer: Conv1DTranspose | Conv2DTranspose | Conv3DTranspose, site: Site
) -> Code:
    """Explicit pads are cropped by a layer of their own, unless `same` cuts off the same cells."""
    padding, output_padding, crops = _cut(layer)
    conv = site.layer(
        f"layers.Conv{layer.rank}DTranspose",
        argument(layer.filters, hint="filters"),
        kernel_size(layer),
        **window(layer, padding),
        output_padding=optional(output_padding and one_if_alike(output_padding), None),
        dilation_rate=optional(one_if_alike(layer.dilation_rate), 1),
        **affine(layer),
    )
    site.weight("weight", "kernel")
    bias_weight(layer, site, "bias")
    y = activate(layer.activation, call(conv, site.x), site)
    if not is_padded(crops):
        return y
    borders = argument(amount(crops), hint="cropping")
    return call(site.layer(f"layers.Cropping{layer.rank}D", borders, part="crop"), y)


def _cut(
    layer: Conv1DTranspose | Conv2DTranspose | Conv3DTranspose,
) -> tuple[str, tuple[int, ...] | None, Pads]:
    """Keras's `padding` and `output_padding`, and what is to be cropped after that."""
    if isinstance(layer.padding, str):
        return layer.padding, layer.output_padding, ()
    window = (layer.kernel_size, layer.strides, layer.dilation_rate)
    if layer.unfoldings == unfoldings(*window, "same", None):
        return "same", None, ()
    crops = tuple(each.crop for each in layer.unfoldings)
    added = tuple(max(-end, 0) for _, end in crops)
    usual = tuple(max(-each.crop[1], 0) for each in unfoldings(*window, "valid", None))
    cropped = tuple((begin, max(end, 0)) for begin, end in crops)
    return "valid", None if added == usual else added, cropped
