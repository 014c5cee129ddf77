"""Poolings into so many windows: modules of `nn`, which mean the same."""

from __future__ import annotations

from specc.emit.code import Code, argument, call
from specc.layers.adaptive_pooling import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
)
from specc.windows import one_if_alike

from .site import LOWERINGS, Site


@LOWERINGS.add("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D")
def adaptive_average_pooling(
    layer: AdaptiveAveragePooling1D | AdaptiveAveragePooling2D | AdaptiveAveragePooling3D,
    site: Site,
) -> Code:
    return _adaptive(f"nn.AdaptiveAvgPool{layer.rank}d", layer.output_size, site)


@LOWERINGS.add("AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")
def adaptive_max_pooling(
    layer: AdaptiveMaxPooling1D | AdaptiveMaxPooling2D | AdaptiveMaxPooling3D, site: Site
) -> Code:
    return _adaptive(f"nn.AdaptiveMaxPool{layer.rank}d", layer.output_size, site)


def _adaptive(kind: str, output_size: tuple[int, ...], site: Site) -> Code:
    return call(site.module(kind, argument(one_if_alike(output_size), hint="output_size")), site.x)
