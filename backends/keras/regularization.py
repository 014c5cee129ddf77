"""Layers that make training harder, and are the identity at inference."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.regularization import Dropout

from .site import LOWERINGS, Site


@LOWERINGS.add("Dropout")
def dropout(layer: Dropout, site: Site) -> Code:
    made = site.layer(
        "layers.Dropout",
        argument(layer.rate, hint="rate"),
        noise_shape=optional(layer.noise_shape, None),
        seed=optional(layer.seed, None),
    )
    return call(made, site.x)
