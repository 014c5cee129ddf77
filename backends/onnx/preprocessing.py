"""Preparing images, in ONNX: augmentations act in training only, and leave the cast to float."""

from __future__ import annotations

import numpy as np

from .graph import LOWERINGS, Builder, Tensor


@LOWERINGS.add("Rescaling")
def rescaling(build: Builder, x: Tensor) -> Tensor:
    """What changes nothing, a factor of 1 or an offset of 0, is left out."""
    y = build.cast(x, build.output.dtype)
    if build.layer.scale != 1:
        y = build.op("Mul", y, _per_channel(build, "scale"))
    if build.layer.offset != 0:
        y = build.op("Add", y, _per_channel(build, "offset"))
    return y


def _per_channel(build: Builder, parameter: str) -> Tensor:
    """A parameter that is one number, or one for each channel, so that it broadcasts."""
    value = np.asarray(getattr(build.layer, parameter))
    if value.ndim == 1:
        shape = [1] * build.output.rank
        shape[build.node.outputs[0].axis(-1)] = -1
        value = value.reshape(shape)
    return build.constant(value, parameter, build.output.dtype)


@LOWERINGS.add("RandomFlip", "RandomRotation", "RandomZoom")
def augmentation(build: Builder, x: Tensor) -> Tensor:
    return build.cast(x, build.output.dtype)
