"""Augmentation: Keras's layers of these names, with the parameters of the declarations."""

from __future__ import annotations

from specc.emit.code import Argument, Code, argument, call, join, text
from specc.layer import Layer
from specc.layers.augmentation import Equalization, RandomCrop

from .preprocessing import as_float
from .site import LOWERINGS, Site


@LOWERINGS.add(
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Solarization",
)
def augmentation(layer: Layer, site: Site) -> Code:
    made = site.layer(f"layers.{site.node.type}", *arguments(layer))
    return call(made, as_float(site))


@LOWERINGS.add("RandomCrop")
def random_crop(layer: RandomCrop, site: Site) -> Code:
    """Keras's layer leaves images whole at inference, so that `Resizing` must follow."""
    cropped = call(site.layer("layers.RandomCrop", *arguments(layer)), as_float(site))
    resized = site.layer(
        "layers.Resizing",
        argument(layer.height, hint="height"),
        argument(layer.width, hint="width"),
        crop_to_aspect_ratio=True,
        part="resizing",
    )
    return call(resized, cropped)


@LOWERINGS.add("Equalization")
def equalization(layer: Equalization, site: Site) -> Code:
    """In a pipeline: Keras's layer by itself gives a model its own input back."""
    kind = "layers.Equalization"
    steps = join("[", call(kind, *arguments(layer), *site.dtype(kind)), "]")
    pipeline = call("layers.Pipeline", steps, Argument(site.name(""), "name"))
    return call(pipeline, as_float(site))


def arguments(layer: Layer) -> list[Argument]:
    """The parameters in order: those that must be given, and the primary one, without keywords."""
    made: list[Argument] = []
    for name, field in type(layer).model_fields.items():
        value = getattr(layer, name)
        code = text(value, name) if isinstance(value, str) else value
        if field.is_required():
            made.append(argument(code, hint=name))
        elif name == layer.primary:
            made.append(argument(code, hint=name, default=field.default))
        else:
            made.append(argument(code, name, default=field.default))
    return made
