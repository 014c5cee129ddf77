"""Learnt biases of attention scores."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, join, optional
from specc.layers.position_bias import RelativePositionBias, WindowPositionBias

from .arguments import initializer
from .helpers import position_bias as helpers
from .site import LOWERINGS, Site


@LOWERINGS.add("RelativePositionBias")
def relative_position_bias(layer: RelativePositionBias, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.relative_position_bias),
        argument(layer.num_heads, hint="num_heads"),
        rank=Literal(site.node.inputs[0].type.rank, "rank"),
        num_buckets=optional(layer.num_buckets, 32),
        max_distance=optional(layer.max_distance, 128),
        bidirectional=optional(layer.bidirectional, True),
        initializer=initializer(layer.initializer, "random_normal"),
    )
    site.weight("weight", "embedding.embeddings")
    return call(made, join("[", site.inputs[0], ", ", site.inputs[-1], "]"))


@LOWERINGS.add("WindowPositionBias")
def window_position_bias(layer: WindowPositionBias, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.window_position_bias),
        argument(layer.num_heads, hint="num_heads"),
        Literal(layer.window_size, "window_size"),
        rank=Literal(site.type.rank, "rank"),
        initializer=initializer(layer.initializer, "truncated_normal"),
    )
    site.weight("weight", "embedding.embeddings")
    return call(made, site.x)
