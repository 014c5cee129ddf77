"""Activation layers."""

from __future__ import annotations

from specc.emit.code import Code, call, optional
from specc.layers.activation import LeakyReLU, ReLU, Softmax

from .arguments import axes
from .site import LOWERINGS, Site


@LOWERINGS.add("ReLU")
def relu(layer: ReLU, site: Site) -> Code:
    made = site.layer(
        "layers.ReLU",
        max_value=optional(layer.max_value, None),
        negative_slope=optional(layer.negative_slope, 0.0),
        threshold=optional(layer.threshold, 0.0),
    )
    return call(made, site.x)


@LOWERINGS.add("LeakyReLU")
def leaky_relu(layer: LeakyReLU, site: Site) -> Code:
    made = site.layer("layers.LeakyReLU", negative_slope=optional(layer.negative_slope, 0.3))
    return call(made, site.x)


@LOWERINGS.add("Softmax")
def softmax(layer: Softmax, site: Site) -> Code:
    axis = axes(layer.axes(site.type), site.type)
    return call(site.layer("layers.Softmax", axis=optional(axis, -1)), site.x)
