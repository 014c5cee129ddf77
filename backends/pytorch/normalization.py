"""Normalizations."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.normalization import BatchNormalization

from .site import LOWERINGS, Site


@LOWERINGS.add("BatchNormalization")
def batch_normalization(layer: BatchNormalization, site: Site) -> Code:
    (value,) = site.node.inputs
    module = site.module(
        "nn.BatchNorm2d",
        argument(value.type.channels, hint="num_features"),
        eps=optional(layer.epsilon, 1e-5, "eps"),
        momentum=optional(round(1 - layer.momentum, 12), 0.1, "momentum"),
    )
    return call(module, site.x)
