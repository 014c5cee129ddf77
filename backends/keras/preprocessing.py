"""Preparing inputs, in training and at inference alike."""

from __future__ import annotations

from specc.dims import known
from specc.emit.code import Code, Literal, argument, call, optional, text
from specc.layers.preprocessing import (
    AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization,
    Rescaling,
)
from specc.tensor import FLOATS

from .helpers import preprocessing as helpers
from .site import LOWERINGS, Site


@LOWERINGS.add("Rescaling")
def rescaling(layer: Rescaling, site: Site) -> Code:
    made = site.layer(
        "layers.Rescaling",
        argument(layer.scale, hint="scale"),
        offset=optional(layer.offset, 0.0),
    )
    return call(made, site.x)


@LOWERINGS.add("AutoContrast")
def auto_contrast(layer: AutoContrast, site: Site) -> Code:
    made = site.layer("layers.AutoContrast", value_range=optional(layer.value_range, (0.0, 255.0)))
    return call(made, as_float(site))


@LOWERINGS.add("ContrastLimitedAdaptiveHistogramEqualization")
def clahe(layer: ContrastLimitedAdaptiveHistogramEqualization, site: Site) -> Code:
    _, *shape = map(known, (0, *site.type.shape[1:]))
    made = site.layer(
        site.helper(helpers.clahe),
        Literal(tuple(shape), "shape"),
        Literal(layer.value_range, "value_range"),
        Literal(layer.clip_limit, "clip_limit"),
        Literal(layer.tile_grid_size, "tile_grid_size"),
    )
    return call(made, site.x)


def as_float(site: Site) -> Code:
    """The input, integers as float32: many of Keras's layers for images do not see to it."""
    return site.x if site.type.dtype in FLOATS else call("ops.cast", site.x, text("float32"))
