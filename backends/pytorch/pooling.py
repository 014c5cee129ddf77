"""Poolings."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D

from .site import LOWERINGS, Site
from .windows import pair, symmetric_pads


@LOWERINGS.add("MaxPooling2D")
def max_pooling2d(layer: MaxPooling2D, site: Site) -> Code:
    x, padding = symmetric_pads(site, layer.windows)
    strides = layer.strides or layer.pool_size
    module = site.module(
        "nn.MaxPool2d",
        argument(pair(layer.pool_size), hint="kernel_size"),
        stride=optional(pair(strides), pair(layer.pool_size), "stride"),
        padding=optional(padding, 0, "padding"),
    )
    return call(module, x)


@LOWERINGS.add("AveragePooling2D")
def average_pooling2d(layer: AveragePooling2D, site: Site) -> Code:
    x, padding = symmetric_pads(site, layer.windows)
    strides = layer.strides or layer.pool_size
    module = site.module(
        "nn.AvgPool2d",
        argument(pair(layer.pool_size), hint="kernel_size"),
        stride=optional(pair(strides), pair(layer.pool_size), "stride"),
        padding=optional(padding, 0, "padding"),
    )
    return call(module, x)


@LOWERINGS.add("GlobalAveragePooling2D")
def global_average_pooling2d(layer: GlobalAveragePooling2D, site: Site) -> Code:
    return call("torch.mean", site.x, dim=(2, 3))
