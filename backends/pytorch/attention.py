"""Attention."""

from __future__ import annotations

from specc.attention import attended, roles_of
from specc.dims import Size, product
from specc.emit.code import (
    Argument,
    Code,
    Literal,
    Ref,
    argument,
    call,
    join,
    optional,
    separated,
    text,
)
from specc.ir import Value
from specc.layers.attention import (
    AdditiveAttention,
    Attention,
    GroupQueryAttention,
    MultiHeadAttention,
    ScaledDotProductAttention,
)
from specc.tensor import TensorType

from .site import LOWERINGS, Site


@LOWERINGS.add("MultiHeadAttention")
def multi_head_attention(layer: MultiHeadAttention, site: Site) -> Code:
    """Axes that are not attended over go along with the batch; several attended over become one."""
    query = site.node.inputs[0].type
    axes, rank, sizes = layer.axes(query), query.rank, layer.output_sizes(query)
    last = tuple(range(rank - 1 - len(axes), rank - 1))
    moved = [_moved(site, value, axes, last) for value in _sequences(site)]
    flat = [join(x, f".flatten({last[0]}, {last[-1]})") if len(axes) > 1 else x for x in moved]
    y = call(_module(layer, site), *flat, **_masks(layer, site, flat, axes))
    if len(axes) > 1:
        y = join(y, f".unflatten({last[0]}, ", moved[0], f".shape[{last[0]}:{rank - 1}])")
    if axes != last:
        y = join(y, call(".movedim", last, axes))
    return join(y, call(".unflatten", -1, Literal(sizes, "sizes"))) if len(sizes) > 1 else y


def _sequences(site: Site) -> tuple[Value, ...]:
    """The inputs without the mask."""
    inputs = site.node.inputs
    return inputs if roles_of(_types(site)).mask is None else inputs[:-1]


def _types(site: Site) -> tuple[TensorType, ...]:
    return tuple(value.type for value in site.node.inputs)


def _moved(site: Site, value: Value, axes: tuple[int, ...], last: tuple[int, ...]) -> Code:
    """The input with the axes attended over before its channels."""
    if axes == last:
        return Ref(value)
    return site.let("moved", join(Ref(value), call(".movedim", axes, last)))


@LOWERINGS.add("GroupQueryAttention")
def group_query_attention(layer: GroupQueryAttention, site: Site) -> Code:
    sequences: list[Code] = [Ref(value) for value in _sequences(site)]
    return call(_module(layer, site), *sequences, **_masks(layer, site, sequences, (1,)))


def _module(layer: MultiHeadAttention | GroupQueryAttention, site: Site) -> Code:
    query, value, key, mask = roles_of(_types(site))
    heads, channels = layer.heads, query.channels
    masked = mask is not None or layer.sliding_window is not None
    sizes = layer.output_sizes(query) if isinstance(layer, MultiHeadAttention) else (channels,)
    output = product(sizes)
    return site.module(
        site.helper("GatedMultiHeadAttention" if layer.use_gate else "MultiHeadAttention"),
        argument(channels, hint="channels"),
        num_heads=Literal(heads.query, "num_heads"),
        key_dim=Literal(heads.key_dim, "key_dim"),
        value_dim=_unless(heads.value_dim, heads.key_dim, "value_dim"),
        key_channels=_unless(key.channels, channels, "key_channels"),
        value_channels=_unless(value.channels, channels, "value_channels"),
        output_channels=_unless(output, channels, "output_channels"),
        num_key_value_heads=_unless(heads.key_value, heads.query, "num_key_value_heads"),
        bias=optional(layer.use_bias, True, "bias"),
        dropout=optional(layer.dropout, 0.0, "dropout"),
        zeros=optional(masked and layer.empties_to_zero(query), False, "zeros"),
    )


def _unless(value: Size, usual: Size, hint: str) -> Argument:
    """An argument that is left out where it has its usual value."""
    return optional(None if value == usual else value, None, hint)


def _masks(
    layer: MultiHeadAttention | GroupQueryAttention,
    site: Site,
    sequences: list[Code],
    axes: tuple[int, ...],
) -> dict[str, Code | Argument]:
    """The arguments that say what is attended to."""
    mask = roles_of(_types(site)).mask
    if mask is None and layer.sliding_window is None:
        return {"is_causal": optional(layer.use_causal_mask, False, "is_causal")}
    parts = [] if mask is None else [_mask(site, mask, axes)]
    if layer.use_causal_mask or layer.sliding_window is not None:
        value = sequences[min(1, len(sequences) - 1)]
        window = layer.sliding_window
        parts.append(_nearby(site, sequences[0], value, layer.use_causal_mask, window))
    return {"mask": _all_of(parts, site)}


