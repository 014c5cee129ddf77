"""Layers that make training harder, and are the identity at inference."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional
from specc.layers.regularization import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
    StochasticDepth,
)

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


@LOWERINGS.add("StochasticDepth")
def stochastic_depth(layer: StochasticDepth, site: Site) -> Code:
    """Dropout with one draw for each item."""
    noise_shape = (None, *[1] * (site.type.rank - 1))
    made = site.layer(
        "layers.Dropout",
        argument(layer.rate, hint="rate"),
        noise_shape=noise_shape,
        seed=optional(layer.seed, None),
    )
    return call(made, site.x)


@LOWERINGS.add("AlphaDropout")
def alpha_dropout(layer: AlphaDropout, site: Site) -> Code:
    made = site.layer(
        "layers.AlphaDropout",
        argument(layer.rate, hint="rate"),
        noise_shape=optional(layer.noise_shape, None),
        seed=optional(layer.seed, None),
    )
    return call(made, site.x)


@LOWERINGS.add("GaussianDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
def dropout_of_one_kind(
    layer: GaussianDropout | SpatialDropout1D | SpatialDropout2D | SpatialDropout3D, site: Site
) -> Code:
    """Keras's layer of that name."""
    made = site.layer(
        f"layers.{site.node.type}",
        argument(layer.rate, hint="rate"),
        seed=optional(layer.seed, None),
    )
    return call(made, site.x)


@LOWERINGS.add("GaussianNoise")
def gaussian_noise(layer: GaussianNoise, site: Site) -> Code:
    made = site.layer(
        "layers.GaussianNoise",
        argument(layer.stddev, hint="stddev"),
        seed=optional(layer.seed, None),
    )
    return call(made, site.x)
