"""Learnt biases of attention scores."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, optional
from specc.layers.position_bias import RelativePositionBias, WindowPositionBias

from .site import LOWERINGS, Site


@LOWERINGS.add("RelativePositionBias")
def relative_position_bias(layer: RelativePositionBias, site: Site) -> Code:
    module = site.module(
        site.helper("RelativePositionBias"),
        argument(layer.num_heads, hint="num_heads"),
        num_buckets=optional(layer.num_buckets, 32, "num_buckets"),
        max_distance=optional(layer.max_distance, 128, "max_distance"),
        bidirectional=optional(layer.bidirectional, True, "bidirectional"),
    )
    return call(module, site.inputs[0], site.inputs[-1])


@LOWERINGS.add("WindowPositionBias")
def window_position_bias(layer: WindowPositionBias, site: Site) -> Code:
    module = site.module(
        site.helper("WindowPositionBias"),
        argument(layer.num_heads, hint="num_heads"),
        Literal(layer.window_size, "window_size"),
    )
    return call(module)
