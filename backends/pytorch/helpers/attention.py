"""Attention as Keras has it: a mask is true where a query attends."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def nearby(
    query: Tensor, key: Tensor, is_causal: bool = False, window: int | None = None
) -> Tensor:
    """Which keys [..., S, C] a query [..., T, C] attends to by its position: [T, S].

    is_causal: none after the query. window: only those closer than this.
    """
    rows = torch.arange(query.shape[-2], device=query.device)[:, None]
    columns = torch.arange(key.shape[-2], device=query.device)
    distances = rows - columns
    if window is None:
        return distances >= 0
    near = distances.abs() < window
    return near & (distances >= 0) if is_causal else near


def masked_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor,
    bias: Tensor | None = None,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """Attention where `mask` is true; the mean of all values where it is nowhere."""
    some = mask.any(dim=-1, keepdim=True)
    mask = mask | ~some
    if bias is not None:
        mask = torch.where(mask, bias * some, float("-inf"))
    return F.scaled_dot_product_attention(
        query * some, key, value, mask, dropout, scale=scale
    )


class MultiHeadAttention(nn.Module):
    """Attention of queries [N, ..., T, C] to keys and values [N, ..., S, C].

    The mask [N, ..., T, S] is true where a query attends to a key. One that attends to
    none takes the mean of all values, or zeros if `zeros` is true.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        key_channels: int | None = None,
        value_channels: int | None = None,
        output_channels: int | None = None,
        num_key_value_heads: int | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        zeros: bool = False,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.num_key_value_heads = heads = num_key_value_heads or num_heads
        self.dropout = dropout
        self.zeros = zeros
        value_dim = value_dim or key_dim
        mixed = num_heads * value_dim
        self.query = nn.Linear(channels, num_heads * key_dim, bias=bias)
        self.key = nn.Linear(key_channels or channels, heads * key_dim, bias=bias)
        self.value = nn.Linear(value_channels or channels, heads * value_dim, bias=bias)
        self.output = nn.Linear(mixed, output_channels or channels, bias=bias)

    def forward(
        self,
        query: Tensor,
        value: Tensor | None = None,
        key: Tensor | None = None,
        mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        value = query if value is None else value
        key = value if key is None else key
        return self.output(self.mix(query, value, key, mask, is_causal))

    def mix(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor,
        mask: Tensor | None,
        is_causal: bool,
    ) -> Tensor:
        """The means that the heads take, side by side: [N, ..., T, heads * value_dim]."""
        q = self.split(self.query(query), self.num_heads)
        k = self.split(self.key(key), self.num_key_value_heads)
        v = self.split(self.value(value), self.num_key_value_heads)
        shared = self.num_heads // self.num_key_value_heads
        if shared > 1:
            k, v = (x.repeat_interleave(shared, dim=-3) for x in (k, v))
        return self.attend(q, k, v, mask, is_causal).transpose(-3, -2).flatten(-2)

    def split(self, x: Tensor, heads: int) -> Tensor:
        """The heads as an axis of their own: [N, ..., heads, T, C]."""
        return x.unflatten(-1, (heads, -1)).transpose(-3, -2)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool
    ) -> Tensor:
        """The mean of the values that each head takes."""
        dropout = self.dropout if self.training else 0.0
        mask = None if mask is None else mask.unsqueeze(-3)
        if mask is None or self.zeros:
            return F.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal)
        return masked_attention(q, k, v, mask, dropout=dropout)


class GatedMultiHeadAttention(MultiHeadAttention):
    """Attention whose heads are multiplied by a sigmoid of a projection of the query."""

    def __init__(self, channels: int, num_heads: int, key_dim: int, **options) -> None:
        super().__init__(channels, num_heads, key_dim, **options)
        mixed, bias = self.output.in_features, self.output.bias is not None
        self.gate = nn.Linear(channels, mixed, bias=bias)

    def mix(self, query: Tensor, *others: Tensor | bool | None) -> Tensor:
        return super().mix(query, *others) * torch.sigmoid(self.gate(query))


def weighted_sum(
    scores: Tensor,
    value: Tensor,
    query_mask: Tensor | None = None,
    mask: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """The values by the softmax of their scores; zero for the queries that a mask hides."""
    if mask is not None:
        scores = torch.where(mask, scores, scores - 1e9)
    y = F.dropout(scores.softmax(dim=-1), dropout) @ value
    return y if query_mask is None else y.masked_fill(~query_mask[..., None], 0)


class Attention(nn.Module):
    """Attention without projections (Luong et al., 2015)."""

    def __init__(
        self, score_mode: str = "dot", use_scale: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.scale = nn.Parameter(torch.empty(())) if use_scale else None
        concat = score_mode == "concat"
        self.concat_score_weight = nn.Parameter(torch.empty(())) if concat else None

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """How well each key fits each query: [N, T, S]."""
        scale = 1.0 if self.scale is None else self.scale
        if self.concat_score_weight is None:
            return query @ key.mT * scale
        sums = query[:, :, None] + key[:, None]
        return self.concat_score_weight * torch.tanh(scale * sums).sum(dim=-1)

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        scores = self.scores(query, value if key is None else key)
        dropout = self.dropout if self.training else 0.0
        return weighted_sum(scores, value, query_mask, mask, dropout)


class AdditiveAttention(nn.Module):
    """Attention whose scores are sums of tanh (Bahdanau et al., 2014)."""

    def __init__(self, channels: int | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.scale = None if channels is None else nn.Parameter(torch.empty(channels))

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        sums = torch.tanh(query[:, :, None] + (value if key is None else key)[:, None])
        scores = (sums if self.scale is None else self.scale * sums).sum(dim=-1)
        dropout = self.dropout if self.training else 0.0
        return weighted_sum(scores, value, query_mask, mask, dropout)
