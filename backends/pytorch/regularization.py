"""Layers that make training harder, and are the identity at inference."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, optional
from specc.layers.regularization import Dropout

from .site import LOWERINGS, Site


@LOWERINGS.add("Dropout")
def dropout(layer: Dropout, site: Site) -> Code:
    """PyTorch has modules for the common masks; others, and seeds, need one of our own."""
    rate = Literal(layer.rate, "p")
    dims = _shared_dims(layer, site)
    kind = "nn.Dropout2d" if dims == (2, 3) else "" if dims else "nn.Dropout"
    if kind and layer.seed is None:
        return call(site.module(kind, rate), site.x)
    module = site.module(
        site.helper("MaskDropout"),
        rate,
        dims=optional(dims, (), "dims"),
        seed=optional(layer.seed, None, "seed"),
    )
    return call(module, site.x)


def _shared_dims(layer: Dropout, site: Site) -> tuple[int, ...]:
    """The physical axes along which elements are dropped together."""
    (value,) = site.node.inputs
    noise = layer.noise_shape or ()
    shared = (axis for axis, size in enumerate(noise) if size == 1 != value.type.shape[axis])
    return tuple(sorted(value.axis(axis) for axis in shared))
