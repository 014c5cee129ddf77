"""Poolings into so many windows."""

from __future__ import annotations

from specc.dims import Size
from specc.emit.code import Code, argument, call, text
from specc.layers.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from specc.windows import one_if_alike

from .helpers import adaptive_pooling as helpers
from .site import LOWERINGS, Site

AdaptiveMaxPooling = AdaptiveMaxPooling1D | AdaptiveMaxPooling2D | AdaptiveMaxPooling3D
AdaptiveAveragePooling = (
    AdaptiveAveragePooling1D | AdaptiveAveragePooling2D | AdaptiveAveragePooling3D
)


@LOWERINGS.add("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D")
def adaptive_average_pooling(layer: AdaptiveAveragePooling, site: Site) -> Code:
    """Keras's layer wants to know the sizes."""
    if all(isinstance(size, int) for size in _sizes(site)):
        return _adaptive(f"layers.AdaptiveAveragePooling{layer.rank}D", layer, site)
    return _by_parts("mean", layer, site)


@LOWERINGS.add("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")
def adaptive_max_pooling(layer: AdaptiveMaxPooling, site: Site) -> Code:
    """Keras's layer wants to know the sizes; where one window is all, TensorFlow ends the process.

    It takes the maxima of windows of one cell more as well, which may not fit (Keras 3.15).
    """
    pairs = zip(_sizes(site), layer.output_size, strict=True)
    if all(isinstance(size, int) and size > 1 and count > 1 for size, count in pairs):
        return _adaptive(f"layers.AdaptiveMaxPooling{layer.rank}D", layer, site)
    return _by_parts("max", layer, site)


def _sizes(site: Site) -> tuple[Size, ...]:
    return site.type.shape[1:-1]


def _adaptive(
    constructor: str, layer: AdaptiveAveragePooling | AdaptiveMaxPooling, site: Site
) -> Code:
    output_size = argument(one_if_alike(layer.output_size), hint="output_size")
    return call(site.layer(constructor, output_size), site.x)


def _by_parts(
    reduction: str, layer: AdaptiveAveragePooling | AdaptiveMaxPooling, site: Site
) -> Code:
    """One window is all there is; else a helper cuts the windows out."""
    if set(layer.output_size) == {1}:
        kind = {"max": "Max", "mean": "Average"}[reduction]
        return call(site.layer(f"layers.Global{kind}Pooling{layer.rank}D", keepdims=True), site.x)
    made = site.layer(
        site.helper(helpers.adaptive_pooling),
        text(reduction, "reduction"),
        tuple(size if isinstance(size, int) else None for size in _sizes(site)),
        argument(layer.output_size, hint="output_size"),
    )
    return call(made, site.x)
