"""Poolings over windows."""

from __future__ import annotations

from specc.emit.code import Code, argument, call, optional, text
from specc.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from specc.windows import PaddingMode, known_pads, one_if_alike, windows

from .helpers import pooling as helpers
from .site import LOWERINGS, Helper, Site
from .windows import Pads, is_padded

MaxPooling = MaxPooling1D | MaxPooling2D | MaxPooling3D
AveragePooling = AveragePooling1D | AveragePooling2D | AveragePooling3D


@LOWERINGS.add("MaxPooling1D", "MaxPooling2D", "MaxPooling3D")
def max_pooling(layer: MaxPooling, site: Site) -> Code:
    padding = _padding(layer, site)
    if is_padded(padding):
        images = layer.rank == 2
        helper = helpers.padded_max_pooling2d if images else helpers.padded_max_pooling
        return _padded(helper, layer, padding, site)
    return _plain(f"layers.MaxPooling{layer.rank}D", layer, padding, site)


@LOWERINGS.add("AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
def average_pooling(layer: AveragePooling, site: Site) -> Code:
    """Keras's layer where all of its backends agree."""
    padding = _padding(layer, site)
    if is_padded(padding):
        return _padded(helpers.padded_average_pooling, layer, padding, site)
    if padding == "same" and not _is_symmetric(known_pads(layer.windows, site.type)):
        made = site.layer(
            site.helper(helpers.same_average_pooling),
            argument(layer.pool_size, hint="pool_size"),
            strides=layer.strides or layer.pool_size,
        )
        return call(made, site.x)
    return _plain(f"layers.AveragePooling{layer.rank}D", layer, padding, site)


def _padding(layer: MaxPooling | AveragePooling, site: Site) -> PaddingMode | Pads:
    """`same` where it is declared or adds the same pads, else the pads of this input.

    A last window beyond the end, as in `ceil_mode`, is a pad as well.
    """
    pads = known_pads(layer.windows, site.type)
    if layer.padding == "same" or pads is None:
        return "same"
    strides, dilation = layer.strides or layer.pool_size, (1,) * layer.rank
    same = known_pads(windows(layer.pool_size, strides, dilation, "same"), site.type)
    return "same" if pads == same and is_padded(pads) else pads


def _is_symmetric(pads: Pads | None) -> bool:
    """Whether as many cells are surely added before as after, along each axis."""
    return pads is not None and all(begin == end for begin, end in pads)


def _plain(
    constructor: str,
    layer: MaxPooling | AveragePooling,
    padding: PaddingMode | Pads,
    site: Site,
) -> Code:
    strides = None if layer.strides in (None, layer.pool_size) else one_if_alike(layer.strides)
    made = site.layer(
        constructor,
        argument(one_if_alike(layer.pool_size), hint="pool_size"),
        strides=optional(strides, None),
        padding=optional(text("same" if padding == "same" else "valid"), "valid"),
    )
    return call(made, site.x)


def _padded(helper: Helper, layer: MaxPooling | AveragePooling, padding: Pads, site: Site) -> Code:
    made = site.layer(
        site.helper(helper),
        argument(one_if_alike(layer.pool_size), hint="pool_size"),
        strides=one_if_alike(layer.strides or layer.pool_size),
        padding=padding,
    )
    return call(made, site.x)
