"""Preparing inputs, in training and at inference alike."""

from __future__ import annotations

from specc.emit.code import Code, Literal, call, join, optional
from specc.layers.preprocessing import (
    AutoContrast,
    ContrastLimitedAdaptiveHistogramEqualization,
    Rescaling,
)
from specc.tensor import FLOATS

from .site import LOWERINGS, Site


@LOWERINGS.add("Rescaling")
def rescaling(layer: Rescaling, site: Site) -> Code:
    """Numbers for each channel need a module, since they move to the device with it."""
    if isinstance(layer.scale, tuple) or isinstance(layer.offset, tuple):
        return _per_channel(layer, site)
    y = as_float(site)
    if layer.scale != 1:
        y = join(y, " * ", Literal(float(layer.scale), "scale"))
    if layer.offset != 0:
        y = join(y, " + ", Literal(float(layer.offset), "offset"))
    return y


def _per_channel(layer: Rescaling, site: Site) -> Code:
    (value,) = site.node.inputs
    after = value.type.rank - 1 - value.axis(-1)
    module = site.module(
        site.helper("ChannelRescaling"),
        scale=Literal(_floats(layer.scale), "scale"),
        offset=Literal(_floats(layer.offset), "offset"),
        shape=(-1, *[1] * after),
    )
    return call(module, as_float(site))


def _floats(value: float | tuple[float, ...]) -> float | tuple[float, ...]:
    return tuple(map(float, value)) if isinstance(value, tuple) else float(value)


@LOWERINGS.add("AutoContrast")
def auto_contrast(layer: AutoContrast, site: Site) -> Code:
    value_range = optional(layer.value_range, (0.0, 255.0))
    module = site.module(site.helper("AutoContrast"), value_range=value_range)
    return call(module, as_float(site))


@LOWERINGS.add("ContrastLimitedAdaptiveHistogramEqualization")
def clahe(layer: ContrastLimitedAdaptiveHistogramEqualization, site: Site) -> Code:
    module = site.module(
        site.helper("CLAHE"),
        value_range=optional(layer.value_range, (0.0, 255.0)),
        clip_limit=optional(layer.clip_limit, 4.0),
        tile_grid_size=optional(layer.tile_grid_size, (8, 8)),
    )
    return call(module, as_float(site))


def as_float(site: Site) -> Code:
    """The input, integers as float32."""
    (value,) = site.node.inputs
    return site.x if value.type.dtype in FLOATS else join(site.x, ".float()")
