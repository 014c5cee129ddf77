"""Poolings."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional, text
from specc.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)

from . import helpers
from .site import LOWERINGS, Helper, Site
from .windows import is_padded, is_symmetric, pair


@LOWERINGS.add("MaxPooling2D")
def max_pooling2d(layer: MaxPooling2D, site: Site) -> Code:
    if is_padded(layer.padding):
        return _padded(helpers.padded_max_pooling2d, layer, site)
    return _plain("layers.MaxPooling2D", layer, site)


@LOWERINGS.add("AveragePooling2D")
def average_pooling2d(layer: AveragePooling2D, site: Site) -> Code:
    """Keras's layer where all of its backends agree."""
    if is_padded(layer.padding):
        return _padded(helpers.padded_average_pooling2d, layer, site)
    if layer.padding == "same" and not is_symmetric(layer.windows, site):
        made = site.layer(
            site.helper(helpers.same_average_pooling2d),
            argument(layer.pool_size, hint="pool_size"),
            strides=layer.strides or layer.pool_size,
        )
        return call(made, site.x)
    return _plain("layers.AveragePooling2D", layer, site)


def _plain(constructor: str, layer: MaxPooling2D | AveragePooling2D, site: Site) -> Code:
    strides = None if layer.strides in (None, layer.pool_size) else pair(layer.strides)
    made = site.layer(
        constructor,
        argument(pair(layer.pool_size), hint="pool_size"),
        strides=optional(strides, None),
        padding=optional(text("same" if layer.padding == "same" else "valid"), "valid"),
    )
    return call(made, site.x)


def _padded(helper: Helper, layer: MaxPooling2D | AveragePooling2D, site: Site) -> Code:
    made = site.layer(
        site.helper(helper),
        argument(pair(layer.pool_size), hint="pool_size"),
        strides=pair(layer.strides or layer.pool_size),
        padding=layer.padding,
    )
    return call(made, site.x)


@LOWERINGS.add("GlobalAveragePooling2D")
def global_average_pooling2d(layer: GlobalAveragePooling2D, site: Site) -> Code:
    made = site.layer("layers.GlobalAveragePooling2D", keepdims=optional(layer.keepdims, False))
    return call(made, site.x)


@LOWERINGS.add("GlobalMaxPooling2D")
def global_max_pooling2d(layer: GlobalMaxPooling2D, site: Site) -> Code:
    made = site.layer("layers.GlobalMaxPooling2D", keepdims=optional(layer.keepdims, False))
    return call(made, site.x)
