"""Vectors for ids and for positions."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, optional
from specc.layers.embedding import (
    ClassToken,
    Embedding,
    PositionEmbedding,
    ReversibleEmbedding,
    RotaryEmbedding,
    SinusoidalEmbedding,
)

from .arguments import initializer, weights
from .helpers import embedding as helpers
from .site import LOWERINGS, Site


@LOWERINGS.add("Embedding")
def embedding(layer: Embedding, site: Site) -> Code:
    made = site.layer(
        "layers.Embedding",
        argument(layer.input_dim, hint="input_dim"),
        argument(layer.output_dim, hint="output_dim"),
        **weights(layer, embeddings="random_uniform"),
    )
    site.weight("weight", "embeddings")
    return call(made, site.x)


@LOWERINGS.add("ReversibleEmbedding")
def reversible_embedding(layer: ReversibleEmbedding, site: Site) -> Code:
    made = site.layer(
        "layers.ReversibleEmbedding",
        argument(layer.input_dim, hint="input_dim"),
        argument(layer.output_dim, hint="output_dim"),
        **weights(layer, embeddings="random_uniform"),
        logit_soft_cap=optional(layer.logit_soft_cap, None),
    )
    site.weight("weight", "embeddings")
    return call(made, site.x, reverse=optional(layer.is_reverse(site.type), False))


@LOWERINGS.add("PositionEmbedding")
def position_embedding(layer: PositionEmbedding, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.position_embedding),
        argument(layer.sequence_length, hint="sequence_length"),
        channels=_channels(site),
        rank=site.type.rank,
        initializer=initializer(layer.initializer, "glorot_uniform"),
    )
    site.weight("weight", "embedding.embeddings")
    return call(made, site.x)


@LOWERINGS.add("SinusoidalEmbedding")
def sinusoidal_embedding(layer: SinusoidalEmbedding, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.sinusoidal_embedding),
        channels=_channels(site),
        rank=site.type.rank,
        max_wavelength=optional(layer.max_wavelength, 10000.0),
    )
    return call(made, site.x)


@LOWERINGS.add("RotaryEmbedding")
def rotary_embedding(layer: RotaryEmbedding, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.rotary_embedding),
        channels=_channels(site),
        rank=site.type.rank,
        axis=optional(layer.axis(site.type), 1),
        max_wavelength=optional(layer.max_wavelength, 10000.0),
        scaling_factor=optional(layer.scaling_factor, 1.0),
    )
    return call(made, site.x)


@LOWERINGS.add("ClassToken")
def class_token(layer: ClassToken, site: Site) -> Code:
    made = site.layer(
        site.helper(helpers.class_token),
        channels=_channels(site),
        initializer=initializer(layer.initializer, "random_normal"),
    )
    site.weight("weight", "embedding.embeddings")
    return call(made, site.x)


def _channels(site: Site) -> Literal:
    return Literal(site.type.channels, "channels")
