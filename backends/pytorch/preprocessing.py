"""Preparing images: rescaling always, and augmentation in training only."""

from __future__ import annotations

from typing import Any

from specc.emit.code import Code, Literal, call, join, optional, text
from specc.layers.preprocessing import RandomFlip, RandomRotation, RandomZoom, Rescaling
from specc.tensor import FLOATS

from .site import LOWERINGS, Site

FLIPPED = {"horizontal": (3,), "vertical": (2,), "horizontal_and_vertical": (2, 3)}


@LOWERINGS.add("Rescaling")
def rescaling(layer: Rescaling, site: Site) -> Code:
    """Numbers for each channel need a module, since they move to the device with it."""
    if isinstance(layer.scale, tuple) or isinstance(layer.offset, tuple):
        return _per_channel(layer, site)
    y = _as_float(site)
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
    return call(module, _as_float(site))


def _floats(value: float | tuple[float, ...]) -> float | tuple[float, ...]:
    return tuple(map(float, value)) if isinstance(value, tuple) else float(value)


@LOWERINGS.add("RandomFlip")
def random_flip(layer: RandomFlip, site: Site) -> Code:
    dims = Literal(FLIPPED[layer.mode], "dims")
    return _augmented(site, "RandomFlip", dims, seed=optional(layer.seed, None, "seed"))


@LOWERINGS.add("RandomRotation")
def random_rotation(layer: RandomRotation, site: Site) -> Code:
    return _augmented(site, "RandomRotation", Literal(layer.factor, "factor"), **_options(layer))


@LOWERINGS.add("RandomZoom")
def random_zoom(layer: RandomZoom, site: Site) -> Code:
    return _augmented(
        site,
        "RandomZoom",
        Literal(layer.height_factor, "height_factor"),
        width_factor=optional(layer.width_factor, None, "width_factor"),
        **_options(layer),
    )


def _options(layer: RandomRotation | RandomZoom) -> dict[str, Any]:
    fill_mode = text(layer.fill_mode, "fill_mode")
    interpolation = text(layer.interpolation, "interpolation")
    return {
        "fill_mode": optional(fill_mode, "reflect"),
        "interpolation": optional(interpolation, "bilinear"),
        "seed": optional(layer.seed, None, "seed"),
        "fill_value": optional(layer.fill_value, 0.0, "fill_value"),
    }


def _augmented(site: Site, helper: str, *arguments: object, **keywords: object) -> Code:
    module = site.module(site.helper(helper), *arguments, **keywords)
    return call(module, _as_float(site))


def _as_float(site: Site) -> Code:
    """The input, integers as float32."""
    (value,) = site.node.inputs
    return site.x if value.type.dtype in FLOATS else join(site.x, ".float()")
