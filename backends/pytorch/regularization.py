"""Layers that make training harder, and are the identity at inference."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, optional
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

Dims = tuple[int, ...]
"""Physical axes along which elements are dropped together."""

DROPOUTS: dict[tuple[int, Dims], str] = {
    (3, (2,)): "nn.Dropout1d",
    (4, (2, 3)): "nn.Dropout2d",
    (5, (2, 3, 4)): "nn.Dropout3d",
}
"""The modules that drop whole channels, by the rank and the axes."""


@LOWERINGS.add("Dropout")
def dropout(layer: Dropout, site: Site) -> Code:
    return _dropout(layer.rate, _shared_dims(layer, site), layer.seed, site)


@LOWERINGS.add("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
def spatial_dropout(
    layer: SpatialDropout1D | SpatialDropout2D | SpatialDropout3D, site: Site
) -> Code:
    (value,) = site.node.inputs
    dims = sorted(value.axis(axis) for axis in range(1, value.type.rank - 1))
    return _dropout(layer.rate, tuple(dims), layer.seed, site)


@LOWERINGS.add("StochasticDepth")
def stochastic_depth(layer: StochasticDepth, site: Site) -> Code:
    (value,) = site.node.inputs
    return _dropout(layer.rate, tuple(range(1, value.type.rank)), layer.seed, site)


def _dropout(rate: float, dims: Dims, seed: int | None, site: Site) -> Code:
    """PyTorch has modules for the common masks; others, and seeds, need one of our own."""
    (value,) = site.node.inputs
    kind = DROPOUTS.get((value.type.rank, dims)) if dims else "nn.Dropout"
    if kind and seed is None:
        return call(site.module(kind, Literal(rate, "p")), site.x)
    return _masked("MaskDropout", rate, dims, seed, site)


def _masked(helper: str, rate: float, dims: Dims, seed: int | None, site: Site) -> Code:
    module = site.module(
        site.helper(helper),
        Literal(rate, "p"),
        dims=optional(dims, (), "dims"),
        seed=optional(seed, None, "seed"),
    )
    return call(module, site.x)


@LOWERINGS.add("AlphaDropout")
def alpha_dropout(layer: AlphaDropout, site: Site) -> Code:
    """PyTorch has modules for the mask of each element, and for that of whole channels."""
    (value,) = site.node.inputs
    dims = _shared_dims(layer, site)
    whole_channels = (value.type.rank, dims) in DROPOUTS
    if layer.seed is None and (whole_channels or not dims):
        kind = "nn.FeatureAlphaDropout" if dims else "nn.AlphaDropout"
        return call(site.module(kind, Literal(layer.rate, "p")), site.x)
    return _masked("MaskAlphaDropout", layer.rate, dims, layer.seed, site)


@LOWERINGS.add("GaussianDropout")
def gaussian_dropout(layer: GaussianDropout, site: Site) -> Code:
    module = site.module(
        site.helper("GaussianDropout"),
        Literal(layer.rate, "p"),
        seed=optional(layer.seed, None, "seed"),
    )
    return call(module, site.x)


@LOWERINGS.add("GaussianNoise")
def gaussian_noise(layer: GaussianNoise, site: Site) -> Code:
    module = site.module(
        site.helper("GaussianNoise"),
        Literal(layer.stddev, "std"),
        seed=optional(layer.seed, None, "seed"),
    )
    return call(module, site.x)


def _shared_dims(layer: Dropout | AlphaDropout, site: Site) -> Dims:
    """The physical axes along which elements are dropped together."""
    (value,) = site.node.inputs
    noise = layer.noise_shape or ()
    shared = (axis for axis, size in enumerate(noise) if size == 1 != value.type.shape[axis])
    return tuple(sorted(value.axis(axis) for axis in shared))
