"""Attention."""

from __future__ import annotations

from specc.attention import attended, roles_of
from specc.emit.code import Argument, Code, Literal, argument, call, join, listed, optional, text
from specc.layers.attention import (
    AdditiveAttention,
    Attention,
    GroupQueryAttention,
    MultiHeadAttention,
    ScaledDotProductAttention,
)

from .arguments import weights
from .helpers import attention as helpers
from .site import LOWERINGS, Site


@LOWERINGS.add("MultiHeadAttention")
def multi_head_attention(layer: MultiHeadAttention, site: Site) -> Code:
    made = site.layer(
        "layers.MultiHeadAttention",
        argument(layer.num_heads, hint="num_heads"),
        argument(layer.key_dim, hint="key_dim"),
        value_dim=optional(layer.value_dim, None),
        output_shape=optional(_unpacked(layer.output_shape), None),
        attention_axes=optional(_axes(layer, site), None),
        **_options(layer),
    )
    return _projected(layer, site, made)


def _unpacked(sizes: tuple[int, ...] | None) -> int | tuple[int, ...] | None:
    return sizes[0] if sizes is not None and len(sizes) == 1 else sizes


def _axes(layer: MultiHeadAttention, site: Site) -> int | tuple[int, ...] | None:
    """Counted from the front, as Keras needs them at more than one rank."""
    if layer.attention_axes is None:
        return None
    return _unpacked(layer.axes(site.node.inputs[0].type))


@LOWERINGS.add("GroupQueryAttention")
def group_query_attention(layer: GroupQueryAttention, site: Site) -> Code:
    made = site.layer(
        "layers.GroupQueryAttention",
        argument(layer.head_dim, hint="head_dim"),
        argument(layer.num_query_heads, hint="num_query_heads"),
        argument(layer.num_key_value_heads, hint="num_key_value_heads"),
        **_options(layer),
    )
    return _projected(layer, site, made)


def _options(layer: MultiHeadAttention | GroupQueryAttention) -> dict[str, Argument]:
    """The arguments that both have."""
    return {
        "dropout": optional(layer.dropout, 0.0),
        "use_bias": optional(layer.use_bias, True),
        "sliding_window": optional(layer.sliding_window, None),
        **weights(layer, kernel="glorot_uniform", bias="zeros"),
        "use_gate": optional(layer.use_gate, False),
        "seed": optional(layer.seed, None),
    }


def _projected(layer: MultiHeadAttention | GroupQueryAttention, site: Site, made: Code) -> Code:
    """The call, and where the weights live."""
    for name in site.node.weights:
        part, kind = name.split(".")
        site.weight(name, f"_{part}_dense.{'kernel' if kind == 'weight' else 'bias'}")
    mask = roles_of(tuple(value.type for value in site.node.inputs)).mask
    sequences = site.inputs if mask is None else site.inputs[:-1]
    return call(
        made,
        *(sequences if len(sequences) > 1 else (*sequences, *sequences)),
        attention_mask=argument("None" if mask is None else site.inputs[-1], default=None),
        use_causal_mask=optional(layer.use_causal_mask, False),
    )


@LOWERINGS.add("ScaledDotProductAttention")
def scaled_dot_product_attention(layer: ScaledDotProductAttention, site: Site) -> Code:
    types = tuple(value.type for value in site.node.inputs)
    biased, masked = layer.options(types)
    made = site.layer(
        site.helper(helpers.scaled_dot_product_attention),
        rank=Literal(types[0].rank, "rank"),
        scale=Literal(layer.scale_of(types[0]), "scale"),
        is_causal=optional(layer.is_causal, False),
        dropout=optional(layer.dropout, 0.0),
        has_bias=optional(biased, False),
        has_mask=optional(masked, False),
    )
    return call(made, listed(site.inputs))


@LOWERINGS.add("Attention")
def attention(layer: Attention, site: Site) -> Code:
    made = site.layer(
        "layers.Attention",
        use_scale=optional(layer.use_scale, False),
        score_mode=argument(text(layer.score_mode, "score_mode"), default="dot"),
        dropout=optional(layer.dropout, 0.0),
        seed=optional(layer.seed, None),
    )
    return _attended(layer, site, made)


@LOWERINGS.add("AdditiveAttention")
def additive_attention(layer: AdditiveAttention, site: Site) -> Code:
    made = site.layer(
        "layers.AdditiveAttention",
        use_scale=optional(layer.use_scale, True),
        dropout=optional(layer.dropout, 0.0),
    )
    return _attended(layer, site, made)


def _attended(layer: Attention | AdditiveAttention, site: Site, made: Code) -> Code:
    """The call on the sequences, with the mask of the values.

    Given that of the queries too, Keras would make it a hidden mask of the output.
    """
    for name in site.node.weights:
        site.weight(name, name)
    roles = attended(tuple(value.type for value in site.node.inputs))
    masks = [x for x in (roles.query_mask, roles.value_mask) if x is not None]
    mask = join("[None, ", site.inputs[-1], "]") if masks else "None"
    y = call(
        made,
        listed(site.inputs[: len(site.inputs) - len(masks)]),
        mask=argument(mask, default=None),
        use_causal_mask=optional(layer.use_causal_mask, False),
    )
    if roles.query_mask is None:
        return y
    zeros = site.layer(site.helper(helpers.zeros_where_masked), part="masked")
    return call(zeros, listed((y, site.inputs[-2])))
