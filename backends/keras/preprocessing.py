"""Preparing images: rescaling, and augmentations, which act in training only."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional, text
from specc.layers.preprocessing import RandomFlip, RandomRotation, RandomZoom, Rescaling

from .site import LOWERINGS, Site


@LOWERINGS.add("Rescaling")
def rescaling(layer: Rescaling, site: Site) -> Code:
    made = site.layer(
        "layers.Rescaling",
        argument(layer.scale, hint="scale"),
        offset=optional(layer.offset, 0.0),
    )
    return call(made, site.x)


@LOWERINGS.add("RandomFlip")
def random_flip(layer: RandomFlip, site: Site) -> Code:
    made = site.layer(
        "layers.RandomFlip",
        argument(text(layer.mode, "mode"), default="horizontal_and_vertical"),
        seed=optional(layer.seed, None),
    )
    return call(made, site.x)


@LOWERINGS.add("RandomRotation")
def random_rotation(layer: RandomRotation, site: Site) -> Code:
    made = site.layer(
        "layers.RandomRotation",
        argument(_factor(layer.factor), hint="factor"),
        fill_mode=optional(text(layer.fill_mode), "reflect"),
        interpolation=optional(text(layer.interpolation), "bilinear"),
        seed=optional(layer.seed, None),
        fill_value=optional(layer.fill_value, 0.0),
    )
    return call(made, site.x)


@LOWERINGS.add("RandomZoom")
def random_zoom(layer: RandomZoom, site: Site) -> Code:
    width = None if layer.width_factor is None else _factor(layer.width_factor)
    made = site.layer(
        "layers.RandomZoom",
        argument(_factor(layer.height_factor), hint="height_factor"),
        width_factor=optional(width, None),
        fill_mode=optional(text(layer.fill_mode), "reflect"),
        interpolation=optional(text(layer.interpolation), "bilinear"),
        seed=optional(layer.seed, None),
        fill_value=optional(layer.fill_value, 0.0),
    )
    return call(made, site.x)


def _factor(bounds: tuple[float, float]) -> float | tuple[float, float]:
    """One number where the range is as wide in both directions, as Keras users write it."""
    least, greatest = bounds
    return greatest if least == -greatest else bounds
