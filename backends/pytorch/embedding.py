"""Vectors for ids and for positions."""

from __future__ import annotations

from specc.emit.code import Code, Literal, argument, call, join, optional
from specc.layers.embedding import (
    ClassToken,
    Embedding,
    PositionEmbedding,
    ReversibleEmbedding,
    RotaryEmbedding,
    SinusoidalEmbedding,
)

from .site import LOWERINGS, Site


@LOWERINGS.add("Embedding")
def embedding(layer: Embedding, site: Site) -> Code:
    return call(_table(layer, site), site.x)


@LOWERINGS.add("ReversibleEmbedding")
def reversible_embedding(layer: ReversibleEmbedding, site: Site) -> Code:
    (value,) = site.node.inputs
    module = _table(layer, site)
    if not layer.is_reverse(value.type):
        return call(module, site.x)
    scores = call("F.linear", site.x, join(module, ".weight"))
    if layer.logit_soft_cap is None:
        return scores
    cap = Literal(layer.logit_soft_cap, "logit_soft_cap")
    return join(cap, " * ", call("torch.tanh", join(scores, " / ", cap)))


def _table(layer: Embedding | ReversibleEmbedding, site: Site) -> Code:
    return site.module(
        "nn.Embedding",
        argument(layer.input_dim, hint="num_embeddings"),
        argument(layer.output_dim, hint="embedding_dim"),
    )


@LOWERINGS.add("PositionEmbedding")
def position_embedding(layer: PositionEmbedding, site: Site) -> Code:
    module = site.module(
        site.helper("PositionEmbedding"),
        argument(layer.sequence_length, hint="sequence_length"),
        _channels(site),
    )
    return call(module, site.x)


@LOWERINGS.add("SinusoidalEmbedding")
def sinusoidal_embedding(layer: SinusoidalEmbedding, site: Site) -> Code:
    module = site.module(
        site.helper("SinusoidalEmbedding"),
        _channels(site),
        max_wavelength=optional(layer.max_wavelength, 10000.0, "max_wavelength"),
    )
    return call(module, site.x)


@LOWERINGS.add("RotaryEmbedding")
def rotary_embedding(layer: RotaryEmbedding, site: Site) -> Code:
    (value,) = site.node.inputs
    module = site.module(
        site.helper("RotaryEmbedding"),
        _channels(site),
        dim=optional(layer.axis(value.type), 1, "dim"),
        max_wavelength=optional(layer.max_wavelength, 10000.0, "max_wavelength"),
        scaling_factor=optional(layer.scaling_factor, 1.0, "scaling_factor"),
    )
    return call(module, site.x)


@LOWERINGS.add("ClassToken")
def class_token(layer: ClassToken, site: Site) -> Code:
    return call(site.module(site.helper("ClassToken"), _channels(site)), site.x)


def _channels(site: Site) -> Literal:
    return Literal(site.node.inputs[0].type.channels, "channels")
