"""Augmentation: modules of `helpers/`, which act in training."""

from __future__ import annotations

from typing import Any

from specc.emit.code import Code, Literal, argument, call, optional, text
from specc.layer import Layer
from specc.layers.augmentation import (
    Equalization,
    RandAugment,
    RandomBrightness,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomGaussianBlur,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPerspective,
    RandomPosterization,
    RandomRotation,
    RandomSaturation,
    RandomSharpness,
    RandomShear,
    RandomTranslation,
    RandomZoom,
    Solarization,
)

from .preprocessing import as_float
from .site import LOWERINGS, Site

FLIPPED = {"horizontal": (3,), "vertical": (2,), "horizontal_and_vertical": (2, 3)}

Coloring = (
    RandomBrightness
    | RandomColorDegeneration
    | RandomContrast
    | RandomHue
    | RandomPosterization
    | RandomSaturation
    | RandomSharpness
)


@LOWERINGS.add("RandomFlip")
def random_flip(layer: RandomFlip, site: Site) -> Code:
    return _augmented(site, Literal(FLIPPED[layer.mode], "dims"), **_options(layer, "seed"))


@LOWERINGS.add("RandomRotation")
def random_rotation(layer: RandomRotation, site: Site) -> Code:
    factor = Literal(layer.bounds(layer.factor), "factor")
    options = _options(layer, "fill_mode", "interpolation", "seed", "fill_value")
    return _augmented(site, factor, **options)


@LOWERINGS.add("RandomZoom")
def random_zoom(layer: RandomZoom, site: Site) -> Code:
    width = None if layer.width_factor is None else layer.bounds(layer.width_factor)
    return _augmented(
        site,
        Literal(layer.bounds(layer.height_factor), "height_factor"),
        width_factor=optional(width, None),
        **_options(layer, "fill_mode", "interpolation", "seed", "fill_value"),
    )


@LOWERINGS.add("RandomTranslation")
def random_translation(layer: RandomTranslation, site: Site) -> Code:
    return _augmented(
        site,
        Literal(layer.bounds(layer.height_factor), "height_factor"),
        Literal(layer.bounds(layer.width_factor), "width_factor"),
        **_options(layer, "fill_mode", "interpolation", "seed", "fill_value"),
    )


@LOWERINGS.add("RandomShear")
def random_shear(layer: RandomShear, site: Site) -> Code:
    return _augmented(
        site,
        x_factor=optional(layer.bounds(layer.x_factor), (0.0, 0.0)),
        y_factor=optional(layer.bounds(layer.y_factor), (0.0, 0.0)),
        **_options(layer, "interpolation", "fill_mode", "fill_value", "seed"),
    )


@LOWERINGS.add("RandomPerspective")
def random_perspective(layer: RandomPerspective, site: Site) -> Code:
    options = _options(layer, "scale", "interpolation", "fill_value", "seed")
    return _augmented(site, factor=_chance(layer), **options)


@LOWERINGS.add("RandomCrop")
def random_crop(layer: RandomCrop, site: Site) -> Code:
    size = Literal((layer.height, layer.width), "size")
    return _augmented(site, size, **_options(layer, "seed"))


@LOWERINGS.add(
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomContrast",
    "RandomHue",
    "RandomPosterization",
    "RandomSaturation",
    "RandomSharpness",
)
def coloring(layer: Coloring, site: Site) -> Code:
    factor = Literal(layer.bounds(layer.factor), "factor")
    return _augmented(site, factor, **_options(layer, "value_range", "seed"))


@LOWERINGS.add("RandomColorJitter")
def random_color_jitter(layer: RandomColorJitter, site: Site) -> Code:
    """The augmentations that have a factor, one after the other, each with a seed of its own."""
    kinds = {
        RandomBrightness: layer.brightness_factor,
        RandomContrast: layer.contrast_factor,
        RandomSaturation: layer.saturation_factor,
        RandomHue: layer.hue_factor,
    }
    steps: list[Code] = []
    for index, (kind, factor) in enumerate(kinds.items()):
        if factor is None:
            continue
        seed = None if layer.seed is None else (layer.seed + index) % 2**31
        step = kind(factor=factor, value_range=layer.value_range, seed=seed)
        bounds = Literal(step.bounds(factor), "factor")
        options = _options(step, "value_range", "seed")
        steps.append(call(site.helper(kind.__name__), bounds, **options))
    return call(site.module("nn.Sequential", *steps), as_float(site))


@LOWERINGS.add("RandomGrayscale")
def random_grayscale(layer: RandomGrayscale, site: Site) -> Code:
    return _augmented(site, **_options(layer, "factor", "seed"))


@LOWERINGS.add("RandomInvert")
def random_invert(layer: RandomInvert, site: Site) -> Code:
    factor = Literal(layer.bounds(layer.factor), "factor")
    return _augmented(site, factor, **_options(layer, "value_range", "seed"))


@LOWERINGS.add("Solarization")
def solarization(layer: Solarization, site: Site) -> Code:
    return _augmented(
        site,
        addition_factor=optional(layer.bounds(layer.addition_factor), (0.0, 0.0)),
        threshold_factor=optional(layer.bounds(layer.threshold_factor), (0.0, 0.0)),
        **_options(layer, "value_range", "seed"),
    )


@LOWERINGS.add("Equalization")
def equalization(layer: Equalization, site: Site) -> Code:
    return _augmented(site, **_options(layer, "value_range", "bins"))


@LOWERINGS.add("RandomGaussianBlur")
def random_gaussian_blur(layer: RandomGaussianBlur, site: Site) -> Code:
    return _augmented(
        site,
        factor=_chance(layer),
        sigma=optional(layer.bounds(layer.sigma), (0.0, 1.0)),
        **_options(layer, "kernel_size", "value_range", "seed"),
    )


@LOWERINGS.add("RandomErasing")
def random_erasing(layer: RandomErasing, site: Site) -> Code:
    return _augmented(
        site,
        factor=_chance(layer),
        scale=optional(layer.bounds(layer.scale), (0.02, 0.33)),
        **_options(layer, "fill_value", "value_range", "seed"),
    )


@LOWERINGS.add("RandAugment")
def rand_augment(layer: RandAugment, site: Site) -> Code:
    return _augmented(
        site,
        **_options(layer, "value_range", "num_ops"),
        factor=optional(layer.bounds(layer.factor), (0.0, 0.5)),
        **_options(layer, "interpolation", "seed"),
    )


Chancy = RandomErasing | RandomGaussianBlur | RandomPerspective


def _chance(layer: Chancy) -> Any:
    return argument(layer.bounds(layer.factor), hint="factor", default=(0.0, 1.0))


def _options(layer: Layer, *names: str) -> dict[str, Any]:
    """Parameters as keywords, left out where they are the default, as the helpers have it too."""
    given = {name: getattr(layer, name) for name in names}
    return {
        name: optional(
            text(value, name) if isinstance(value, str) else value,
            type(layer).model_fields[name].default,
        )
        for name, value in given.items()
    }


def _augmented(site: Site, *arguments: object, **keywords: object) -> Code:
    """The helper of the layer's name, called on images as floating-point numbers."""
    module = site.module(site.helper(site.node.type), *arguments, **keywords)
    return call(module, as_float(site))