def _mask(site: Site, mask: TensorType, axes: tuple[int, ...]) -> Code:
    """The mask `[N, …, T, S]`, with an axis for each that goes along with the batch."""
    query, several = site.node.inputs[0].type, len(axes)
    missing = query.rank - 1 + several - mask.rank
    code = site.inputs[-1]
    if missing:
        code = join(code, f"[:, {', '.join(['None'] * missing)}]")
    if several > 1:
        code = join(code, f".flatten({-2 * several}, {-several - 1}).flatten({-several})")
    return code


def _nearby(site: Site, query: Code, key: Code, is_causal: bool, window: int | None = None) -> Code:
    """The mask of the keys that a query attends to by its position."""
    return call(
        site.helper("nearby"),
        query,
        key,
        is_causal=optional(is_causal, False, "is_causal"),
        window=optional(window, None, "window"),
    )


@LOWERINGS.add("ScaledDotProductAttention")
def scaled_dot_product_attention(layer: ScaledDotProductAttention, site: Site) -> Code:
    """PyTorch's own function, unless a query may have no key, or two things are masked at once."""
    biased, masked = layer.options(_types(site))
    query, key, value, *others = site.inputs
    bias, mask = (others[0] if biased else None), (others[-1] if masked else None)
    scale = optional(layer.scale, None, "scale")
    dropout = _dropout(layer.dropout)
    if mask is None and not (bias is not None and layer.is_causal):
        return call(
            "F.scaled_dot_product_attention",
            query,
            key,
            value,
            attn_mask=argument("None" if bias is None else bias, default=None),
            dropout_p=dropout,
            is_causal=optional(layer.is_causal, False, "is_causal"),
            scale=scale,
        )
    masks = [] if mask is None else [mask]
    if layer.is_causal:
        masks.append(_nearby(site, query, key, is_causal=True))
    return call(
        site.helper("masked_attention"),
        query,
        key,
        value,
        _all_of(masks, site),
        bias=argument("None" if bias is None else bias, default=None),
        dropout=dropout,
        scale=scale,
    )


def _dropout(rate: float) -> Argument:
    """A rate that is 0 at inference."""
    if rate == 0:
        return optional(0.0, 0.0)
    return argument(join(Literal(rate, "dropout"), " if self.training else 0.0"))


@LOWERINGS.add("Attention")
def attention(layer: Attention, site: Site) -> Code:
    module = site.module(
        site.helper("Attention"),
        argument(text(layer.score_mode, "score_mode"), default="dot"),
        use_scale=optional(layer.use_scale, False, "use_scale"),
        dropout=optional(layer.dropout, 0.0, "dropout"),
    )
    return _attended(layer, site, module)


@LOWERINGS.add("AdditiveAttention")
def additive_attention(layer: AdditiveAttention, site: Site) -> Code:
    channels = site.node.inputs[0].type.channels if layer.use_scale else None
    module = site.module(
        site.helper("AdditiveAttention"),
        argument(channels, hint="channels", default=None),
        dropout=optional(layer.dropout, 0.0, "dropout"),
    )
    return _attended(layer, site, module)


def _attended(layer: Attention | AdditiveAttention, site: Site, module: Code) -> Code:
    """The call of a module on its sequences and masks."""
    roles = attended(_types(site))
    masks = [x for x in (roles.query_mask, roles.value_mask) if x is not None]
    sequences = site.inputs[: len(site.inputs) - len(masks)]
    given: dict[str, Code] = {}
    if roles.query_mask is not None:
        given["query_mask"] = site.inputs[-2]
    parts = [] if roles.value_mask is None else [join(site.inputs[-1], "[:, None]")]
    if layer.use_causal_mask:
        parts.append(_nearby(site, sequences[0], sequences[1], is_causal=True))
    if parts:
        given["mask"] = _all_of(parts, site)
    return call(module, *sequences, **given)


def _all_of(masks: list[Code], site: Site) -> Code:
    """What is true where all masks are; a variable if there are several."""
    return masks[0] if len(masks) == 1 else site.let("mask", separated(masks, " & "))
