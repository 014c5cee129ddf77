"""Masks: as tensors of their own, never as the ones that Keras carries along unseen."""

from __future__ import annotations

from specc.emit.code import Code, argument, call
from specc.layers.masking import Masking, NotEqual
from specc.tensor import FLOATS

from .helpers import masking as helpers
from .site import LOWERINGS, Site


@LOWERINGS.add("NotEqual")
def not_equal(layer: NotEqual, site: Site) -> Code:
    dtype = site.type.dtype
    made = site.layer(
        site.helper(helpers.not_equal),
        argument(layer.value if dtype in FLOATS else int(layer.value), hint="value"),
        rank=site.type.rank,
    )
    return call(made, site.x)


@LOWERINGS.add("Masking")
def masking(layer: Masking, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.masking),
        argument(layer.mask_value, hint="mask_value"),
        rank=site.type.rank,
    )
    return call(made, site.x)
